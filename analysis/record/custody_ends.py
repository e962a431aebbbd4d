"""Whether custody began and ended where it should have: who presses `delivered` at a depot takes
the rest of the way out of the time that is judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.position_digits import digits_m, repeated
from coldwitness.analysis.record.positions import placed_rows
from coldwitness.analysis.record.rows_in_time import bisect_time
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.terms import Terms, WindowSource
from coldwitness.config.numbers import Numbers
from coldwitness.domain.map_datums import to_wgs84
from coldwitness.domain.reading import ENDING_EVENTS, EVENT_NAMES
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, Tracks

BESIDE_S = 300.0
"""Fixes within this of an end of custody say where it was: clocks may differ by as much."""

STANDING_S = 120.0
"""A box that keeps to one place for this long beside an end of custody stood there: the end is not
the late press of a courier who rides on."""

_PACKED, _REFUSED, _DELIVERED, _RETURNED = map(
    EVENT_NAMES.index, ("packed", "refused", "delivered", "returned")
)
_ENDS = np.array([name in ENDING_EVENTS for name in EVENT_NAMES])
"""By code, whether an event ends custody."""


@dataclass(frozen=True)
class UnsureEnds:
    """(d,) reasons to doubt an end of custody. code : the event, `delivered` and `packed` also
    where only the manifest says when. away_m : how far from its place it was pressed, allowed_m :
    how far it may have been; both NaN for a second ending event, which contradicts the first.

    unseen : (u,) shipments of which neither the fix nearest in time to an end nor the event shows
    that end near its place: it may have been pressed elsewhere. The range does not ask where.
    """

    shipment: IntArray
    code: CodeArray
    time_s: FloatArray
    away_m: FloatArray
    allowed_m: FloatArray
    unseen: IntArray

    def doubtful(self, shipments: int) -> NDArray[np.bool_]:
        """(s,) True where what depends on the custody window is not known."""
        return np.bincount(self.shipment, minlength=shipments) > 0


def unsure_ends(tracks: Tracks, terms: Terms, numbers: Numbers) -> UnsureEnds:
    """Ends pressed elsewhere, and endings that contradict each other, of all shipments."""
    begun = np.flatnonzero(terms.start_source != WindowSource.READINGS)
    ended = np.flatnonzero(terms.end_source != WindowSource.READINGS)
    code = np.append(np.full(begun.size, _PACKED), _ending_code(terms)[ended])
    shipment = np.append(begun, ended)
    time_s = np.append(terms.start_s[begun], terms.end_s[ended])
    home = (code == _PACKED) | (code == _RETURNED)
    lat, lon, radius_m = (
        np.where(home, from_[shipment], to[shipment])
        for from_, to in (
            (terms.origin_lat_deg, terms.destination_lat_deg),
            (terms.origin_lon_deg, terms.destination_lon_deg),
            (terms.origin_radius_m, terms.destination_radius_m),
        )
    )
    allowed_m = radius_m + numbers.custody_place_slack_m
    known = np.flatnonzero(~np.isnan(lat))
    away_m = np.full(shipment.size, np.nan)
    everywhere = placed_rows(tracks, np.ones(tracks.time_s.size, dtype=np.bool_))
    away_m[known] = _pressed_m(
        tracks,
        everywhere,
        shipment[known],
        time_s[known],
        starts=code[known] == _PACKED,
        lat_deg=lat[known],
        lon_deg=lon[known],
        numbers=numbers,
    )
    unseen = np.flatnonzero(np.isnan(away_m) & ~np.isnan(lat))
    away_m[unseen] = _stated_m(terms, shipment[unseen], time_s[unseen], lat[unseen], lon[unseen])
    far = np.flatnonzero(away_m > allowed_m)
    stated_m = away_m.copy()
    seen = np.flatnonzero(~np.isnan(lat) & ~(away_m > allowed_m))
    stated_m[seen] = _stated_m(terms, shipment[seen], time_s[seen], lat[seen], lon[seen])
    beside_m = _nearest_fix_m(
        tracks, everywhere, shipment[seen], time_s[seen], lat[seen], lon[seen]
    )
    near = (stated_m[seen] <= allowed_m[seen]) | (beside_m <= allowed_m[seen])
    placed = ~np.isnan(beside_m)
    second = _second_endings(terms)
    nothing = np.full(second.size, np.nan)
    return UnsureEnds(
        shipment=np.append(shipment[far], terms.events.owner[second]),
        code=np.append(code[far], terms.events.code[second]).astype(np.int8),
        time_s=np.append(time_s[far], terms.events.time_s[second]),
        away_m=np.append(away_m[far], nothing),
        allowed_m=np.append(allowed_m[far], nothing),
        unseen=np.unique(shipment[seen[placed & ~near]]),
    )


def _nearest_fix_m(
    tracks: Tracks,
    placed: NDArray[np.bool_],
    shipment: IntArray,
    time_s: FloatArray,
    lat_deg: FloatArray,
    lon_deg: FloatArray,
) -> FloatArray:
    """(k,) how far from its place each end was, by the fix nearest in time, the nearer of the one
    before and the one after; NaN where the shipment has none. placed : (n,) readings with one."""
    row = np.flatnonzero(placed)
    found = np.full(shipment.size, np.nan)
    if row.size == 0 or shipment.size == 0:
        return found
    first, last = (np.searchsorted(row, tracks.first[shipment + more]) for more in (0, 1))
    some = last > first
    at = bisect_time(tracks.time_s[row], first=first, last=last, at_s=time_s)
    for beside in (at - 1, at):
        one = some & (beside >= first) & (beside < last)
        fix = row[np.where(one, beside, 0)]
        away_m = haversine_m(
            lat_deg=tracks.lat_deg[fix],
            lon_deg=tracks.lon_deg[fix],
            to_lat_deg=lat_deg,
            to_lon_deg=lon_deg,
        )
        away_m = np.maximum(away_m - np.nan_to_num(tracks.accuracy_m[fix]), 0.0)
        found = np.where(one, np.fmin(found, away_m), found)
    return found


def _pressed_m(
    tracks: Tracks,
    placed: NDArray[np.bool_],
    shipment: IntArray,
    time_s: FloatArray,
    *,
    starts: NDArray[np.bool_],
    lat_deg: FloatArray,
    lon_deg: FloatArray,
    numbers: Numbers,
) -> FloatArray:
    """(k,) how far from its place each end was, by the box's fixes within BESIDE_S; NaN without.
    placed : (n,) readings with a position.

    Where the box rides, the nearest of these fixes counts: the press may be late or the clock off.
    Where it stands, outside its custody, at the place of the press, that place counts, and so it
    does where the record has nothing outside custody. A receiver that wakes late, or falls silent
    early, is granted the road of that time.
    """
    first, last = tracks.first[shipment], tracks.first[shipment + 1]
    low = bisect_time(tracks.time_s, first=first, last=last, at_s=time_s - BESIDE_S)
    high = bisect_time(
        tracks.time_s, first=first, last=last, at_s=time_s + BESIDE_S, after_equal=True
    )
    end, row = expanded(first=low, end=high)
    end, row = end[placed[row]], row[placed[row]]
    found = np.full(shipment.size, np.nan)
    if row.size == 0:
        return found
    away_m = haversine_m(
        lat_deg=tracks.lat_deg[row],
        lon_deg=tracks.lon_deg[row],
        to_lat_deg=lat_deg[end],
        to_lon_deg=lon_deg[end],
    )
    off_m = np.fmax(np.nan_to_num(tracks.accuracy_m[row]), _digits_m(tracks, row))
    away_m = np.maximum(away_m - off_m, 0.0)
    off_s = np.abs(tracks.time_s[row] - time_s[end])
    head = np.flatnonzero(np.diff(end, prepend=-1))
    which = end[head]
    order = np.lexsort((off_s, end))
    at = order[head]  # the fix nearest in time to each end
    outer = np.where(starts[which], head, np.append(head[1:], end.size) - 1)
    moved_m = haversine_m(
        lat_deg=tracks.lat_deg[row[at]],
        lon_deg=tracks.lon_deg[row[at]],
        to_lat_deg=tracks.lat_deg[row[outer]],
        to_lon_deg=tracks.lon_deg[row[outer]],
    )
    apart_s = np.abs(tracks.time_s[row[outer]] - tracks.time_s[row[at]])
    rides = (moved_m > numbers.dwell_radius_m) | ((apart_s < STANDING_S) & (outer != at))
    nearest_m = np.minimum.reduceat(away_m, head)
    silent_s = np.where((outer == at) & (off_s[at] > STANDING_S), off_s[at], 0.0)
    road_m = silent_s * numbers.travel_speed_max_kmh / 3.6
    found[which] = np.where(rides, nearest_m, np.maximum(away_m[at] - road_m, 0.0))
    return found


def _digits_m(tracks: Tracks, row: IntArray) -> FloatArray:
    """(k,) how far positions of few decimals may be off [m], of rows in the order of Tracks; by the
    digits of all positions of their shipments that are asked for."""
    rows, where = np.unique(row, return_inverse=True)
    first = np.searchsorted(rows, tracks.first)
    lat_deg, lon_deg = tracks.lat_deg[rows], tracks.lon_deg[rows]
    same = repeated(first=first, lat_deg=lat_deg, lon_deg=lon_deg)
    return digits_m(first=first, same=same, lat_deg=lat_deg, lon_deg=lon_deg)[where]


def _stated_m(
    terms: Terms, shipment: IntArray, time_s: FloatArray, lat_deg: FloatArray, lon_deg: FloatArray
) -> FloatArray:
    """(k,) the same by the event's own position, in whichever datum it lies nearest."""
    found = np.full(shipment.size, np.nan)
    if shipment.size == 0:
        return found
    events = terms.events
    end, row = expanded(first=events.first[shipment], end=events.first[shipment + 1])
    fits = (events.time_s[row] == time_s[end]) & ~np.isnan(events.lat_deg[row])
    fits &= _ENDS[events.code[row]] | (events.code[row] == _PACKED)
    for at, event in zip(end[fits].tolist(), row[fits].tolist(), strict=True):  # few
        lat, lon = float(events.lat_deg[event]), float(events.lon_deg[event])
        tried = [to_wgs84(lat, lon, datum=datum) for datum in ("WGS84", "GCJ02", "BD09")]
        found[at] = haversine_m(
            lat_deg=np.array([one[0] for one in tried]),
            lon_deg=np.array([one[1] for one in tried]),
            to_lat_deg=lat_deg[at],
            to_lon_deg=lon_deg[at],
        ).min()
    return found


