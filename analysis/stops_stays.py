"""Where a box stood: stays found in the fixes of many shipments at once.

A stay begins where all fixes of the next MIN_STAY_S lie in a square of two radii, and goes on
until a fix is more than a radius from the middle of its beginning; the next one is looked for
from there on, so two stops that touch stay two. Fixes known to be jumps or too coarse do not
take part. Pieces that fell apart by noise (same middle, no time between) are joined, and the
ends are drawn in to the fixes of the standing itself, so that the ride or walk up to the place
does not count as dwelling.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.geodesy import EARTH_RADIUS_M
from analysis.stops_fixes import BoolArray, Fixes, fixes_of
from config.rules import Numbers
from domain.tracks import FloatArray, IntArray

MIN_STAY_S = 180.0
"""Shortest stay reported: longer than a traffic light, shorter than any dwell that matters."""

JOIN_WITHIN_S = 120.0
"""Two pieces at one place with less than this between them are one stay."""

CORE_MIN_M = 30.0
"""Fixes nearer than this to the middle of a stay belong to it, however still the others are."""

CORE_FACTOR = 2.5
"""Fixes within this many mean distances of the middle belong to the standing: all but one in a
hundred of even noise does, the walk up to the place does not."""

_LOOK_AHEAD = 64

_BLOCK = 65_536
"""Fixes worked on at a time: what they need fits a processor's cache, which halves the time."""

_Sums = tuple[FloatArray, FloatArray]
"""Running sums of x and of y, one longer than the fixes."""


@dataclass(frozen=True)
class Stays:
    """(k,) stays by shipment, then time; first_fix, last_fix index `Fixes`, both included.

    lat_deg, lon_deg : mean of the fixes. spread_m : mean distance of the fixes from there.
    start_s, end_s : first and last fix of the standing: what was seen, nothing added.
    """

    shipment: IntArray
    first_fix: IntArray
    last_fix: IntArray
    start_s: FloatArray
    end_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray
    spread_m: FloatArray

    def __len__(self) -> int:
        return int(self.shipment.size)

    @property
    def dwell_s(self) -> FloatArray:
        return self.end_s - self.start_s


def find_stays(fixes: Fixes, numbers: Numbers, *, min_stay_s: float = MIN_STAY_S) -> Stays:
    """Stays of at least `min_stay_s` within `numbers.dwell_radius_m`, longest gap inside
    `numbers.position_gap_s` unless the motion sensor vouches for the rest in between."""
    shipments = fixes.first.size - 1
    marks = np.arange(0, max(len(fixes), 1), _BLOCK)
    bounds = np.unique(np.append(np.searchsorted(fixes.first, marks), shipments))
    bounds = np.unique(np.append(0, bounds))
    blocks = [
        _stays_of(fixes, int(low), int(high), numbers, min_stay_s) for low, high in pairwise(bounds)
    ]
    if not blocks:
        blocks = [_stays_of(fixes, 0, shipments, numbers, min_stay_s)]
    names = [f.name for f in fields(Stays)]
    return Stays(*(np.concatenate([getattr(block, name) for block in blocks]) for name in names))


def _stays_of(whole: Fixes, low: int, high: int, numbers: Numbers, min_stay_s: float) -> Stays:
    """Stays of the shipments low:high, whose fixes fit the cache."""
    fixes, offset = fixes_of(whole, low, high), int(whole.first[low])
    radius_m = numbers.dwell_radius_m
    used = np.flatnonzero(~fixes.jump & ~fixes.coarse)
    if used.size == len(fixes):
        time_s, x_m, y_m = fixes.time_s, fixes.x_m, fixes.y_m
    else:
        time_s, x_m, y_m = fixes.time_s[used], fixes.x_m[used], fixes.y_m[used]
    sums = _running_sums(x_m), _running_sums(y_m)
    part = _parts(fixes, used, numbers)
    begin, end = _pieces(time_s, x_m, y_m, sums, part, radius_m=radius_m, min_stay_s=min_stay_s)
    begin, end = _joined(begin, end, time_s, sums, part, radius_m=radius_m)
    begin, end, spread_m = _cores(begin, end, x_m, y_m, sums, radius_m=radius_m)
    long_enough = time_s[end] - time_s[begin] >= min_stay_s
    begin, end = begin[long_enough], end[long_enough]
    middle_x, middle_y = _means(begin, end, sums)
    shipment = fixes.shipment[used[begin]]
    head = fixes.first[:-1][shipment]
    lat0_deg, lon0_deg = fixes.lat_deg[head], fixes.lon_deg[head]
    parallel_m = EARTH_RADIUS_M * np.cos(np.radians(lat0_deg))
    lon_deg = np.remainder(lon0_deg + np.degrees(middle_x / parallel_m) + 180.0, 360.0) - 180.0
    return Stays(
        shipment=shipment + low,
        first_fix=used[begin] + offset,
        last_fix=used[end] + offset,
        start_s=time_s[begin],
        end_s=time_s[end],
        lat_deg=lat0_deg + np.degrees(middle_y / EARTH_RADIUS_M),
        lon_deg=lon_deg,
        spread_m=spread_m[long_enough],
    )


