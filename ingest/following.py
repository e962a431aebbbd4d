"""The store side of ingest: follows the journal and brings its rows into the stores.

It knows the receiving side only by the journal between them. A store that is down, slow or
newly made holds nothing up and loses nothing: the cursor stands, and later it catches up.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from coldwitness.domain.errors import ColdWitnessError, Unavailable
from coldwitness.domain.log_ids import follow, followed, message_id
from coldwitness.ingest.clock_offsets import ClockOffset, ClockOffsets
from coldwitness.ingest.decoded_rows import DecodedRows, decode_rows
from coldwitness.ingest.last_seen import LastSeen, newest_of
from coldwitness.ingest.left_out import LeftOut
from coldwitness.ingest.newcomers import Newcomers, Sorted
from coldwitness.ingest.progress import WHOLE, Progress, Quarantined
from coldwitness.ingest.received_bounds import ReceivedBounds
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_finding import index_decoded, index_early
from coldwitness.ingest.row_turns import RowTurns
from coldwitness.storage.journal import JournalReader, Row, RowIndex
from coldwitness.storage.ports import CustodyLog, ReadingLog

log = logging.getLogger(__name__)

BATCH_ROWS = 2000
"""Whoever waits waits for the batch under way and the one it is in; with 5000 no row cost less."""
SMALL_BATCH_ROWS = 1000
PATIENCE_S = 0.05
"""After a small batch the next one is given this long to grow: every batch costs a commit in each
store, and at a few hundred rows that would be most of the work."""
CLOCKS_EVERY_S = 5.0
LONGEST_RETRY_S = 10.0
FIRST_RETRY_S = 0.1

OnTouched = Callable[[Mapping[str, str | None]], None]
"""Shipments, each with the id of the newest message that concerned it, where one did now."""


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


@dataclass(frozen=True)
class _Batch:
    """What some rows meant, and the shipments to be judged because of them."""

    decoded: DecodedRows
    seen: Sequence[LastSeen] = ()
    sorted: Sorted = field(default_factory=Sorted)
    touched: Mapping[str, int] = field(default_factory=dict)


class JournalFollower:
    """Brings one worker's rows into telemetry store and register, each sender's in order,
    idempotently.

    on_touched : called with the shipments that a batch concerned, once it is stored and
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
        self._bounds = ReceivedBounds(progress)
        self._clocks = ClockOffsets()
        self._clocks_due_s = 0.0
        self._index = RowIndex(reader.directory, progress.worker)
        self._turns = RowTurns(
            reader, progress.worker, cursor=progress.cursor(), sender_of=routes.sender_of
        )
        progress.decide_anew()
        self._listed = progress.unmapped()
        self._holding = progress.holds_any()
        self._batch_rows = BATCH_ROWS
        self._recall_births()

    def close(self) -> None:
        """Let go of its files; those of reader, progress and stores are their owners'."""
        self._index.close()

    @property
    def cursor(self) -> int:
        """Last row up to which all are in the stores."""
        return self._turns.cursor

    def step(self) -> int:
        """Store the next rows; returns how many, 0 when the stores are up to date.

        Raises Unavailable when journal or stores are: nothing is skipped, call again. A row
        that fails any other way is tried alone and, if it still fails, refused as `internal`.
        """
        rows = self._turns.next(most=self._batch_rows)
        self._release()
        if not rows:
            estimates = self._clocks_due()
            if estimates:
                self._progress.advance(self.cursor, clocks=estimates)
            return 0
        try:
            batch = self._store_rows(rows)
        except Unavailable:
            raise
        except Exception as error:
            if len(rows) > 1:
                self._batch_rows = max(1, len(rows) // 2)
                return self.step()
            log.exception("row %d of worker %s cannot be stored", rows[0].row, self._worker)
            batch = _Batch(_internal(rows[0], error))
        self._tell(batch.touched)
        self._advance(rows, batch)
        if followed():
            _follow(self._worker, batch.decoded)
        self._store_held(batch.sorted.due)
        self._batch_rows = min(BATCH_ROWS, self._batch_rows * 2)
        self._count(rows, batch.decoded)
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
                log.info("stores: caught up to row %d", self.cursor)
                self.counts.last_problem = ""
            retry_s = FIRST_RETRY_S
            wake.wait(poll_s)

    def _tell(self, touched: Mapping[str, int | None]) -> None:
        if touched and self._on_touched is not None:
            self._on_touched(
                {
                    shipment: None if row is None else message_id(self._worker, row)
                    for shipment, row in touched.items()
                }
            )

    def _advance(self, rows: Sequence[Row], batch: "_Batch") -> None:
        """Keep what the rows speak of, and that they are done with."""
        decoded = batch.decoded
        cursor, passed = self._turns.then()
        if self._turns.in_order:
            index_decoded(self._index, rows, decoded)
        else:
            index_early(self._index, rows, decoded)
        for day, first, last in passed:
            self._index.add(day, (), first=first, last=last)
        self._progress.advance(
            cursor,
            refused=decoded.refused,
            clocks=self._clocks_due(),
            births=decoded.births,
            unmapped=decoded.unmapped,
            seen=batch.seen,
            held=batch.sorted.held,
            received=self._bounds.changed(),
            left_events=batch.sorted.left_events,
        )
        self._turns.stored()
        self._bounds.kept()
        self._listed.update(decoded.unmapped)
        self._holding = self._holding or bool(batch.sorted.held)

    def _release(self) -> None:
        """Have those stored and judged that waited for their sender's quota, and whose time has
        come."""
        if self._newcomers is None:
            return
        due = self._newcomers.released(self._progress)
        wanted = frozenset(self._progress.wanted()) if self._holding else frozenset()
        if self._holding:
            due |= wanted | self._newcomers.known_meanwhile(self._progress)
        if due:
            self._store_held(due)
            self._tell(dict.fromkeys(due))
        if wanted:
            self._progress.let_go(dict.fromkeys(wanted, ()))

    def _store_held(self, shipments: frozenset[str]) -> None:
        """Store what is held of these shipments, if anything is, and tell."""
        if not self._holding or not shipments:
            return
        held = self._progress.held_rows(shipments)
        numbers = sorted({row for rows in held.values() for row in rows})
        for start in range(0, len(numbers), BATCH_ROWS):
            some = frozenset(numbers[start : start + BATCH_ROWS])
            rows = list(self._reader.rows_at(self._worker, some))
            decoded = decode_rows(
                rows,
                self._routes,
                future_tolerance_s=self._future_tolerance_s,
                listed=self._listed,
            )
            decoded.keep_readings(
                [at for at, one in enumerate(decoded.readings) if one.shipment in held]
            )
            decoded.keep_events([])
            decoded.refused = []
            LeftOut(self._reader.directory, {self._worker: some}).take_out(decoded)
            touched = store_decoded(
                decoded, store=self._store, custody=self._custody, counts=self.counts
            )
            self._tell(touched)
            done = {name: some.intersection(rows) for name, rows in held.items()}
            self._progress.let_go(done, refused=decoded.refused)
        self._holding = self._progress.holds_any()

    def _store_rows(self, rows: Sequence[Row]) -> "_Batch":
        decoded = decode_rows(
            rows,
            self._routes,
            future_tolerance_s=self._future_tolerance_s,
            clocks=self._clocks,
            listed=self._listed,
        )
        seen = newest_of(decoded.readings, decoded.readings_received_ms)
        self._bounds.keep_within(decoded)
        shipments = Sorted() if self._newcomers is None else self._newcomers.sort(decoded)
        touched = store_decoded(
            decoded,
            store=self._store,
            custody=self._custody,
            counts=self.counts,
        )
        now = {name: row for name, row in touched.items() if name not in shipments.waiting}
        return _Batch(decoded, seen, shipments, now)

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
) -> dict[str, int]:
    """Write readings and events; returns the shipments they concern, each with the newest row that
    does. Twice changes nothing. What the store will never take is put aside among what was
    refused."""
    touched: dict[str, int] = {}
    if decoded.events:
        # Before the readings: a `packed` event says which shipment they belong to.
        # Those named are told even if their events are known: a batch may be stored again
        # because nobody could be told of it.
        last = decoded.events_rows[-1].row
        changed = custody.add_events(decoded.events, decoded.events_received_ms)
        touched |= dict.fromkeys(changed, last)
        for event, row in zip(decoded.events, decoded.events_rows, strict=True):
            if event.shipment is not None:
                touched[event.shipment] = row.row
    if decoded.readings:
        appended = store.append(decoded.readings, decoded.readings_received_ms)
        decoded.put_aside(appended.refused)
        if counts is not None:
            counts.readings += appended.new
            counts.repeated += appended.repeated
            counts.conflicting += appended.conflicting
        seen = _shipments_of(decoded, custody)
        custody.note_seen({name: courier for name, (courier, _) in seen.items()})
        custody.note_probes(decoded.readings)
        for name, (_, row_number) in seen.items():
            touched[name] = max(row_number, touched.get(name, 0))
    if counts is not None:
        counts.events += len(decoded.events)
    return touched


