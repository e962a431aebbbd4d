"""Distances on the earth for whole arrays. Everything here is WGS84 degrees in, metres out."""

import numpy as np

from coldwitness.domain.tracks import FloatArray

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the earth. The sphere is up to 0.5 % off the ellipsoid, which for a radius of
100 m is half a metre: far below what any position of a delivery box is good for."""

METRES_PER_DEGREE = EARTH_RADIUS_M * np.pi / 180.0
"""Along a meridian, and along the equator."""


def haversine_m(
    *, lat_deg: FloatArray, lon_deg: FloatArray, to_lat_deg: FloatArray, to_lon_deg: FloatArray
) -> FloatArray:
    """Great-circle distance of pairs of points [m]; shapes broadcast, NaN gives NaN.

    Exact for close and for antipodal points alike (the haversine does not cancel).

    All (n,) [°, WGS84]; result (n,).
    Source: Sinnott, Sky and Telescope 68 (1984) 159; on a sphere, within 0.6 % of the ellipsoid.
    """
    lat, to_lat = np.radians(lat_deg), np.radians(to_lat_deg)
    across = np.sin((to_lat - lat) / 2.0) ** 2
    along = np.sin(np.radians(to_lon_deg - lon_deg) / 2.0) ** 2
    chord = across + np.cos(lat) * np.cos(to_lat) * along
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0))))


def plane_m(
    *, lat_deg: FloatArray, lon_deg: FloatArray, lat0_deg: FloatArray, lon0_deg: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """East and north of a reference point [m] on the plane that touches the earth there.

    For differences of points that lie close together: within 100 km of the reference such a
    difference is true to about 1.5 %, so a circle of 100 m stays a circle of 100 m.

    All (n,) [°, WGS84]; results (n,): x = R cos(lat0) dlon, y = R dlat (equirectangular).
    """
    east_deg = lon_deg - lon0_deg
    if (np.abs(east_deg) > 180.0).any():  # across the date line
        east_deg = np.remainder(east_deg + 180.0, 360.0) - 180.0
    east_m = EARTH_RADIUS_M * np.cos(np.radians(lat0_deg)) * np.radians(east_deg)
    return east_m, EARTH_RADIUS_M * np.radians(lat_deg - lat0_deg)


def short_way_m(
    *, lat_deg: FloatArray, lon_deg: FloatArray, to_lat_deg: FloatArray, to_lon_deg: FloatArray
) -> FloatArray:
    """Distance of points less than a few hundred kilometres apart [m], at a quarter of the cost.

    Flat at the middle latitude: within 0.01 % of the great circle up to 100 km at latitudes
    below 60°.

    All (n,) [°, WGS84]; result (n,): R hypot(dlat, cos(mean lat) dlon).
    """
    north = np.radians(to_lat_deg - lat_deg)
    east = np.radians(np.remainder(to_lon_deg - lon_deg + 180.0, 360.0) - 180.0)
    east = east * np.cos(np.radians((lat_deg + to_lat_deg) / 2.0))
    return np.asarray(EARTH_RADIUS_M * np.hypot(north, east))
