"""Dwells that other instruments tell of where there are no positions.

Custody events and the motion sensor speak also where no position does. A `stored` event that is
followed late by the next sign of life, or a long rest between two times of motion, is suspected
at most: where the box stood is not known. Where it may have been an allowed site the dwell is
only possible, and at a place the box was last seen at and did not leave it is no dwell at all.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.rows_in_time import bisect_time
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.stops.fixes import REST_PROVED_S, BoolArray, Fixes
from coldwitness.analysis.stops.rest_at_ends import SLOW_KMH, WAKING_S
from coldwitness.analysis.stops.signs import ambient_step
from coldwitness.analysis.stops.stay_places import Ends
from coldwitness.analysis.terms import Terms
from coldwitness.domain.reading import ENDING_EVENTS, EVENT_NAMES
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

ARRIVAL_S = 600.0
"""A rest with no more motion than this after it is the wait at the consumer's door."""

_STORED = EVENT_NAMES.index("stored")
_ARRIVALS = ("arrived", *ENDING_EVENTS)
_ARRIVES = np.array([name in _ARRIVALS for name in EVENT_NAMES])
_ENDS_STORING = np.array(
    [name in ("retrieved", "picked_up", "handed_over", *_ARRIVALS) for name in EVENT_NAMES]
)
"""By code, what an event says."""


@dataclass(frozen=True)
class UnseenStops:
    """(u,) dwells longer than their limit in time without positions.

    stored, lid_opened, ambient_lasts : the signs; without `stored` the box rested. surely : what
    is known suffices for a suspicion; False: it may have been an allowed site, the custody window
    is not known, or only the warmth speaks against standing traffic.
    """

    shipment: IntArray
    start_s: FloatArray
    end_s: FloatArray
    limit_s: FloatArray
    stored: BoolArray
    lid_opened: BoolArray
    ambient_lasts: BoolArray
    surely: BoolArray

    @property
    def dwell_s(self) -> FloatArray:
        """(u,) [s]."""
        return self.end_s - self.start_s


def unseen_stops(case: Case, fixes: Fixes, ends: Ends, *, believed: BoolArray) -> UnseenStops:
    """Dwells by events, then by rest; a dwell told of by both is kept once, by its event. Rest of
    the motion sensor alone is possible at most, and nothing where the sensor is not believed.

    believed : (s,) shipments whose motion sensor is."""
    tracks, terms, window, numbers = case.tracks, case.terms, case.window, case.numbers
    by_event = _by_event(case, ends)
    by_rest = _by_rest(case, believed)
    owner, start_s, end_s, limit_s = (
        np.concatenate(both) for both in zip(by_event.spans, by_rest, strict=True)
    )
    stored = np.arange(owner.size) < by_event.spans[0].size
    lid = np.concatenate(([0], np.cumsum(tracks.lid_open == 1)))
    low, high = _rows(tracks, owner, start_s, end_s)
    opened = lid[high] > lid[low]
    long = np.flatnonzero(end_s - start_s > numbers.dwell_limit_s)  # no limit is shorter
    warmed = np.zeros(owner.size, dtype=np.bool_)
    warmed[long] = ambient_step(case, owner[long], start_s=start_s[long], end_s=end_s[long])[1]
    by_warmth = warmed & ~stored & ~opened & (end_s - start_s <= limit_s)
    limit_s = np.where((opened | warmed) & ~stored, numbers.dwell_limit_s, limit_s)
    kept = end_s - start_s > limit_s
    if not kept.any():
        none = np.zeros(0, dtype=np.bool_)
        return UnseenStops(owner[:0], start_s[:0], end_s[:0], limit_s[:0], none, none, none, none)
    kept &= _without_fixes(fixes, owner, start_s, end_s)
    kept &= ~_where_last_seen(case, fixes, ends, owner, start_s)
    kept &= stored | ~_told_before(owner, start_s, end_s, by_event.spans)
    kept &= stored | ~_at_an_end(case, fixes, ends, owner, start_s, end_s)
    custody = window.told
    surely = custody[owner] & (np.diff(terms.sites.first)[owner] == 0)
    surely[: by_event.spans[0].size] &= by_event.ended
    surely &= stored | opened
    surely &= ~by_warmth
    return UnseenStops(
        owner[kept],
        start_s[kept],
        end_s[kept],
        limit_s[kept],
        stored[kept],
        opened[kept],
        warmed[kept],
        surely[kept],
    )


_Spans = tuple[IntArray, FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True)
class _EventSpans:
    """ended : the next sign ends the storing itself; False: it is an arrival, and the ride
    there is part of the span."""

    spans: _Spans
    ended: BoolArray


