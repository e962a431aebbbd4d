"""Where a box stood: stays found in the fixes of many shipments at once.

A stay begins where all fixes of the next MIN_STAY_S lie in a square of two radii, and goes on
until a fix is more than a radius from the middle of its beginning; the next one is looked for
from there on, so two stops that touch stay two (`pieces`). Fixes known to be jumps or too
coarse do not take part. Pieces that fell apart by noise (same middle, no time between) are
joined, and the ends are drawn in to the fixes of the standing itself, so that the ride or walk up
to the place does not count as dwelling.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.geodesy import METRES_PER_DEGREE
from coldwitness.analysis.record.spans import flat
from coldwitness.analysis.stops.brief_stays import JOIN_WITHIN_S, beside_s, with_brief
from coldwitness.analysis.stops.fixes import Fixes, fixes_of, shipment_blocks
from coldwitness.analysis.stops.pieces import TOLERANCE_S, Line, line_of, pieces
from coldwitness.config.numbers import Numbers
from coldwitness.domain.columns import stack
from coldwitness.domain.tracks import FloatArray, IntArray

MIN_STAY_S = 180.0
"""Shortest stay reported: longer than a traffic light, shorter than any dwell that matters."""

CORE_MIN_M = 30.0
"""Fixes nearer than this to the middle of a stay belong to it, however still the others are."""

CORE_FACTOR = 2.5
"""Fixes within this many mean distances of the middle belong to the standing: all but one in a
hundred of even noise does, the walk up to the place does not."""


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
        """(k,) time from the first to the last fix of the standing [s]."""
        return self.end_s - self.start_s


def find_stays(fixes: Fixes, numbers: Numbers, *, min_stay_s: float = MIN_STAY_S) -> Stays:
    """Stays of at least `min_stay_s` within `numbers.dwell_radius_m`, longest gap inside
    `numbers.position_gap_s` unless the motion sensor vouches for the rest in between. A stay
    beside a long step is kept if with it it can have lasted that long; its dwell is what was seen.

    Columns (k,). Our own: `pieces`, joined, their ends drawn in to the fixes within max(CORE_MIN_M,
    CORE_FACTOR × mean distance) of the middle.
    """
    blocks = [
        _stays_of(fixes, low, high, numbers, min_stay_s)
        for low, high in shipment_blocks(fixes.first)
    ]
    return stack(Stays, blocks)


def _stays_of(whole: Fixes, low: int, high: int, numbers: Numbers, min_stay_s: float) -> Stays:
    """Stays of the shipments low:high, which own at least one fix; these fit the cache."""
    fixes, offset = fixes_of(whole, low, high), int(whole.first[low])
    radius_m = numbers.dwell_radius_m
    used, line = _line(fixes, numbers)
    begin, end = pieces(line, radius_m=radius_m, min_stay_s=min_stay_s)
    begin, end = with_brief(line, numbers, begin=begin, end=end, min_stay_s=min_stay_s)
    begin, end = _joined(begin, end, line, radius_m=radius_m)
    begin, end, spread_m = _cores(begin, end, line, radius_m=radius_m)
    seen_s = fixes.time_s[used[end]] - fixes.time_s[used[begin]]
    long_enough = seen_s >= min_stay_s
    long_enough |= (seen_s > 0.0) & (
        seen_s + beside_s(line, numbers, begin=begin, end=end) >= min_stay_s
    )
    begin, end, spread_m = begin[long_enough], end[long_enough], spread_m[long_enough]
    middle_x, middle_y = line.middles(begin=begin, end=end)
    first_fix, last_fix = used[begin], used[end]
    shipment = fixes.shipment[first_fix]
    head = fixes.first[:-1][shipment]
    lat0_deg, lon0_deg = fixes.lat_deg[head], fixes.lon_deg[head]
    east_deg = middle_x / (METRES_PER_DEGREE * np.cos(np.radians(lat0_deg)))
    return Stays(
        shipment=shipment + low,
        first_fix=first_fix + offset,
        last_fix=last_fix + offset,
        start_s=fixes.time_s[first_fix],
        end_s=fixes.time_s[last_fix],
        lat_deg=lat0_deg + middle_y / METRES_PER_DEGREE,
        lon_deg=np.remainder(lon0_deg + east_deg + 180.0, 360.0) - 180.0,
        spread_m=spread_m,
    )


def _line(fixes: Fixes, numbers: Numbers) -> tuple[IntArray, Line]:
    """The fixes that take part, and where each shipment and each gap begins a new part."""
    used = np.flatnonzero(~(fixes.jump | fixes.coarse))
    time_s, x_m, y_m = fixes.time_s, fixes.x_m, fixes.y_m
    first = fixes.first[:-1]
    if used.size < len(fixes):
        time_s, x_m, y_m = time_s[used], x_m[used], y_m[used]
        first = np.searchsorted(used, first)
    gap = np.flatnonzero(np.diff(time_s) > numbers.position_gap_s)
    if gap.size and fixes.jump.any():
        # A jump between two fixes is no time without positions: the box was heard, if not well.
        heard = np.flatnonzero(~fixes.coarse)
        silences = np.zeros(len(fixes), dtype=np.int64)
        silences[heard[1:]] = np.cumsum(np.diff(fixes.time_s[heard]) > numbers.position_gap_s)
        gap = gap[silences[used[gap + 1]] > silences[used[gap]]]
    if gap.size and fixes.still_after.any():
        restless = np.concatenate(([0], np.cumsum(~fixes.still_after)))
        gap = gap[restless[used[gap]] != restless[used[gap + 1]]]
    new = np.zeros(used.size + 1, dtype=np.bool_)
    new[first] = True
    new[gap + 1] = True
    head = np.flatnonzero(new[:-1])
    return used, line_of(head, time_s=time_s, x_m=x_m, y_m=y_m)


def _joined(
    begin: IntArray, end: IntArray, line: Line, *, radius_m: float
) -> tuple[IntArray, IntArray]:
    """Neighbouring pieces with nearly the same middle and no time between become one."""
    if begin.size < 2:
        return begin, end
    middle_x, middle_y = line.middles(begin=begin, end=end)
    close = np.hypot(np.diff(middle_x), np.diff(middle_y)) <= radius_m / 2.0
    close &= line.clock_s[begin[1:]] - line.clock_s[end[:-1]] <= JOIN_WITHIN_S + TOLERANCE_S
    return begin[np.append(True, ~close)], end[np.append(~close, True)]


def _cores(
    begin: IntArray, end: IntArray, line: Line, *, radius_m: float
) -> tuple[IntArray, IntArray, FloatArray]:
    """Draw each end in to the first and last fix of the standing itself; and its spread."""
    if begin.size == 0:
        return begin, end, np.zeros(0)
    middle_x, middle_y = line.middles(begin=begin, end=end)
    count = end - begin + 1
    row = flat(begin=begin, end=end)
    first = np.cumsum(count) - count
    off_m = line.x_m[row] - np.repeat(middle_x, count)
    off_m *= off_m
    north_m = line.y_m[row] - np.repeat(middle_y, count)
    north_m *= north_m
    off_m += north_m
    np.sqrt(off_m, out=off_m)
    spread_m = np.add.reduceat(off_m, first) / count
    # The tolerance keeps a tie (one of five fixes off, the others alike) from the last bit.
    core_m = np.clip(CORE_FACTOR * spread_m, CORE_MIN_M, radius_m) + 1e-6
    core = np.flatnonzero(off_m <= np.repeat(core_m, count))
    low = np.searchsorted(core, first)
    high = np.searchsorted(core, first + count)
    some = low < high
    return row[core[low[some]]], row[core[high[some] - 1]], spread_m[some]