def _parts(fixes: Fixes, used: IntArray, numbers: Numbers) -> IntArray:
    """Number of the unbroken part each used fix is in: a new one at every shipment and gap."""
    if used.size == 0:
        return np.zeros(0, dtype=np.int64)
    restless = np.concatenate(([0], np.cumsum(~fixes.still_after)))
    here, there = used[:-1], used[1:]
    still = restless[here] == restless[there]
    gap = fixes.time_s[there] - fixes.time_s[here] > numbers.position_gap_s
    new = (fixes.shipment[here] != fixes.shipment[there]) | (gap & ~still)
    return np.concatenate(([0], np.cumsum(new)))


def _pieces(
    time_s: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    sums: _Sums,
    part: IntArray,
    *,
    radius_m: float,
    min_stay_s: float,
) -> tuple[IntArray, IntArray]:
    """First and last fix of every stretch that keeps within a radius of its beginning."""
    n = time_s.size
    none = np.zeros(0, dtype=np.int64)
    if n == 0:
        return none, none
    reach = _reach(time_s, part, min_stay_s)
    starts = reach >= 0
    place = np.flatnonzero(starts)
    earliest_end = reach[place]
    near = (np.abs(x_m[earliest_end] - x_m[place]) <= 2.0 * radius_m) & (
        np.abs(y_m[earliest_end] - y_m[place]) <= 2.0 * radius_m
    )
    starts[place[~near]] = False
    place = place[near]
    starts[place] = _within_square(x_m, y_m, place, reach[place], side_m=2.0 * radius_m)
    if not starts.any():
        return none, none
    next_start = _next_true(starts)
    last = np.bincount(reach[starts] + 1, minlength=n + 1)[:n]
    inside = np.cumsum(starts.astype(np.int64) - last) > 0
    fresh = inside & ~np.concatenate(([False], inside[:-1] & (part[1:] == part[:-1])))
    begin = np.flatnonzero(fresh)
    limit = np.append(begin[1:], n)
    limit = np.minimum(limit, np.searchsorted(part, part[begin], side="right"))
    begins: list[IntArray] = []
    ends: list[IntArray] = []
    while begin.size:
        middle = np.vstack(_means(begin, reach[begin], sums))
        out = _first_outside(x_m, y_m, reach[begin], limit, middle, radius_m=radius_m)
        begins.append(begin)
        ends.append(out - 1)
        following = next_start[np.minimum(out, n - 1)]
        going = (out < limit) & (following < limit)
        begin, limit = following[going], limit[going]
    begin, end = np.concatenate(begins), np.concatenate(ends)
    order = np.argsort(begin, kind="stable")
    return begin[order], end[order]


def _reach(time_s: FloatArray, part: IntArray, min_stay_s: float) -> IntArray:
    """First later fix of the same part at least `min_stay_s` on; -1 where there is none."""
    span = float(time_s.max() - time_s.min()) + min_stay_s + 1.0
    # Times count from the start of each part, so that the sum with the part keeps milliseconds.
    head = np.maximum.accumulate(
        np.where(np.append(True, part[1:] != part[:-1]), np.arange(part.size), 0)
    )
    key = part * span + (time_s - time_s[head])
    reach = np.searchsorted(key, key + min_stay_s - 1e-4)
    inside = np.minimum(reach, time_s.size - 1)
    same = (reach < time_s.size) & (part[inside] == part)
    return np.where(same, inside, -1)


