"""Lines of the charts: thinning loses no extreme, gaps are never joined."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.api.reports.drawn.charts.trace import Series, cone, envelope, thinned

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


def test_runs_end_at_every_gap() -> None:
    series = Series(np.arange(6.0), np.zeros(6), np.array([True, False, True, False, False, True]))
    assert series.runs() == [slice(0, 2), slice(2, 5), slice(5, 6)]


def test_cone_between_equal_readings_reaches_half_the_gap_up_and_down() -> None:
    corners = cone(start=(0.0, 5.0), end=(600.0, 5.0), edge_s=600.0, slew_c_per_s=0.3 / 60)
    assert corners == [(0.0, 5.0), (300.0, 6.5), (600.0, 5.0), (300.0, 3.5)]


def test_cone_is_raised_to_the_line_that_joins_two_steep_readings() -> None:
    corners = cone(start=(0.0, 5.0), end=(60.0, 11.0), edge_s=60.0, slew_c_per_s=0.001)
    assert max(c for _, c in corners) == 11.0
    assert min(c for _, c in corners) == 5.0


def test_cone_at_the_window_edge_opens_from_the_one_reading() -> None:
    corners = cone(start=(0.0, 5.0), end=None, edge_s=100.0, slew_c_per_s=0.01)
    assert corners == [(0.0, 5.0), (100.0, 6.0), (100.0, 4.0)]


def test_nothing_is_drawn_where_nothing_was_ever_measured() -> None:
    assert cone(start=None, end=None, edge_s=0.0, slew_c_per_s=1.0) == []
