"""Deliveries of other shipments out of the same box, which explain why it stood before their doors.

Each counts where its own manifest has it go and when its own `delivered` was pressed: the first
version, so that no later one moves it to where a box stood.
"""

from collections.abc import Mapping, Sequence
from math import inf

from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import ENDING_EVENTS, Event
from coldwitness.domain.result import OtherDelivery
from coldwitness.storage.ports import Register


def deliveries_beside(
    shipments: Sequence[str],
    *,
    manifests: Mapping[str, Manifest],
    events: Mapping[str, Sequence[Event]],
    known: Mapping[str, Sequence[OtherDelivery]],
) -> dict[str, tuple[OtherDelivery, ...]]:
    """Of each shipment of the run, the others of its box that were delivered while it was in
    custody, by time: those of the run, and `known` ones from the register."""
    told: dict[str, list[OtherDelivery]] = {}
    for shipment, its_manifest in manifests.items():
        box = box_of(its_manifest, events.get(shipment, ()))
        one = delivery_of(its_manifest, events.get(shipment, ()))
        if box is not None and one is not None:
            told.setdefault(box, []).append(one)
    found: dict[str, tuple[OtherDelivery, ...]] = {}
    for shipment in shipments:
        manifest, its = manifests.get(shipment), events.get(shipment, ())
        box = box_of(manifest, its)
        beside = {one.shipment: one for one in known.get(shipment, ())}
        if box is not None:
            beside |= {one.shipment: one for one in told.get(box, ())}
        beside.pop(shipment, None)
        within = _in_custody(tuple(beside.values()), manifest, its)
        if within:
            found[shipment] = within
    return found


def box_of(manifest: Manifest | None, events: Sequence[Event]) -> str | None:
    """The box that the manifest names, else the one it was packed into."""
    if manifest is not None and manifest.box.id is not None:
        return manifest.box.id
    return next((e.box for e in events if e.event == "packed" and e.box is not None), None)


def delivery_of(manifest: Manifest, events: Sequence[Event]) -> OtherDelivery | None:
    """When and where a shipment was delivered; None where one of both is not known. An event counts
    alone, and none from another courier or box: nobody delivers by his manifest."""
    place = manifest.destination
    box, courier = box_of(manifest, events), manifest.courier and manifest.courier.id
    pressed = [
        event.time_ms
        for event in events
        if event.event == "delivered"
        and event.box in (None, box)
        and (courier is None or event.courier in (None, courier))
    ]
    if place is None or not pressed:
        return None
    return OtherDelivery(
        shipment=manifest.id,
        delivered_at=rfc3339(min(pressed)),
        lat=place.lat,
        lon=place.lon,
        radius_m=place.radius_m,
    )


def custody_ms(manifest: Manifest | None, events: Sequence[Event]) -> tuple[float, float]:
    """From when to when others may have been delivered on the way, UTC epoch ms; without a known
    end for ever."""
    packed = [event.time_ms for event in events if event.event == "packed"]
    ended = [event.time_ms for event in events if event.event in ENDING_EVENTS]
    start: float | None = min(packed, default=None)
    end: float | None = max(ended, default=None)
    if manifest is not None:
        start = manifest.dispatched_ms if start is None else start
        end = manifest.delivered_ms if end is None else end
    return (-inf if start is None else start, inf if end is None else end)


def _in_custody(
    told: Sequence[OtherDelivery], manifest: Manifest | None, events: Sequence[Event]
) -> tuple[OtherDelivery, ...]:
    start_ms, end_ms = custody_ms(manifest, events)
    within = [one for one in told if start_ms <= instant_ms(one.delivered_at) <= end_ms]
    return tuple(sorted(within, key=lambda one: (one.delivered_at, one.shipment)))


def of_boxes(
    register: Register,
    shipments: Sequence[str],
    *,
    manifests: Mapping[str, Manifest],
    events: Mapping[str, Sequence[Event]],
) -> dict[str, tuple[OtherDelivery, ...]]:
    """The same as the register has them, of shipments that are not in the run as well. Raises
    Unavailable."""
    wanted: dict[str, list[str]] = {}
    spans: dict[str, tuple[float, float]] = {}
    for shipment in shipments:
        manifest, its = manifests.get(shipment), events.get(shipment, ())
        box, span = box_of(manifest, its), custody_ms(manifest, its)
        if box is not None and span[0] > -inf:
            wanted.setdefault(box, []).append(shipment)
            spans[shipment] = span
    if not wanted:
        return {}
    delivered = register.custody.delivered_of(
        tuple(wanted), since_ms=int(min(span[0] for span in spans.values()))
    )
    others = tuple(
        {event.shipment for its in delivered.values() for event in its if event.shipment}
    )
    sent = {**register.manifests.newest(others), **_first_versions(register, others)}
    found: dict[str, tuple[OtherDelivery, ...]] = {}
    for box, mine in wanted.items():
        by_shipment: dict[str, list[Event]] = {}
        for event in delivered.get(box, ()):
            if event.shipment in sent:
                by_shipment.setdefault(event.shipment, []).append(event)
        told = [delivery_of(sent[name], its) for name, its in by_shipment.items()]
        for shipment in mine:
            beside = [one for one in told if one is not None and one.shipment != shipment]
            within = _in_custody(beside, manifests.get(shipment), events.get(shipment, ()))
            if within:
                found[shipment] = within
    return found


def _first_versions(register: Register, shipments: Sequence[str]) -> dict[str, Manifest]:
    versions = register.manifests.versions(shipments)
    return {name: its[0].manifest for name, its in versions.items()}