def _within_square(
    x_m: FloatArray, y_m: FloatArray, begin: IntArray, end: IntArray, *, side_m: float
) -> BoolArray:
    """True where all fixes begin..end lie in a square of this side (range minimum by doubling)."""
    fits = np.ones(begin.size, dtype=np.bool_)
    length = end - begin + 1
    level = np.frexp(length.astype(np.float64))[1] - 1
    for column in (x_m, y_m):
        low, high = column.copy(), column.copy()
        block = 1
        for step in range(int(level.max(initial=-1)) + 1):
            if step:
                half = block
                block *= 2
                low[:-half] = np.minimum(low[:-half], low[half:])
                high[:-half] = np.maximum(high[:-half], high[half:])
            at = np.flatnonzero(level == step)
            front, back = begin[at], end[at] + 1 - block
            extent = np.maximum(high[front], high[back]) - np.minimum(low[front], low[back])
            fits[at] &= extent <= side_m
    return fits


def _next_true(flags: BoolArray) -> IntArray:
    """Index of the first True at or after each place; a number past the end where none is."""
    n = flags.size
    place = np.where(flags, np.arange(n), n)
    return np.minimum.accumulate(place[::-1])[::-1]


def _first_outside(
    x_m: FloatArray,
    y_m: FloatArray,
    start: IntArray,
    limit: IntArray,
    middle: NDArray[np.float64],
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
        away = np.hypot(x_m[at] - middle[0, open_, None], y_m[at] - middle[1, open_, None])
        outside = valid & (away > radius_m)
        found = outside.any(axis=1)
        out[open_[found]] = at[found, outside[found].argmax(axis=1)]
        cursor[open_] += ahead
        open_ = open_[~found & (cursor[open_] < limit[open_])]
        ahead = min(2 * ahead, 4096)
    return out


def _joined(
    begin: IntArray,
    end: IntArray,
    time_s: FloatArray,
    sums: _Sums,
    part: IntArray,
    *,
    radius_m: float,
) -> tuple[IntArray, IntArray]:
    """Neighbouring pieces with nearly the same middle and no time between become one."""
    if begin.size < 2:
        return begin, end
    middle_x, middle_y = _means(begin, end, sums)
    close = np.hypot(np.diff(middle_x), np.diff(middle_y)) <= radius_m / 2.0
    close &= time_s[begin[1:]] - time_s[end[:-1]] <= JOIN_WITHIN_S
    close &= part[begin[1:]] == part[end[:-1]]
    first = np.concatenate(([True], ~close))
    last = np.concatenate((~close, [True]))
    return begin[first], end[last]


def _cores(
    begin: IntArray,
    end: IntArray,
    x_m: FloatArray,
    y_m: FloatArray,
    sums: _Sums,
    *,
    radius_m: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Draw each end in to the first and last fix of the standing itself; and its spread."""
    if begin.size == 0:
        return begin, end, np.zeros(0)
    middle_x, middle_y = _means(begin, end, sums)
    member, row = _members(begin, end)
    off_m = np.hypot(x_m[row] - middle_x[member], y_m[row] - middle_y[member])
    spread_m = np.bincount(member, weights=off_m) / (end - begin + 1)
    core_m = np.clip(CORE_FACTOR * spread_m, CORE_MIN_M, radius_m)
    core = np.flatnonzero(off_m <= core_m[member])
    inside = member[core]
    fresh = np.append(True, inside[1:] != inside[:-1])
    last = np.append(fresh[1:], True)
    return row[core[fresh]], row[core[last]], spread_m


def _running_sums(column: FloatArray) -> FloatArray:
    return np.concatenate(([0.0], np.cumsum(column)))


def _means(begin: IntArray, end: IntArray, sums: _Sums) -> tuple[FloatArray, FloatArray]:
    """Mean place of the fixes begin..end of every stretch."""
    count = end - begin + 1
    x, y = ((total[end + 1] - total[begin]) / count for total in sums)
    return x, y


def _members(begin: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
    """Every index of begin..end of every stretch, and the number of its stretch."""
    length = end - begin + 1
    member = np.repeat(np.arange(begin.size), length)
    offset = np.cumsum(length) - length
    return member, np.arange(length.sum()) - offset[member] + begin[member]
