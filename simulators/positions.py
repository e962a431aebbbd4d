"""Positions as a receiver reports them: wandering, worse indoors, with rare multipath jumps."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.scenario import Scenario, draw

LINZI = (36.82, 118.30)
M_PER_DEG_LAT = 111_195.0


def draw_fixes(
    scenario: Scenario,
    trip: Trip,
    true_s: FloatArray,
    origin: tuple[float, float],
    rng: np.random.Generator,
    faults: list[dict[str, object]],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Latitude, longitude [degrees] and stated accuracy [m] at each of `true_s`; jumps by
    multipath are added to `faults`."""
    logger, n = scenario.logger, true_s.size
    sigma_m = draw(rng, logger.position_noise_m)
    x, y = trip.position_m(true_s)
    scale = sigma_m * (1.0 + 1.5 * indoors(trip, true_s))
    wander = np.empty((2, n))
    fresh, state = rng.normal(size=(2, n)), rng.normal(size=2)
    for k in range(n):  # first-order wandering: neighbouring fixes err alike
        state = 0.8 * state + 0.6 * fresh[:, k]
        wander[:, k] = state
    jump = rng.random(n) < draw(rng, logger.multipath)
    if logger.positions and jump.any():
        faults.append({"kind": "multipath", "fixes": int(jump.sum())})
    bearing, far_m = rng.uniform(0, 2 * np.pi, n), rng.uniform(60.0, 250.0, n)
    x = x + scale * wander[0] + jump * far_m * np.cos(bearing)
    y = y + scale * wander[1] + jump * far_m * np.sin(bearing)
    # A receiver knows of most multipath: it states a poorer accuracy, though seldom all of it.
    accuracy = np.round(2.0 * scale * rng.uniform(0.8, 1.3, n) + jump * far_m * 0.6, 1)
    lat, lon = to_degrees(origin, x_m=x, y_m=y)
    if logger.datum == "GCJ02":
        lat, lon = wgs84_to_gcj02(lat=lat, lon=lon)
    return np.round(lat, 6), np.round(lon, 6), accuracy


def indoors(trip: Trip, time_s: FloatArray) -> NDArray[np.bool_]:
    """(n,) True where the box is in a building."""
    inside = np.zeros(time_s.size, dtype=np.bool_)
    for number, phase in enumerate(trip.phases):
        end_s = trip.phases[number + 1].start_s if number + 1 < len(trip.phases) else np.inf
        if phase.air_c is not None and phase.kind != "vehicle":
            inside |= (time_s >= phase.start_s) & (time_s < end_s)
    return inside


def to_degrees(
    origin: tuple[float, float], *, x_m: FloatArray, y_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Metres east and north of origin (lat, lon) to WGS84 degrees, on the local plane."""
    lat = origin[0] + np.asarray(y_m) / M_PER_DEG_LAT
    lon = origin[1] + np.asarray(x_m) / (M_PER_DEG_LAT * np.cos(np.radians(origin[0])))
    return lat, lon


def wgs84_to_gcj02(*, lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The shift of maps published in China, by the widely reproduced formula (Krasovsky 1940
    ellipsoid, east offset 105 degrees, north offset 35 degrees)."""
    a, ee = 6378245.0, 0.00669342162296594323
    x, y, pi = lon - 105.0, lat - 35.0, np.pi
    common = 20.0 * (np.sin(6 * x * pi) + np.sin(2 * x * pi))
    root = np.sqrt(np.abs(x))
    d_lat = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    d_lat = d_lat + (
        common
        + 20.0 * np.sin(y * pi)
        + 40.0 * np.sin(y / 3 * pi)
        + 160.0 * np.sin(y / 12 * pi)
        + 320 * np.sin(y * pi / 30)
    ) * (2 / 3)
    d_lon = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    d_lon = d_lon + (
        common
        + 20.0 * np.sin(x * pi)
        + 40.0 * np.sin(x / 3 * pi)
        + 150.0 * np.sin(x / 12 * pi)
        + 300.0 * np.sin(x / 30 * pi)
    ) * (2 / 3)
    magic = 1 - ee * np.sin(np.radians(lat)) ** 2
    d_lat = d_lat * 180.0 / ((a * (1 - ee)) / (magic * np.sqrt(magic)) * pi)
    d_lon = d_lon * 180.0 / (a / np.sqrt(magic) * np.cos(np.radians(lat)) * pi)
    return lat + d_lat, lon + d_lon