def _endings(terms: Terms) -> IntArray:
    """Ending events at or after `packed`, which opens custody."""
    events, owner = terms.events, terms.events.owner
    begin_s = np.where(terms.start_source == WindowSource.EVENT, terms.start_s, -np.inf)
    return np.flatnonzero(_ENDS[events.code] & (events.time_s >= begin_s[owner]))


def _ending_code(terms: Terms) -> IntArray:
    """(s,) the event that ends each custody; `delivered` where the manifest says when."""
    code = np.full(len(terms), _DELIVERED)
    at, owner = _endings(terms), terms.events.owner
    ends = at[terms.events.time_s[at] == terms.end_s[owner[at]]]
    code[owner[ends]] = terms.events.code[ends]
    return code


def _second_endings(terms: Terms) -> IntArray:
    """Ending events that contradict the one before: all but a `returned` after one `refused`."""
    at, owner = _endings(terms), terms.events.owner
    again = np.flatnonzero(owner[at][1:] == owner[at][:-1]) + 1
    code, time_s = terms.events.code[at], terms.events.time_s[at]
    same = (code[again] == code[again - 1]) & (time_s[again] == time_s[again - 1])
    back = (code[again] == _RETURNED) & (code[again - 1] == _REFUSED)
    return np.asarray(at[again[~(same | back)]])
