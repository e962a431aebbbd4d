"""Closed forms of unseen time, held against counting the cones second by second."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.record.bounds import (
    highest_between,
    least_beyond,
    linear_area_beyond,
    linear_time_beyond,
    most_beyond,
    steepest,
    when_highest,
)

CELSIUS = st.floats(-5, 20).map(lambda v: round(v, 2))
LENGTH = st.floats(1, 600)


def one(value: float) -> np.ndarray:
    return np.array([value], dtype=float)


def counted(
    start: float, end: float, length: float, level: float, slew: float
) -> tuple[float, float, float]:
    """Least and most time beyond `level` and highest value, from the definition of the cones."""
    slew = max(slew, abs(end - start) / length)
    tau = (np.arange(20_000) + 0.5) * length / 20_000
    upper = np.minimum(start + slew * tau, end + slew * (length - tau))
    lower = np.maximum(start - slew * tau, end - slew * (length - tau))
    share = length / 20_000
    return float((lower > level).sum() * share), float((upper > level).sum() * share), upper.max()


@settings(max_examples=100, deadline=None)
@given(CELSIUS, CELSIUS, LENGTH, CELSIUS, st.floats(0.001, 0.1))
def test_cones_between_two_readings_are_counted_exactly(
    start: float, end: float, length: float, level: float, slew: float
) -> None:
    least, most, highest = counted(start, end, length, level, slew)
    rate = steepest(start=one(start), end=one(end), length=one(length), slew=one(slew))
    step = length / 1000
    between = {"start": one(start), "end": one(end), "length": one(length), "slew": rate}
    assert least_beyond(**between, level=one(level))[0] == pytest.approx(least, abs=step)
    assert most_beyond(**between, level=one(level))[0] == pytest.approx(most, abs=step)
    (found,) = highest_between(**between)
    assert found == pytest.approx(highest, abs=rate[0] * step + 1e-9)


@settings(max_examples=100, deadline=None)
@given(CELSIUS, CELSIUS, LENGTH, CELSIUS)
def test_a_straight_line_is_counted_exactly(
    start: float, end: float, length: float, level: float
) -> None:
    tau = (np.arange(20_000) + 0.5) / 20_000
    line = start + (end - start) * tau
    beyond = np.maximum(line - level, 0)
    between = {"start": one(start), "end": one(end), "length": one(length), "level": one(level)}
    (time,) = linear_time_beyond(**between)
    (area,) = linear_area_beyond(**between)
    assert time == pytest.approx(float((line > level).mean() * length), abs=length / 1000)
    assert area == pytest.approx(float(beyond.mean() * length), abs=length / 100)


@settings(max_examples=100, deadline=None)
@given(CELSIUS, CELSIUS, LENGTH, CELSIUS, st.floats(0.001, 0.1))
def test_the_straight_line_lies_between_least_and_most(
    start: float, end: float, length: float, level: float, slew: float
) -> None:
    rate = steepest(start=one(start), end=one(end), length=one(length), slew=one(slew))
    between = {"start": one(start), "end": one(end), "length": one(length), "level": one(level)}
    (line,) = linear_time_beyond(**between)
    assert least_beyond(**between, slew=rate)[0] <= line + 1e-9
    assert line <= most_beyond(**between, slew=rate)[0] + 1e-9


def test_at_the_edge_of_the_window_only_one_cone_opens() -> None:
    start, length, level, slew = one(5.0), one(600.0), one(8.0), one(0.01)
    assert most_beyond(start=start, end=one(np.inf), length=length, level=level, slew=slew)[
        0
    ] == pytest.approx(300)
    assert least_beyond(start=one(9.0), end=one(-np.inf), length=length, level=level, slew=slew)[
        0
    ] == pytest.approx(100)


def test_a_plateau_exactly_at_the_level_is_not_beyond_it() -> None:
    assert (
        linear_time_beyond(start=one(8.0), end=one(8.0), length=one(60.0), level=one(8.0))[0] == 0
    )


@settings(max_examples=100, deadline=None)
@given(CELSIUS, CELSIUS, LENGTH, st.floats(0.001, 0.1))
def test_the_highest_is_reached_where_both_cones_meet(
    start: float, end: float, length: float, slew: float
) -> None:
    hole = {"start": one(start), "end": one(end), "length": one(length)}
    raised = steepest(**hole, slew=one(slew))
    at = when_highest(**hole, slew=raised)[0]
    highest = highest_between(**hole, slew=raised)[0]
    assert -1e-9 <= at <= length + 1e-9
    assert start + raised[0] * at == pytest.approx(highest, abs=1e-6)
    assert end + raised[0] * (length - at) == pytest.approx(highest, abs=1e-6)


def test_where_nothing_can_rise_the_highest_is_told_in_the_middle() -> None:
    told = when_highest(start=one(5.0), end=one(5.0), length=one(60.0), slew=one(0.0))
    assert told[0] == 30.0
