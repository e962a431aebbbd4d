"""What really happened to a simulated shipment, read off the physics and the journey."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.positions import to_degrees
from coldwitness.simulators.recorder import Faults
from coldwitness.simulators.scenario import Scenario
from coldwitness.simulators.thermal import STEP_S

LOW_C, HIGH_C, FREEZING_C = 2.0, 8.0, 0.0
"""The simulated drugs are all refrigerated ones; limits inclusive."""


@dataclass(frozen=True)
class BoxRun:
    """One box's true temperatures on the step grid; each (steps,)."""

    drug_surface_c: FloatArray
    drug_core_c: FloatArray
    air_c: FloatArray
    coolant_c: FloatArray
    goods_c: FloatArray


def crossings(
    time_s: FloatArray, *, value: FloatArray, limit: float, above: bool
) -> list[tuple[float, float]]:
    """Intervals in which the piecewise linear `value` is strictly beyond `limit`."""
    beyond = (value - limit) if above else (limit - value)
    out = beyond > 0
    edges = np.flatnonzero(np.diff(np.r_[False, out, False].astype(np.int8)))
    intervals = []
    for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
        start, end = time_s[first], time_s[last]
        if first > 0:
            share = -beyond[first - 1] / (beyond[first] - beyond[first - 1])
            start = time_s[first - 1] + share * (time_s[first] - time_s[first - 1])
        if last + 1 < time_s.size:
            share = beyond[last] / (beyond[last] - beyond[last + 1])
            end = time_s[last] + share * (time_s[last + 1] - time_s[last])
        intervals.append((float(start), float(end)))
    return intervals


def tell_truth(
    scenario: Scenario,
    trip: Trip,
    run: BoxRun,
    faults: Faults,
    *,
    shipment: str,
    exchange_per_h: Mapping[str, float],
    manifest: Mapping[str, Any],
    origin: tuple[float, float],
    start_ms: int,
) -> dict[str, Any]:
    """The whole truth of one shipment as JSON-ready data; times RFC 3339, units in names."""

    def at(time_s: float) -> str:
        return rfc3339(start_ms + round(1000 * time_s))

    time_s = np.arange(run.drug_surface_c.size, dtype=np.float64) * STEP_S
    held = (time_s > trip.packed_s) & (time_s < trip.delivered_s)
    held_s = np.concatenate([[trip.packed_s], time_s[held], [trip.delivered_s]])
    drug = np.interp(held_s, time_s, run.drug_surface_c)
    above = crossings(held_s, value=drug, limit=HIGH_C, above=True)
    below = crossings(held_s, value=drug, limit=LOW_C, above=False)
    frozen = crossings(held_s, value=drug, limit=FREEZING_C, above=False)
    goods = scenario.pack.goods != "none"
    limits = manifest["box"]["qualification"]
    every = slice(0, None, 2)
    return {
        "shipment": shipment,
        "scenario": scenario.name,
        "fraud": scenario.fraud,
        "packed_at": at(trip.packed_s),
        "delivered_at": at(trip.delivered_s),
        "drug": {
            "freeze_sensitive": manifest["items"][0]["freeze_sensitive"],
            "min_c": round(float(drug.min()), 3),
            "max_c": round(float(drug.max()), 3),
            "seconds_above": round(sum(end - start for start, end in above), 1),
            "seconds_below": round(sum(end - start for start, end in below), 1),
            "seconds_frozen": round(sum(end - start for start, end in frozen), 1),
            "above": [{"start": at(start), "end": at(end)} for start, end in above],
            "below": [{"start": at(start), "end": at(end)} for start, end in below],
        },
        "stops": [_stop(stop, origin, at) for stop in trip.stops],
        "lid": [
            {"start": at(start_s), "end": at(end_s), "seen": seen}
            for start_s, end_s, seen in trip.lid
        ],
        "isolation": {
            "coolant": {
                "separated": scenario.pack.separator,
                "coupling_per_h": round(exchange_per_h["coolant"], 4),
                "limit_per_h": limits["coolant_coupling_max_per_h"],
            },
            "goods": {
                "separated": scenario.pack.partition,
                "coupling_per_h": round(exchange_per_h["goods"], 4),
                "limit_per_h": limits["goods_coupling_max_per_h"],
            }
            if goods
            else None,
        },
        "faults": [_dated(fault, at) for fault in faults],
        "start": at(0.0),
        "step_s": 2 * STEP_S,
        "drug_surface_c": np.round(run.drug_surface_c[every], 3).tolist(),
        "drug_core_c": np.round(run.drug_core_c[every], 3).tolist(),
        "box_air_c": np.round(run.air_c[every], 3).tolist(),
        "coolant_c": np.round(run.coolant_c[every], 3).tolist(),
        "goods_c": np.round(run.goods_c[every], 3).tolist() if goods else None,
    }


def _stop(stop: Any, origin: tuple[float, float], at: Any) -> dict[str, Any]:
    lat, lon = to_degrees(origin, x_m=np.array(stop.x_m), y_m=np.array(stop.y_m))
    return {
        "kind": stop.kind,
        "start": at(stop.start_s),
        "end": at(stop.end_s),
        "duration_s": round(stop.end_s - stop.start_s, 1),
        "lat": round(float(lat), 6),
        "lon": round(float(lon), 6),
        "carried_in": stop.carried_in,
        "declared": stop.declared,
        "max_minutes": stop.max_minutes,
    }


def _dated(fault: Mapping[str, object], at: Any) -> dict[str, object]:
    dated: dict[str, object] = {}
    for key, value in fault.items():
        if key in ("start_s", "end_s") and isinstance(value, float):
            dated[key[:-2]] = at(value)
        else:
            dated[key] = round(value, 4) if isinstance(value, float) else value
    return dated
