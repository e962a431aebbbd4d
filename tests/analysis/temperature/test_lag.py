"""A probe that follows the drug late: bounds that hold the drug's own time out of range."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.domain.words import Status
from tests.analysis.building import Drug, Given, Series
from tests.analysis.judging import Seen, minutes, pack_with, seen

LAG_S = 120.0
UNHURRIED = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lagging(drug_c: np.ndarray, tau_s: float) -> np.ndarray:
    """What a first-order probe shows of a drug whose course is given second by second."""
    probe = np.empty_like(drug_c)
    probe[0] = drug_c[0]
    for i in range(1, drug_c.size):
        probe[i] = probe[i - 1] + (drug_c[i] - probe[i - 1]) * (1 - np.exp(-1 / tau_s))
    return probe


def course(corners: list[tuple[float, float]]) -> np.ndarray:
    """Second by second along corners of (minute, °C)."""
    at, value = zip(*corners, strict=True)
    return np.asarray(np.interp(np.arange(int(at[-1] * 60) + 1) / 60, at, value))


def judged(value: np.ndarray, response_s: float | None, **more: object) -> Seen:
    n = value.size
    terms = Given(start=0, end=(n - 1) * 60.0, response_s=response_s, **more)  # type: ignore[arg-type]
    return seen(Series(minutes(n), value), given=terms)


def inside(found: Seen, drug_c: np.ndarray) -> bool:
    (least, most), (low_least, low_most) = (
        found.metric(f"seconds_{side}_bounds") for side in ("above", "below")
    )
    above, below = float((drug_c > 8).sum()), float((drug_c < 2).sum())
    return bool(least - 2 <= above <= most + 2 and low_least - 2 <= below <= low_most + 2)


@pytest.mark.parametrize("tau_s", [10.0, 60.0, LAG_S])
@pytest.mark.parametrize(
    "corners",
    [
        [(0, 5), (20, 5), (30, 20), (40, 5), (60, 5)],
        [(0, 5), (10, 5), (30, -3), (50, 5), (60, 5)],
        [(0, 20), (30, 5), (60, 5)],
        [(0, 5), (30, 5), (60, 35)],
    ],
    ids=["hot", "cold", "packed warm", "to the end"],
)
def test_the_drugs_own_time_lies_within_the_bounds_of_a_probe_that_states_its_lag(
    corners: list[tuple[float, float]], tau_s: float
) -> None:
    drug = course(corners)
    readings = lagging(drug, tau_s)[::60]
    assert inside(judged(readings, LAG_S, accuracy_c=0.2), drug)


def test_without_a_stated_lag_the_bounds_know_only_the_uncertainty() -> None:
    """A fast rise and fall: the probe lags by 2 minutes and 3 °C, and the drug is not inside."""
    drug = course([(0, 5), (20, 5), (30, 20), (60, 5)])
    readings = lagging(drug, LAG_S)[::60]
    plain, stated = judged(readings, None, accuracy_c=0.1), judged(readings, LAG_S, accuracy_c=0.1)
    assert inside(stated, drug)
    for side in ("above", "below"):
        least, most = plain.metric(f"seconds_{side}_bounds")
        wide_least, wide_most = stated.metric(f"seconds_{side}_bounds")
        assert wide_least <= least <= most <= wide_most
    for name in ("seconds_above", "mkt_c", "mean_c", "degree_minutes_above", "coverage"):
        assert plain.metric(name) == stated.metric(name)
    assert judged(readings, 0.0, accuracy_c=0.1).results == plain.results


def test_a_still_drug_has_no_lag_to_speak_of() -> None:
    one, other = (judged(np.full(60, 8.2), response_s) for response_s in (None, LAG_S))
    assert one.metric("seconds_above_bounds") == other.metric("seconds_above_bounds")


def test_lag_makes_a_budget_less_sure_and_accuses_nobody() -> None:
    """A brief great heat decays in a slow probe for longer than the drug was warm."""
    drug = course([(0, 5), (20, 5), (20.5, 60), (23, 60), (23.5, 5), (60, 5)])
    readings = lagging(drug, LAG_S)[::60]
    items = [Drug(budget=[(8.0, 100.0, 8.0)])]
    (plain, lag) = (judged(readings, r, items=items, accuracy_c=0.1) for r in (None, LAG_S))
    used = [found.judgement.findings.measures["used_least_min"] for found in (plain, lag)]
    assert np.nanmax(used[0]) > 8 > (drug > 8).sum() / 60
    assert not np.nanmax(used[1]) > 8
    assert lag.judgement.item_status[0] == Status.BREACH  # by the limits themselves


def test_lag_makes_a_tolerated_time_less_surely_exceeded() -> None:
    drug = course([(0, 5), (20, 5), (20.5, 60), (23, 60), (23.5, 5), (60, 5)])
    readings = lagging(drug, LAG_S)[::60]
    pack = pack_with(
        above_single_tolerance_s=480.0, above_total_tolerance_s=480.0, above_tolerated_up_to_c=99.0
    )
    terms = Given(start=0, end=3600.0, accuracy_c=0.1)
    status = [
        seen(Series(minutes(61), readings), given=replace(terms, response_s=r), pack=pack).status(
            "range"
        )
        for r in (None, LAG_S)
    ]
    assert status == [Status.BREACH, Status.INSUFFICIENT_EVIDENCE]


@st.composite
def slow_courses(draw: st.DrawFn) -> np.ndarray:
    n = draw(st.integers(2, 60))
    step = draw(st.lists(st.floats(-0.3, 0.3), min_size=n - 1, max_size=n - 1))
    return draw(st.floats(1.0, 9.0)) + np.concatenate([[0.0], np.cumsum(step)])


@UNHURRIED
@given(slow_courses(), st.floats(1, 300), st.data())
def test_what_holds_of_bounds_holds_with_a_lag_too(
    value: np.ndarray, lag_s: float, data: st.DataObject
) -> None:
    """Deleting readings never narrows them, a longer lag never does, and it never accuses."""
    n = value.size
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    terms = Given(start=0, end=(n - 1) * 60.0, response_s=lag_s)
    rows = np.flatnonzero(kept)
    whole = Series(minutes(n), value, seq=np.arange(n))
    fewer = Series(minutes(n)[rows], value[rows], seq=rows)
    before, after = seen(whole, given=terms), seen(fewer, given=terms)
    longer = seen(whole, given=replace(terms, response_s=lag_s * 1.5))
    plain = seen(whole, given=replace(terms, response_s=None))
    for side in ("above", "below"):
        name = f"seconds_{side}_bounds"
        least, most = before.metric(name)
        for wider in (after, longer):
            assert wider.metric(name)[0] <= least + 1e-3
            assert wider.metric(name)[1] >= most - 1e-3
        assert least - 1e-3 <= plain.metric(name)[0]
        assert most + 1e-3 >= plain.metric(name)[1]
    assert before.status("range") == plain.status("range")
    assert before.found() == plain.found()


@settings(UNHURRIED, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(2, 20), st.floats(-2, 14)), min_size=2, max_size=6),
    st.floats(5, LAG_S),
)
def test_any_course_within_the_boxs_slew_lies_within_the_bounds_of_its_lagging_probe(
    legs: list[tuple[float, float]], tau_s: float
) -> None:
    """Corners where the rate jumps are where a reading a minute tells least."""
    at = np.concatenate([[0.0], np.cumsum([leg for leg, _ in legs])])
    value = [5.0]
    for length, target in legs:
        value.append(float(np.clip(target, value[-1] - length, value[-1] + length)))
    drug = np.interp(np.arange(int(at[-1] * 60) + 1) / 60, at, value)
    drug = drug[: (drug.size - 1) // 60 * 60 + 1]
    readings = lagging(drug, tau_s)[::60]
    assert inside(judged(readings, LAG_S, accuracy_c=0.5), drug)
