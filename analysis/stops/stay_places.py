"""Whether a stay is at a place where the box may stand, and for how long it may stand there."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.rows_in_time import bisect_time
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.stops.fixes import BoolArray, Fixes
from coldwitness.analysis.stops.stays import Stays
from coldwitness.analysis.terms import Terms, WindowSource
from coldwitness.domain.reading import ENDING_EVENTS, EVENT_NAMES
from coldwitness.domain.tracks import FloatArray, IntArray

DOOR_SLACK_M = 200.0
"""An address on a map and the door where the consumer comes out differ by up to this."""

SHORT_OF_DOOR_M = 500.0
"""Up to this far from the address a stay that `arrived` or the end of custody ends is neither
delivery nor storage."""

NOISE_SLACK_MAX_M = 50.0
"""A noisy stay counts as at a place up to this much outside its radius, never more."""

_AT_DOOR = np.array([name in ("arrived", *ENDING_EVENTS) for name in EVENT_NAMES])
"""By code, whether an event happens at the consumer's door."""

_BY_EVENT = int(WindowSource.EVENT)


class Where(IntEnum):
    ELSEWHERE = 0
    ORIGIN = 1
    DESTINATION = 2
    SITE = 3


@dataclass(frozen=True)
class Places:
    """One row a stay: `where`, `site` (index into Terms.sites, -1 none), `door` (near enough
    to the consumer to be the wait at the door), `deliveries` (how many other shipments of the box
    were delivered there meanwhile) and `limit_s`, beyond which it is suspected, inf where it never
    is."""

    where: IntArray
    site: IntArray
    door: BoolArray
    deliveries: IntArray
    limit_s: FloatArray


@dataclass(frozen=True)
class Ends:
    """(s,) where each shipment begins and ends: the manifest's places, else where the box was
    when it was packed and delivered, else NaN."""

    origin_lat_deg: FloatArray
    origin_lon_deg: FloatArray
    origin_radius_m: FloatArray
    destination_lat_deg: FloatArray
    destination_lon_deg: FloatArray
    destination_radius_m: FloatArray


def ends_of(case: Case, fixes: Fixes) -> Ends:
    """Places of packing and delivery; a fix stands in for an unknown one if it is close in time."""
    terms, window, numbers = case.terms, case.window, case.numbers
    some = np.diff(fixes.first) > 0
    nowhere = np.full(len(terms), np.nan)
    first_lat, first_lon, last_lat, last_lon = (nowhere.copy() for _ in range(4))
    head, tail = fixes.first[:-1][some], fixes.first[1:][some] - 1
    late_s = fixes.time_s[head] - window.start_s[some]
    early_s = window.end_s[some] - fixes.time_s[tail]
    with_start = window.start_known[some] & (late_s <= numbers.position_gap_s)
    with_end = window.end_known[some] & (early_s <= numbers.position_gap_s)
    first_lat[some] = np.where(with_start, fixes.lat_deg[head], np.nan)
    first_lon[some] = np.where(with_start, fixes.lon_deg[head], np.nan)
    last_lat[some] = np.where(with_end, fixes.lat_deg[tail], np.nan)
    last_lon[some] = np.where(with_end, fixes.lon_deg[tail], np.nan)
    no_origin = np.isnan(terms.origin_lat_deg)
    no_destination = np.isnan(terms.destination_lat_deg)
    return Ends(
        origin_lat_deg=np.where(no_origin, first_lat, terms.origin_lat_deg),
        origin_lon_deg=np.where(no_origin, first_lon, terms.origin_lon_deg),
        origin_radius_m=np.where(no_origin, numbers.dwell_radius_m, terms.origin_radius_m),
        destination_lat_deg=np.where(no_destination, last_lat, terms.destination_lat_deg),
        destination_lon_deg=np.where(no_destination, last_lon, terms.destination_lon_deg),
        destination_radius_m=np.where(
            no_destination, numbers.dwell_radius_m, terms.destination_radius_m
        ),
    )


def place_stays(
    case: Case, stays: Stays, ends: Ends, *, traffic: BoolArray, stored: BoolArray
) -> Places:
    """Place of each stay and the longest dwell that is not suspected there.

    Origin, destination, and short of the door where custody or an `arrived` ends the stay: none is.
    An allowed site: its max_minutes, none without. Elsewhere the dwell setting; near the consumer's
    door and in traffic their own settings, if those are longer; where others' shipments of the box
    were delivered the dwell setting for each, and once more before it is suspected. Of several
    places that fit the most lenient counts. What of this is doubtful all the same is asked in
    `doubtful_stays`.

    traffic : (k,) the stay is, or may be, slow traffic. stored : (k,) an event says that the box
    was stored there, which no delivery explains. Columns (k,).
    """
    terms, numbers = case.terms, case.numbers
    owner = stays.shipment
    slack_m = np.minimum(stays.spread_m, NOISE_SLACK_MAX_M)
    to_origin_m = haversine_m(
        lat_deg=stays.lat_deg,
        lon_deg=stays.lon_deg,
        to_lat_deg=ends.origin_lat_deg[owner],
        to_lon_deg=ends.origin_lon_deg[owner],
    )
    to_door_m = haversine_m(
        lat_deg=stays.lat_deg,
        lon_deg=stays.lon_deg,
        to_lat_deg=ends.destination_lat_deg[owner],
        to_lon_deg=ends.destination_lon_deg[owner],
    )
    at_origin = to_origin_m <= ends.origin_radius_m[owner] + slack_m
    at_destination = to_door_m <= ends.destination_radius_m[owner] + slack_m
    door = to_door_m <= ends.destination_radius_m[owner] + DOOR_SLACK_M
    short = _arrived_during(case, stays) & ~(to_door_m > SHORT_OF_DOOR_M)
    site, site_limit_s = _site_of(stays, terms, slack_m)
    deliveries = np.where(stored, 0, _deliveries_at(case, stays, slack_m))
    wait_s = np.where(door, numbers.consumer_wait_s, 0.0)
    wait_s = np.maximum(wait_s, np.where(traffic, numbers.traffic_wait_s, 0.0))
    delivering_s = np.where(deliveries > 0, (deliveries + 1) * numbers.dwell_limit_s, 0.0)
    wait_s = np.maximum(wait_s, delivering_s)
    at_a_place = (at_destination, at_origin, site >= 0)  # the first that holds
    where = np.select(
        at_a_place,
        (Where.DESTINATION.value, Where.ORIGIN.value, Where.SITE.value),
        Where.ELSEWHERE.value,
    )
    wait_s = np.where(short, np.inf, np.maximum(wait_s, numbers.dwell_limit_s))
    limit_s = np.select(at_a_place, (np.inf, np.inf, site_limit_s), wait_s)
    return Places(where.astype(np.int64), site, door | short, deliveries, limit_s)