def _by_event(case: Case, ends: Ends) -> _EventSpans:
    """From `stored` to the next custody event or motion, whichever comes first."""
    tracks, terms, window, numbers = case.tracks, case.terms, case.window, case.numbers
    events = terms.events
    owner = events.owner
    at = np.flatnonzero(events.code == _STORED)
    if at.size:
        at = at[~_at_free_place(ends, terms, owner[at], events.lat_deg[at], events.lon_deg[at])]
    start_s, whose = events.time_s[at], owner[at]
    if at.size == 0:
        return _EventSpans((whose, start_s, start_s, start_s), at.astype(np.bool_))
    inside = (start_s >= window.start_s[whose]) & (start_s <= window.end_s[whose])
    start_s, whose, at = start_s[inside], whose[inside], at[inside]
    going = _ENDS_STORING[events.code]
    following = _next(going, at + 1)
    found = (following < owner.size) & (owner[np.minimum(following, owner.size - 1)] == whose)
    event_s = np.full(at.size, np.inf)
    event_s[found] = events.time_s[following[found]]
    row, _ = _rows(tracks, whose, start_s, start_s)
    row = _next(tracks.moving == 1, row)
    moved = row < tracks.first[whose + 1]
    motion_s = np.full(at.size, np.inf)
    motion_s[moved] = tracks.time_s[row[moved]]
    end_s = np.minimum(np.minimum(event_s, motion_s), window.end_s[whose])
    known = np.minimum(event_s, motion_s) < np.inf
    code = events.code[np.minimum(following, owner.size - 1)]
    ended = (motion_s <= event_s) | ~_ARRIVES[code]
    limit_s = np.full(int(known.sum()), numbers.dwell_limit_s)
    return _EventSpans((whose[known], start_s[known], end_s[known], limit_s), ended[known])


def _by_rest(case: Case, believed: BoolArray) -> _Spans:
    """Rests of the motion sensor between two times of motion inside the window."""
    tracks, window, numbers = case.tracks, case.window, case.numbers
    owner = tracks.shipment
    row = np.flatnonzero(window.rows & (tracks.moving >= 0) & believed[owner])
    if row.size == 0:
        none = np.zeros(0)
        return row, none, none, none
    whose, time_s, still = owner[row], tracks.time_s[row], tracks.moving[row] == 0
    # True before a reading that does not go on from the one before, and after the last.
    parted = np.ones(row.size + 1, dtype=np.bool_)
    parted[1:-1] = time_s[1:] - time_s[:-1] > REST_PROVED_S
    parted[1:-1] |= whose[1:] != whose[:-1]
    restless = np.append(~still, True)
    begin = np.flatnonzero(still & (parted[:-1] | np.append(True, restless[:-2])))
    end = np.flatnonzero(still & (parted[1:] | restless[1:]))
    inner = (begin > 0) & (end < row.size - 1)
    begin, end = begin[inner], end[inner]
    between = ~still[begin - 1] & ~still[end + 1]
    between &= (whose[begin - 1] == whose[begin]) & (whose[end + 1] == whose[end])
    begin, end = begin[between], end[between]
    left_s = window.end_s[whose[begin]] - time_s[end]
    limit_s = np.where(
        left_s <= ARRIVAL_S,
        max(numbers.consumer_wait_s, numbers.traffic_wait_s),
        numbers.traffic_wait_s,
    )
    return whose[begin], time_s[begin], time_s[end], np.maximum(limit_s, numbers.dwell_limit_s)


def _next(flags: BoolArray, at: IntArray) -> IntArray:
    """Index of the first True at or after each place; the length where there is none."""
    n = flags.size
    place = np.append(np.where(flags, np.arange(n), n), n)
    return np.minimum.accumulate(place[::-1])[::-1][np.minimum(at, n)]


def _rows(
    tracks: Tracks, owner: IntArray, start_s: FloatArray, end_s: FloatArray
) -> tuple[IntArray, IntArray]:
    first, last = tracks.first[owner], tracks.first[owner + 1]
    low = bisect_time(tracks.time_s, first=first, last=last, at_s=start_s)
    return low, bisect_time(tracks.time_s, first=first, last=last, at_s=end_s, after_equal=True)


def _without_fixes(
    fixes: Fixes, owner: IntArray, start_s: FloatArray, end_s: FloatArray
) -> BoolArray:
    first, last = fixes.first[owner], fixes.first[owner + 1]
    low = bisect_time(fixes.time_s, first=first, last=last, at_s=start_s, after_equal=True)
    return np.asarray(bisect_time(fixes.time_s, first=first, last=last, at_s=end_s) <= low)


