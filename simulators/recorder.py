"""The data logger: what it writes down of the box's true state, with its own faults."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.positions import draw_fixes
from coldwitness.simulators.scenario import Scenario, draw
from coldwitness.simulators.thermal import STEP_S, Trajectories

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
    lat, lon, accuracy = draw_fixes(scenario, trip, true_s, origin, rng, faults)
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


def on_grid(value_c: FloatArray, quantum_c: float) -> FloatArray:
    """(n,) rounded to the logger's grid, without the noise of binary fractions."""
    return np.asarray(np.round(np.round(value_c / quantum_c) * quantum_c, 4))


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
    value = on_grid(value, logger.quantum_c)
    stuck_s = 60.0 * draw(rng, logger.stuck_min)
    begin_s = rng.uniform(0.3, 0.5) * true_s[-1]
    if stuck_s and role == "drug":
        held = (true_s >= begin_s) & (true_s < begin_s + stuck_s)
        value[held] = value[held][0]
        faults.append({"kind": "stuck", "start_s": begin_s, "end_s": begin_s + stuck_s})
    faults.append({"kind": "offset", "probe": role, "offset_c": offset_c, "noise_c": noise_c})
    return value


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
    if drift:
        faults.append({"kind": "clock_drift", "by_s_per_h": drift})
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
