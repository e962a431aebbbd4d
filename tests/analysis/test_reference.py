"""Every number of the temperature against plain Python, reading by reading, from odd input.

Input comes shuffled and repeated, with values exactly at limits, values that are no number, times
outside custody, tiny and huge steps. The reference knows no arrays: it walks over the
readings of one probe and adds up straight lines, as the contract words it.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series, reordered, table
from tests.analysis.judging import Seen, pack_with, seen_of

LOW, HIGH, U = 2.0, 8.0, 0.5
PERMITTED_S = 300.0
JOIN_S = 120.0
SLEW = 0.3 / 60
DH_OVER_R = 83_144.0 / 8.314462618


@dataclass
class Plain:
    """What the walk over one probe adds up."""

    readings: int = 0
    known_s: float = 0.0
    longest_s: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    value_s: float = 0.0
    rate_s: float = 0.0
    beyond: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("above", "below"), 0.0))
    least: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("above", "below"), 0.0))
    most: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("above", "below"), 0.0))
    degree_s: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("above", "below"), 0.0)
    )
    episodes: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)
    worst: Status = Status.COMPLIANT


def share_beyond(a: float, b: float, level: float) -> float:
    """Part of a straight line from a to b that lies above a level."""
    if a <= level and b <= level:
        return 0.0
    if a > level and b > level:
        return 1.0
    return (max(a, b) - level) / abs(a - b)


def area_beyond(a: float, b: float, level: float) -> float:
    """Mean height of that part, over the whole line."""
    over_a, over_b = max(a - level, 0.0), max(b - level, 0.0)
    return share_beyond(a, b, level) * (over_a + over_b) / 2


def cone_s(a: float, b: float | None, length: float, level: float, *, up: bool) -> float:
    """Time above a level of the hottest (up) or the coldest course through unseen time."""
    slew = SLEW if b is None else max(SLEW, abs(b - a) / length if length else 0.0)
    sides = [a] if b is None else [a, b]
    if up:
        return max(length - sum(max(level - v, 0.0) for v in sides) / slew, 0.0)
    if b is None:
        return min(max(a - level, 0.0) / slew, length)
    return min(sum(max(v - level, 0.0) for v in sides) / slew, length)


def apart(one: tuple[float, float, int], other: tuple[float, float, int]) -> tuple[float, bool]:
    """Whole milliseconds from one reading to the next [s], and whether that is known time."""
    length = round((other[0] - one[0]) * 1000) / 1000
    return length, length <= PERMITTED_S and other[2] == one[2] + 1


def walk(rows: list[tuple[float, float, int]], start: float, end: float) -> Plain:
    """rows : (time, value, number) of one probe inside custody, oldest first."""
    out = Plain(readings=len(rows), longest_s=max(rows[0][0] - start, end - rows[-1][0]))
    for side, sign, limit in (("above", 1, HIGH), ("below", -1, -LOW)):
        walk_side(out, rows, start, end, side, sign, limit)
    for _, value, _ in rows:
        out.lowest, out.highest = min(out.lowest, value), max(out.highest, value)
    for one, other in pairwise(rows):
        length, known = apart(one, other)
        out.longest_s = max(out.longest_s, length)
        if known:
            out.known_s += length
            out.value_s += length * (one[1] + other[1]) / 2
            rates = [math.exp(-DH_OVER_R / (row[1] + 273.15)) for row in (one, other)]
            out.rate_s += length * sum(rates) / 2
    return out


def walk_side(
    out: Plain,
    rows: list[tuple[float, float, int]],
    start: float,
    end: float,
    side: str,
    sign: int,
    limit: float,
) -> None:
    certain, possible = limit + U, limit - U
    for length, value in ((rows[0][0] - start, rows[0][1]), (end - rows[-1][0], rows[-1][1])):
        v = sign * value
        out.least[side] += cone_s(v, None, length, certain, up=False)
        out.most[side] += cone_s(v, None, length, possible, up=True)
        if length > 0 and v + SLEW * length > limit:
            out.worst = max(out.worst, Status.INSUFFICIENT_EVIDENCE)
    for one, other in pairwise(rows):
        (length, known), a, b = apart(one, other), sign * one[1], sign * other[1]
        if known:
            out.beyond[side] += length * share_beyond(a, b, limit)
            out.degree_s[side] += length * area_beyond(a, b, limit)
            out.least[side] += length * share_beyond(a, b, certain)
            out.most[side] += length * share_beyond(a, b, possible)
        else:
            out.least[side] += cone_s(a, b, length, certain, up=False)
            out.most[side] += cone_s(a, b, length, possible, up=True)
            if (a + b + max(SLEW * length, abs(b - a))) / 2 > limit:
                out.worst = max(out.worst, Status.INSUFFICIENT_EVIDENCE)
    out.episodes[side] = episodes(rows, sign, limit)
    for _, value, _ in rows:
        if sign * value > certain:
            out.worst = Status.BREACH
        elif sign * value > limit:
            out.worst = max(out.worst, Status.INSUFFICIENT_EVIDENCE)


def episodes(
    rows: list[tuple[float, float, int]], sign: int, limit: float
) -> list[tuple[float, float, float]]:
    """Start, end and furthest value; crossings on known steps, readings at holes and edges."""
    found: list[list[float]] = []
    part, last_part = 0, -1  # stretches without a hole; episodes join only within one
    for i, (t, value, _) in enumerate(rows):
        known_before = i > 0 and apart(rows[i - 1], rows[i])[1]
        if i and not known_before:
            part += 1
        v = sign * value
        if v <= limit:
            continue
        start = end = t
        if known_before and sign * rows[i - 1][1] <= limit:
            t0, v0 = rows[i - 1][0], sign * rows[i - 1][1]
            start = t - (t - t0) * (v - limit) / (v - v0)
        if i + 1 < len(rows) and apart(rows[i], rows[i + 1])[1]:
            t1, after = rows[i + 1][0], sign * rows[i + 1][1]
            if after <= limit:
                end = t + (t1 - t) * (v - limit) / (v - after)
        goes_on = known_before and sign * rows[i - 1][1] > limit
        if found and last_part == part and (goes_on or start - found[-1][1] < JOIN_S):
            found[-1][1] = end
            found[-1][2] = max(found[-1][2], v)
        else:
            found.append([start, end, v])
        last_part = part
    return [(start, end, sign * peak) for start, end, peak in found]


CELSIUS = st.one_of(
    st.sampled_from([8.0, 2.0, 8.5, 1.5, 7.5, 2.5, 8.5000001, 7.9999999, 41.0, -20.0]),
    st.floats(-5, 15).map(lambda v: round(v, 1)),
    st.floats(1.0, 9.0),
)
STEP = st.one_of(
    st.sampled_from([0.001, 1.0, 60.0, 119.999, 120.0, 299.999, 300.0, 300.001, 3600.0]),
    st.floats(0.5, 400).map(lambda s: round(s, 3)),
)
UNHURRIED = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
"""Always the same examples: two roads of floats may part by a bit where a cone touches a limit."""


@st.composite
def odd_records(draw: st.DrawFn) -> tuple[list[float], list[float], list[int], float, float]:
    n = draw(st.integers(1, 20))
    times = np.cumsum(draw(st.lists(STEP, min_size=n, max_size=n)))
    values = draw(st.lists(CELSIUS, min_size=n, max_size=n))
    numbers = np.cumsum(draw(st.lists(st.sampled_from([1, 1, 1, 1, 3]), min_size=n, max_size=n)))
    first = draw(st.integers(0, n - 1))
    last = draw(st.integers(first, n - 1))
    start = times[first] - draw(st.sampled_from([0.0, 0.0, 10.0, 1000.0]))
    end = times[last] + draw(st.sampled_from([0.0, 0.0, 10.0, 1000.0]))
    # A reading between the drawn ones may lie in the widened window too: it is judged then.
    exact = [round(float(t) * 1000) / 1000 for t in times]
    return exact, values, numbers.tolist(), round(float(start), 3), round(float(end), 3)


AGREEING_CLOCKS = pack_with(custody_clock_tolerance_s=0.0)
"""The ends of custody have tests of their own."""


def judged(
    record: tuple[list[float], list[float], list[int], float, float], order: list[int]
) -> Seen:
    times, values, numbers, start, end = record
    readings = table(Series(times, values, seq=numbers))
    return seen_of(
        reordered(readings, np.array(order)),
        given=Given(start=start, end=end),
        pack=AGREEING_CLOCKS,
    )


@UNHURRIED
@given(odd_records(), st.data())
def test_all_numbers_equal_a_plain_walk_over_the_readings(
    record: tuple[list[float], list[float], list[int], float, float], data: st.DataObject
) -> None:
    times, values, numbers, start, end = record
    n = len(times)
    order = data.draw(st.permutations(range(n)))
    again = data.draw(st.lists(st.integers(0, n - 1), max_size=5))
    found = judged(record, [*order, *again])
    rows = [row for row in zip(times, values, numbers, strict=True) if start <= row[0] <= end]
    plain = walk(rows, start, end)
    metric, near = found.metric, pytest.approx
    lone = found.found(code_of("data_integrity/spike"))
    assert metric("readings") == plain.readings
    assert metric("longest_gap_s") == near(plain.longest_s, abs=2e-3)
    assert metric("min_c") == near(plain.lowest, abs=1e-3)
    assert metric("max_c") == near(plain.highest, abs=1e-3)
    for side in ("above", "below"):
        assert metric(f"seconds_{side}") == near(plain.beyond[side], abs=5e-3)
        assert metric(f"degree_minutes_{side}") == near(plain.degree_s[side] / 60, abs=5e-3)
        least, most = metric(f"seconds_{side}_bounds")
        if lone:
            assert least <= plain.least[side] + 1e-2
            assert most >= plain.most[side] - 1e-2
        else:
            assert least == near(plain.least[side], abs=1e-2)
            assert most == near(plain.most[side], abs=1e-2)
        type_ = f"{side}_range"
        told = [
            (f["start_s"], f["end_s"], f["measures"]["peak_c"])
            for f in found.found()
            if f["subtype"] == type_
        ]
        assert told == [
            (near(a, abs=2e-3), near(b, abs=2e-3), near(peak, abs=1e-3))
            for a, b, peak in sorted(plain.episodes[side])
        ]
    if end > start:
        assert metric("coverage") == near(plain.known_s / (end - start), abs=1e-4)
    if plain.known_s > 0:
        assert metric("mean_c") == near(plain.value_s / plain.known_s, abs=1e-3)
        kinetic = DH_OVER_R / -math.log(plain.rate_s / plain.known_s) - 273.15
        assert metric("mkt_c") == near(kinetic, abs=1e-3)
    else:
        assert metric("mean_c") is None
        assert metric("mkt_c") is None
    assert lone or found.status("range") == plain.worst


@UNHURRIED
@given(odd_records(), st.data())
def test_readings_without_the_probe_or_outside_custody_change_no_number(
    record: tuple[list[float], list[float], list[int], float, float], data: st.DataObject
) -> None:
    """Rows in which the drug probe says nothing, and rows before and after custody."""
    times, values, numbers, start, end = record
    n = len(times)
    whole = judged(record, list(range(n)))
    before = data.draw(st.lists(st.floats(1, 5000), max_size=3))
    after = data.draw(st.lists(st.floats(1, 5000), max_size=3))
    outside = [*(round(start - s, 3) for s in before), *(round(end + s, 3) for s in after)]
    more = [t for t in outside if t not in times]
    readings = table(
        Series(times, values, seq=numbers),
        Series(more, data.draw(st.lists(CELSIUS, min_size=len(more), max_size=len(more)))),
        Series([t + 0.01 for t in times], np.full(n, np.nan), probes={"ambient": np.full(n, 40.0)}),
    )
    inside = [t for t in more if start <= t <= end]
    found = seen_of(readings, given=Given(start=start, end=end), pack=AGREEING_CLOCKS)
    if inside:
        return
    for name in ("readings", "seconds_above", "seconds_below", "mkt_c", "min_c", "max_c"):
        assert found.metric(name) == whole.metric(name)
