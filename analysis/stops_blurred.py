"""Could a stop hide in positions that wander, though none is missing and none called coarse?

Receivers between tall houses drift by tens of metres for minutes, and some give positions of the
phone network without saying how far off they may be. A box that stands is then seen at a dozen
places, none of them for long enough to accuse. So it is asked whether one place would fit all
fixes of a stretch longer than the setting within the dwell radius and the zigzag of the positions
themselves. Where it would, and nothing shows that the box went on, the trip is not compliant.
"""

import numpy as np

from analysis.geodesy import short_way_m
from analysis.stops_fixes import BoolArray, Fixes, or_zero
from analysis.stops_places import DOOR_SLACK_M, Ends, Places
from analysis.stops_possible import ACCURACY_FACTOR, allowed, common, riding
from analysis.stops_signs import progressing
from analysis.stops_stays import Stays
from config.rules import Numbers
from config.terms import Terms
from domain.tracks import FloatArray, IntArray, Tracks

SEPARATE_SPREADS = 4.0
"""Stays whose middles lie further apart than this many of both their spreads are two places."""

SHARP_SHARE = 0.2
"""A stay whose fixes scatter by less than this share of the dwell radius shows how long it was."""


def stop_blurred(
    fixes: Fixes,
    stays: Stays,
    places: Places,
    tracks: Tracks,
    ends: Ends,
    terms: Terms,
    numbers: Numbers,
) -> BoolArray:
    """(s,) True where a stop longer than the dwell setting, seen by fixes all along but as
    movement, fits them somewhere it may not be."""
    possible = np.zeros(fixes.first.size - 1, dtype=np.bool_)
    used = np.flatnonzero(~fixes.jump & ~fixes.coarse)
    if used.size < 2:
        return possible
    reach_m = numbers.dwell_radius_m + ACCURACY_FACTOR * np.maximum(
        _zigzag_m(fixes, used), or_zero(fixes.accuracy_m[used])
    )
    begin, end = _windows(fixes, used, reach_m, numbers.dwell_limit_s)
    known = _told_by_stays(fixes, stays, places, used[begin], used[end], numbers)
    begin, end = begin[~known], end[~known]
    if begin.size == 0:
        return possible
    west, east = common(fixes.x_m[used], reach_m, begin, end)
    south, north = common(fixes.y_m[used], reach_m, begin, end)
    fits = np.flatnonzero((west <= east) & (south <= north))
    begin, end = begin[fits], end[fits]
    box = (west[fits], east[fits], south[fits], north[fits])
    owner = fixes.shipment[used[begin]]
    excused = allowed(owner, box, fixes, ends, terms, door_m=DOOR_SLACK_M)
    excused |= riding(fixes, used, tracks, begin, end)
    begin, end, owner = begin[~excused], end[~excused], owner[~excused]
    possible[owner[~progressing(fixes, used[begin], used[end])]] = True
    return possible


def _zigzag_m(fixes: Fixes, used: IntArray) -> FloatArray:
    """How far each fix lies from the middle of those beside it, if one of these does as well: a
    turn of the road is a single one. 0 at the ends of a shipment."""
    x_m, y_m, owner = fixes.x_m[used], fixes.y_m[used], fixes.shipment[used]
    off_m = np.zeros(used.size + 2)
    inner = owner[2:] == owner[:-2]
    off_m[2:-2] = np.where(
        inner,
        np.hypot(x_m[1:-1] - (x_m[2:] + x_m[:-2]) / 2.0, y_m[1:-1] - (y_m[2:] + y_m[:-2]) / 2.0),
        0.0,
    )
    return np.asarray(np.minimum(off_m[1:-1], np.maximum(off_m[:-2], off_m[2:])))


def _windows(
    fixes: Fixes, used: IntArray, reach_m: FloatArray, limit_s: float
) -> tuple[IntArray, IntArray]:
    """Shortest stretch longer than the limit from each fix on, where its ends fit one place."""
    owner, time_s = fixes.shipment[used], fixes.time_s[used]
    head = np.searchsorted(used, fixes.first[:-1])
    local_s = time_s - time_s[np.minimum(head, used.size - 1)][owner]
    span_s = float(local_s.max()) + limit_s + 1.0
    clock_s = owner * span_s + local_s
    end = np.searchsorted(clock_s, clock_s + (limit_s + 1e-4))
    inside = np.minimum(end, used.size - 1)
    begin = np.flatnonzero((end < used.size) & (owner[inside] == owner))
    end = end[begin]
    both_m = reach_m[begin] + reach_m[end]
    near = np.abs(fixes.x_m[used[end]] - fixes.x_m[used[begin]]) <= both_m
    near &= np.abs(fixes.y_m[used[end]] - fixes.y_m[used[begin]]) <= both_m
    return begin[near], end[near]


def _told_by_stays(
    fixes: Fixes,
    stays: Stays,
    places: Places,
    first_fix: IntArray,
    last_fix: IntArray,
    numbers: Numbers,
) -> BoolArray:
    """True where the stays found already say what a stretch first_fix..last_fix is: stays fill
    most of it that have a limit of their own, are accused, or are so sharp that their ends are
    sure; or it reaches over two stays at places clearly apart, which are not one stop."""
    if len(stays) == 0:
        return np.zeros(first_fix.size, dtype=np.bool_)
    settled = (places.limit_s > numbers.dwell_limit_s) | (stays.dwell_s > places.limit_s)
    settled |= stays.spread_m <= SHARP_SHARE * numbers.dwell_radius_m
    total = np.zeros(len(fixes) + 1)
    step_s = np.append(np.diff(fixes.time_s), 0.0)
    within = np.zeros(len(fixes) + 1, dtype=np.int64)
    np.add.at(within, stays.first_fix[settled], 1)
    np.add.at(within, stays.last_fix[settled], -1)
    total[1:] = np.cumsum(np.where(np.cumsum(within[:-1]) > 0, step_s, 0.0))
    length_s = fixes.time_s[last_fix] - fixes.time_s[first_fix]
    told = total[last_fix] - total[first_fix] > length_s / 2.0
    apart_m = short_way_m(
        lat_deg=stays.lat_deg[:-1],
        lon_deg=stays.lon_deg[:-1],
        to_lat_deg=stays.lat_deg[1:],
        to_lon_deg=stays.lon_deg[1:],
    )
    spread_m = stays.spread_m[:-1] + stays.spread_m[1:]
    apart = apart_m > np.maximum(SEPARATE_SPREADS * spread_m, numbers.dwell_radius_m / 2.0)
    apart &= stays.shipment[1:] == stays.shipment[:-1]
    here, there = stays.last_fix[:-1][apart], stays.first_fix[1:][apart]
    left = np.searchsorted(here, first_fix)  # so many were left before the stretch began
    reached = np.searchsorted(there, last_fix, side="right")
    return np.asarray(told | (reached > left))
