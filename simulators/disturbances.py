"""What falls short between a sound record and the one that is sent, without anybody's intent.

Positions without sky, digits or datum; a motion sensor that hangs; one corrupt value; a probe
that lies in the room before and after. Drawn from a generator of its own, so that a scenario
without any of it is the same to the byte.
"""

import numpy as np

from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.positions import M_PER_DEG_LAT, indoors
from coldwitness.simulators.recorder import Record
from coldwitness.simulators.scenario import Logger, Receiver, Scenario, draw

_DRIFT_TAU_S = 900.0
_PROBE_TAU_S = 75.0
"""A probe in air follows it by about this."""


def disturb(scenario: Scenario, trip: Trip, record: Record, rng: np.random.Generator) -> None:
    """Change `record` in place as scenario.receiver and scenario.logger say."""
    _disturb_fixes(scenario.receiver, trip, record, rng)
    logger = scenario.logger
    if logger.motion_stuck != "none":
        record.moving[:] = logger.motion_stuck == "moving"
        record.faults.append({"kind": "motion_stuck"})
    if logger.probe_out:
        _leave_probe_out(trip, record)
    _corrupt(logger, trip, record, rng)


def _disturb_fixes(
    receiver: Receiver, trip: Trip, record: Record, rng: np.random.Generator
) -> None:
    """Wandering, masts, digits; repeated fixes; none indoors; only each n-th reading's."""
    if sigma_m := draw(rng, receiver.drift_m):
        _move(record, *(sigma_m * _wander(record.true_s, rng) for _ in range(2)))
    if apart_m := draw(rng, receiver.mast_m):
        _to_masts(record, apart_m)
    if receiver.digits < 6:
        record.lat_deg[:] = np.round(record.lat_deg, receiver.digits)
        record.lon_deg[:] = np.round(record.lon_deg, receiver.digits)
    stale_s, share = 60.0 * draw(rng, receiver.stale_min), rng.random()
    if stale_s:
        begin_s = trip.left_s + share * max(trip.arrived_s - trip.left_s - stale_s, 0.0)
        stale = np.flatnonzero((record.true_s >= begin_s) & (record.true_s < begin_s + stale_s))
        for column in (record.lat_deg, record.lon_deg, record.accuracy_m):
            column[stale] = column[stale[:1]]
        record.faults.append({"kind": "stale_fix", "start_s": begin_s, "end_s": begin_s + stale_s})
    if not receiver.indoors:
        record.fix &= ~indoors(trip, record.true_s)
    if receiver.every > 1:
        record.fix &= np.arange(len(record)) % receiver.every == 0


def _wander(time_s: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A first-order wandering of unit deviation over _DRIFT_TAU_S."""
    keep = np.exp(-np.diff(time_s, prepend=time_s[0]) / _DRIFT_TAU_S)
    fresh, state = rng.normal(size=time_s.size), 0.0
    out = np.empty(time_s.size)
    for k in range(time_s.size):
        state = keep[k] * state + np.sqrt(1.0 - keep[k] ** 2) * fresh[k]
        out[k] = state
    return out


def _move(record: Record, east_m: FloatArray, north_m: FloatArray) -> None:
    cos_lat = np.cos(np.radians(record.lat_deg))
    record.lat_deg[:] = np.round(record.lat_deg + north_m / M_PER_DEG_LAT, 6)
    record.lon_deg[:] = np.round(record.lon_deg + east_m / (M_PER_DEG_LAT * cos_lat), 6)


def _to_masts(record: Record, apart_m: float) -> None:
    """Each fix is that of the nearest mast, and says how far that may be."""
    step_deg = apart_m / M_PER_DEG_LAT
    for column, cell_deg in ((record.lat_deg, step_deg), (record.lon_deg, step_deg / 0.8)):
        column[:] = np.round((np.floor(column / cell_deg) + 0.5) * cell_deg, 6)
    record.accuracy_m[:] = round(apart_m, 1)


def _leave_probe_out(trip: Trip, record: Record) -> None:
    """Before the packing and after the delivery the drug's probe relaxes to the room's air."""
    room_c = record.probes["ambient"]
    early_s = trip.packed_s - record.true_s
    late_s = record.true_s - trip.delivered_s
    away = 1.0 - np.exp(-np.maximum(np.maximum(early_s, late_s), 0.0) / _PROBE_TAU_S)
    drug = record.probes["drug"]
    record.probes["drug"] = np.round(drug + away * (room_c - drug), 1)


def _corrupt(logger: Logger, trip: Trip, record: Record, rng: np.random.Generator) -> None:
    """One drug value of the judged time is wrong, the first and last included."""
    held = (record.true_s > trip.packed_s) & (record.true_s < trip.delivered_s)
    at = int(rng.choice(np.flatnonzero(held))) if held.any() else 0
    if logger.corrupt == "none":
        return
    drug = record.probes["drug"]
    value = float(drug[at])
    drug[at] = {
        "sign": -value,
        "bit": value + 25.6,
        "zero": 0.0,
        "minus_40": -40.0,
        "ceiling": 127.9,
        "fahrenheit": value * 1.8 + 32.0,
    }[logger.corrupt]
    drug[at] = round(float(drug[at]), 1)
    record.faults.append({"kind": "corrupt", "start_s": float(record.true_s[at])})
