"""Does the store still hold of a shipment what the journal's rows say? Where it does not, nothing
is signed: somebody changed the store, and a signature would make that look like evidence.

The shipment's rows are decoded once more into an empty store and register, by the same steps as
ingest takes, and what comes out is compared with what the stores gave.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.reading_table import readings_of
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.formats.drug_names import RememberedDrugNames
from coldwitness.ingest.progress import fixed_drug_names
from coldwitness.ingest.routes import IMPORT_TOPIC, Routes
from coldwitness.judging.evidence import Evidence
from coldwitness.storage.journal import JournalReader, Row
from coldwitness.storage.journal.rows import utc_day
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry.memory import MemoryTelemetry

_NATIVE_TOPIC = "coldchain/v1/"
_FIRST_DAY, _LAST_DAY = "0000-01-01", "9999-12-31"
_DAY_MS = 86_400_000
_BEFORE_DAYS, _AFTER_DAYS = 7, 31
"""How far around the days that the stores know of rows are looked for: a backlog may come late, and
whoever thins out the store may have taken the ends."""
_FEW = 5

Told = dict[bytes, tuple[str, int, str]]
"""Everything a reading or event says -> its kind, time [UTC epoch ms], and how to name it."""


def require_unaltered(
    evidence: Evidence, shipment: str, settings: Settings, *, future_tolerance_s: float
) -> None:
    """Raises BadInput (record_altered) where the stores differ from the journal about the shipment,
    Unavailable where the journal cannot be read."""
    differing = _differences(evidence, shipment, settings, future_tolerance_s)
    if differing:
        more = f" and {len(differing) - _FEW} more" if len(differing) > _FEW else ""
        raise BadInput(
            f"record_altered: the stores are not what the journal says of {shipment!r}, nothing is"
            f" signed: {'; '.join(differing[:_FEW])}{more}. `coldwitness rebuild` makes readings"
            " and events again from the journal; if ingest was still taking over rows, ask again"
        )


def _differences(
    evidence: Evidence, shipment: str, settings: Settings, future_tolerance_s: float
) -> list[str]:
    """Readings and events that only the journal or only the stores have."""
    routes = Routes(
        settings.formats,
        max_payload_bytes=settings.mqtt.max_payload_bytes,
        drug_names=RememberedDrugNames(fixed_drug_names(settings.journal.directory)),
    )
    readings: list[Reading] = []
    readings_received_ms: list[int] = []
    events: list[Event] = []
    events_received_ms: list[int] = []
    rows_of: dict[tuple[str, int], str] = {}
    for row in _rows_about(JournalReader(settings.journal.directory), evidence, shipment):
        decoded = decode_rows([row], routes, future_tolerance_s=future_tolerance_s)
        readings += decoded.readings
        readings_received_ms += decoded.readings_received_ms
        events += decoded.events
        events_received_ms += decoded.events_received_ms
        place = f"{row.worker} row {row.row}"
        for reading in decoded.readings:
            rows_of.setdefault(("reading", reading.time_ms), place)
        for event in decoded.events:
            rows_of.setdefault(("event", event.time_ms), place)
    telemetry = MemoryTelemetry()
    telemetry.append(readings, readings_received_ms)
    with (
        TemporaryDirectory(prefix="coldwitness-") as folder,
        closing(open_register(f"sqlite:///{Path(folder) / 'register.sqlite'}")) as register,
    ):
        register.custody.add_events(events, events_received_ms)
        said = telemetry.readings([shipment], register.custody.stays([shipment]))
        told_events = register.custody.events([shipment]).get(shipment, ())
    return [
        *_unlike(_readings_of(evidence.readings, shipment), _readings_of(said, shipment), rows_of),
        *_unlike(_events_of(evidence.events.get(shipment, ())), _events_of(told_events), rows_of),
    ]


def _readings_of(table: ReadingTable, shipment: str) -> Told:
    found: Told = {}
    for reading, received_ms in zip(readings_of(table), table.received_ms.tolist(), strict=True):
        if reading.shipment == shipment:
            whole = msgspec.json.encode((reading, received_ms), order="sorted")
            found[whole] = ("reading", reading.time_ms, f"logger {reading.logger}")
    return found


def _events_of(events: Sequence[Event]) -> Told:
    return {
        msgspec.json.encode(event, order="sorted"): (
            "event",
            event.time_ms,
            f"event {event.event}",
        )
        for event in events
    }


def _unlike(stored: Told, journalled: Told, rows_of: Mapping[tuple[str, int], str]) -> list[str]:
    """What only one of both has, oldest first, by its row where there is one."""
    found = []
    for told, said, where in (
        (stored, journalled, "not in the store as it was journalled"),
        (journalled, stored, "in no row as the store has it"),
    ):
        for whole in said.keys() - told.keys():
            kind, time_ms, what = said[whole]
            row = rows_of.get((kind, time_ms))
            at = f" ({row})" if row else ""
            found.append((time_ms, f"{what} {rfc3339(time_ms)}{at}: {where}"))
    return [text for _, text in sorted(found)]


def _rows_about(reader: JournalReader, evidence: Evidence, shipment: str) -> Iterator[Row]:
    """Rows that can say something of the shipment, of the days around those that the stores know.

    A native message names its box and courier in its topic and everything else in its payload, so
    one that has none of the shipment's names in it says nothing; a payload with escaped letters,
    and what other formats bring, is always read.
    """
    names = _names(evidence, shipment)
    first, last = _days(evidence, shipment)
    for worker in reader.workers():
        for row in reader.read_days(worker, first=first, last=last):
            plain = row.topic.startswith(_NATIVE_TOPIC) or row.topic == IMPORT_TOPIC
            if plain and b"\\" not in row.payload:
                said = row.topic.encode("utf-8", "surrogateescape") + b" " + row.payload
                if not any(name in said for name in names):
                    continue
            yield row


def _names(evidence: Evidence, shipment: str) -> list[bytes]:
    """The shipment's id, its boxes and its loggers, by stores, events and manifest."""
    names = {shipment}
    for reading in readings_of(evidence.readings):
        if reading.shipment == shipment:
            names |= {reading.logger, reading.box or shipment}
    for event in evidence.events.get(shipment, ()):
        names |= {event.box or shipment, event.logger or shipment}
    manifest = evidence.manifests.get(shipment)
    if manifest is not None:
        names |= {manifest.box.id or shipment, *manifest.logger_ids()}
        names |= {box.id for box in manifest.further_boxes()}
    return [name.encode() for name in sorted(names)]


def _days(evidence: Evidence, shipment: str) -> tuple[str, str]:
    """First and last UTC day to look at; all days where nothing tells."""
    table = evidence.readings
    mine = table.shipment == evidence.shipments.index(shipment)
    times_ms = [*table.time_ms[mine].tolist(), *table.received_ms[mine].tolist()]
    times_ms += [event.time_ms for event in evidence.events.get(shipment, ())]
    manifest = evidence.manifests.get(shipment)
    if manifest is not None:
        times_ms += [manifest.dispatched_ms or 0, manifest.delivered_ms or 0]
    times_ms = [time_ms for time_ms in times_ms if time_ms > 0]
    if not times_ms:
        return _FIRST_DAY, _LAST_DAY
    return (
        utc_day(max(0, min(times_ms) - _BEFORE_DAYS * _DAY_MS)),
        utc_day(max(times_ms) + _AFTER_DAYS * _DAY_MS),
    )
