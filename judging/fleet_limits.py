"""Limits of box models that nobody has qualified: from compliant trips into a shipment's terms.

Live judging keeps what each compliant trip showed in the register and learns from the trips that
ended before the day a shipment began, so that judging it again later gives the same limit. Files
that are judged together are each other's fleet. What was learned goes into the result as evidence,
and verification takes it from there.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from coldwitness.analysis.isolation.fleet import learn_limit, limit_of
from coldwitness.config.numbers import Numbers
from coldwitness.config.rules import day_start_s
from coldwitness.config.storage_classes import BoxModel
from coldwitness.domain.baseline import FLEET_ZONES, FleetBaseline, FleetZone
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import china_day, instant_ms, rfc3339
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult, FleetLimit, FleetLimits
from coldwitness.judging.manifest_terms import zones_without_limit
from coldwitness.storage.ports import ModelTrip, Trips

MOST_TRIPS = 500
"""Trips a limit is learned from at most, the latest: a model ages and is packed differently."""

Baselines = Mapping[str, Mapping[FleetZone, FleetBaseline]]


class FleetTrips(Protocol):
    def __call__(self, model: str, zone: FleetZone, *, begun_ms: int) -> Sequence[ModelTrip]:
        """Compliant trips of a model that a shipment begun then may be held against."""


class RegisterTrips:
    """The trips that the register keeps, of days before the shipment's own (China time)."""

    def __init__(self, trips: Trips) -> None:
        self._trips = trips
        self._asked: dict[tuple[str, FleetZone, int], Sequence[ModelTrip]] = {}

    def __call__(self, model: str, zone: FleetZone, *, begun_ms: int) -> Sequence[ModelTrip]:
        key = (model, zone, round(day_start_s(china_day(begun_ms / 1000.0)) * 1000))
        if key not in self._asked:
            self._asked[key] = self._trips.latest(model, zone, before_ms=key[2], limit=MOST_TRIPS)
        return self._asked[key]


class TripsBeside:
    """The trips of the files judged in the same call, whenever they were."""

    def __init__(self, trips: Mapping[str, Sequence[ModelTrip]]) -> None:
        self._trips: dict[tuple[str, str], list[ModelTrip]] = {}
        flat = [trip for its in trips.values() for trip in its]
        for trip in sorted(flat, key=lambda trip: (trip.ended_ms, trip.shipment)):
            self._trips.setdefault((trip.model, trip.zone), []).append(trip)

    def teach(self, *, least: float) -> bool:
        """Whether any model has trips enough to learn from."""
        return any(len(its) >= least for its in self._trips.values())

    def __call__(self, model: str, zone: FleetZone, *, begun_ms: int) -> Sequence[ModelTrip]:
        return self._trips.get((model, zone), ())


_NOTHING_FOUND = ("compliant", "asserted")
"""Verdicts of trips that may teach: what they teach is their measured rate, never a word."""


def model_trips(
    results: Sequence[CheckResult], manifests: Mapping[str, Manifest]
) -> dict[str, list[ModelTrip]]:
    """What each result's shipment shows of its box model: nothing unless it is compliant as a
    whole, names its model, and its own heat has shown the zone to be isolated."""
    shown: dict[str, list[ModelTrip]] = {}
    for result in results:
        name = result.shipment
        shown[name] = []
        manifest, end = manifests.get(name), result.window.end
        model = None if manifest is None else manifest.box.model
        if result.verdict not in _NOTHING_FOUND or not model or end is None:
            continue
        for zone in FLEET_ZONES:
            facet = result.isolation.coolant if zone == "coolant" else result.isolation.goods
            rate_per_h, (low, high) = facet.coupling_per_h, facet.interval_95 or (None, None)
            if facet.status != "isolated" or rate_per_h is None or low is None or high is None:
                continue
            shown[name].append(ModelTrip(name, zone, model, instant_ms(end), rate_per_h, low, high))
    return shown


def learned_limits(
    shipments: Sequence[str],
    *,
    begun_ms: Sequence[float],
    manifests: Mapping[str, Manifest],
    models: Mapping[str, BoxModel],
    numbers: Numbers,
    fleet: FleetTrips,
) -> Baselines:
    """What the fleet says of each shipment whose manifest names a box model for which neither it
    nor the configuration has a limit. begun_ms : NaN where unknown; nothing is learned then."""
    made: dict[tuple[str, FleetZone, int], tuple[object, FleetBaseline | None]] = {}
    found: dict[str, dict[FleetZone, FleetBaseline]] = {}
    for shipment, begun in zip(shipments, begun_ms, strict=True):
        manifest = manifests.get(shipment)
        model = None if manifest is None else manifest.box.model
        if manifest is None or not model or math.isnan(begun):
            continue
        for zone in zones_without_limit(manifest, models):
            trips = fleet(model, zone, begun_ms=round(begun))
            # The same trips are given for many shipments; what they teach is worked out once. They
            # are kept beside it, so that no other list can come to have their id.
            key = (model, zone, id(trips))
            if key not in made:
                made[key] = trips, _baseline(model, zone, trips[-MOST_TRIPS:], numbers)
            _, baseline = made[key]
            if baseline is not None:
                found.setdefault(shipment, {})[zone] = baseline
    return found


