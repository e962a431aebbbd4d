"""All that is known of some shipments: what one judging run rests on besides the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import Event
from coldwitness.domain.tracks import ReadingTable
from coldwitness.storage.ports import Register, TelemetryStore


@dataclass(frozen=True)
class Evidence:
    """shipments : who is judged, each once. readings : may hold others' too, which are left out.
    manifests, events : of those that have any."""

    shipments: tuple[str, ...]
    readings: ReadingTable
    manifests: Mapping[str, Manifest]
    events: Mapping[str, Sequence[Event]]


def evidence_of(store: TelemetryStore, register: Register, shipments: Sequence[str]) -> Evidence:
    """The whole record of each shipment as the stores hold it now. Raises Unavailable."""
    return Evidence(
        shipments=tuple(shipments),
        readings=store.readings(shipments, register.custody.stays(shipments)),
        manifests=register.manifests.newest(shipments),
        events=register.custody.events(shipments),
    )
