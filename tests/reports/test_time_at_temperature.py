"""Bars of time at temperature against an oracle that walks every second."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.api.reports.made.coverage import Seen, distribution_of


def seen(time_s: list[float], value_c: list[float]) -> Seen:
    made = Seen.__new__(Seen)
    made.time_s = np.array(time_s, dtype=np.float64)
    made.value_c = np.array(value_c, dtype=np.float64)
    made.broken = np.r_[True, np.diff(made.time_s) > 300.0]
    made.rows = np.arange(made.time_s.size)
    return made


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(10, 400), st.integers(-300, 300)), min_size=2, max_size=12))
def test_bars_hold_the_seconds_that_a_walk_along_the_line_counts(
    steps: list[tuple[int, int]],
) -> None:
    time_s = np.cumsum([float(s) for s, _ in steps]).tolist()
    value_c = [v / 10.0 for _, v in steps]
    found = distribution_of(
        "drug", seen(time_s, value_c), start_s=time_s[0], end_s=time_s[-1], low_c=2.0, high_c=8.0
    )
    walked = np.zeros(len(found.bins))
    unseen_s = 0.0
    for t0, t1, v0, v1 in zip(time_s, time_s[1:], value_c, value_c[1:], strict=False):
        if t1 - t0 > 300.0:
            unseen_s += t1 - t0
            continue
        middle = v0 + (v1 - v0) * (np.arange(t1 - t0) + 0.5) / (t1 - t0)
        for i, b in enumerate(found.bins):
            walked[i] += int(((middle >= b.low_c) & (middle < b.high_c)).sum())
    assert found.unseen_s == pytest.approx(unseen_s, abs=0.01)
    known_s = time_s[-1] - time_s[0] - unseen_s
    assert sum(b.seconds for b in found.bins) == pytest.approx(known_s, abs=0.1)
    flat_at_limit = any(v0 == v1 == 8.0 for v0, v1 in itertools.pairwise(value_c))
    if not flat_at_limit:
        # A walk in whole seconds is right to a second per bin edge that a step crosses.
        for i, b in enumerate(found.bins):
            assert walked[i] == pytest.approx(b.seconds, abs=1.0 * len(steps) + 1.0)


@pytest.mark.parametrize(("value", "low", "high"), [(8.0, 7.5, 8.0), (2.0, 2.0, 2.5)])
def test_time_exactly_at_a_limit_stands_in_a_bar_inside(
    value: float, low: float, high: float
) -> None:
    found = distribution_of(
        "drug", seen([0.0, 60.0], [value, value]), start_s=0.0, end_s=60.0, low_c=2.0, high_c=8.0
    )
    assert [(b.low_c, b.high_c) for b in found.bins if b.seconds] == [(low, high)]
