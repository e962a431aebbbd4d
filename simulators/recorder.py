"""The data logger: what it writes down of the box's true state, with its own faults."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from domain.tracks import FloatArray, IntArray
from simulators.journey import Trip
from simulators.scenario import Scenario, draw
from simulators.thermal import STEP_S, Trajectories

LINZI = (36.82, 118.30)
_M_PER_DEG_LAT = 111_195.0

Faults = list[dict[str, object]]


@dataclass
class Record:
    """Readings of one logger in order of measuring; columns (r,).

    true_s : seconds since the start of the recording, the world's time. device_s : what the
    logger's clock says. fix : the reading carries a position.
    """

    true_s: FloatArray
    device_s: FloatArray
    seq: IntArray
    probes: dict[str, FloatArray]
    lat_deg: FloatArray
    lon_deg: FloatArray
    accuracy_m: FloatArray
    fix: NDArray[np.bool_]
    lid_open: NDArray[np.bool_]
    moving: NDArray[np.bool_]
    light_lux: FloatArray
    humidity_pct: FloatArray
    battery_v: FloatArray
    faults: Faults = field(default_factory=list)

    def __len__(self) -> int:
        return int(self.true_s.size)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drop the other readings."""
        for name in (*_COLUMNS, "fix", "lid_open", "moving"):
            setattr(self, name, getattr(self, name)[rows])
        self.probes = {role: values[rows] for role, values in self.probes.items()}


_COLUMNS = (
    "true_s",
    "device_s",
    "seq",
    "lat_deg",
    "lon_deg",
    "accuracy_m",
    "light_lux",
    "humidity_pct",
    "battery_v",
)


def record(
    scenario: Scenario,
    trip: Trip,
    run: Trajectories,
    *,
    box: int,
    origin: tuple[float, float],
    rng: np.random.Generator,
) -> Record:
    """What the logger of box number `box` of a run wrote down; origin is (lat, lon)."""
    logger = scenario.logger
    faults: Faults = []
    true_s = _instants(scenario, trip, rng, faults)
    probes: dict[str, FloatArray] = {
        probe: _measure(scenario, _body_c(run, probe)[:, box], true_s, probe, rng, faults)
        for probe in logger.probes
    }
    if logger.swapped:
        probes["drug"], probes["coolant"] = probes["coolant"], probes["drug"]
        faults.append({"kind": "swapped_probes"})
    lat, lon, accuracy = _fixes(scenario, trip, true_s, origin, rng)
    lid = np.zeros(true_s.size, dtype=np.bool_)
    for start_s, end_s, seen in trip.lid:
        if seen:
            lid |= (true_s >= start_s) & (true_s < end_s)
    n = true_s.size
    light = np.where(lid, rng.uniform(150.0, 900.0, n), rng.uniform(0.0, 1.5, n))
    full_v = draw(rng, logger.battery_v)
    return Record(
        true_s=true_s,
        device_s=_clock(scenario, true_s, rng, faults),
        seq=_sequence(scenario, n, rng, true_s, faults),
        probes=probes,
        lat_deg=lat,
        lon_deg=lon,
        accuracy_m=accuracy,
        fix=np.full(n, logger.positions),
        lid_open=lid,
        moving=np.asarray(trip.moving(true_s) & (rng.random(n) < 0.98)),
        light_lux=np.asarray(np.round(light, 1), dtype=np.float64),
        humidity_pct=np.round(np.clip(62.0 + rng.normal(0, 2.0, n) + 8.0 * lid, 5, 99), 1),
        battery_v=np.round(_battery_v(full_v, true_s, faults) + rng.normal(0, 0.003, n), 3),
        faults=faults,
    )


def _body_c(run: Trajectories, probe: str) -> FloatArray:
    """(steps, boxes) temperature of a probe's own body."""
    body: FloatArray = getattr(run, f"probe_{probe.replace('.', '_')}_c")
    return body


def _instants(
    scenario: Scenario, trip: Trip, rng: np.random.Generator, faults: Faults
) -> FloatArray:
    """World times of the readings, from switching on to the end or the battery's."""
    logger = scenario.logger
    begin_s, late_s = rng.uniform(0.0, 10.0), 60.0 * draw(rng, logger.late_start_min)
    end_s = trip.end_s * draw(rng, logger.dies_at)
    if late_s:
        begin_s = trip.packed_s + late_s
        faults.append({"kind": "late_start", "start_s": trip.packed_s, "end_s": begin_s})
    if end_s < trip.delivered_s:
        faults.append({"kind": "battery_empty", "start_s": end_s, "end_s": trip.delivered_s})
    # However short the battery or late the start: a logger that took part wrote something.
    end_s = max(end_s, begin_s + 2 * logger.interval_s)
    true_s = np.arange(begin_s, end_s, logger.interval_s)
    return true_s + rng.uniform(0.0, logger.jitter_s, true_s.size)


def _battery_v(full_v: float, true_s: FloatArray, faults: Faults) -> FloatArray:
    """A slow fall; an empty cell collapses over its last quarter of an hour."""
    volts = full_v - 0.02 * true_s / 3600.0
    if any(fault["kind"] == "battery_empty" for fault in faults):
        volts = volts - 0.9 * np.clip(1.0 - (true_s[-1] - true_s) / 900.0, 0.0, 1.0)
    return volts


