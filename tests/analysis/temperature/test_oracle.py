"""The whole temperature pass against a slow one written from the definitions, reading by reading.

Irregular times, holes, missing numbers, open ends, readings outside the window, several series.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.temperature.range_judgement import judge_temperature
from coldwitness.config.finding_kinds import code_of
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of
from tests.analysis.judging import NUMBERS

SLEW_S = 0.3 / 60
SECOND = 0.02
"""Width of the slow count's strips [s]; its error is two strips a step."""


@dataclass
class Slow:
    known_s: float = 0.0
    longest_s: float = 0.0
    above_s: float = 0.0
    least_s: float = 0.0
    most_s: float = 0.0
    area: float = 0.0
    value_s: float = 0.0
    steps: int = 0
    episodes: list[list[float]] = field(default_factory=list)


def strips(length: float) -> np.ndarray:
    count = max(round(length / SECOND), 200)
    return (np.arange(count) + 0.5) * length / count


def slowly(
    times: list[float], values: list[float], seqs: list[int], start: float, end: float
) -> Slow:
    """Upper limit 8.0, uncertainty 0.5; by the words of the contract."""
    out = Slow()
    rows = [(t, v, q) for t, v, q in zip(times, values, seqs, strict=True) if start <= t <= end]
    for first, (t, v, _) in ((True, rows[0]), (False, rows[-1])):
        length = t - start if first else end - t
        out.longest_s = max(out.longest_s, length)
        tau = strips(length)
        out.least_s += float((v - SLEW_S * tau > 8.5).mean() * length) if length else 0
        out.most_s += float((v + SLEW_S * tau > 7.5).mean() * length) if length else 0
    links = []
    for (t0, v0, q0), (t1, v1, q1) in pairwise(rows):
        length = t1 - t0
        out.steps += 1
        out.longest_s = max(out.longest_s, length)
        tau = strips(length)
        known = length <= 300 and q1 - q0 == 1
        links.append(known)
        if known:
            line = v0 + (v1 - v0) * tau / length
            out.known_s += length
            out.above_s += float((line > 8).mean() * length)
            out.least_s += float((line > 8.5).mean() * length)
            out.most_s += float((line > 7.5).mean() * length)
            out.area += float(np.maximum(line - 8, 0).mean() * length)
            out.value_s += (v0 + v1) / 2 * length
        else:
            slew = max(SLEW_S, abs(v1 - v0) / length)
            upper = np.minimum(v0 + slew * tau, v1 + slew * (length - tau))
            lower = np.maximum(v0 - slew * tau, v1 - slew * (length - tau))
            out.least_s += float((lower > 8.5).mean() * length)
            out.most_s += float((upper > 7.5).mean() * length)
    out.episodes = episodes_slowly(rows, links)
    return out


def episodes_slowly(rows: list[tuple[float, float, int]], links: list[bool]) -> list[list[float]]:
    episodes: list[list[float]] = []
    reach = -1  # last row from which known steps lead to this one without a hole
    for i, (t, v, _) in enumerate(rows):
        if i and not links[i - 1]:
            reach = i - 1
        if v <= 8:
            continue
        inside_before = i > 0 and links[i - 1]
        inside_after = i + 1 < len(rows) and links[i]
        start = end = t
        if inside_before and rows[i - 1][1] <= 8:
            t0, v0, _ = rows[i - 1]
            start = t - (t - t0) * (v - 8) / (v - v0)
        if inside_after and rows[i + 1][1] <= 8:
            t1, v1, _ = rows[i + 1]
            end = t + (t1 - t) * (v - 8) / (v - v1)
        if episodes and episodes[-1][3] > reach:
            gap = start - episodes[-1][1]
            adjacent = rows[i - 1][1] > 8
            if adjacent or gap < 120:
                episodes[-1][1:] = [end, max(episodes[-1][2], v), i]
                continue
        episodes.append([start, end, v, i])
    return episodes


@st.composite
def records(draw: st.DrawFn) -> tuple[list[float], list[float], list[int], float, float]:
    n = draw(st.integers(1, 25))
    steps = draw(
        st.lists(st.sampled_from([20, 45, 60, 60, 60, 119, 300, 301, 900]), min_size=n, max_size=n)
    )
    times = np.cumsum(steps).astype(float).tolist()
    values = draw(st.lists(st.floats(6.0, 10.0).map(lambda v: round(v, 1)), min_size=n, max_size=n))
    seqs = np.cumsum(draw(st.lists(st.sampled_from([1, 1, 1, 1, 2]), min_size=n, max_size=n)))
    inside = draw(st.integers(0, n - 1))
    start = times[inside] - draw(st.sampled_from([0, 30, 400]))
    last = draw(st.integers(inside, n - 1))
    end = times[last] + draw(st.sampled_from([0, 30, 400]))
    return times, values, seqs.tolist(), start, end


@settings(max_examples=30, deadline=None)
@given(st.lists(records(), min_size=1, max_size=4))
def test_many_irregular_records_at_once_equal_the_slow_judgement_of_each(
    many: list[tuple[list[float], list[float], list[int], float, float]],
) -> None:
    names = tuple(f"S{i}" for i in range(len(many)))
    series = [
        Series(times, values, shipment=name, logger=name, seq=seqs)
        for name, (times, values, seqs, _, _) in zip(names, many, strict=True)
    ]
    tracks = tracks_of(*series, shipments=names)
    terms = terms_of(*(Given(start=r[3], end=r[4]) for r in many), shipments=names)
    # Clocks that agree: the ends of custody have tests of their own.
    case = case_of(tracks, terms, replace(NUMBERS, custody_clock_tolerance_s=0.0))
    found = judge_temperature(case)
    alone = set(case.series.shipment[case.series.owner[case.lone]].tolist())
    for i, record in enumerate(many):
        slow = slowly(*record)
        j = int(found.worst[i])
        numbers = found.series
        within = 2 * SECOND * (slow.steps + 2) + 0.05 * (slow.steps + 2)
        assert numbers.seen_s[j] == pytest.approx(slow.known_s)
        assert numbers.longest_s[j] == pytest.approx(slow.longest_s)
        assert numbers.above_s[j] == pytest.approx(slow.above_s, abs=within)
        if i in alone:
            assert numbers.above_least_s[j] <= slow.least_s + 4 * within
        else:
            assert numbers.above_least_s[j] == pytest.approx(slow.least_s, abs=4 * within)
        assert numbers.above_most_s[j] == pytest.approx(slow.most_s, abs=4 * within)
        assert numbers.above_c_s[j] == pytest.approx(slow.area, abs=4 * within)
        if slow.known_s:
            assert numbers.mean_c[j] == pytest.approx(slow.value_s / slow.known_s)
        table = found.findings
        rows = np.flatnonzero(
            (table.shipment == i) & (table.type == code_of("cold_chain_break/above_range"))
        )
        rows = rows[np.argsort(table.start_s[rows], kind="stable")]
        assert [
            (
                pytest.approx(table.start_s[row] - START_S, abs=1e-4),
                pytest.approx(table.end_s[row] - START_S, abs=1e-4),
                pytest.approx(table.measures["peak_c"][row]),
            )
            for row in rows
        ] == [(start, end, peak) for start, end, peak, _ in slow.episodes]
