"""What nobody can do with a delete key: hide a stop, shorten the unseen, or end up compliant."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.stops.stop_journeys import DOOR_M, Fixed, Journey, custody, delivery, judge

MASKS = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted), min_size=1, max_size=4
) | st.floats(0.05, 0.95)


def gone(fixed: Fixed, mask, seed: int) -> np.ndarray:
    """Some stretches, or a random share, of the positions."""
    if isinstance(mask, float):
        return np.random.default_rng(seed).random(fixed.time_s.size) < mask
    share = np.linspace(0.0, 1.0, fixed.time_s.size)
    return np.any([(share >= low) & (share <= high) for low, high in mask], axis=0)


def dropped(fixed: Fixed, rows: np.ndarray) -> Fixed:
    """Whole readings deleted, not only their positions."""
    return Fixed(fixed.time_s[~rows], fixed.x_m[~rows], fixed.y_m[~rows])


@settings(max_examples=40, deadline=None)
@given(mask=MASKS, stop_s=st.floats(960, 3600), seed=st.integers(0, 50), whole=st.booleans())
def test_deleting_positions_of_a_long_stop_never_ends_compliant(mask, stop_s, seed, whole):
    fixed = delivery(stop_s).fixes(every_s=30.0, noise_m=6.0, seed=seed)
    terms = custody(fixed)
    rows = gone(fixed, mask, seed)
    fewer = dropped(fixed, rows) if whole else fixed.without(rows)
    if Status(judge(fixed, given=terms).status[0]) is Status.COMPLIANT:
        return  # the stop was at the resolution of the record
    assert Status(judge(fewer, given=terms).status[0]) is not Status.COMPLIANT


@settings(max_examples=40, deadline=None)
@given(mask=MASKS, more=MASKS, stop_s=st.floats(0, 2400), seed=st.integers(0, 50))
def test_deleting_positions_never_shortens_the_hidden_stop(mask, more, stop_s, seed):
    fixed = delivery(stop_s).fixes(every_s=30.0)
    terms = custody(fixed)
    rows = gone(fixed, mask, seed)
    fewer = judge(fixed.without(rows), given=terms).hidden_stop_max_s[0]
    still_fewer = judge(fixed.without(rows | gone(fixed, more, seed + 1)), given=terms)
    assert still_fewer.hidden_stop_max_s[0] >= fewer - 1e-6


@settings(max_examples=30, deadline=None)
@given(mask=MASKS, stop_s=st.floats(0, 780), seed=st.integers(0, 50))
def test_deleting_positions_of_an_honest_trip_never_accuses(mask, stop_s, seed):
    fixed = delivery(stop_s).fixes(every_s=30.0, noise_m=6.0, seed=seed)
    judged = judge(fixed.without(gone(fixed, mask, seed)), given=custody(fixed))
    accusing = (judged.findings.type == code_of("temporary_storage/suspected")) | (
        judged.findings.type == code_of("temporary_storage/confirmed")
    )
    assert not accusing.any()
    assert Status(judged.status[0]) in (Status.COMPLIANT, Status.INSUFFICIENT_EVIDENCE)


@settings(max_examples=30, deadline=None)
@given(
    noise_m=st.floats(0, 25),
    every_s=st.sampled_from([5.0, 15.0, 30.0, 60.0]),
    stops=st.lists(st.tuples(st.floats(300, 5700), st.floats(0, 800)), max_size=4),
    kmh=st.floats(8, 60),
    seed=st.integers(0, 1000),
)
def test_gps_drift_and_short_stops_never_accuse(noise_m, every_s, stops, kmh, seed):
    journey = Journey().stand(1200)
    for place_m, stop_s in sorted(stops):
        apart = journey.at_m[0] + 260.0 <= place_m <= DOOR_M[0] - 260.0
        if apart:
            journey.ride((place_m, 0.0), kmh=kmh).stand(stop_s)
    fixed = (
        journey.ride(DOOR_M, kmh=kmh).stand(1200).fixes(every_s=every_s, noise_m=noise_m, seed=seed)
    )
    judged = judge(fixed)
    assert not (judged.findings.type == code_of("temporary_storage/suspected")).any()
