"""Stretches of a line of fixes that keep within a radius of their beginning.

Most fixes of a ride are told from standing by one step alone: a window of MIN_STAY_S that
contains a step longer than the square's side begins no stay. What is left falls into calm
stretches, which lie in one square as a whole and need no look at each window, and others, whose
windows are looked at one by one.
"""

from dataclasses import dataclass

import numpy as np

from analysis.stops_fixes import BoolArray
from domain.tracks import FloatArray, IntArray

TOLERANCE_S = 1e-4
"""Times are whole milliseconds held as floats."""

_LOOK_AHEAD = 64


@dataclass(frozen=True)
class Line:
    """Fixes one after the other, (n,) each; fixes head[i]:tail[i] are one unbroken part: no new
    shipment and no gap in it. total_x, total_y : (n + 1,) running sums."""

    time_s: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    head: IntArray
    tail: IntArray
    total_x: FloatArray
    total_y: FloatArray

    def __len__(self) -> int:
        return int(self.time_s.size)

    def part_of(self, at: IntArray) -> IntArray:
        return np.searchsorted(self.head, at, side="right") - 1

    def middles(self, begin: IntArray, end: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mean place of the fixes begin..end of every stretch."""
        count = end - begin + 1
        return (
            (self.total_x[end + 1] - self.total_x[begin]) / count,
            (self.total_y[end + 1] - self.total_y[begin]) / count,
        )


def line_of(time_s: FloatArray, x_m: FloatArray, y_m: FloatArray, head: IntArray) -> Line:
    """A line of at least one fix, whose parts begin at `head`."""
    total_x, total_y = np.zeros(x_m.size + 1), np.zeros(y_m.size + 1)
    np.cumsum(x_m, out=total_x[1:])
    np.cumsum(y_m, out=total_y[1:])
    return Line(time_s, x_m, y_m, head, np.append(head[1:], x_m.size), total_x, total_y)


def pieces(line: Line, *, radius_m: float, min_stay_s: float) -> tuple[IntArray, IntArray]:
    """First and last fix of every stretch that keeps within a radius of its beginning."""
    starts, run_begin, run_end = _starts(line, side_m=2.0 * radius_m, min_stay_s=min_stay_s)
    if starts.size == 0:
        return starts, starts
    part = line.part_of(run_begin)
    fresh = np.append(True, (run_begin[1:] > run_end[:-1] + 1) | (part[1:] != part[:-1]))
    begin = run_begin[fresh]
    limit = np.minimum(np.append(begin[1:], len(line)), line.tail[part[fresh]])
    begins: list[IntArray] = []
    ends: list[IntArray] = []
    while begin.size:
        reach = _reach(line, begin, limit, min_stay_s)
        middle = line.middles(begin, reach)
        search = _first_outside if begins else _first_outside_everywhere
        out = search(line, begin, reach, limit, middle, radius_m=radius_m)
        begins.append(begin)
        ends.append(out - 1)
        following = np.append(starts, len(line))[np.searchsorted(starts, out)]
        going = following < limit
        begin, limit = following[going], limit[going]
    begin, end = np.concatenate(begins), np.concatenate(ends)
    order = np.argsort(begin, kind="stable")
    return begin[order], end[order]


def _starts(line: Line, *, side_m: float, min_stay_s: float) -> tuple[IntArray, IntArray, IntArray]:
    """Fixes whose next `min_stay_s` lie in one square, and the runs of fixes these windows
    cover: their first and last fix."""
    short = np.abs(np.diff(line.x_m)) <= side_m
    short &= np.abs(np.diff(line.y_m)) <= side_m
    edge = np.zeros(len(line) + 1, dtype=np.bool_)
    edge[1:-1] = short
    edge[line.head] = False
    turn = np.flatnonzero(edge[1:] != edge[:-1])
    first, last = turn[0::2], turn[1::2]
    long = line.time_s[last] - line.time_s[first] >= min_stay_s - TOLERANCE_S
    first, last = first[long], last[long]
    calm = _extent_fits(line, first, last, side_m=side_m)
    begin, end = first[calm], last[calm]
    until = _bisect(line.time_s, begin, end, line.time_s[end] - min_stay_s + TOLERANCE_S) - 1
    covered = _reach(line, until, end + 1, min_stay_s)
    starts = flat(begin, until)
    if not calm.all():
        more, more_begin, more_end = _starts_one_by_one(
            line, first[~calm], last[~calm], side_m=side_m, min_stay_s=min_stay_s
        )
        starts = np.sort(np.concatenate((starts, more)))
        begin, covered = np.concatenate((begin, more_begin)), np.concatenate((covered, more_end))
        order = np.argsort(begin)
        begin, covered = begin[order], covered[order]
    return starts, begin, covered


def _extent_fits(line: Line, first: IntArray, last: IntArray, *, side_m: float) -> BoolArray:
    """True where all fixes first..last lie in a square of this side."""
    fits = np.ones(first.size, dtype=np.bool_)
    if first.size == 0:
        return fits
    bounds = np.column_stack((first, last + 1)).ravel()
    if bounds[-1] == len(line):
        bounds = bounds[:-1]
    for column in (line.x_m, line.y_m):
        low = np.minimum.reduceat(column, bounds)[::2]
        fits &= np.maximum.reduceat(column, bounds)[::2] - low <= side_m
    return fits


def _starts_one_by_one(
    line: Line, first: IntArray, last: IntArray, *, side_m: float, min_stay_s: float
) -> tuple[IntArray, IntArray, IntArray]:
    """As `_starts`, for stretches that do not lie in one square as a whole."""
    row = flat(first, last)
    count = last - first + 1
    # One clock for all stretches, each so far from the last that no window reaches into it.
    length_s = line.time_s[last] - line.time_s[first] + 2.0 * min_stay_s
    base_s = np.cumsum(length_s) - length_s - line.time_s[first]
    clock_s = line.time_s[row] + np.repeat(base_s, count)
    reach = np.searchsorted(clock_s, clock_s + (min_stay_s - TOLERANCE_S))
    tail = np.repeat(np.cumsum(count), count)
    x_m, y_m = line.x_m[row], line.y_m[row]
    at = np.flatnonzero(reach < tail)
    end = reach[at]
    near = np.abs(x_m[end] - x_m[at]) <= side_m
    near &= np.abs(y_m[end] - y_m[at]) <= side_m
    at, end = at[near], end[near]
    fits = _within_square(x_m, y_m, at, end, side_m=side_m)
    at, end = at[fits], end[fits]
    stretch = np.repeat(np.arange(count.size), count)[at]
    fresh = np.flatnonzero((at[1:] > end[:-1] + 1) | (stretch[1:] != stretch[:-1]))
    at, end = row[at], row[end]
    if at.size == 0:
        return at, at, at
    return at, at[np.append(0, fresh + 1)], end[np.append(fresh, at.size - 1)]


def _within_square(
    x_m: FloatArray, y_m: FloatArray, begin: IntArray, end: IntArray, *, side_m: float
) -> BoolArray:
    """True where all fixes begin..end lie in a square of this side (range minimum by doubling)."""
    fits = np.ones(begin.size, dtype=np.bool_)
    if begin.size == 0:
        return fits
    length = end - begin + 1
    level = np.frexp(length.astype(np.float64))[1] - 1
    steps = np.unique(level).tolist()
    chosen = [np.flatnonzero(level == step) for step in steps]
    for column in (x_m, y_m):
        low, high = column.copy(), column.copy()
        done = 0
        for step, at in zip(steps, chosen, strict=True):
            for half in (1 << k for k in range(done, step)):
                np.minimum(low[:-half], low[half:], out=low[:-half])
                np.maximum(high[:-half], high[half:], out=high[:-half])
            done = step
            front, back = begin[at], end[at] + 1 - (1 << step)
            extent = np.maximum(high[front], high[back]) - np.minimum(low[front], low[back])
            fits[at] &= extent <= side_m
    return fits


def _reach(line: Line, begin: IntArray, limit: IntArray, min_stay_s: float) -> IntArray:
    """First fix at least `min_stay_s` after each start, which is known to lie before `limit`."""
    target_s = line.time_s[begin] + (min_stay_s - TOLERANCE_S)
    return _bisect(line.time_s, begin, limit - 1, target_s)


def _bisect(time_s: FloatArray, low: IntArray, high: IntArray, target_s: FloatArray) -> IntArray:
    """First of low..high whose time is not before the target, `high` where there is none."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        before = time_s[middle] < target_s
        before &= low < high
        low = np.where(before, middle + 1, low)
        high = np.where(before, high, middle)
    return low


def _first_outside_everywhere(
    line: Line,
    begin: IntArray,
    start: IntArray,
    limit: IntArray,
    middle: tuple[FloatArray, FloatArray],
    *,
    radius_m: float,
) -> IntArray:
    """As `_first_outside`, for stretches in order that cover much of the line: one pass."""
    head = int(begin[0])
    count = np.diff(np.append(begin, len(line)))
    off_m2 = line.x_m[head:] - np.repeat(middle[0], count)
    off_m2 *= off_m2
    north_m = line.y_m[head:] - np.repeat(middle[1], count)
    north_m *= north_m
    off_m2 += north_m
    outside = np.append(np.flatnonzero(off_m2 > radius_m**2) + head, len(line))
    return np.asarray(np.minimum(outside[np.searchsorted(outside, start)], limit))


def _first_outside(
    line: Line,
    begin: IntArray,
    start: IntArray,
    limit: IntArray,
    middle: tuple[FloatArray, FloatArray],
    *,
    radius_m: float,
) -> IntArray:
    """First index from `start` on that is farther than the radius from `middle`, else `limit`."""
    out = limit.copy()
    open_ = np.arange(start.size)
    cursor = start.copy()
    ahead = _LOOK_AHEAD
    while open_.size:
        at = cursor[open_, None] + np.arange(ahead)
        ends = limit[open_, None]
        valid = at < ends
        at = np.where(valid, at, ends - 1)
        off_m2 = np.square(line.x_m[at] - middle[0][open_, None])
        off_m2 += np.square(line.y_m[at] - middle[1][open_, None])
        outside = valid & (off_m2 > radius_m**2)
        found = outside.any(axis=1)
        out[open_[found]] = at[found, outside[found].argmax(axis=1)]
        cursor[open_] += ahead
        open_ = open_[~found & (cursor[open_] < limit[open_])]
        ahead = min(2 * ahead, 4096)
    return out


def flat(begin: IntArray, end: IntArray) -> IntArray:
    """Every index of begin..end of every stretch, one after the other."""
    length = end - begin + 1
    offset = np.cumsum(length) - length
    return np.asarray(np.arange(int(length.sum())) + np.repeat(begin - offset, length))
