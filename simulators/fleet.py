"""A fleet of simulated deliveries: manifests, messages and the truth, from scenarios and a seed.

The same scenarios, number of boxes, seed and end give the same bytes: every box draws from its
own generators, seeded by (seed, its number), and nothing reads a clock.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import china_day
from coldwitness.simulators.climate import surround
from coldwitness.simulators.disturbances import disturb
from coldwitness.simulators.fraud import tamper
from coldwitness.simulators.journey import Trip, draw_trip
from coldwitness.simulators.manifests import companies, write_manifest
from coldwitness.simulators.packing import pack_box
from coldwitness.simulators.positions import LINZI
from coldwitness.simulators.radio import transmit
from coldwitness.simulators.recorder import Record, record
from coldwitness.simulators.scenario import Scenario
from coldwitness.simulators.shipment import Message, Shipment
from coldwitness.simulators.thermal import STEP_S, BoxPhysics, effective_exchange_per_h, integrate
from coldwitness.simulators.truth import BoxRun

_BATCH = 256
"""Boxes integrated at once; bounds the memory of a large fleet."""
_STAGGER_S = 1800.0
"""Journeys of one fleet end within this time of each other, but for those that are copied."""
_HEAD_START_MS = 45 * 60_000


@dataclass(frozen=True)
class Fleet:
    shipments: tuple[Shipment, ...]

    def messages(self) -> Iterator[Message]:
        """Messages of all shipments by publish time, rendered as they are taken."""
        return heapq.merge(*(shipment.iter_messages() for shipment in self.shipments))

    @property
    def message_count(self) -> int:
        return sum(shipment.message_count for shipment in self.shipments)

    @property
    def reading_count(self) -> int:
        return sum(shipment.reading_count for shipment in self.shipments)


def simulate_fleet(
    stories: Sequence[Scenario], *, boxes: int, seed: int, end_ms: int, prefix: str = "ZB"
) -> Fleet:
    """`boxes` deliveries that end at or within half an hour before `end_ms` (UTC epoch ms).

    Box number i tells stories[i % len(stories)]; ids begin with `prefix` and the China-time
    day of the end. A copied curve is that of the box before it (of the next, for the first), which
    leaves 45 minutes before its copy at the latest.
    Raises BadInput for no stories, a number of boxes below 1, or copying with one box.
    """
    if not stories:
        raise BadInput("simulate: expected at least one scenario, got none")
    if boxes < 1:
        raise BadInput(f"simulate: boxes: expected at least 1, got {boxes}")
    told = [stories[number % len(stories)] for number in range(boxes)]
    if boxes == 1 and told[0].fraud == "copied":
        raise BadInput("simulate: a copied curve needs at least two boxes, got 1")
    made: list[_Made] = []
    for first in range(0, boxes, _BATCH):
        numbers = range(first, min(first + _BATCH, boxes))
        made += _make(told, numbers, seed)
    sources = {
        number: (number - 1 if number else 1)
        for number, scenario in enumerate(told)
        if scenario.fraud == "copied"
    }
    copies = {number: dict(made[source].record.probes) for number, source in sources.items()}
    for number, entry in enumerate(made):
        tamper(entry.scenario, entry.record, copies.get(number), seed=seed * 100_003 + number)
        for fault in entry.record.faults:
            if fault["kind"] == "copied":
                fault["copied_from"] = _shipment_id(sources[number], end_ms, prefix)
    # Nobody copies what was not measured yet: a copied box has left well before its copy.
    before_ms: dict[int, int] = {}
    shipments: dict[int, Shipment] = {}
    for number in sorted(range(boxes), key=lambda number: (number not in sources, -number)):
        its = _ship(
            made[number], number, end_ms=end_ms, prefix=prefix, before_ms=before_ms.get(number)
        )
        shipments[number] = its
        if number in sources:
            before_ms[sources[number]] = its.start_ms - _HEAD_START_MS
    return Fleet(tuple(shipments[number] for number in range(boxes)))


@dataclass
class _Made:
    scenario: Scenario
    trip: Trip
    record: Record
    run: BoxRun
    exchange_per_h: dict[str, float]
    origin: tuple[float, float]
    rng: np.random.Generator


def _make(told: Sequence[Scenario], numbers: range, seed: int) -> list[_Made]:
    """Journeys, physics and records of some boxes, integrated together."""
    rngs = [
        [np.random.default_rng(child) for child in np.random.SeedSequence([seed, n]).spawn(6)]
        for n in numbers
    ]
    scenarios = [told[n] for n in numbers]
    trips = [draw_trip(scenario, rng[1]) for scenario, rng in zip(scenarios, rngs, strict=True)]
    boxes: list[BoxPhysics] = [
        pack_box(scenario, rng[0], goods_from_s=trip.goods_from_s)
        for scenario, trip, rng in zip(scenarios, trips, rngs, strict=True)
    ]
    run = integrate(boxes, surround(trips, scenarios, [rng[2] for rng in rngs]))
    exchange_per_h = effective_exchange_per_h(boxes)
    made = []
    for k, (scenario, trip, rng) in enumerate(zip(scenarios, trips, rngs, strict=True)):
        origin = (LINZI[0] + rng[4].uniform(-0.02, 0.02), LINZI[1] + rng[4].uniform(-0.03, 0.03))
        written = record(scenario, trip, run, box=k, origin=origin, rng=rng[3])
        disturb(scenario, trip, written, rng[5])
        for fault in written.faults:
            if fault["kind"] == "offset":
                role = str(fault["probe"]).partition(".")[0]
                fault["lag_s"] = float(getattr(boxes[k], f"lag_{role}_s"))
        made.append(
            _Made(
                scenario=scenario,
                trip=trip,
                record=written,
                run=BoxRun(
                    *(
                        getattr(run, f"{name}_c")[: int(trip.end_s / STEP_S) + 2, k].astype(
                            np.float32
                        )
                        for name in ("drug_surface", "drug_core", "air", "coolant", "goods")
                    )
                ),
                exchange_per_h={zone: float(values[k]) for zone, values in exchange_per_h.items()},
                origin=origin,
                rng=rng[4],
            )
        )
    return made


def _ship(
    entry: _Made, number: int, *, end_ms: int, prefix: str, before_ms: int | None
) -> Shipment:
    """Give a made journey its ids, its radio, its place in time and its manifest. before_ms : it
    starts no later than this, if given."""
    sendings = transmit(entry.scenario, entry.trip, entry.record, entry.rng)
    last_s = max([sending.sent_s for sending in sendings] + [entry.trip.delivered_s + 1.0])
    stagger_s = entry.rng.uniform(0.0, _STAGGER_S)
    start_ms = end_ms - round(1000 * (last_s + stagger_s))
    if before_ms is not None:
        start_ms = min(start_ms, before_ms)
    shipment = _shipment_id(number, end_ms, prefix)
    box, logger = f"BX-{number + 1:04d}", f"LG-{0x7000 + number:04X}"
    manifest = write_manifest(
        entry.scenario,
        entry.trip,
        shipment=shipment,
        number=number,
        box=box,
        logger=logger,
        origin=entry.origin,
        start_ms=start_ms,
        rng=entry.rng,
    )
    couriers = companies()["courier"]
    return Shipment(
        id=shipment,
        scenario=entry.scenario,
        box=box,
        courier=couriers[number % len(couriers)]["id"],
        manifest=manifest,
        start_ms=start_ms,
        _logger=logger,
        _origin=entry.origin,
        _trip=entry.trip,
        _record=entry.record,
        _sendings=sendings,
        _run=entry.run,
        _exchange_per_h=entry.exchange_per_h,
    )


def _shipment_id(number: int, end_ms: int, prefix: str) -> str:
    day = china_day(end_ms / 1000)
    return f"{prefix}-{day:%Y%m%d}-{number + 1:04d}"
