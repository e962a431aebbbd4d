"""The store side of ingest: follows the journal and brings its rows into the stores.

It knows the receiving side only by the journal between them. A store that is down, slow or
newly made holds nothing up and loses nothing: the cursor stands, and later it catches up.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from coldwitness.domain.errors import ColdWitnessError, Unavailable
from coldwitness.ingest.clock_offsets import ClockOffset, ClockOffsets
from coldwitness.ingest.decoded_rows import DecodedRows, decode_rows
from coldwitness.ingest.last_seen import newest_of
from coldwitness.ingest.newcomers import Newcomers
from coldwitness.ingest.progress import WHOLE, Progress, Quarantined
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_finding import index_decoded
from coldwitness.storage.journal import JournalReader, Row, RowIndex
from coldwitness.storage.ports import CustodyLog, ReadingLog

log = logging.getLogger(__name__)

BATCH_ROWS = 5000
BATCH_BYTES = 8_000_000
"""Payload of a batch, but for its last message: backlog arrays hold 10,000 readings each."""
SMALL_BATCH_ROWS = 1000
PATIENCE_S = 0.05
"""After a small batch the next one is given this long to grow: every batch costs a commit in each
store, and at a few hundred rows that would be most of the work."""
CLOCKS_EVERY_S = 5.0
LONGEST_RETRY_S = 10.0
FIRST_RETRY_S = 0.1

OnTouched = Callable[[frozenset[str]], None]


@dataclass
class StoreCounts:
    """Since this process started."""

    rows: int = 0
    readings: int = 0
    repeated: int = 0
    conflicting: int = 0
    events: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    last_problem: str = ""


class JournalFollower:
    """Brings one worker's rows into telemetry store and register, in order, idempotently.

    on_touched : called with the ids of the shipments a batch concerned, once it is stored and
    before it is done with; if it raises Unavailable, the batch is stored and told again.
    newcomers : which shipments that nobody declared are told; None: all.
    """

    def __init__(
        self,
        reader: JournalReader,
        progress: Progress,
        routes: Routes,
        *,
        store: ReadingLog,
        custody: CustodyLog,
        future_tolerance_s: float,
        on_touched: OnTouched | None = None,
        newcomers: Newcomers | None = None,
    ) -> None:
        self.counts = StoreCounts()
        self._reader = reader
        self._progress = progress
        self._worker = progress.worker
        self._routes = routes
        self._store = store
        self._custody = custody
        self._future_tolerance_s = future_tolerance_s
        self._on_touched = on_touched
        self._newcomers = newcomers
        self._clocks = ClockOffsets()
        self._clocks_due_s = 0.0
        self._index = RowIndex(reader.directory, progress.worker)
        self._cursor = progress.cursor()
        self._listed = progress.unmapped()
        self._batch_rows = BATCH_ROWS
        self._recall_births()

    @property
    def cursor(self) -> int:
        """Last row that is in the stores."""
        return self._cursor

    def step(self) -> int:
        """Store the next rows; returns how many, 0 when the stores are up to date.

        Raises Unavailable when journal or stores are: nothing is skipped, call again. A row
        that fails any other way is tried alone and, if it still fails, refused as `internal`.
        """
        rows = self._next_rows()
        if not rows:
            estimates = self._clocks_due()
            if estimates:
                self._progress.advance(self._cursor, clocks=estimates)
            self._release()
            return 0
        try:
            decoded, touched = self._store_rows(rows)
        except Unavailable:
            raise
        except Exception as error:
            if len(rows) > 1:
                self._batch_rows = max(1, len(rows) // 2)
                return self.step()
            log.exception("row %d of worker %s cannot be stored", rows[0].row, self._worker)
            decoded, touched = _internal(rows[0], error), frozenset()
        if touched and self._newcomers is not None:
            touched = self._newcomers.admitted(touched, decoded)
        if touched and self._on_touched is not None:
            self._on_touched(touched)
        index_decoded(self._index, rows, decoded)
        self._progress.advance(
            rows[-1].row,
            refused=decoded.refused,
            clocks=self._clocks_due(),
            births=decoded.births,
            unmapped=decoded.unmapped,
            seen=newest_of(decoded.readings, decoded.readings_received_ms),
        )
        self._listed.update(decoded.unmapped)
        self._cursor = rows[-1].row
        self._batch_rows = min(BATCH_ROWS, self._batch_rows * 2)
        self._count(rows, decoded)
        return len(rows)

    def run(self, stop: threading.Event, wake: threading.Event, *, poll_s: float = 0.25) -> None:
        """Follow the journal until `stop`; `wake` says that there may be new rows."""
        retry_s = FIRST_RETRY_S
        while not stop.is_set():
            wake.clear()
            try:
                while (stored := self.step()) and not stop.is_set():
                    if stored < SMALL_BATCH_ROWS:
                        stop.wait(PATIENCE_S)
            except ColdWitnessError as error:
                self.counts.failures += 1
                if not self.counts.last_problem:
                    log.warning("stores: %s; the journal goes on, will catch up", error)
                self.counts.last_problem = str(error)
                stop.wait(retry_s)
                retry_s = min(LONGEST_RETRY_S, retry_s * 2)
                continue
            if self.counts.last_problem:
                log.info("stores: caught up to row %d", self._cursor)
                self.counts.last_problem = ""
            retry_s = FIRST_RETRY_S
            wake.wait(poll_s)

    def _release(self) -> None:
        """Have those judged that waited for their sender's quota."""
        if self._newcomers is None or self._on_touched is None:
            return
        waited = self._newcomers.released()
        if waited:
            self._on_touched(waited)

    def _next_rows(self) -> list[Row]:
        """Rows after the cursor, until there are enough of them or of their bytes."""
        rows: list[Row] = []
        size = 0
        with closing(
            self._reader.read(self._worker, after=self._cursor, limit=self._batch_rows)
        ) as following:
            for row in following:
                rows.append(row)
                size += len(row.payload)
                if size >= BATCH_BYTES:
                    break
        return rows

    def _store_rows(self, rows: Sequence[Row]) -> tuple[DecodedRows, frozenset[str]]:
        decoded = decode_rows(
            rows,
            self._routes,
            future_tolerance_s=self._future_tolerance_s,
            clocks=self._clocks,
            listed=self._listed,
        )
        touched = store_decoded(
            decoded,
            store=self._store,
            custody=self._custody,
            counts=self.counts,
        )
        return decoded, touched

    def _clocks_due(self) -> list[ClockOffset]:
        """Estimates to write down, now and then: they change with every message."""
        now_s = time.monotonic()
        if now_s < self._clocks_due_s:
            return []
        self._clocks_due_s = now_s + CLOCKS_EVERY_S
        return list(self._clocks.changed())

    def _count(self, rows: Sequence[Row], decoded: DecodedRows) -> None:
        counts = self.counts
        counts.rows += len(rows)
        for refusal in decoded.refused:
            counts.refused[refusal.reason] = counts.refused.get(refusal.reason, 0) + 1

    def _recall_births(self) -> None:
        """Let stateful decoders see the births again that a former process saw."""
        for row_number in self._progress.births():
            try:
                self._routes.decode(self._reader.row(self._worker, row_number))
            except ColdWitnessError as error:
                log.warning("birth in row %d cannot be read again: %s", row_number, error)


