"""What must hold for every record: deletion, uncertainty, truth, order, batches."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.analysis.judge import judge
from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.record.case import case_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Certainty, Status
from tests.analysis.building import Given, Series, reordered, table, terms_of
from tests.analysis.judging import NUMBERS, PACK, Seen, minutes, pack_with, seen, seen_of

SLEW = 0.3
UNHURRIED = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no counterexample: neither a deadline nor the time of drawing fails a test."""


@st.composite
def courses(draw: st.DrawFn) -> np.ndarray:
    """Temperature at each of up to 60 minutes that no box could change faster than SLEW."""
    n = draw(st.integers(2, 60))
    start = draw(st.floats(1.0, 9.0))
    step = draw(st.lists(st.floats(-SLEW, SLEW), min_size=n - 1, max_size=n - 1))
    return start + np.concatenate([[0.0], np.cumsum(step)])


def record(value: np.ndarray, kept: np.ndarray, *, numbered: bool) -> Series:
    rows = np.flatnonzero(kept)
    seq = rows if numbered else None
    return Series(minutes(value.size)[rows], value[rows], seq=seq)


def whole(value: np.ndarray, **more: float) -> Given:
    return Given(start=0, end=(value.size - 1) * 60.0, slew=SLEW, **more)  # type: ignore[arg-type]


def bounds(found: Seen, side: str) -> tuple[float, float]:
    least, most = found.metric(f"seconds_{side}_bounds")
    return least, most


@UNHURRIED
@given(courses(), st.data())
def test_deleting_readings_never_acquits_and_never_shrinks_the_upper_bound(
    value: np.ndarray, data: st.DataObject
) -> None:
    everything = np.ones(value.size, dtype=bool)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=value.size, max_size=value.size)))
    before = seen(record(value, everything, numbered=True), given=whole(value))
    after = seen(record(value, kept, numbered=True), given=whole(value))
    if before.status("range") != Status.COMPLIANT:
        assert after.status("range") != Status.COMPLIANT
    if not kept.all():
        assert after.verdict() != Status.COMPLIANT
    for side in ("above", "below"):
        assert bounds(after, side)[1] >= bounds(before, side)[1] - 1e-3
        assert bounds(after, side)[0] <= bounds(before, side)[0] + 1e-3


@UNHURRIED
@given(
    st.lists(st.sampled_from([5.0, 7.9, 8.2, 12.0, 1.0, -2.0]), min_size=3, max_size=40),
    st.data(),
)
def test_deleting_readings_of_any_curve_gives_compliant_only_where_no_cone_leaves_the_range(
    values: list[float], data: st.DataObject
) -> None:
    """Also of curves that no box could follow, if the logger counts or says its interval."""
    value = np.array(values)
    inner = np.zeros(value.size, dtype=bool)
    inner[data.draw(st.lists(st.integers(1, value.size - 2), min_size=1, max_size=8))] = True
    given_ = replace(whole(value), interval_s=60.0, calibrated_until=1e6)
    hiding = any(could_hide(value, *hole) for hole in pairwise(np.flatnonzero(~inner)))
    for numbered in (True, False):
        after = seen(record(value, ~inner, numbered=numbered), given=given_)
        if hiding:
            assert after.verdict() != Status.COMPLIANT
            assert after.status("integrity" if numbered else "recording") != Status.COMPLIANT
        else:
            assert after.status("recording") == Status.COMPLIANT


def could_hide(value: np.ndarray, left: int, right: int) -> bool:
    """From the definition: too long, or the two lines that rise (or fall) from both readings at the
    slew limit, or as steep as the readings themselves, meet outside."""
    count = right - left
    if count == 1:
        return False
    slew = max(SLEW * count, abs(value[right] - value[left]))
    middle = (value[left] + value[right]) / 2
    return bool(count > 5 or middle + slew / 2 > 8.0 or middle - slew / 2 < 2.0)


@UNHURRIED
@given(courses(), st.lists(st.floats(0, 3), min_size=2, max_size=2), st.data())
def test_widening_the_uncertainty_never_accuses(
    value: np.ndarray, accuracy: list[float], data: st.DataObject
) -> None:
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=value.size, max_size=value.size)))
    narrow, wide = (
        seen(record(value, kept, numbered=True), given=whole(value, accuracy_c=u))
        for u in sorted(accuracy)
    )
    if wide.status("range") == Status.BREACH:
        assert narrow.status("range") == Status.BREACH
    certain = [
        {
            (f["subtype"], f["start"])
            for f in found.found()
            if f["kind"] == "cold_chain_break" and f["certainty"] == "certain"
        }
        for found in (narrow, wide)
    ]
    assert certain[1] <= certain[0]
    for side in ("above", "below"):
        assert bounds(wide, side)[0] <= bounds(narrow, side)[0] + 1e-3
        assert bounds(wide, side)[1] >= bounds(narrow, side)[1] - 1e-3


