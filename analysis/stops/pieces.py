"""Stretches of a line of fixes that keep within a radius of their beginning.

Most fixes of a ride are told from standing by one step alone: a window of time that contains a
step longer than the square's side begins no stay. What is left falls into calm stretches, which
lie in one square as a whole and need no look at each window, and others, whose windows are looked
at one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.spans import flat
from coldwitness.analysis.stops.fixes import BoolArray
from coldwitness.domain.tracks import FloatArray, IntArray

TOLERANCE_S = 1e-4
"""Times are whole milliseconds held as floats."""

APART_S = 86_400.0
"""Between two parts on the clock of a line; longer than any window looked at."""

AT_ONCE = 262_144
"""Fixes of a long stretch that are looked at together."""

_LOOK_AHEAD = 64

_SAMPLE = 64


@dataclass(frozen=True)
class Line:
    """Fixes one after the other, (n,) each; fixes head[i]:tail[i] are one unbroken part: no new
    shipment and no gap in it. clock_s : time that never falls, parts APART_S from each other."""

    clock_s: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    head: IntArray
    tail: IntArray

    def __len__(self) -> int:
        return int(self.clock_s.size)

    def part_of(self, at: IntArray) -> IntArray:
        """(k,) number of the part that each fix `at` (k,) belongs to."""
        return np.searchsorted(self.head, at, side="right") - 1

    def later(self, at: IntArray, wait_s: float) -> IntArray:
        """(k,) first fix at least `wait_s` after each; of another part where this one has none.

        at : (k,) fixes.
        """
        return np.searchsorted(self.clock_s, self.clock_s[at] + (wait_s - TOLERANCE_S))

    def middles(self, *, begin: IntArray, end: IntArray) -> tuple[FloatArray, FloatArray]:
        """Mean x and y (k,) [m] of the fixes begin..end of stretches that follow each other.

        begin, end : (k,) first and last fix of each.
        """
        count = end - begin + 1
        return (
            reduced(np.add, self.x_m, begin=begin, end=end) / count,
            reduced(np.add, self.y_m, begin=begin, end=end) / count,
        )


def line_of(head: IntArray, *, time_s: FloatArray, x_m: FloatArray, y_m: FloatArray) -> Line:
    """A line of fixes whose parts begin at `head`, in order and without repetition.

    head : (p,). time_s : (n,) [s]. x_m, y_m : (n,) [m].
    """
    tail = np.append(head[1:], time_s.size)
    if head.size == 0:
        return Line(time_s, x_m, y_m, head, head)
    length_s = time_s[tail - 1] - time_s[head] + APART_S
    shift_s = np.cumsum(length_s) - length_s - time_s[head]
    return Line(time_s + np.repeat(shift_s, tail - head), x_m, y_m, head, tail)


def reduced(ufunc: np.ufunc, column: FloatArray, *, begin: IntArray, end: IntArray) -> FloatArray:
    """The ufunc's reduction over begin..end of stretches that follow each other.

    column : (n,). begin, end : (k,), the end included. Result (k,) in the column's unit.
    """
    if begin.size == 0:
        return np.zeros(0)
    # From the last bound on the rest of the column would be reduced too: a long record has
    # thousands of stretches, and each is asked for in turn.
    bounds = np.column_stack((begin, end + 1)).ravel()[:-1] - begin[0]
    return np.asarray(ufunc.reduceat(column[begin[0] : end[-1] + 1], bounds)[::2])


def pieces(line: Line, *, radius_m: float, min_stay_s: float) -> tuple[IntArray, IntArray]:
    """First and last fix of every stretch that keeps within a radius of its beginning.

    Both (p,). Our own: a stretch begins at a fix i whose window of min_stay_s lies in a square of
    two radii and goes on while |x - x̄| <= r for the mean x̄ of that window. Li et al. (ACM GIS 2008)
    measure from the first fix instead, which noise shifts.
    """
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
        reach = line.later(begin, min_stay_s)
        middle = line.middles(begin=begin, end=reach)
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
    long = line.clock_s[last] - line.clock_s[first] >= min_stay_s - TOLERANCE_S
    first, last = first[long], last[long]
    calm = np.ones(first.size, dtype=np.bool_)
    for column in (line.x_m, line.y_m):
        calm &= (
            reduced(np.maximum, column, begin=first, end=last)
            - reduced(np.minimum, column, begin=first, end=last)
            <= side_m
        )
    begin, end = first[calm], last[calm]
    latest_s = line.clock_s[end] - min_stay_s + TOLERANCE_S
    until = np.searchsorted(line.clock_s, latest_s, side="right") - 1
    covered = line.later(until, min_stay_s)
    starts = flat(begin=begin, end=until)
    if not calm.all():
        more, more_begin, more_end = _starts_one_by_one(
            line, first[~calm], last[~calm], side_m=side_m, min_stay_s=min_stay_s
        )
        starts = np.sort(np.concatenate((starts, more)))
        begin, covered = np.concatenate((begin, more_begin)), np.concatenate((covered, more_end))
        order = np.argsort(begin)
        begin, covered = begin[order], covered[order]
    return starts, begin, covered


def _starts_one_by_one(
    line: Line, first: IntArray, last: IntArray, *, side_m: float, min_stay_s: float
) -> tuple[IntArray, IntArray, IntArray]:
    """As `_starts`, for stretches that do not lie in one square as a whole."""
    found = [
        _fitting(line, *cut, side_m=side_m, min_stay_s=min_stay_s) for cut in _cut(first, last)
    ]
    at, reach = (np.concatenate(columns) for columns in zip(*found, strict=True))
    if at.size == 0:
        return at, at, at
    stretch = np.searchsorted(first, at, side="right")
    fresh = np.flatnonzero((at[1:] > reach[:-1] + 1) | (stretch[1:] != stretch[:-1]))
    return at, at[np.append(0, fresh + 1)], reach[np.append(fresh, at.size - 1)]


def _cut(first: IntArray, last: IntArray) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Stretches first..last in parts of about AT_ONCE fixes: begin and end of what is looked at,
    and where the stretch of each ends."""
    if not (last - first >= AT_ONCE).any():  # they are those of one block of shipments
        yield first, last, last
        return
    for head, tail in zip(first.tolist(), last.tolist(), strict=True):
        for begin in range(head, tail + 1, AT_ONCE):
            end = min(begin + AT_ONCE - 1, tail)
            yield np.array([begin]), np.array([end]), np.array([tail])