def _measure(
    scenario: Scenario,
    body_c: FloatArray,
    true_s: FloatArray,
    role: str,
    rng: np.random.Generator,
    faults: Faults,
) -> FloatArray:
    """Probe temperature to a number: offset, noise, quantisation, a stuck stretch."""
    logger = scenario.logger
    offset_c, noise_c = draw(rng, logger.offset_c), draw(rng, logger.noise_c)
    value = np.interp(true_s, np.arange(body_c.size) * STEP_S, body_c)
    value = value + offset_c + rng.normal(0.0, noise_c, true_s.size)
    value = np.round(np.round(value / logger.quantum_c) * logger.quantum_c, 4)
    stuck_s = 60.0 * draw(rng, logger.stuck_min)
    begin_s = rng.uniform(0.3, 0.5) * true_s[-1]
    if stuck_s and role == "drug":
        held = (true_s >= begin_s) & (true_s < begin_s + stuck_s)
        value[held] = value[held][0]
        faults.append({"kind": "stuck", "start_s": begin_s, "end_s": begin_s + stuck_s})
    faults.append({"kind": "offset", "probe": role, "offset_c": offset_c, "noise_c": noise_c})
    return value


def _fixes(
    scenario: Scenario,
    trip: Trip,
    true_s: FloatArray,
    origin: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """GPS positions: slowly wandering error, worse indoors, rare multipath jumps."""
    logger, n = scenario.logger, true_s.size
    sigma_m = draw(rng, logger.position_noise_m)
    x, y = trip.position_m(true_s)
    indoors = np.zeros(n)
    for number, phase in enumerate(trip.phases):
        end_s = trip.phases[number + 1].start_s if number + 1 < len(trip.phases) else np.inf
        if phase.air_c is not None and phase.kind != "vehicle":
            indoors[(true_s >= phase.start_s) & (true_s < end_s)] = 1.0
    scale = sigma_m * (1.0 + 1.5 * indoors)
    wander = np.empty((2, n))
    fresh, state = rng.normal(size=(2, n)), rng.normal(size=2)
    for k in range(n):  # first-order wandering: neighbouring fixes err alike
        state = 0.8 * state + 0.6 * fresh[:, k]
        wander[:, k] = state
    jump = rng.random(n) < draw(rng, logger.multipath)
    bearing, far_m = rng.uniform(0, 2 * np.pi, n), rng.uniform(60.0, 250.0, n)
    x = x + scale * wander[0] + jump * far_m * np.cos(bearing)
    y = y + scale * wander[1] + jump * far_m * np.sin(bearing)
    # A receiver knows of most multipath: it states a poorer accuracy, though seldom all of it.
    accuracy = np.round(2.0 * scale * rng.uniform(0.8, 1.3, n) + jump * far_m * 0.6, 1)
    lat, lon = to_degrees(x, y, origin)
    if logger.datum == "GCJ02":
        lat, lon = wgs84_to_gcj02(lat, lon)
    return np.round(lat, 6), np.round(lon, 6), accuracy


def to_degrees(
    x_m: FloatArray, y_m: FloatArray, origin: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Metres east and north of origin (lat, lon) to WGS84 degrees, on the local plane."""
    lat = origin[0] + np.asarray(y_m) / _M_PER_DEG_LAT
    lon = origin[1] + np.asarray(x_m) / (_M_PER_DEG_LAT * np.cos(np.radians(origin[0])))
    return lat, lon


def wgs84_to_gcj02(lat: FloatArray, lon: FloatArray) -> tuple[FloatArray, FloatArray]:
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


def _clock(
    scenario: Scenario, true_s: FloatArray, rng: np.random.Generator, faults: Faults
) -> FloatArray:
    """The logger's clock: offset, drift, and a jump at a random time."""
    logger = scenario.logger
    offset_s, drift = draw(rng, logger.clock_offset_s), draw(rng, logger.clock_drift_s_per_h)
    device_s = true_s + offset_s + drift * true_s / 3600.0
    jump_at_s = rng.uniform(0.35, 0.65) * true_s[-1]
    if logger.clock_jump_s:
        device_s = device_s + logger.clock_jump_s * (true_s >= jump_at_s)
        faults.append({"kind": "clock_jump", "start_s": jump_at_s, "by_s": logger.clock_jump_s})
    if abs(offset_s) > 60.0:
        faults.append({"kind": "clock_offset", "by_s": offset_s})
    return device_s


def _sequence(
    scenario: Scenario, n: int, rng: np.random.Generator, true_s: FloatArray, faults: Faults
) -> IntArray:
    seq = np.arange(n, dtype=np.int64) + int(rng.integers(0, 50_000))
    at = int(rng.uniform(0.3, 0.7) * n)
    if scenario.logger.seq_reset:
        seq[at:] = np.arange(n - at)
        faults.append({"kind": "seq_reset", "start_s": float(true_s[at])})
    return seq