def store_decoded(
    decoded: DecodedRows,
    *,
    store: ReadingLog,
    custody: CustodyLog,
    counts: StoreCounts | None = None,
) -> frozenset[str]:
    """Write readings and events; returns the shipments they concern. Twice changes nothing.
    What the store will never take is put aside among what was refused."""
    touched: set[str] = set()
    if decoded.events:
        # Before the readings: a `packed` event says which shipment they belong to.
        # Those named are told even if their events are known: a batch may be stored again
        # because nobody could be told of it.
        touched |= custody.add_events(decoded.events, decoded.events_received_ms)
        touched |= {event.shipment for event in decoded.events if event.shipment is not None}
    if decoded.readings:
        appended = store.append(decoded.readings, decoded.readings_received_ms)
        decoded.put_aside(appended.refused)
        if counts is not None:
            counts.readings += appended.new
            counts.repeated += appended.repeated
            counts.conflicting += appended.conflicting
        seen = _shipments_of(decoded, custody)
        custody.note_seen(seen)
        custody.note_probes(decoded.readings)
        touched |= seen.keys()
    if counts is not None:
        counts.events += len(decoded.events)
    return frozenset(touched)


def _shipments_of(decoded: DecodedRows, custody: CustodyLog) -> Mapping[str, str | None]:
    """Shipments of the readings, with their couriers; by the box's assignment where a reading
    names none."""
    seen: dict[str, str | None] = {}
    boxes: list[str] = []
    times_ms: list[int] = []
    couriers: list[str | None] = []
    for reading in decoded.readings:
        if reading.shipment is not None:
            if seen.get(reading.shipment) is None:
                seen[reading.shipment] = reading.courier
        elif reading.box is not None:
            boxes.append(reading.box)
            times_ms.append(reading.time_ms)
            couriers.append(reading.courier)
    if boxes:
        for shipment, courier in zip(custody.shipments_at(boxes, times_ms), couriers, strict=True):
            if shipment is not None and seen.get(shipment) is None:
                seen[shipment] = courier
    return seen


def _internal(row: Row, error: Exception) -> DecodedRows:
    text = f"this program failed on it: {type(error).__name__}: {error}"[:500]
    quarantined = Quarantined(row.row, WHOLE, "internal", text, row.topic[:500], row.received_ms)
    return DecodedRows(refused=[quarantined])
