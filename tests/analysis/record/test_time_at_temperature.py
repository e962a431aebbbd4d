"""Bars of time at temperature against an oracle that walks every second."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.record.time_at_temperature import (
    TimeAtTemperature,
    time_at_temperature,
)


def told(
    time_s: list[float], value_c: list[float], *, low_c: float = 2.0, high_c: float = 8.0
) -> TimeAtTemperature:
    at = np.array(time_s)
    return time_at_temperature(
        time_s=at,
        value_c=np.array(value_c),
        seam=np.r_[True, np.diff(at) > 300.0],
        low_c=low_c,
        high_c=high_c,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(10, 400), st.integers(-300, 300)), min_size=2, max_size=12))
def test_bars_hold_the_seconds_that_a_walk_along_the_line_counts(
    steps: list[tuple[int, int]],
) -> None:
    time_s = np.cumsum([float(s) for s, _ in steps]).tolist()
    value_c = [v / 10.0 for _, v in steps]
    found = told(time_s, value_c)
    walked = np.zeros(found.seconds.size)
    unseen_s = 0.0
    for t0, t1, v0, v1 in zip(time_s, time_s[1:], value_c, value_c[1:], strict=False):
        if t1 - t0 > 300.0:
            unseen_s += t1 - t0
            continue
        middle = v0 + (v1 - v0) * (np.arange(t1 - t0) + 0.5) / (t1 - t0)
        for i, (low_c, high_c) in enumerate(zip(found.low_c, found.high_c, strict=True)):
            walked[i] += int(((middle >= low_c) & (middle < high_c)).sum())
    known_s = time_s[-1] - time_s[0] - unseen_s
    assert found.known_s == pytest.approx(known_s, abs=0.01)
    assert found.seconds.sum() == pytest.approx(known_s, abs=0.1)
    flat_at_limit = any(v0 == v1 == 8.0 for v0, v1 in itertools.pairwise(value_c))
    if not flat_at_limit:
        # A walk in whole seconds is right to a second per bin edge that a step crosses.
        assert walked == pytest.approx(found.seconds, abs=1.0 * len(steps) + 1.0)


@pytest.mark.parametrize(("value", "low", "high"), [(8.0, 7.5, 8.0), (2.0, 2.0, 2.5)])
def test_time_exactly_at_a_limit_stands_in_a_bar_inside(
    value: float, low: float, high: float
) -> None:
    found = told([0.0, 60.0], [value, value])
    some = found.seconds > 0
    assert (found.low_c[some].tolist(), found.high_c[some].tolist()) == ([low], [high])


@pytest.mark.parametrize("value", [5.0, 8.0])
def test_open_limits_are_no_edges(value: float) -> None:
    found = told([0.0, 60.0], [value, value], low_c=-np.inf, high_c=np.inf)
    assert (found.low_c.tolist(), found.seconds.tolist()) == ([value], [60.0])


def test_a_lone_reading_stands_for_no_time() -> None:
    assert told([0.0], [5.0]).seconds.size == 0
    assert told([0.0, 400.0], [5.0, 5.0]).known_s == 0.0
