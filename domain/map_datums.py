"""Chinese map datums to WGS84.

Maps sold in China show positions shifted by some hundred metres: GCJ-02 (国测局) is a smooth
shift of WGS84, BD-09 (Baidu) a further turn of GCJ-02. The shift has no closed inverse, so it
is found by iteration. The formulas were never published officially; the ones here are the
publicly known reconstruction (eviltransform and gcoord agree on it to centimetres). Outside
China's bounding box nothing is shifted.
"""

import math

_A_M = 6378245.0
"""Semi-major axis of the Krasovsky 1940 ellipsoid the shift is reckoned on."""
_EE = 0.00669342162296594323
"""First eccentricity squared of the same."""
_BD_TURN = math.pi * 3000.0 / 180.0
_CLOSE_DEG = 1e-10
"""A hundredth of a millimetre; the iteration contracts by about 1000 a round."""
_ROUNDS = 20


def to_wgs84(lat_deg: float, lon_deg: float, *, datum: str) -> tuple[float, float]:
    """(lat, lon) in WGS84 of a position given in `datum`: WGS84, GCJ02 or BD09.

    Both in degrees, finite. Raises ValueError for another datum.
    """
    if datum == "WGS84":
        return lat_deg, lon_deg
    if datum == "GCJ02":
        return gcj02_to_wgs84(lat_deg, lon_deg)
    if datum == "BD09":
        return gcj02_to_wgs84(*bd09_to_gcj02(lat_deg, lon_deg))
    raise ValueError(f"datum: expected WGS84, GCJ02 or BD09, got {datum!r}")


def from_wgs84(lat_deg: float, lon_deg: float, *, datum: str) -> tuple[float, float]:
    """(lat, lon) in `datum`, GCJ02 or BD09, of a position in WGS84.

    Both in degrees, finite. Raises ValueError for another datum.
    """
    if datum == "GCJ02":
        return wgs84_to_gcj02(lat_deg, lon_deg)
    if datum == "BD09":
        return gcj02_to_bd09(*wgs84_to_gcj02(lat_deg, lon_deg))
    raise ValueError(f"datum: expected GCJ02 or BD09, got {datum!r}")


def in_shifted_area(lat_deg: float, lon_deg: float) -> bool:
    """True where the shift is applied: the bounding box the map makers use for China."""
    return 0.8293 <= lat_deg <= 55.8271 and 72.004 <= lon_deg <= 137.8347


def wgs84_to_gcj02(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """The shifted position a Chinese map shows for a WGS84 one."""
    if not in_shifted_area(lat_deg, lon_deg):
        return lat_deg, lon_deg
    d_lat, d_lon = _shift(lat_deg, lon_deg)
    return lat_deg + d_lat, lon_deg + d_lon


def gcj02_to_wgs84(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """Inverse of wgs84_to_gcj02 by fixed-point iteration, to 1e-10 degrees."""
    if not in_shifted_area(lat_deg, lon_deg):
        return lat_deg, lon_deg
    lat, lon = lat_deg, lon_deg
    for _ in range(_ROUNDS):
        d_lat, d_lon = _shift(lat, lon)
        next_lat, next_lon = lat_deg - d_lat, lon_deg - d_lon
        moved = max(abs(next_lat - lat), abs(next_lon - lon))
        lat, lon = next_lat, next_lon
        if moved < _CLOSE_DEG:
            break
    return lat, lon


def gcj02_to_bd09(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """Baidu's turn of a GCJ-02 position."""
    radius = math.hypot(lon_deg, lat_deg) + 2e-5 * math.sin(lat_deg * _BD_TURN)
    angle = math.atan2(lat_deg, lon_deg) + 3e-6 * math.cos(lon_deg * _BD_TURN)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


def bd09_to_gcj02(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """Inverse of gcj02_to_bd09 by fixed-point iteration, to 1e-10 degrees."""
    lat, lon = lat_deg - 0.006, lon_deg - 0.0065
    for _ in range(_ROUNDS):
        bd_lat, bd_lon = gcj02_to_bd09(lat, lon)
        off_lat, off_lon = bd_lat - lat_deg, bd_lon - lon_deg
        lat, lon = lat - off_lat, lon - off_lon
        if max(abs(off_lat), abs(off_lon)) < _CLOSE_DEG:
            break
    return lat, lon


def _shift(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """How far GCJ-02 lies from WGS84 at a place, in degrees (lat, lon)."""
    x, y = lon_deg - 105.0, lat_deg - 35.0
    root = math.sqrt(abs(x))
    waves = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north_m += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north_m += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * (
        2.0 / 3.0
    )
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east_m += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east_m += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * (
        2.0 / 3.0
    )
    lat_rad = math.radians(lat_deg)
    magic = 1.0 - _EE * math.sin(lat_rad) ** 2
    meridian_m = _A_M * (1.0 - _EE) / (magic * math.sqrt(magic))
    parallel_m = _A_M / math.sqrt(magic) * math.cos(lat_rad)
    return math.degrees(north_m / meridian_m), math.degrees(east_m / parallel_m)
