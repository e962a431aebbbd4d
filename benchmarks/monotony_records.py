"""Records to take things away from: each shipment's evidence apart, and many joined for one run."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.columns import take
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.office import (
    OfficeFacts,
    RegisteredAgreement,
    RegisteredBox,
    RegisteredBoxModel,
    RegisteredDevice,
    RegisteredSite,
    RegisterEntry,
)
from coldwitness.domain.reading import Event
from coldwitness.domain.reading_table import joined
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.files import read_files
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.office import office_facts
from coldwitness.judging.rulebook import Rulebook
from coldwitness.simulators.fleet import Fleet
from coldwitness.simulators.office import registrations
from coldwitness.storage.register import SqlRegister, open_register

_KINDS: dict[str, type[RegisterEntry]] = {
    kind.register: kind
    for kind in (
        RegisteredAgreement,
        RegisteredBox,
        RegisteredBoxModel,
        RegisteredDevice,
        RegisteredSite,
    )
}
_HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Record:
    """All that is known of one shipment. readings : its own alone. versions : of its manifest, in
    order. events : by time. live : receive times are known, of readings and of versions."""

    shipment: str
    readings: ReadingTable
    versions: tuple[ManifestVersion, ...]
    events: tuple[Event, ...]
    live: bool

    @property
    def manifest(self) -> Manifest | None:
        """The newest version."""
        return self.versions[-1].manifest if self.versions else None

    @property
    def begun_ms(self) -> int | None:
        """When its first reading was received; None where that is not known."""
        known = self.readings.received_ms[self.readings.received_ms >= 0]
        return int(known.min()) if self.live and known.size else None

    def kept(self, rows: NDArray[np.bool_]) -> "Record":
        """Of its readings these rows alone. rows : (n,) bool."""
        return replace(self, readings=take(self.readings, rows))


class Office:
    """The office's registers as they stand, asked for what bears on records."""

    def __init__(self, register: SqlRegister) -> None:
        self._register = register

    def facts(self, records: Sequence[Record]) -> dict[str, OfficeFacts]:
        return office_facts(
            self._register,
            [one.shipment for one in records],
            manifests={one.shipment: one.manifest for one in records if one.manifest is not None},
            events={one.shipment: one.events for one in records},
            readings=joined([one.readings for one in records]),
        )


def records_of(fleet: Fleet, *, rulebook: Rulebook, live: bool) -> list[Record]:
    """The record of each shipment of a fleet, read from its messages' bytes as files are. live :
    with receive times, as if a logger's messages had come by themselves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "telemetry.ndjson"
        path.write_bytes(b"".join(_lines(fleet, live=live)))
        return records_of_file(
            path,
            manifests=[
                parse_manifest(shipment.manifest, classes=rulebook.classes)[0]
                for shipment in fleet.shipments
            ],
        )


def records_of_file(path: Path, *, manifests: Sequence[Manifest]) -> list[Record]:
    """The record of the shipment of each manifest, as `check` reads it; live where the file says
    when its readings were received."""
    found = read_files([path], timezone=None, reader=None, shipments=[one.id for one in manifests])
    table = found.table
    code_of = {name: code for code, name in enumerate(table.shipments)}
    records = []
    for manifest in manifests:
        readings = take(table, table.shipment == code_of.get(manifest.id, -2))
        known_ms = readings.received_ms[readings.received_ms >= 0]
        live = known_ms.size > 0
        events = [event for event in found.events if event.shipment == manifest.id]
        version = ManifestVersion(
            manifest=manifest,
            version=1,
            received_ms=int(known_ms.min()) - _HOUR_MS if live else None,
        )
        records.append(
            Record(
                shipment=manifest.id,
                readings=readings,
                versions=(version,),
                events=tuple(sorted(events, key=lambda event: event.time_ms)),
                live=live,
            )
        )
    return records


def registered(fleet: Fleet, folder: Path) -> SqlRegister:
    """A register in `folder` with what an office has on record of a part of the fleet."""
    register = open_register(f"sqlite:///{folder / 'register.sqlite'}")
    for address, body in registrations(fleet):
        _, _, kind, name = address.split("/", 3)
        entry = msgspec.convert(body, _KINDS[kind], strict=False)
        register.office.put(name, entry, by="office", now_ms=fleet.shipments[0].start_ms)
    return register


def evidence_of_records(records: Sequence[Record], office: Office) -> Evidence:
    """The evidence of one judging run over records of different shipments."""
    several = [one for one in records if len(one.versions) > 1]
    return Evidence(
        shipments=tuple(one.shipment for one in records),
        readings=joined([one.readings for one in records]),
        manifests={one.shipment: one.manifest for one in records if one.manifest is not None},
        events={one.shipment: one.events for one in records},
        versions={one.shipment: one.versions for one in several},
        begun_ms={one.shipment: one.begun_ms for one in several if one.begun_ms is not None},
        office=office.facts(records),
    )


def _lines(fleet: Fleet, *, live: bool) -> Iterable[bytes]:
    encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode
    for publish_ms, topic, payload in fleet.messages():
        courier, box = topic.split("/")[2:4]
        known: dict[str, Any] = {"courier": courier, "box": box}
        if live:
            known["received_at"] = rfc3339(publish_ms)
        said = decode(payload)
        for entry in said if isinstance(said, list) else [said]:
            yield encode({**known, **entry}) + b"\n"