def _where_last_seen(
    case: Case, fixes: Fixes, ends: Ends, owner: IntArray, start_s: FloatArray
) -> BoolArray:
    """True where the last fix was at a free place and no motion was reported since."""
    tracks, terms = case.tracks, case.terms
    seen = bisect_time(
        fixes.time_s,
        first=fixes.first[owner],
        last=fixes.first[owner + 1],
        at_s=start_s,
        after_equal=True,
    )
    some = seen > fixes.first[owner]
    at = np.where(some, seen - 1, 0)
    if len(fixes) == 0:
        return np.zeros(owner.size, dtype=np.bool_)
    free = some & _at_free_place(ends, terms, owner, fixes.lat_deg[at], fixes.lon_deg[at])
    moves = np.concatenate(([0], np.cumsum(tracks.moving == 1)))
    low, high = _rows(tracks, owner, fixes.time_s[at], start_s)
    speaks = np.concatenate(([0], np.cumsum(tracks.moving >= 0)))
    return np.asarray(free & (moves[high] == moves[low]) & (speaks[high] > speaks[low]))


def _at_free_place(
    ends: Ends, terms: Terms, owner: IntArray, lat_deg: FloatArray, lon_deg: FloatArray
) -> BoolArray:
    """True where a position lies at the origin, the destination or an allowed site."""
    free = np.zeros(owner.size, dtype=np.bool_)
    for to_lat, to_lon, radius_m in (
        (ends.origin_lat_deg, ends.origin_lon_deg, ends.origin_radius_m),
        (ends.destination_lat_deg, ends.destination_lon_deg, ends.destination_radius_m),
    ):
        away_m = haversine_m(
            lat_deg=lat_deg, lon_deg=lon_deg, to_lat_deg=to_lat[owner], to_lon_deg=to_lon[owner]
        )
        free |= away_m <= radius_m[owner]
    sites = terms.sites
    which, site = expanded(first=sites.first[owner], end=sites.first[owner + 1])
    away_m = haversine_m(
        lat_deg=lat_deg[which],
        lon_deg=lon_deg[which],
        to_lat_deg=sites.lat_deg[site],
        to_lon_deg=sites.lon_deg[site],
    )
    free[which[away_m <= sites.radius_m[site]]] = True
    return free


def _at_an_end(
    case: Case, fixes: Fixes, ends: Ends, owner: IntArray, start_s: FloatArray, end_s: FloatArray
) -> BoolArray:
    """True where the box rested before its first fix or after its last one of the judged time, and
    that fix lies at the origin or the destination or the road between leaves no time for another
    place: no more than the road at SLOW_KMH takes and WAKING_S."""
    first, last = fixes.first[:-1][owner], fixes.first[1:][owner] - 1
    some = last >= first
    free = np.zeros(owner.size, dtype=np.bool_)
    if len(fixes) == 0:
        return free
    first, last = np.where(some, first, 0), np.where(some, last, 0)
    for fix, apart_s, lat_deg, lon_deg, radius_m in (
        (
            first,
            fixes.time_s[first] - end_s,
            ends.origin_lat_deg,
            ends.origin_lon_deg,
            ends.origin_radius_m,
        ),
        (
            last,
            start_s - fixes.time_s[last],
            ends.destination_lat_deg,
            ends.destination_lon_deg,
            ends.destination_radius_m,
        ),
    ):
        away_m = haversine_m(
            lat_deg=fixes.lat_deg[fix],
            lon_deg=fixes.lon_deg[fix],
            to_lat_deg=lat_deg[owner],
            to_lon_deg=lon_deg[owner],
        )
        away_m = np.maximum(away_m - radius_m[owner], 0.0)
        road_s = away_m / (SLOW_KMH / 3.6)
        near = (away_m == 0.0) | (apart_s <= road_s + WAKING_S)
        named = ~np.isnan(away_m)
        free |= some & named & (apart_s >= 0.0) & near
    return free


def _told_before(
    owner: IntArray, start_s: FloatArray, end_s: FloatArray, spans: _Spans
) -> BoolArray:
    """True where a span by event of the same shipment overlaps."""
    whose, begin_s, finish_s, _ = spans
    order = np.lexsort((begin_s, whose))
    whose, begin_s, finish_s = whose[order], begin_s[order], finish_s[order]
    first = np.searchsorted(whose, owner)
    last = np.searchsorted(whose, owner, side="right")
    # Spans by event follow each other, so those that overlap are those that end late enough
    # and begin early enough.
    low = bisect_time(finish_s, first=first, last=last, at_s=start_s)
    high = bisect_time(begin_s, first=first, last=last, at_s=end_s, after_equal=True)
    return np.asarray(high > low)
