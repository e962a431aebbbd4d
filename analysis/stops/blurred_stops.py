"""Could a stop hide in positions that wander, though none is missing and none called coarse?

Receivers between tall houses drift by tens of metres for minutes, and some give positions of the
phone network without saying how far off they may be. A box that stands is then seen at a dozen
places, none of them for long enough to accuse. So it is asked whether one place would fit all
fixes of a stretch longer than the setting within the dwell radius and the zigzag of the positions
themselves. Where it would, and nothing shows that the box went on, the trip is not compliant.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import short_way_m
from coldwitness.analysis.record.spans import flat
from coldwitness.analysis.stops.fixes import BoolArray, Fixes, fixes_of, or_zero, shipment_blocks
from coldwitness.analysis.stops.pieces import TOLERANCE_S, later_by_guess, line_of
from coldwitness.analysis.stops.possible_stops import (
    ACCURACY_FACTOR,
    allowed,
    common,
    riding,
    zigzag_m,
)
from coldwitness.analysis.stops.signs import progressing
from coldwitness.analysis.stops.stay_places import DOOR_SLACK_M, Ends, Places
from coldwitness.analysis.stops.stays import Stays
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray

SEPARATE_SPREADS = 4.0
"""Stays whose middles lie further apart than this many of both their spreads are two places."""

APART_SHARE = 30.0
"""Stretches that begin within this part of the dwell setting say the same of moving on."""

MOST_OF_PART = 32
"""Fixes of a sixth of such a stretch that are looked at: five seconds apart they are all."""

SHARP_SHARE = 0.2
"""A stay whose fixes scatter by less than this share of the dwell radius shows how long it was."""

_LOOKED_AT_ONCE = 262_144
"""Stretches that are looked at together: one begins at each fix, and a look takes several arrays as
long as they are many."""


def stop_blurred(
    case: Case, fixes: Fixes, stays: Stays, places: Places, ends: Ends, *, believed: BoolArray
) -> BoolArray:
    """(s,) True where a stop longer than the dwell setting, seen by fixes all along but as
    movement, fits them somewhere it may not be."""
    tracks, terms, numbers = case.tracks, case.terms, case.numbers
    possible = np.zeros(fixes.first.size - 1, dtype=np.bool_)
    told = _told_by(fixes, stays, places, numbers)
    parts = [
        _fitting(fixes, low, high, told, numbers) for low, high in shipment_blocks(fixes.first)
    ]
    if not parts:
        return possible
    first_fix, last_fix, *box = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if first_fix.size == 0:
        return possible
    owner = fixes.shipment[first_fix]
    excused = allowed(
        owner, (box[0], box[1], box[2], box[3]), fixes, ends, terms, door_m=DOOR_SLACK_M
    )
    rides = riding(fixes, np.arange(len(fixes)), tracks, begin=first_fix, end=last_fix)
    excused |= believed[owner] & rides
    open_ = np.flatnonzero(~excused)
    open_ = open_[_apart(fixes, first_fix[open_], numbers.dwell_limit_s / APART_SHARE)]
    queue = progressing(
        fixes, first_fix=first_fix[open_], last_fix=last_fix[open_], most=MOST_OF_PART
    )
    possible[owner[open_[~queue]]] = True
    return possible


def _apart(fixes: Fixes, first_fix: IntArray, step_s: float) -> IntArray:
    """Of stretches by their first fix, those that begin in another step of time than the one before
    them. Where fixes are further apart than that it is all of them."""
    if first_fix.size == 0:
        return first_fix
    owner = fixes.shipment[first_fix]
    place = np.floor((fixes.time_s[first_fix] - fixes.time_s[fixes.first[owner]]) / step_s)
    other = (np.diff(owner) != 0) | (np.diff(place) != 0)
    return np.flatnonzero(np.append(True, other))


def _fitting(
    whole: Fixes, low: int, high: int, told: "_Told", numbers: Numbers
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Stretches of the shipments low:high that one place fits and no stay explains: first and
    last fix, and the box of such places (west, east, south, north)."""
    fixes, offset = fixes_of(whole, low, high), int(whole.first[low])
    used = np.flatnonzero(~(fixes.jump | fixes.coarse))
    reach_m = numbers.dwell_radius_m + ACCURACY_FACTOR * np.maximum(
        zigzag_m(fixes, used, numbers), or_zero(fixes.accuracy_m[used])
    )
    begin, end = _windows(fixes, used, reach_m, numbers.dwell_limit_s)
    open_ = np.empty(begin.size, dtype=np.bool_)
    for some in _pieces(begin.size):
        open_[some] = ~told.of(used[begin[some]] + offset, used[end[some]] + offset)
    begin, end = begin[open_], end[open_]
    west, east = common(middle_m=fixes.x_m[used], reach_m=reach_m, begin=begin, end=end)
    south, north = common(middle_m=fixes.y_m[used], reach_m=reach_m, begin=begin, end=end)
    fits = np.flatnonzero((west <= east) & (south <= north))
    return (
        used[begin[fits]] + offset,
        used[end[fits]] + offset,
        west[fits],
        east[fits],
        south[fits],
        north[fits],
    )