def _fitting(
    line: Line,
    begin: IntArray,
    end: IntArray,
    last: IntArray,
    *,
    side_m: float,
    min_stay_s: float,
) -> tuple[IntArray, IntArray]:
    """Fixes of begin..end whose next `min_stay_s` lie in one square and in the stretch, which ends
    at `last`; and the last fix of these."""
    at = flat(begin=begin, end=end)
    reach = later_by_guess(line, at, min_stay_s)
    inside = np.flatnonzero(reach <= np.repeat(last, end - begin + 1))
    at, reach = at[inside], reach[inside]
    near = np.abs(line.x_m[reach] - line.x_m[at]) <= side_m
    near &= np.abs(line.y_m[reach] - line.y_m[at]) <= side_m
    at, reach = at[near], reach[near]
    fits = _within_square(line, at, reach, side_m=side_m)
    return at[fits], reach[fits]


def later_by_guess(line: Line, at: IntArray, wait_s: float) -> IntArray:
    """As `line.later`: most fixes come at an even pace, so the usual count of steps, or one
    more or less, is tried before the search.

    at : (k,); result (k,).
    """
    if at.size == 0:
        return at
    wait_s -= TOLERANCE_S
    sample = at[:: max(at.size // _SAMPLE, 1)]
    lag = int(np.median(line.later(sample, wait_s + TOLERANCE_S) - sample)) - 2
    n = len(line)
    if lag < 0 or lag + 3 >= n:
        return line.later(at, wait_s + TOLERANCE_S)
    steps = np.zeros(n, dtype=np.int8)
    for more in range(4):
        steps[: n - lag - more] += (
            line.clock_s[lag + more :] - line.clock_s[: n - lag - more] < wait_s
        )
    steps[n - lag - 3 :] = 0
    steps = steps[at]
    later = at + steps + lag
    unsure = np.flatnonzero((steps == 0) | (steps == 4))
    later[unsure] = line.later(at[unsure], wait_s + TOLERANCE_S)
    return later


def _within_square(line: Line, begin: IntArray, end: IntArray, *, side_m: float) -> BoolArray:
    """True where all fixes begin..end lie in a square of this side (range minimum by doubling)."""
    fits = np.ones(begin.size, dtype=np.bool_)
    if begin.size == 0:
        return fits
    low_row, end = int(begin.min()), end - int(begin.min())
    begin = begin - low_row
    columns = [column[low_row : low_row + int(end.max()) + 1] for column in (line.x_m, line.y_m)]
    length = end - begin + 1
    longest = int(length.max())
    size = 1 << (int(length.min()).bit_length() - 1)
    chosen: list[tuple[int, IntArray]] = []
    left = np.arange(begin.size)
    while left.size:  # two blocks of a power of two cover every length up to twice that
        covered = length[left] <= 2 * size
        chosen.append((size, left if longest <= 2 * size else left[covered]))
        left = left[~covered] if longest > 2 * size else left[:0]
        size *= 2
    for column in columns:
        low = high = column
        size = 1
        for block, at in chosen:
            while size < block:
                low = np.minimum(low[:-size], low[size:])
                high = np.maximum(high[:-size], high[size:])
                size *= 2
            front, back = begin[at], end[at] + 1 - size
            extent = np.maximum(high[front], high[back])
            extent -= np.minimum(low[front], low[back])
            fits[at] &= extent <= side_m
    return fits


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
    np.square(off_m2, out=off_m2)
    north_m = line.y_m[head:] - np.repeat(middle[1], count)
    np.square(north_m, out=north_m)
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
