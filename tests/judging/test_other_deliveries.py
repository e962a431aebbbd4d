"""Deliveries of other shipments out of the same box explain why it stood before their doors."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import Event
from coldwitness.domain.result import OtherDelivery
from coldwitness.judging.other_deliveries import deliveries_beside, delivery_of

NOON = instant_ms("2026-06-18T04:00:00Z")
MINUTE = 60_000


def manifest(name: str, *, box: str | None = "BX-1", lat: float = 36.8) -> Manifest:
    return msgspec.convert(
        {
            "id": name,
            "box": {} if box is None else {"id": box},
            "items": [{"category": "drug", "storage": "refrigerated"}],
            "destination": {"lat": lat, "lon": 118.1, "radius_m": 80},
        },
        Manifest,
    )


def custody(name: str, start_min: int, end_min: int, *, ending: str = "delivered") -> list[Event]:
    return [
        Event(event=what, time_ms=NOON + at * MINUTE, shipment=name, box="BX-1")
        for what, at in (("packed", start_min), (ending, end_min))
    ]


def beside(
    manifests: Sequence[Manifest],
    events: Mapping[str, Sequence[Event]],
    known: Mapping[str, Sequence[OtherDelivery]] | None = None,
) -> dict[str, list[str]]:
    found = deliveries_beside(
        tuple(one.id for one in manifests),
        manifests={one.id: one for one in manifests},
        events=events,
        known=known or {},
    )
    return {name: [one.shipment for one in its] for name, its in found.items()}


def test_others_of_the_box_delivered_in_custody_are_beside_by_time() -> None:
    events = {
        "A": custody("A", 0, 60),
        "B": custody("B", 0, 40),
        "C": custody("C", 0, 20),
        "D": custody("D", 0, 61),
    }
    found = beside([manifest(name) for name in "ABCD"], events)
    assert found["A"] == ["C", "B"]
    assert "C" not in found
    assert found["D"] == ["C", "B", "A"]


@pytest.mark.parametrize("box", ["BX-2", None])
def test_another_box_or_none_explains_nothing(box: str | None) -> None:
    other = [Event(event="delivered", time_ms=NOON + 20 * MINUTE, shipment="B")]
    found = beside([manifest("A"), manifest("B", box=box)], {"A": custody("A", 0, 60), "B": other})
    assert found == {}


def test_the_box_it_was_packed_into_counts_where_the_manifest_names_none() -> None:
    events = {"A": custody("A", 0, 60), "B": custody("B", 0, 20)}
    assert beside([manifest("A"), manifest("B", box=None)], events) == {"A": ["B"]}


@pytest.mark.parametrize("ending", ["refused", "returned"])
def test_what_was_not_delivered_is_no_delivery(ending: str) -> None:
    events = {"A": custody("A", 0, 60), "B": custody("B", 0, 20, ending=ending)}
    assert beside([manifest("A"), manifest("B")], events) == {}


def test_a_manifest_that_says_delivered_without_an_event_is_no_delivery() -> None:
    said = msgspec.structs.replace(manifest("B"), delivered_ms=NOON + 20 * MINUTE)
    assert delivery_of(said, []) is None
    assert beside([manifest("A"), said], {"A": custody("A", 0, 60)}) == {}


def test_known_deliveries_of_the_register_count_once() -> None:
    events = {"A": custody("A", 0, 60), "B": custody("B", 0, 20)}
    told = delivery_of(manifest("B"), events["B"])
    further = delivery_of(manifest("E", lat=36.9), custody("E", 0, 30))
    assert told is not None
    assert further is not None
    known = {"A": [told, further]}
    assert beside([manifest("A"), manifest("B")], events, known)["A"] == ["B", "E"]