def _baseline(
    model: str, zone: FleetZone, trips: Sequence[ModelTrip], numbers: Numbers
) -> FleetBaseline | None:
    learned = learn_limit(
        rate_per_h=np.array([trip.rate_per_h for trip in trips], dtype=np.float64),
        low_per_h=np.array([trip.low_per_h for trip in trips], dtype=np.float64),
        least_trips=numbers.fleet_least_trips,
        ceiling_per_h=_ceiling(zone, numbers),
    )
    if learned is None:
        return None
    lines = "\n".join(
        f"{trip.shipment},{trip.rate_per_h:.6f},{trip.low_per_h:.6f},{trip.high_per_h:.6f}"
        for trip in trips
    )
    typical, spread = round(learned.typical_per_h, 6), round(learned.spread, 6)
    return FleetBaseline(
        model=model,
        zone=zone,
        limit_per_h=_limit(zone, typical, spread, numbers),
        typical_per_h=typical,
        spread=spread,
        trips=len(trips),
        first_ended_ms=trips[0].ended_ms,
        last_ended_ms=trips[-1].ended_ms,
        trips_sha256=hashlib.sha256(lines.encode()).hexdigest(),
    )


def _ceiling(zone: FleetZone, numbers: Numbers) -> float:
    return (
        numbers.coolant_coupling_max_per_h
        if zone == "coolant"
        else numbers.goods_coupling_max_per_h
    )


def _limit(zone: FleetZone, typical: float, spread: float, numbers: Numbers) -> float:
    """From the rounded figures of the evidence, so that whoever reads them gets the same."""
    limit = limit_of(typical_per_h=typical, spread=spread, ceiling_per_h=_ceiling(zone, numbers))
    return round(limit, 6)


def told_baseline(baseline: FleetBaseline) -> FleetLimit:
    """A baseline as the evidence of a result carries it."""
    return FleetLimit(
        model=baseline.model,
        limit_per_h=baseline.limit_per_h,
        typical_per_h=baseline.typical_per_h,
        spread=baseline.spread,
        trips=baseline.trips,
        first_ended=rfc3339(baseline.first_ended_ms),
        last_ended=rfc3339(baseline.last_ended_ms),
        trips_sha256=baseline.trips_sha256,
    )


def baselines_told(result: CheckResult, numbers: Numbers) -> dict[FleetZone, FleetBaseline]:
    """The baselines in a result's evidence, their limits worked out again from median and spread.

    Raises BadInput where the evidence gives fewer trips than the rules demand.
    """
    told = given(result.evidence.fleet_limits) or FleetLimits()
    found: dict[FleetZone, FleetBaseline] = {}
    for zone, one in _by_zone(told).items():
        if not one.trips >= numbers.fleet_least_trips:
            raise BadInput(
                f"evidence.fleet_limits.{zone}: {one.trips} trips, the rules demand "
                f"{numbers.fleet_least_trips:g}"
            )
        found[zone] = _told_again(zone, one, numbers)
    return found


def kept_limits(
    told: Mapping[str, FleetLimits], *, manifests: Mapping[str, Manifest], numbers: Numbers
) -> Baselines:
    """What earlier results of these shipments learned, where no fleet is there to ask: of the model
    that the manifest still names, and from as many trips as the rules demand."""
    found: dict[str, dict[FleetZone, FleetBaseline]] = {}
    for shipment, limits in told.items():
        manifest = manifests.get(shipment)
        for zone, one in _by_zone(limits).items():
            same = manifest is not None and manifest.box.model == one.model
            if same and one.trips >= numbers.fleet_least_trips:
                found.setdefault(shipment, {})[zone] = _told_again(zone, one, numbers)
    return found


def _by_zone(told: FleetLimits) -> dict[FleetZone, FleetLimit]:
    limits = {
        zone: given(told.coolant if zone == "coolant" else told.goods) for zone in FLEET_ZONES
    }
    return {zone: one for zone, one in limits.items() if one is not None}


def _told_again(zone: FleetZone, one: FleetLimit, numbers: Numbers) -> FleetBaseline:
    return FleetBaseline(
        model=one.model,
        zone=zone,
        limit_per_h=_limit(zone, one.typical_per_h, one.spread, numbers),
        typical_per_h=one.typical_per_h,
        spread=one.spread,
        trips=one.trips,
        first_ended_ms=instant_ms(one.first_ended),
        last_ended_ms=instant_ms(one.last_ended),
        trips_sha256=one.trips_sha256,
    )
