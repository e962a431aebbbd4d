"""Whose readings and events a shipment's are: what strangers send in its name is set aside.

A shipment's publisher is the courier and box of its manifest; what that leaves open comes from
its `packed` event, else from its first message. What states neither courier nor box is nobody
else's for that.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from coldwitness.domain.columns import take
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import Event
from coldwitness.domain.tracks import IntArray, ReadingTable
from coldwitness.judging.evidence import Evidence

Source = tuple[str | None, str | None]
"""Courier and box of a message, None where it does not state it."""


@dataclass(frozen=True)
class Foreign:
    """What others sent in a shipment's name.

    readings : how many by courier, box and logger, None where one is not stated. events : theirs,
    by time. first_ms, last_ms : device clock of the first and last of all.
    """

    readings: Mapping[tuple[str | None, str | None, str | None], int]
    events: tuple[Event, ...]
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Sorted:
    """own : the evidence without what is foreign. foreign : by shipment, of those that have any.
    whole : the evidence of those shipments alone with everything in it."""

    own: Evidence
    foreign: Mapping[str, Foreign] = field(default_factory=dict)
    whole: Evidence | None = None


def sorted_by_publisher(evidence: Evidence) -> Sorted:
    """Part a run's evidence into the shipments' own and what others sent in their names."""
    table = evidence.readings
    key = _source_keys(table)
    sources = _sources_of(table, key)
    strange_keys: list[int] = []
    strange_events: dict[str, list[Event]] = {}
    for shipment in evidence.shipments:
        events = evidence.events.get(shipment, ())
        mine = sources.get(shipment, {})
        stated = {*mine.values(), *((event.courier, event.box) for event in events)}
        if stated <= {(None, None)}:
            continue
        publisher = _publisher(
            evidence.manifests.get(shipment), events, partial(_in_order, table, key, mine)
        )
        strange_keys += [code for code, source in mine.items() if publisher.is_foreign(source)]
        theirs = [e for e in events if publisher.is_foreign((e.courier, e.box))]
        if theirs:
            strange_events[shipment] = theirs
    if not strange_keys and not strange_events:
        return Sorted(evidence)
    strange = np.isin(key, strange_keys)
    foreign = _foreign(take(table, strange), strange_events)
    own_events = {
        shipment: [event for event in events if event not in strange_events.get(shipment, ())]
        for shipment, events in evidence.events.items()
    }
    own = replace(evidence, readings=take(table, ~strange), events=own_events)
    names = tuple(shipment for shipment in evidence.shipments if shipment in foreign)
    whole = replace(evidence, shipments=names, readings=_of_shipments(table, names))
    return Sorted(own, foreign, whole)


@dataclass(frozen=True)
class _Publisher:
    """Whose messages are the shipment's own; an empty set: nothing is known to hold against."""

    couriers: frozenset[str]
    boxes: frozenset[str]
    carriers: frozenset[str]
    """Couriers whose every box is the shipment's."""

    def is_foreign(self, source: Source) -> bool:
        courier, box = source
        if courier in self.carriers:
            return False
        if courier is not None and self.couriers and courier not in self.couriers:
            return True
        return box is not None and bool(self.boxes) and box not in self.boxes


def _publisher(
    manifest: Manifest | None, events: Sequence[Event], messages: Callable[[], Sequence[Source]]
) -> _Publisher:
    further = () if manifest is None else manifest.further_boxes()
    carrier = None
    if manifest is not None and manifest.delivery is not None and manifest.delivery.sub_carrier:
        carrier = manifest.delivery.sub_carrier.id
    carriers = frozenset() if carrier is None else frozenset({carrier})
    courier = None if manifest is None or manifest.courier is None else manifest.courier.id
    packed = [(event.courier, event.box) for event in events if event.event == "packed"]
    if courier is None:
        courier = _first_stated(source[0] for source in packed)
    if courier is None:
        courier = _first_stated(source[0] for source in messages())
    if courier is None:
        courier = _first_stated(event.courier for event in events)
    couriers = carriers | {one.courier for one in further if one.courier is not None}
    if courier is not None:
        couriers |= {courier}
    box = None if manifest is None else manifest.box.id
    boxes = {one.id for one in further}
    if box is not None:
        boxes.add(box)
    else:
        boxes |= _boxes_of(couriers, packed) or _first_box(couriers, messages(), events)
    return _Publisher(couriers if courier is not None else frozenset(), frozenset(boxes), carriers)