def _shipments_of(
    decoded: DecodedRows, custody: CustodyLog
) -> Mapping[str, tuple[str | None, int]]:
    """Shipments of the readings, with their couriers and the newest row of each; by the box's
    assignment where a reading names none."""
    seen: dict[str, tuple[str | None, int]] = {}
    boxes: list[str] = []
    times_ms: list[int] = []
    senders: list[tuple[str | None, int]] = []

    def see(shipment: str, courier: str | None, row: int) -> None:
        known, newest = seen.get(shipment, (None, 0))
        seen[shipment] = (courier if known is None else known, max(row, newest))

    for reading, at in zip(decoded.readings, decoded.readings_rows, strict=True):
        if reading.shipment is not None:
            see(reading.shipment, reading.courier, at.row)
        elif reading.box is not None:
            boxes.append(reading.box)
            times_ms.append(reading.time_ms)
            senders.append((reading.courier, at.row))
    if boxes:
        for shipment, sender in zip(custody.shipments_at(boxes, times_ms), senders, strict=True):
            if shipment is not None:
                see(shipment, *sender)
    return seen


def _follow(worker: str, decoded: DecodedRows) -> None:
    """A line for each message and device that was stored, and for each refusal."""
    said = {
        (at.row, one.logger, one.box, one.shipment): None
        for one, at in zip(decoded.readings, decoded.readings_rows, strict=True)
    }
    for row, logger, box, shipment in said:
        name = message_id(worker, row)
        follow("stored", name, device=logger, box=box, shipment=shipment)
    for event, at in zip(decoded.events, decoded.events_rows, strict=True):
        follow("stored", message_id(worker, at.row), box=event.box, shipment=event.shipment)
    for one in decoded.refused:
        name = message_id(worker, one.row)
        follow("refused", name, reason=one.reason, device=one.logger, courier=one.courier)


def _internal(row: Row, error: Exception) -> DecodedRows:
    text = f"this program failed on it: {type(error).__name__}: {error}"[:500]
    quarantined = Quarantined(row.row, WHOLE, "internal", text, row.topic[:500], row.received_ms)
    return DecodedRows(refused=[quarantined])
