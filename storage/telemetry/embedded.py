"""The telemetry store with nothing installed: one SQLite file in WAL mode.

A row is its own key, (logger, time, layout, record), so the store is a set: any order and
repetition of the same readings leaves the same rows, and readings of one logger and time
with other values stand side by side. `received_ms` is no part of the key; the earliest is
kept. `presence` says in which hours which logger spoke for which shipment and box, so a
shipment is read by its loggers' time ranges without an index over every reading.

Tables of readings carry a generation in their name: a rebuild fills the next generation
while the present one is read, and live readings go into both (see rebuilding.py).
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.reading import Reading
from coldwitness.domain.tracks import ReadingTable
from coldwitness.storage.ports import Appended
from coldwitness.storage.telemetry import embedded_read
from coldwitness.storage.telemetry.columns import Columns
from coldwitness.storage.telemetry.record import (
    ASSIGNMENT_BYTES,
    Layout,
    further_said,
    layout,
    layout_text,
    pack,
)
from coldwitness.storage.telemetry.sqlite_files import Readers, connect, failures_named

HOUR_MS = 3_600_000
_NEVER = -(2**63)
_CACHED = 200_000
"""Names, marks or hours remembered by the writer before it starts afresh."""

_SHARED_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS layout (id INTEGER PRIMARY KEY, probes TEXT NOT NULL UNIQUE);
"""
_GENERATION_TABLES = """
CREATE TABLE reading_{0} (
    logger INTEGER NOT NULL, time_ms INTEGER NOT NULL, layout INTEGER NOT NULL,
    record BLOB NOT NULL, received_ms INTEGER NOT NULL,
    PRIMARY KEY (logger, time_ms, layout, record)) WITHOUT ROWID;
CREATE TABLE presence_{0} (
    shipment INTEGER NOT NULL, box INTEGER NOT NULL, logger INTEGER NOT NULL,
    layout INTEGER NOT NULL, hour INTEGER NOT NULL,
    PRIMARY KEY (shipment, box, logger, layout, hour)) WITHOUT ROWID;
"""
_INSERT = (
    "INSERT INTO reading_{0} VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE"
    " SET received_ms = excluded.received_ms WHERE excluded.received_ms < received_ms"
)
_THERE = "SELECT layout, record FROM reading_{0} WHERE logger=? AND time_ms=?"
_NEWEST = "SELECT max(time_ms) FROM reading_{0} WHERE logger=?"
_PRESENT = "INSERT OR IGNORE INTO presence_{0} VALUES (?,?,?,?,?)"

_Row = tuple[int, int, int, bytes, int]