def _boxes_of(couriers: frozenset[str], sources: Iterable[Source]) -> set[str]:
    """Boxes that messages of these couriers, or of nobody named, state."""
    return {
        box
        for courier, box in sources
        if box is not None and (courier is None or not couriers or courier in couriers)
    }


def _first_box(
    couriers: frozenset[str], messages: Sequence[Source], events: Sequence[Event]
) -> set[str]:
    for source in (*messages, *((event.courier, event.box) for event in events)):
        found = _boxes_of(couriers, [source])
        if found:
            return found
    return set()


def _first_stated(names: Iterable[str | None]) -> str | None:
    return next((name for name in names if name is not None), None)


def _source_keys(table: ReadingTable) -> IntArray:
    """(n,) a number for each combination of shipment, courier and box; -1: no shipment."""
    couriers, boxes = len(table.couriers) + 1, len(table.boxes) + 1
    key = (table.shipment * couriers + table.courier + 1) * boxes + table.box + 1
    return np.where(table.shipment < 0, -1, key)


def _sources_of(table: ReadingTable, key: IntArray) -> dict[str, dict[int, Source]]:
    """The sources of each shipment's readings, by their key."""
    changes = np.ones(key.size, dtype=np.bool_)
    changes[1:] = key[1:] != key[:-1]  # most readings follow one of the same source
    distinct = np.unique(key[changes])
    distinct = distinct[distinct >= 0]
    rest, box = np.divmod(distinct, len(table.boxes) + 1)
    shipment, courier = np.divmod(rest, len(table.couriers) + 1)
    couriers, boxes = (None, *table.couriers), (None, *table.boxes)
    found: dict[str, dict[int, Source]] = {}
    for code, s, c, b in zip(
        distinct.tolist(), shipment.tolist(), courier.tolist(), box.tolist(), strict=True
    ):
        found.setdefault(table.shipments[s], {})[code] = (couriers[c], boxes[b])
    return found


def _in_order(table: ReadingTable, key: IntArray, sources: Mapping[int, Source]) -> list[Source]:
    """A shipment's sources by their first message: as it was received, where that is known, for
    a device's clock may be set to any time."""
    if len(sources) < 2:
        return list(sources.values())

    def first(code: int) -> int:
        rows = key == code
        at_ms = np.where(table.received_ms < 0, table.time_ms, table.received_ms)[rows]
        return int(at_ms.min())

    return [sources[code] for code in sorted(sources, key=first)]


def _foreign(table: ReadingTable, events: Mapping[str, Sequence[Event]]) -> dict[str, Foreign]:
    readings: dict[str, Counter[tuple[str | None, str | None, str | None]]] = {}
    times_ms: dict[str, list[int]] = {}
    couriers, boxes = (*table.couriers, None), (*table.boxes, None)
    loggers = (*table.loggers, None)
    for s, c, b, k, time_ms in zip(
        table.shipment.tolist(),
        table.courier.tolist(),
        table.box.tolist(),
        table.logger.tolist(),
        table.time_ms.tolist(),
        strict=True,
    ):
        name = table.shipments[s]
        readings.setdefault(name, Counter())[(couriers[c], boxes[b], loggers[k])] += 1
        times_ms.setdefault(name, []).append(time_ms)
    for name, theirs in events.items():
        times_ms.setdefault(name, []).extend(event.time_ms for event in theirs)
    return {
        name: Foreign(
            readings=readings.get(name, Counter()),
            events=tuple(events.get(name, ())),
            first_ms=min(times),
            last_ms=max(times),
        )
        for name, times in times_ms.items()
    }


def _of_shipments(table: ReadingTable, names: Sequence[str]) -> ReadingTable:
    named = set(names)
    wanted = [code for code, name in enumerate(table.shipments) if name in named]
    return take(table, np.isin(table.shipment, wanted))
