"""Lines of the charts: thinning loses no extreme, gaps are never joined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.api.reports.drawn.charts.trace import Line, envelope, thinned

values = st.lists(st.floats(-50, 50), min_size=1, max_size=400)


@settings(max_examples=80, deadline=None)
@given(values, st.floats(1.0, 60.0))
def test_each_column_keeps_first_least_greatest_and_last(ys: list[float], width: float) -> None:
    x = np.linspace(0.0, width, len(ys))
    points = thinned(x=x, y=np.array(ys))
    drawn = {}
    for px, py in points:
        drawn.setdefault(np.floor(px), []).append(py)
    for column in np.unique(np.floor(x)):
        its = np.array(ys)[np.floor(x) == column]
        assert min(drawn[column]) == its.min()
        assert max(drawn[column]) == its.max()
        assert drawn[column][0] == its[0]
        assert drawn[column][-1] == its[-1]


@settings(max_examples=50, deadline=None)
@given(values)
def test_thinned_points_are_measured_points_never_means(ys: list[float]) -> None:
    x = np.linspace(0.0, 20.0, len(ys))
    given_points = set(zip(x.tolist(), ys, strict=True))
    assert set(thinned(x=x, y=np.array(ys))) <= given_points


def test_a_long_series_is_drawn_with_at_most_four_points_a_column() -> None:
    x = np.linspace(0.0, 700.0, 30_000)
    assert len(thinned(x=x, y=np.sin(x))) <= 4 * 701


@settings(max_examples=50, deadline=None)
@given(values)
def test_uncertainty_band_covers_every_reading(ys: list[float]) -> None:
    x = np.linspace(0.0, 30.0, len(ys))
    y = np.array(ys)
    upper, lower = envelope(x=x, low=y - 0.5, high=y + 0.5)
    assert min(p[1] for p in lower) <= (y - 0.5).min()
    assert max(p[1] for p in upper) >= (y + 0.5).max()


def line(*time_s: float, begins: tuple[int, ...] = (0,)) -> Line:
    return Line(np.array(time_s), np.zeros(len(time_s)), np.array(begins, dtype=np.int64))


def test_runs_end_where_the_line_begins_anew() -> None:
    assert line(*range(6), begins=(0, 2, 5)).runs() == [slice(0, 2), slice(2, 5), slice(5, 6)]


def test_a_line_without_readings_has_no_run() -> None:
    assert line(begins=()).runs() == []
    assert line(begins=()).within(0.0, 9.0).runs() == []


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        (2.0, 3.0, [1, 2, 3, 4]),
        (2.1, 2.9, [2, 3]),
        (-5.0, 0.0, [0, 1]),
        (-5.0, -0.1, []),
        (5.0, 9.0, [4, 5]),
        (5.1, 9.0, []),
    ],
)
def test_a_cut_line_keeps_the_ends_of_the_steps_that_lead_into_it(
    start: float, end: float, kept: list[int]
) -> None:
    assert line(*range(6)).within(start, end).time_s.tolist() == kept


def test_a_cut_line_takes_no_reading_from_beyond_a_gap() -> None:
    cut = line(*range(6), begins=(0, 2, 4)).within(2.0, 3.0)
    assert cut.time_s.tolist() == [2, 3]
    assert cut.begins.tolist() == [0]
    both = line(*range(6), begins=(0, 2, 4)).within(1.5, 4.5)
    assert both.time_s.tolist() == [2, 3, 4, 5]
    assert both.begins.tolist() == [0, 2]