class _NameIds(dict[str | None, int]):
    """Name -> id in the file's table of names, 0 for no name; looked up, or given, once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__({None: 0})
        self._connection = connection

    def forget(self) -> None:
        self.clear()
        self[None] = 0

    def __missing__(self, name: str | None) -> int:
        row = self._connection.execute("SELECT id FROM name WHERE name=?", (name,)).fetchone()
        if row is None:
            row = self._connection.execute(
                "INSERT INTO name (name) VALUES (?) RETURNING id", (name,)
            ).fetchone()
        found = self[name] = int(row[0])
        return found


class EmbeddedTelemetry:
    """A TelemetryStore in one SQLite file; one writer at a time, readers beside it in this
    and other processes. Methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.Lock()
        with failures_named(path):
            self._connection = connect(path)
            self._prepare()
        self._readers = Readers(path)
        self._forget()

    def append(self, readings: Sequence[Reading], received_ms: Sequence[int]) -> Appended:
        """See TelemetryStore. `conflicting` counts rows whose measured values differ from
        those known for their logger and time; another shipment or box alone is no conflict."""
        if not readings:
            return Appended(new=0, repeated=0, conflicting=0)
        with self.writing() as connection:
            return self._append(connection, readings, received_ms, self._generations)

    def readings(self, shipments: Sequence[str], stays: Sequence[BoxStay]) -> ReadingTable:
        with failures_named(self.path), self._readers.snapshot() as connection:
            return embedded_read.assigned(connection, shipments, stays)

    def between(self, start_ms: int, end_ms: int) -> Columns:
        """Every reading with start_ms <= time < end_ms, by logger name and time."""
        with failures_named(self.path), self._readers.snapshot() as connection:
            return embedded_read.between(connection, start_ms, end_ms)

    def days_ms(self) -> list[int]:
        """Starts of the UTC days that hold readings, ascending."""
        with failures_named(self.path), self._readers.snapshot() as connection:
            return embedded_read.days_ms(connection)

    def close(self) -> None:
        with self._write_lock:
            self._connection.close()
        self._readers.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; rolled back, and everything remembered forgotten, on failure."""
        with self._write_lock, failures_named(self.path):
            connection = self._connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._notice_other_writers(connection)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._forget()
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def notice_generations(self) -> None:
        """This process began or ended a rebuild: look again which tables there are."""
        with self._write_lock:
            self._forget()

    def append_to(
        self,
        connection: sqlite3.Connection,
        readings: Sequence[Reading],
        received_ms: Sequence[int],
        *,
        generation: int,
    ) -> None:
        """Put readings into one generation only, inside `writing()`."""
        self._append(connection, readings, received_ms, (generation,))

    def _append(
        self,
        connection: sqlite3.Connection,
        readings: Sequence[Reading],
        received_ms: Sequence[int],
        generations: Sequence[int],
    ) -> Appended:
        # Rows above the newest known time of their logger are new without asking; only the
        # others (late, repeated, conflicting) cost a look-up.
        marks = self._marks.setdefault(generations[0], {})
        hours = self._hours.setdefault(generations, set())
        fresh: list[_Row] = []
        late: list[_Row] = []
        present: list[tuple[int, int, int, int, int]] = []
        if len(marks) > _CACHED:
            marks.clear()
        if len(hours) > _CACHED:
            hours.clear()
        if len(self._names) > _CACHED:
            self._names.forget()
        names = self._names
        further = further_said(readings)
        for reading, received, beyond in zip(readings, received_ms, further, strict=True):
            tail = (tuple(reading.temperature_c), beyond)
            shape = self._layouts.get(tail) or self._layout(connection, *tail)
            logger = names[reading.logger]
            box = names[reading.box]
            shipment = names[reading.shipment]
            courier = names[reading.courier]
            record = pack(reading, shape, box=box, shipment=shipment, courier=courier)
            time_ms = reading.time_ms
            hour = (shipment, box, logger, shape.id, time_ms // HOUR_MS)
            if hour not in hours:
                hours.add(hour)
                present.append(hour)
            mark = marks.get(logger)
            if mark is None:
                mark = self._newest_ms(connection, generations[0], logger)
            if time_ms > mark:
                marks[logger] = time_ms
                fresh.append((logger, time_ms, shape.id, record, received))
            else:
                marks[logger] = mark
                late.append((logger, time_ms, shape.id, record, received))
        for generation in generations:
            connection.executemany(_PRESENT.format(generation), present)
            connection.executemany(_INSERT.format(generation), fresh)
        known = self._known(connection, late, generations[0])
        for generation in generations:
            if generation != generations[0]:
                connection.executemany(_INSERT.format(generation), late)
        return Appended(
            new=len(readings) - known.repeated - known.conflicting,
            repeated=known.repeated,
            conflicting=known.conflicting,
        )

    def _known(
        self, connection: sqlite3.Connection, rows: Iterable[_Row], generation: int
    ) -> Appended:
        """Store rows one by one, each counted by what is already there for its logger and
        time."""
        there = _THERE.format(generation)
        new = repeated = conflicting = 0
        for row in rows:
            logger, time_ms, shape, record, _ = row
            others = connection.execute(there, (logger, time_ms)).fetchall()
            if (shape, record) in others:
                repeated += 1
            elif any(
                other_shape != shape or other[ASSIGNMENT_BYTES:] != record[ASSIGNMENT_BYTES:]
                for other_shape, other in others
            ):
                conflicting += 1
            else:
                new += 1
            connection.execute(_INSERT.format(generation), row)
        return Appended(new=new, repeated=repeated, conflicting=conflicting)

    def _layout(
        self, connection: sqlite3.Connection, probes: tuple[str, ...], further: tuple[str, ...]
    ) -> Layout:
        """The layout of these probes, whatever their order in the message, and channels."""
        ordered = tuple(sorted(probes))
        text = layout_text(ordered, further)
        row = connection.execute("SELECT id FROM layout WHERE probes=?", (text,)).fetchone()
        if row is None:
            row = connection.execute(
                "INSERT INTO layout (probes) VALUES (?) RETURNING id", (text,)
            ).fetchone()
        if len(self._layouts) > _CACHED:
            self._layouts.clear()
        found = self._layouts[probes, further] = layout(int(row[0]), ordered, further)
        return found

    def _newest_ms(self, connection: sqlite3.Connection, generation: int, logger: int) -> int:
        row = connection.execute(_NEWEST.format(generation), (logger,)).fetchone()
        return _NEVER if row[0] is None else int(row[0])

    def _prepare(self) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SHARED_TABLES.split(";"):
            connection.execute(statement)
        row = connection.execute("SELECT value FROM meta WHERE key='active'").fetchone()
        if row is None:
            make_generation(connection, 1)
            connection.execute("INSERT INTO meta VALUES ('active', '1')")
        connection.execute("COMMIT")

    def _forget(self) -> None:
        self._names = _NameIds(self._connection)
        self._layouts: dict[tuple[tuple[str, ...], tuple[str, ...]], Layout] = {}
        self._marks: dict[int, dict[int, int]] = {}
        self._hours: dict[Sequence[int], set[tuple[int, int, int, int, int]]] = {}
        self._generations: tuple[int, ...] = ()
        self._data_version = -1

    def _notice_other_writers(self, connection: sqlite3.Connection) -> None:
        """What other processes committed may be newer than the marks, or begin or end a
        rebuild; ids of names and layouts never change."""
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._data_version or not self._generations:
            self._marks.clear()
            self._hours.clear()
            self._generations = embedded_read.generations(connection)
            self._data_version = version


def make_generation(connection: sqlite3.Connection, generation: int) -> None:
    """Create the empty tables of a generation."""
    for statement in _GENERATION_TABLES.format(generation).split(";"):
        connection.execute(statement)


def drop_generation(connection: sqlite3.Connection, generation: int) -> None:
    for table in ("reading", "presence"):
        connection.execute(f"DROP TABLE IF EXISTS {table}_{generation}")