@UNHURRIED
@given(courses(), st.data())
def test_adding_truthful_readings_never_widens_the_bounds(
    value: np.ndarray, data: st.DataObject
) -> None:
    n = value.size
    fewer = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    more = fewer | np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    little = seen(record(value, fewer, numbered=True), given=whole(value))
    much = seen(record(value, more, numbered=True), given=whole(value))
    for side in ("above", "below"):
        assert bounds(much, side)[0] >= bounds(little, side)[0] - 1e-3
        assert bounds(much, side)[1] <= bounds(little, side)[1] + 1e-3


@UNHURRIED
@given(courses(), st.data())
def test_the_truth_lies_within_the_bounds(value: np.ndarray, data: st.DataObject) -> None:
    """The truth is the straight course; readings err by up to the uncertainty, some are lost."""
    n = value.size
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    offset = data.draw(st.floats(-0.5, 0.5))
    found = seen(record(value + offset, kept, numbered=True), given=whole(value))
    fine = np.interp(np.arange((n - 1) * 60) + 0.5, minutes(n), value)
    for side, seconds in (("above", (fine > 8).sum()), ("below", (fine < 2).sum())):
        least, most = bounds(found, side)
        assert least - n <= seconds <= most + n


@UNHURRIED
@given(courses(), st.data())
def test_order_and_repetition_of_messages_change_nothing(
    value: np.ndarray, data: st.DataObject
) -> None:
    n = value.size
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    readings = table(record(value, kept, numbered=True))
    if len(readings) == 0:
        return
    order = np.array(
        [
            *data.draw(st.permutations(range(len(readings)))),
            *data.draw(st.lists(st.integers(0, len(readings) - 1), max_size=10)),
        ]
    )
    one = seen_of(readings, given=whole(value)).results
    other = seen_of(reordered(readings, order), given=whole(value)).results
    assert one == other


@UNHURRIED
@given(st.lists(courses(), min_size=2, max_size=4), st.data())
def test_a_shipment_is_judged_alike_alone_and_in_a_batch(
    values: list[np.ndarray], data: st.DataObject
) -> None:
    names = tuple(f"S{i}" for i in range(len(values)))
    series, terms = [], []
    for name, value in zip(names, values, strict=True):
        n = value.size
        kept = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        series.append(replace(record(value, kept, numbered=True), shipment=name, logger=name))
        terms.append(whole(value))
    together = seen(*series, given=tuple(terms), shipments=names).results
    for i, name in enumerate(names):
        alone = seen(series[i], given=terms[i], shipments=(name,)).results
        assert alone == [together[i]]


def test_degree_minutes_do_not_carry_the_rounding_of_the_shipment_before() -> None:
    """0.8921875 lies between two numbers of six digits: one wrong bit shows."""
    before = np.append(np.full(31, 1.5), [1.39355703, 1.39355703])
    exact = np.array([1.1, 1.115625])
    late = before < 1.5
    one = replace(record(before, late, numbered=True), shipment="S0", logger="S0")
    other = replace(record(exact, exact > 0, numbered=True), shipment="S1", logger="S1")
    terms = whole(before), whole(exact)
    together = seen(one, other, given=terms, shipments=("S0", "S1")).results[1]
    assert seen(other, given=terms[1], shipments=("S1",)).results == [together]


@UNHURRIED
@given(courses(), st.floats(0, 2), st.floats(0, 2), st.data())
def test_wider_limits_never_add_time(
    value: np.ndarray, low: float, high: float, data: st.DataObject
) -> None:
    n = value.size
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    series = record(value, kept, numbered=True)
    tracks = build_tracks(table(series), shipments=("S1",))
    narrow = terms_of(whole(value))
    wide = replace(narrow, low_c=narrow.low_c - low, high_c=narrow.high_c + high)
    for name in ("seconds_above", "seconds_below", "seconds_above_most", "seconds_below_least"):
        one, other = (
            judge(case_of(tracks, terms, PACK.numbers), PACK).metrics[name][0]
            for terms in (narrow, wide)
        )
        assert np.isnan(other) or other <= one + 1e-6


@UNHURRIED
@given(st.lists(st.floats(-5, 15).map(lambda v: round(v, 1)), min_size=1, max_size=50))
def test_episodes_are_disjoint_ordered_and_cover_exactly_the_readings_outside(
    values: list[float],
) -> None:
    value = np.array(values)
    agreeing_clocks = pack_with(custody_clock_tolerance_s=0.0)
    found = seen(Series(minutes(value.size), value), given=whole(value), pack=agreeing_clocks)
    table_ = found.judgement.findings
    for type_, outside in (
        (code_of("cold_chain_break/above_range"), value > 8),
        (code_of("cold_chain_break/below_range"), value < 2),
    ):
        rows = table_.type == type_
        start, end = table_.start_s[rows], table_.end_s[rows]
        assert (start <= end).all()
        assert (start[1:] - end[:-1] >= NUMBERS.join_within_s - 1e-6).all()
        assert table_.measures["readings"][rows].sum() == outside.sum() if rows.any() else True
        assert rows.any() == outside.any()
        beyond = value > 8.5 if type_ == code_of("cold_chain_break/above_range") else value < 1.5
        certain = table_.certainty[rows] == Certainty.CERTAIN
        if not found.found(code_of("data_integrity/spike")):
            assert bool(certain.any()) == bool((beyond & outside).any())
