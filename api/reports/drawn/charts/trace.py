"""A measured series as a drawn line: every column keeps its extremes, no gap is crossed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.api.reports.drawn.charts.axes import TimeAxis, ValueAxis
from coldwitness.api.reports.drawn.charts.canvas import Point
from coldwitness.domain.tracks import FloatArray


@dataclass(frozen=True)
class Series:
    """One probe's readings, oldest first, and where its line is interrupted.

    time_s, value : (n,) finite.  broken : (n,) True where the step from the reading before
    is unknown time (the first is always True).
    """

    time_s: FloatArray
    value: FloatArray
    broken: NDArray[np.bool_]

    def runs(self) -> list[slice]:
        """Slices of readings that may be joined."""
        starts = np.flatnonzero(self.broken)
        ends = np.append(starts[1:], self.time_s.size)
        return [slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if b > a]


def thinned(*, x: FloatArray, y: FloatArray) -> list[Point]:
    """Points of a line that looks the same: per unit column of x its first, least, greatest
    and last value, in that order of drawing; never a mean. Short series pass unchanged.

    x : (n,) not decreasing [user units]. y : (n,).
    """
    if x.size <= 2 or x.size <= (x[-1] - x[0]):
        return list(zip(x.tolist(), y.tolist(), strict=True))
    column = np.floor(x)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    ends = np.r_[starts[1:], x.size] - 1
    order = np.lexsort((y, column))
    keep = np.unique(np.r_[starts, ends, order[starts], order[ends]])
    return list(zip(x[keep].tolist(), y[keep].tolist(), strict=True))


def envelope(
    *, x: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[list[Point], list[Point]]:
    """Upper and lower edge of a band, per unit column the greatest `high` and least `low`."""
    column = np.floor(x)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    if starts.size == x.size:
        upper = list(zip(x.tolist(), high.tolist(), strict=True))
        return upper, list(zip(x.tolist(), low.tolist(), strict=True))
    middle = np.add.reduceat(x, starts) / np.diff(np.r_[starts, x.size])
    edge = middle.copy()
    edge[0], edge[-1] = x[0], x[-1]
    top = np.maximum.reduceat(high, starts)
    bottom = np.minimum.reduceat(low, starts)
    return (
        list(zip(edge.tolist(), top.tolist(), strict=True)),
        list(zip(edge.tolist(), bottom.tolist(), strict=True)),
    )


def run_points(series: Series, run: slice, time: TimeAxis, value: ValueAxis) -> list[Point]:
    return thinned(x=time.xs(series.time_s[run]), y=value.ys(series.value[run]))


def cone(
    *,
    start: tuple[float, float] | None,
    end: tuple[float, float] | None,
    edge_s: float,
    slew_c_per_s: float,
) -> list[tuple[float, float]]:
    """Corners (time_s, °C) of what temperature can have been between two readings.

    start, end : the readings at both sides; None where the window's edge `edge_s` ends the
    unknown time without a reading. Two readings steeper than the slew limit raise it to the
    line that joins them. Empty without any reading.
    """
    if start is None and end is None:
        return []
    if start is None or end is None:
        time_s, value = start or end or (0.0, 0.0)
        reach = abs(edge_s - time_s) * slew_c_per_s
        return [(time_s, value), (edge_s, value + reach), (edge_s, value - reach)]
    (t0, v0), (t1, v1) = start, end
    slew = max(slew_c_per_s, abs(v1 - v0) / max(t1 - t0, 1e-9))
    middle, lean = (t0 + t1) / 2, (v1 - v0) / (2 * slew)
    highest = (v0 + v1) / 2 + slew * (t1 - t0) / 2
    lowest = (v0 + v1) / 2 - slew * (t1 - t0) / 2
    return [(t0, v0), (middle + lean, highest), (t1, v1), (middle - lean, lowest)]
