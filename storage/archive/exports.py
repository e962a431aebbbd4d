"""One export for people and other systems: some shipments or a period, in a format of theirs."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event, Reading
from coldwitness.storage.archive.canonical import DAY_MS
from coldwitness.storage.archive.epcis import epcis_document
from coldwitness.storage.archive.native import event_object, reading_object
from coldwitness.storage.archive.tables import contract_columns, write_csv, write_parquet
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.shipment_pages import shipment_pages
from coldwitness.storage.telemetry import WholeStore
from coldwitness.storage.telemetry.columns import Columns, columns_of, readings_of

FORMATS = ("ndjson", "csv", "parquet", "epcis")


@dataclass(frozen=True)
class Wanted:
    """Which evidence: shipments (empty: all) whose readings lie in [from_ms, to_ms)."""

    shipments: tuple[str, ...] = ()
    from_ms: int | None = None
    to_ms: int | None = None

    def holds(self, time_ms: int) -> bool:
        return (self.from_ms is None or time_ms >= self.from_ms) and (
            self.to_ms is None or time_ms < self.to_ms
        )


def export_table(
    store: WholeStore, register: SqlRegister, wanted: Wanted, path: Path, *, kind: str
) -> int:
    """Write CSV or Parquet; returns the rows."""
    pairs = [pair for _, pairs in _journeys(store, register, wanted) for pair in pairs]
    columns = columns_of([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    table = contract_columns(columns, register)
    return write_csv(table, path) if kind == "csv" else write_parquet(table, path)


def export_lines(
    store: WholeStore, register: SqlRegister, wanted: Wanted, *, kind: str
) -> Iterator[bytes]:
    """NDJSON (events, then readings, as they would be sent natively, and when they were received)
    or an EPCIS document."""
    events = _events(register, wanted)
    if kind == "ndjson":
        for event in events:
            yield msgspec.json.encode(event_object(event)) + b"\n"
        for _, pairs in _journeys(store, register, wanted):
            for reading, received_ms in pairs:
                said = reading_object(reading) | {"received_at": rfc3339(received_ms)}
                yield msgspec.json.encode(said) + b"\n"
        return
    journeys = (
        (shipment, [reading for reading, _ in pairs])
        for shipment, pairs in _by_shipment(store, register, wanted)
    )
    yield from epcis_document(events, journeys, made_ms=int(time.time() * 1000))


def _events(register: SqlRegister, wanted: Wanted) -> list[Event]:
    if wanted.shipments:
        of_each = register.custody.events(wanted.shipments)
        found = [event for shipment in wanted.shipments for event in of_each.get(shipment, [])]
    else:
        found = [event for event, _ in register.custody.every_event()]
    return [event for event in found if wanted.holds(event.time_ms)]


def _journeys(
    store: WholeStore, register: SqlRegister, wanted: Wanted
) -> Iterator[tuple[str | None, list[tuple[Reading, int]]]]:
    """Readings in pieces: by shipment if shipments are named, else by UTC day (None)."""
    if wanted.shipments:
        yield from _by_shipment(store, register, wanted)
        return
    for day_ms in store.days_ms():
        start_ms = day_ms if wanted.from_ms is None else max(day_ms, wanted.from_ms)
        end_ms = day_ms + DAY_MS if wanted.to_ms is None else min(day_ms + DAY_MS, wanted.to_ms)
        if start_ms < end_ms:
            pairs = readings_of(store.between(start_ms, end_ms))
            yield None, sorted(pairs, key=_in_order)


def _by_shipment(
    store: WholeStore, register: SqlRegister, wanted: Wanted
) -> Iterator[tuple[str, list[tuple[Reading, int]]]]:
    names = wanted.shipments or tuple(_every_shipment(register))
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        table = store.readings(part, register.custody.stays(part))
        device = np.zeros(len(table), dtype=np.int8)
        pairs = readings_of(Columns(table, device))
        pairs = [pair for pair in pairs if wanted.holds(pair[0].time_ms)]
        pairs.sort(key=lambda pair: (str(pair[0].shipment), *_in_order(pair)))
        for shipment, mine in itertools.groupby(pairs, key=lambda pair: str(pair[0].shipment)):
            yield shipment, list(mine)


def _every_shipment(register: SqlRegister) -> Iterator[str]:
    for rows in shipment_pages(register):
        yield from (row.id for row in rows)


def _in_order(pair: tuple[Reading, int]) -> tuple[int, str, int]:
    return pair[0].time_ms, pair[0].logger, pair[1]


def require_known(register: SqlRegister, shipments: Sequence[str]) -> None:
    """Raise BadInput naming the first shipment nothing was ever heard of."""
    for shipment in shipments:
        if register.shipments.row(shipment) is None:
            raise BadInput(f"shipment {shipment!r}: unknown")
