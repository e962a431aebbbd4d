"""A probe's readings as a drawn line: every column keeps its extremes, no gap is crossed."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coldwitness.api.reports.drawn.charts.axes import TimeAxis, ValueAxis
from coldwitness.api.reports.drawn.charts.canvas import Point
from coldwitness.domain.tracks import FloatArray, IntArray


@dataclass(frozen=True)
class Line:
    """A probe's readings in the order of drawing, and where the line may not be drawn.

    time_s [UTC epoch s], value [°C] : (n,). begins : (b,) positions at which the line begins anew;
    the first is 0.
    """

    time_s: FloatArray
    value: FloatArray
    begins: IntArray

    def runs(self) -> list[slice]:
        """Slices of readings that may be joined."""
        edges = np.append(self.begins, self.time_s.size).tolist()
        return [slice(a, b) for a, b in pairwise(edges)]

    def within(self, start_s: float, end_s: float) -> "Line":
        """What lies in start_s..end_s, both included, and the ends of steps that lead there."""
        run = np.searchsorted(self.begins, np.arange(self.time_s.size), "right")
        joined = run[1:] == run[:-1]
        early, late = self.time_s < start_s, self.time_s > end_s
        kept = ~early & ~late
        needed = joined & ~(early[1:] & early[:-1]) & ~(late[1:] & late[:-1])
        kept[1:] |= needed
        kept[:-1] |= needed
        run = run[kept]
        begins = np.flatnonzero(np.diff(run, prepend=0))
        return Line(self.time_s[kept], self.value[kept], begins)


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


def run_points(line: Line, run: slice, time: TimeAxis, value: ValueAxis) -> list[Point]:
    return thinned(x=time.xs(line.time_s[run]), y=value.ys(line.value[run]))