def _windows(
    fixes: Fixes, used: IntArray, reach_m: FloatArray, limit_s: float
) -> tuple[IntArray, IntArray]:
    """Shortest stretch longer than the limit from each fix on, where its ends fit one place."""
    head = np.unique(np.searchsorted(used, fixes.first[:-1]))
    line = line_of(
        head[head < used.size], time_s=fixes.time_s[used], x_m=fixes.x_m[used], y_m=fixes.y_m[used]
    )
    begin = np.arange(used.size)
    end = later_by_guess(line, begin, limit_s + 2.0 * TOLERANCE_S)
    begin = np.flatnonzero(end < np.repeat(line.tail, line.tail - line.head))
    end = end[begin]
    near = np.ones(begin.size, dtype=np.bool_)
    for some in _pieces(begin.size):
        first, last = begin[some], end[some]
        both_m = reach_m[first] + reach_m[last]
        for middle_m in (line.x_m, line.y_m):
            near[some] &= np.abs(middle_m[last] - middle_m[first]) <= both_m
    return begin[near], end[near]


def _pieces(size: int) -> Iterator[slice]:
    """Of so many stretches those that are looked at together."""
    for at in range(0, size, _LOOKED_AT_ONCE):
        yield slice(at, at + _LOOKED_AT_ONCE)


@dataclass(frozen=True)
class _Told:
    """What the stays found say. time_s : (n,) of each fix. settled_s : (n + 1,) time before each
    fix that stays fill which have a limit of their own, are accused, or are so sharp that their
    ends are sure. left, reached : last fix of one and first fix of the next stay, where these
    are at places clearly apart and so not one stop."""

    time_s: FloatArray
    settled_s: FloatArray
    left: IntArray
    reached: IntArray

    def of(self, first_fix: IntArray, last_fix: IntArray) -> BoolArray:
        """True where settled stays fill most of first_fix..last_fix, or it reaches over two."""
        length_s = self.time_s[last_fix] - self.time_s[first_fix]
        told = self.settled_s[last_fix] - self.settled_s[first_fix] > length_s / 2.0
        before = np.searchsorted(self.left, first_fix)
        return np.asarray(told | (np.searchsorted(self.reached, last_fix, side="right") > before))


def _told_by(fixes: Fixes, stays: Stays, places: Places, numbers: Numbers) -> _Told:
    settled = (places.limit_s > numbers.dwell_limit_s) | (stays.dwell_s > places.limit_s)
    settled |= stays.spread_m <= SHARP_SHARE * numbers.dwell_radius_m
    settled_s = np.zeros(len(fixes) + 1)
    first, last = stays.first_fix[settled], stays.last_fix[settled]
    row = flat(begin=first, end=last - 1)
    settled_s[row + 1] = fixes.time_s[row + 1] - fixes.time_s[row]
    np.cumsum(settled_s, out=settled_s)
    apart_m = short_way_m(
        lat_deg=stays.lat_deg[:-1],
        lon_deg=stays.lon_deg[:-1],
        to_lat_deg=stays.lat_deg[1:],
        to_lon_deg=stays.lon_deg[1:],
    )
    spread_m = stays.spread_m[:-1] + stays.spread_m[1:]
    apart = apart_m > np.maximum(SEPARATE_SPREADS * spread_m, numbers.dwell_radius_m / 2.0)
    apart &= stays.shipment[1:] == stays.shipment[:-1]
    return _Told(
        time_s=fixes.time_s,
        settled_s=settled_s,
        left=stays.last_fix[:-1][apart],
        reached=stays.first_fix[1:][apart],
    )