def _deliveries_at(case: Case, stays: Stays, slack_m: FloatArray) -> IntArray:
    """(k,) how many other shipments of the box were delivered in or right after each stay, with
    their destination within the dwell radius of it."""
    deliveries, numbers = case.terms.deliveries, case.numbers
    found = np.zeros(len(stays), dtype=np.int64)
    first = deliveries.first
    stay, row = expanded(first=first[stays.shipment], end=first[stays.shipment + 1])
    if stay.size == 0:
        return found
    away_m = haversine_m(
        lat_deg=stays.lat_deg[stay],
        lon_deg=stays.lon_deg[stay],
        to_lat_deg=deliveries.lat_deg[row],
        to_lon_deg=deliveries.lon_deg[row],
    )
    reach_m = np.minimum(deliveries.radius_m[row], numbers.dwell_radius_m) + slack_m[stay]
    there = away_m <= reach_m
    there &= deliveries.time_s[row] >= stays.start_s[stay]
    there &= deliveries.time_s[row] <= stays.end_s[stay] + numbers.position_gap_s
    np.add.at(found, stay[there], 1)
    return found


def _site_of(stays: Stays, terms: Terms, slack_m: FloatArray) -> tuple[IntArray, FloatArray]:
    """The allowed site each stay is at (-1 none) and its limit: one that the office registered
    goes before one that the manifest alone names; of equals the most lenient counts."""
    site = np.full(len(stays), -1, dtype=np.int64)
    limit_s = np.full(len(stays), np.nan)
    first = terms.sites.first
    stay, pair = expanded(first=first[stays.shipment], end=first[stays.shipment + 1])
    if stay.size == 0:
        return site, limit_s
    away_m = haversine_m(
        lat_deg=stays.lat_deg[stay],
        lon_deg=stays.lon_deg[stay],
        to_lat_deg=terms.sites.lat_deg[pair],
        to_lon_deg=terms.sites.lon_deg[pair],
    )
    allowed_s = 60.0 * np.where(
        np.isnan(terms.sites.max_minutes[pair]), np.inf, terms.sites.max_minutes[pair]
    )
    at = np.flatnonzero(away_m <= terms.sites.radius_m[pair] + slack_m[stay])
    registered = terms.sites.registered[pair[at]]
    best = at[np.lexsort((-away_m[at], allowed_s[at], registered, stay[at]))]
    site[stay[best]] = pair[best]  # the last one written counts; of equal ones the nearest
    limit_s[stay[best]] = allowed_s[best]
    return site, limit_s


def _arrived_during(case: Case, stays: Stays) -> BoolArray:
    """True where the courier's own event says that the box arrived in or right after the stay."""
    terms, numbers = case.terms, case.numbers
    events = terms.events
    at_door = _AT_DOOR[events.code]
    owner = events.owner[at_door]
    time_s = events.time_s[at_door]
    ended = np.flatnonzero(terms.end_source == _BY_EVENT)
    owner, time_s = np.append(owner, ended), np.append(time_s, terms.end_s[ended])
    return any_within(
        owner,
        time_s,
        of=stays.shipment,
        start_s=stays.start_s,
        end_s=stays.end_s + numbers.position_gap_s,
    )


def any_within(
    owner: IntArray, time_s: FloatArray, *, of: IntArray, start_s: FloatArray, end_s: FloatArray
) -> BoolArray:
    """(k,) True where `count_within` is above 0."""
    return count_within(owner, time_s, of=of, start_s=start_s, end_s=end_s) > 0


def count_within(
    owner: IntArray, time_s: FloatArray, *, of: IntArray, start_s: FloatArray, end_s: FloatArray
) -> IntArray:
    """How many of the instants (owner, time_s) of shipment `of` lie in start_s..end_s.

    owner, time_s : (e,) instants, UTC epoch s. of, start_s, end_s : (k,), ends included. Result
    (k,).
    """
    if owner.size == 0 or of.size == 0:
        return np.zeros(of.size, dtype=np.int64)
    order = np.lexsort((time_s, owner))
    owner, time_s = owner[order], time_s[order]
    first = np.searchsorted(owner, of)
    last = np.searchsorted(owner, of, side="right")
    low = bisect_time(time_s, first=first, last=last, at_s=start_s)
    high = bisect_time(time_s, first=first, last=last, at_s=end_s, after_equal=True)
    return np.asarray(np.maximum(high - low, 0))
