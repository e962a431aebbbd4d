"""What of a shipment's readings and events only the journal has, and what only the stores have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from coldwitness.domain.box_stays import BoxStay, box_stays
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.reading_table import readings_of
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.decoded_rows import DecodedRows
from coldwitness.judging.evidence import Evidence
from coldwitness.storage.telemetry.memory import MemoryTelemetry

Told = dict[bytes, tuple[str, int, str]]
"""Everything a reading or event says -> its kind, time [UTC epoch ms], and how to name it."""


@dataclass(frozen=True)
class Journalled:
    """What the journal says of a shipment: all of it, and what the stores must hold of it.
    rows_of : kind and time [UTC epoch ms] -> the first row that says so."""

    all: DecodedRows
    due: DecodedRows
    rows_of: Mapping[tuple[str, int], str]


def stays_of(said: DecodedRows, shipment: str) -> list[BoxStay]:
    """The shipment's stays in boxes, as the events tell of them."""
    return [stay for stay in box_stays(said.events) if stay.shipment == shipment]


def unlike_readings(evidence: Evidence, said: Journalled, shipment: str) -> list[str]:
    """Readings that differ, oldest first, each with its row where there is one."""
    stored = _readings_of(evidence.readings, shipment)
    every, due = (_kept_of(decoded, shipment) for decoded in (said.all, said.due))
    return _unlike(stored, every=every, due=due, rows_of=said.rows_of)


def _kept_of(decoded: DecodedRows, shipment: str) -> Told:
    """What a store would give of these readings."""
    kept = MemoryTelemetry()
    kept.append(decoded.readings, decoded.readings_received_ms)
    return _readings_of(kept.readings([shipment], stays_of(decoded, shipment)), shipment)


def _readings_of(table: ReadingTable, shipment: str) -> Told:
    found: Told = {}
    for reading, received_ms in zip(readings_of(table), table.received_ms.tolist(), strict=True):
        if reading.shipment == shipment:
            whole = msgspec.json.encode((reading, received_ms), order="sorted")
            found[whole] = _named(reading)
    return found


def _named(reading: Reading) -> tuple[str, int, str]:
    return "reading", reading.time_ms, f"logger {reading.logger}"


def unlike_events(evidence: Evidence, said: Journalled, shipment: str) -> list[str]:
    """Events that differ, likewise."""
    stored = _events_of(evidence.events.get(shipment, ()), shipment)
    every, due = (_events_of(decoded.events, shipment) for decoded in (said.all, said.due))
    return _unlike(stored, every=every, due=due, rows_of=said.rows_of)


def _events_of(events: Iterable[Event], shipment: str) -> Told:
    return {
        msgspec.json.encode(event, order="sorted"): (
            "event",
            event.time_ms,
            f"event {event.event}",
        )
        for event in events
        if event.shipment == shipment
    }


def _unlike(
    stored: Told, *, every: Told, due: Told, rows_of: Mapping[tuple[str, int], str]
) -> list[str]:
    """What the journal has and the store lacks, and what the store has and no row."""
    found = []
    for told, said, where in (
        (stored, due, "not in the store as it was journalled"),
        (every, stored, "in no row as the store has it"),
    ):
        for whole in said.keys() - told.keys():
            kind, time_ms, what = said[whole]
            row = rows_of.get((kind, time_ms))
            at = f" ({row})" if row else ""
            found.append((time_ms, f"{what} {rfc3339(time_ms)}{at}: {where}"))
    return [text for _, text in sorted(found)]
