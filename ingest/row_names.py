"""By what names a row is found again: the shipment it names; of what names none, box and time; the
events of a box, by day; births, by who is born; decisions, by their subject."""

from collections.abc import Iterator

from coldwitness.ingest.formats import Decoded
from coldwitness.storage.decisions import Subject, decision_of, subject_of
from coldwitness.storage.journal import Row, key_of
from coldwitness.storage.journal.tally import row_names

HOUR_MS = 3_600_000
DAY_MS = 86_400_000


def shipment_key(shipment: str) -> int:
    return key_of("shipment", shipment)


def named_shipment_keys(row: Row) -> Iterator[int]:
    """Of every shipment that a message names, whatever of it can be used."""
    for name in row_names(row):
        kind, _, shipment = name.partition(b":")
        if kind == b"shipment":
            yield shipment_key(shipment.decode("utf-8", "surrogateescape"))


def box_hour_keys(box: str, start_ms: int, end_ms: int) -> Iterator[int]:
    """Of readings of a box that name no shipment, measured from an instant to another."""
    for hour in range(start_ms // HOUR_MS, end_ms // HOUR_MS + 1):
        yield key_of("box", f"{box}@{hour}")


def box_event_keys(box: str, start_ms: int, end_ms: int) -> Iterator[int]:
    """Of events of a box on the UTC days of an instant to that of another."""
    for day in range(start_ms // DAY_MS, end_ms // DAY_MS + 1):
        yield key_of("event", f"{box}@{day}")


def birth_key(node: str | None) -> int:
    return key_of("birth", node or "")


def subject_key(subject: Subject) -> int:
    return key_of("decided", f"{subject[0]}:{subject[1]}")


def spoken_keys(decoded: Decoded) -> set[int]:
    """Of a message's readings and events."""
    keys = set()
    for reading in decoded.readings:
        if reading.shipment is not None:
            keys.add(key_of("shipment", reading.shipment))
        elif reading.box is not None:
            keys.add(key_of("box", f"{reading.box}@{reading.time_ms // HOUR_MS}"))
    for event in decoded.events:
        if event.shipment is not None:
            keys.add(key_of("shipment", event.shipment))
        if event.box is not None:
            keys.add(key_of("event", f"{event.box}@{event.time_ms // DAY_MS}"))
    return keys


def decided_keys(row: Row) -> set[int]:
    """Of a row that says what was decided; none of every other."""
    decision = decision_of(row)
    subject = None if decision is None else subject_of(decision)
    return set() if subject is None else {subject_key(subject)}
