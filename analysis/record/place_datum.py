"""Whether the places of a manifest, or the positions of its record, are in a Chinese map's datum.

A place picked on a map sold in China lies some hundred metres off (GCJ-02, BD-09), and so does a
position that a telephone took from one and did not say so. One end that lies off may be anything;
both ends off by just the local shift are a datum. Places are then moved into the datum of the
positions, so that distances are true; positions stay as they were sent.
"""

from dataclasses import replace
from enum import IntEnum

import numpy as np

from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.positions import placed_rows
from coldwitness.analysis.record.window import Window
from coldwitness.analysis.terms import Terms
from coldwitness.domain.map_datums import from_wgs84, to_wgs84
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, Tracks

NEAR_M = 50.0
"""How far beyond a place's radius a fix may lie and still be there."""

FIXES = 3
"""Of so many fixes at either end the nearest to its place says whether the box was there: the first
after waking, and one that multipath throws aside, lie off by themselves."""


class PlaceDatum(IntEnum):
    """What was found to be in which datum; AS_GIVEN: nothing speaks against what was stated."""

    AS_GIVEN = 0
    PLACES_GCJ02 = 1
    PLACES_BD09 = 2
    POSITIONS_GCJ02 = 3
    POSITIONS_BD09 = 4


def in_datum_of_positions(tracks: Tracks, terms: Terms, window: Window) -> tuple[Terms, CodeArray]:
    """Terms whose places are in the datum of the positions, and (s,) PlaceDatum.

    A shipment's places are moved where its first FIXES all lie more than NEAR_M beyond the radius
    of its origin and its last ones beyond that of its destination, and no longer all do so once the
    places are taken as of another datum; of several datums the one that fits best.
    """
    found = np.zeros(len(terms), dtype=np.int8)
    known = ~np.isnan(terms.origin_lat_deg) & ~np.isnan(terms.destination_lat_deg)
    if not known.any():
        return terms, found
    row = np.flatnonzero(placed_rows(tracks, window.rows))
    first = np.searchsorted(row, tracks.first)
    some = np.flatnonzero(known & (np.diff(first) > 0))
    begin, end = first[some], first[some + 1]
    off = np.ones(some.size, dtype=np.bool_)
    for n in range(FIXES):
        head, tail = row[np.minimum(begin + n, end - 1)], row[np.maximum(end - 1 - n, begin)]
        off &= _away_m(tracks, head, *_origin(terms, some)) > NEAR_M
        off &= _away_m(tracks, tail, *_destination(terms, some)) > NEAR_M
    moved: dict[int, PlaceDatum] = {}
    for at in np.flatnonzero(off).tolist():  # both ends off their places: few
        shipment, its = int(some[at]), row[begin[at] : end[at]]
        datum = _datum_of(tracks, its[:FIXES], its[-FIXES:], terms, shipment)
        if datum is not PlaceDatum.AS_GIVEN:
            moved[shipment] = datum
    if not moved:
        return terms, found
    found[list(moved)] = list(moved.values())
    return _moved(terms, moved), found


def _datum_of(
    tracks: Tracks, head: IntArray, tail: IntArray, terms: Terms, shipment: int
) -> PlaceDatum:
    """head, tail : the first and last fixes of one shipment."""
    best, least_m = PlaceDatum.AS_GIVEN, np.inf
    for datum in list(PlaceDatum)[1:]:
        off_m = [
            float(_away_m(tracks, fix, *_as(datum, float(lat), float(lon)), radius_m).min())
            for fix, (lat, lon, radius_m) in (
                (head, _origin(terms, shipment)),
                (tail, _destination(terms, shipment)),
            )
        ]
        if max(off_m) <= NEAR_M and sum(off_m) < least_m:
            best, least_m = datum, sum(off_m)
    return best


def _as(datum: PlaceDatum, lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """A place in the positions' datum, if `datum` is what was found."""
    match datum:
        case PlaceDatum.PLACES_GCJ02:
            return to_wgs84(lat_deg, lon_deg, datum="GCJ02")
        case PlaceDatum.PLACES_BD09:
            return to_wgs84(lat_deg, lon_deg, datum="BD09")
        case PlaceDatum.POSITIONS_GCJ02:
            return from_wgs84(lat_deg, lon_deg, datum="GCJ02")
        case PlaceDatum.POSITIONS_BD09:
            return from_wgs84(lat_deg, lon_deg, datum="BD09")
    return lat_deg, lon_deg


def _moved(terms: Terms, moved: dict[int, PlaceDatum]) -> Terms:
    columns = {
        name: getattr(terms, name).copy()
        for place in ("origin", "destination")
        for name in (f"{place}_lat_deg", f"{place}_lon_deg")
    }
    site_lat, site_lon = terms.sites.lat_deg.copy(), terms.sites.lon_deg.copy()
    for shipment, datum in moved.items():
        for place in ("origin", "destination"):
            lat, lon = columns[f"{place}_lat_deg"], columns[f"{place}_lon_deg"]
            lat[shipment], lon[shipment] = _as(datum, float(lat[shipment]), float(lon[shipment]))
        for site in range(int(terms.sites.first[shipment]), int(terms.sites.first[shipment + 1])):
            site_lat[site], site_lon[site] = _as(
                datum, float(site_lat[site]), float(site_lon[site])
            )
    return replace(terms, **columns, sites=replace(terms.sites, lat_deg=site_lat, lon_deg=site_lon))


def _origin(terms: Terms, at: IntArray | int) -> tuple[FloatArray, FloatArray, FloatArray]:
    return terms.origin_lat_deg[at], terms.origin_lon_deg[at], terms.origin_radius_m[at]


def _destination(terms: Terms, at: IntArray | int) -> tuple[FloatArray, FloatArray, FloatArray]:
    return (
        terms.destination_lat_deg[at],
        terms.destination_lon_deg[at],
        terms.destination_radius_m[at],
    )


def _away_m(
    tracks: Tracks,
    row: IntArray,
    lat_deg: FloatArray | float,
    lon_deg: FloatArray | float,
    radius_m: FloatArray | float,
) -> FloatArray:
    """(k,) how far beyond the radius the place lies from each fix, negative inside."""
    away_m = haversine_m(
        lat_deg=tracks.lat_deg[row],
        lon_deg=tracks.lon_deg[row],
        to_lat_deg=np.asarray(lat_deg),
        to_lon_deg=np.asarray(lon_deg),
    )
    return np.asarray(away_m - radius_m)
