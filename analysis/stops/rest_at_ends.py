"""Time at either end of custody for which no position is needed: the box rested at the place.

Receivers fall silent in the pharmacy and in the consumer's house. A motion sensor that is believed
and never reports motion from the beginning of custody until shortly before the first fix, with that
fix at the origin, has the box at the origin all that time; so it is at the destination after the
last fix. What a sensor does not say without a break is no rest.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.stops.fixes import REST_PROVED_S, BoolArray, Fixes
from coldwitness.analysis.stops.stay_places import Ends
from coldwitness.analysis.terms import WindowSource
from coldwitness.domain.reading import ENDING_EVENTS, EVENT_NAMES
from coldwitness.domain.tracks import FloatArray, IntArray

SLOW_KMH = 15.0
"""A ride through a town, its waits included, is no slower than this."""

WAKING_S = 120.0
"""What a receiver may need to find its first fix, or the box to be carried to a door."""

_PACKED = EVENT_NAMES.index("packed")
_ENDS = np.array([name in ENDING_EVENTS for name in EVENT_NAMES])
"""By code, whether an event ends custody."""


@dataclass(frozen=True)
class PositionsNeeded:
    """(s,) the judged time less the rest at origin and destination that needs no position."""

    from_s: FloatArray
    to_s: FloatArray


def positions_needed(
    case: Case, fixes: Fixes, ends: Ends, *, believed: BoolArray
) -> PositionsNeeded:
    """The window of each shipment, cut where its box rested at an end and nothing else is possible.

    Cut is the time before the last reading at rest, if the sensor says rest at every reading from
    the beginning of the window on, no two of them so far apart that one may be missing, and the
    first fix lies at the origin; or no further from it than an end of custody may be pressed, with
    the `packed` event's own position there. The way from rest to fix took no longer than its
    road. The same at the destination, if the rest there is no longer than its setting.

    believed : (s,) shipments whose motion sensor is.
    """
    window, numbers = case.window, case.numbers
    from_s, to_s = window.start_s.copy(), window.end_s.copy()
    mine = np.flatnonzero(believed & (np.diff(fixes.first) > 0) & window.told)
    if mine.size == 0:
        return PositionsNeeded(from_s, to_s)
    until_s, since_s = _rest_at_ends(case, mine)
    head, tail = fixes.first[mine], fixes.first[mine + 1] - 1
    packed, ended = _pressed_at(case, mine)
    at_origin = _there(
        fixes,
        head,
        apart_s=fixes.time_s[head] - until_s,
        place=(ends.origin_lat_deg, ends.origin_lon_deg, ends.origin_radius_m),
        of=mine,
        pressed=packed,
        slack_m=numbers.custody_place_slack_m,
    )
    at_end = _there(
        fixes,
        tail,
        apart_s=since_s - fixes.time_s[tail],
        place=(ends.destination_lat_deg, ends.destination_lon_deg, ends.destination_radius_m),
        of=mine,
        pressed=ended,
        slack_m=numbers.custody_place_slack_m,
    )
    at_end &= window.end_s[mine] - since_s <= numbers.destination_rest_s
    from_s[mine[at_origin]] = np.minimum(until_s, fixes.time_s[head])[at_origin]
    to_s[mine[at_end]] = np.maximum(since_s, fixes.time_s[tail])[at_end]
    return PositionsNeeded(from_s, to_s)


def _rest_at_ends(case: Case, mine: IntArray) -> tuple[FloatArray, FloatArray]:
    """(k,) until when the box rested from the beginning of its window on, and since when it did
    until the end; the ends of the window themselves where it did not."""
    tracks, window, terms = case.tracks, case.window, case.terms
    wanted = np.zeros(len(terms), dtype=np.bool_)
    wanted[mine] = True
    owner = tracks.shipment
    row = np.flatnonzero(window.rows & (tracks.moving >= 0) & wanted[owner])
    whose, time_s, moves = owner[row], tracks.time_s[row], tracks.moving[row] == 1
    proved_s = np.fmin(REST_PROVED_S, case.numbers.interval_slack * terms.interval_s)
    first = np.searchsorted(whose, mine)
    last = np.searchsorted(whose, mine, side="right") - 1
    parted = np.diff(time_s, prepend=-np.inf) > proved_s[whose]
    parted[first[first <= last]] = False
    place = np.arange(row.size)
    until = np.full(len(terms), row.size)  # the first reading that is no rest, or comes too late
    since = np.full(len(terms), -1)  # the first reading of the last rest without a break
    np.minimum.at(until, whose[moves | parted], place[moves | parted])
    np.maximum.at(since, whose[moves], place[moves] + 1)
    np.maximum.at(since, whose[parted], place[parted])
    until, since = np.minimum(until[mine], last + 1) - 1, np.maximum(since[mine], first)
    start_s, end_s, proved_s = window.start_s[mine], window.end_s[mine], proved_s[mine]
    known = first <= last
    begun, ended = np.where(known, first, 0), np.where(known, last, 0)
    rests = known & (until >= first) & (time_s[begun] - start_s <= proved_s)
    stays = known & (since <= last) & (end_s - time_s[ended] <= proved_s)
    return (
        np.where(rests, time_s[np.where(rests, until, 0)], start_s),
        np.where(stays, time_s[np.where(stays, since, 0)], end_s),
    )


def _there(
    fixes: Fixes,
    fix: IntArray,
    *,
    apart_s: FloatArray,
    place: tuple[FloatArray, FloatArray, FloatArray],
    of: IntArray,
    pressed: tuple[FloatArray, FloatArray],
    slack_m: float,
) -> BoolArray:
    """True where the fix beside a rest shows that the box rested at the place.

    fix : (k,) beside the rest of shipments `of`, apart_s : (k,) between both. place : (s,)
    latitude, longitude [degrees] and radius [m]. pressed : (k,) where the custody event was sent.
    """
    lat_deg, lon_deg, radius_m = (part[of] for part in place)
    away_m = _away_m(fixes.lat_deg[fix], fixes.lon_deg[fix], lat_deg, lon_deg) - radius_m
    by_event = _away_m(*pressed, lat_deg, lon_deg) <= radius_m
    road_s = np.maximum(away_m, 0.0) / (SLOW_KMH / 3.6)
    near = (away_m <= 0.0) | (by_event & (away_m <= slack_m))
    return np.asarray(near & ~fixes.coarse[fix] & (apart_s <= road_s + WAKING_S))


def _away_m(
    lat_deg: FloatArray, lon_deg: FloatArray, to_lat_deg: FloatArray, to_lon_deg: FloatArray
) -> FloatArray:
    return haversine_m(
        lat_deg=lat_deg, lon_deg=lon_deg, to_lat_deg=to_lat_deg, to_lon_deg=to_lon_deg
    )


def _pressed_at(
    case: Case, mine: IntArray
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]:
    """(k,) where the events that begin and end each window were sent, NaN where none says."""
    terms, window = case.terms, case.window
    events = terms.events
    owner = events.owner
    begins = (events.code == _PACKED) & (events.time_s == window.start_s[owner])
    begins &= terms.start_source[owner] == WindowSource.EVENT
    closes = _ENDS[events.code] & (events.time_s == window.end_s[owner])
    closes &= terms.end_source[owner] == WindowSource.EVENT

    def of(chosen: BoolArray) -> tuple[FloatArray, FloatArray]:
        lat, lon = np.full(len(terms), np.nan), np.full(len(terms), np.nan)
        at = np.flatnonzero(chosen & ~np.isnan(events.lat_deg))
        lat[owner[at]], lon[owner[at]] = events.lat_deg[at], events.lon_deg[at]
        return lat[mine], lon[mine]

    return of(begins), of(closes)
