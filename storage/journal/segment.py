"""The open segment: one SQLite file a worker and UTC day, durable when append returns.

Write-ahead log with synchronous=FULL: a commit returns after fsync.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import starmap
from pathlib import Path
from typing import Self

import msgspec

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.grouped_insert import GroupedInsert
from coldwitness.storage.journal.commitment import commitment_of, fresh_salts
from coldwitness.storage.journal.durable import force_to_disk
from coldwitness.storage.journal.merkle import Frontier, leaf_hash
from coldwitness.storage.journal.removal import read_removals, told_of
from coldwitness.storage.journal.rows import (
    Message,
    Row,
    committed_packer,
    flags_of,
    make_row,
    row_bytes,
    row_packer,
)
from coldwitness.storage.journal.segment_meta import (
    FIRST_FORMAT,
    FORMAT,
    SegmentMeta,
    parse_meta,
)
from coldwitness.storage.journal.separable import names_and_parts
from coldwitness.storage.journal.tally import (
    Counting,
    Tallied,
    Tally,
    TallyHead,
    row_names,
)

_SCHEMA = """
CREATE TABLE message (
    row INTEGER PRIMARY KEY, received_ms INTEGER NOT NULL, flags INTEGER NOT NULL,
    topic BLOB NOT NULL, payload BLOB NOT NULL, chain BLOB NOT NULL, salt BLOB
) STRICT;
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), json BLOB NOT NULL) STRICT;
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1), row INTEGER NOT NULL, received_ms INTEGER NOT NULL,
    chain BLOB NOT NULL, peaks BLOB NOT NULL
) STRICT;
"""
_HAS_TALLY = "SELECT 1 FROM sqlite_schema WHERE name = 'tallied'"
_TALLY_SCHEMA = """
CREATE TABLE IF NOT EXISTS tally (
    name BLOB PRIMARY KEY, rows INTEGER NOT NULL, folded BLOB NOT NULL, block BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tallied (
    id INTEGER PRIMARY KEY CHECK (id = 1), row INTEGER NOT NULL
) STRICT;
"""
"""The tally as of row `tallied.row`; what it counts of the rows after that is counted anew when the
segment is opened. Segments that were begun before there was one get it then."""


_PUT_ROWS = {
    FIRST_FORMAT: GroupedInsert(
        "INSERT INTO message (row,received_ms,flags,topic,payload,chain)", columns=6
    ),
    FORMAT: GroupedInsert(
        "INSERT INTO message (row,received_ms,flags,topic,payload,chain,salt)", columns=7
    ),
}
_PUT_TALLY = GroupedInsert("INSERT OR REPLACE INTO tally", columns=4)
_SELECT = {
    FIRST_FORMAT: "SELECT row, received_ms, flags, topic, payload, x''",
    FORMAT: "SELECT row, received_ms, flags, topic, payload, salt",
}


@dataclass(frozen=True)
class Head:
    """Where a segment stands: its last row (first_row - 1 while empty), chain and tree."""

    row: int
    received_ms: int
    chain: bytes
    frontier: Frontier


class SegmentWriter:
    """The one writer of an open segment. Every failure of disk or database is Unavailable."""

    def __init__(self, path: Path, meta: SegmentMeta) -> None:
        """Open `path`, or create it with `meta` (which is ignored if the file has its own)."""
        self.path = path
        self._connection: sqlite3.Connection | None = None
        try:
            self._open(meta)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise Unavailable(f"journal {path}: {error}") from error

    def _open(self, meta: SegmentMeta) -> None:
        if not self.path.exists():
            _create(self.path, meta)
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._connection = connection
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        self.meta, self.head = _meta_and_head(connection, self.path)
        self._pack = row_packer(self.meta.worker)
        self._pack_committed = committed_packer(self.meta.worker)
        connection.executescript(_TALLY_SCHEMA)
        tallied_row, counted = _counted(connection)
        self._tally = Tally(counted)
        removals = read_removals(self.path.with_suffix(".removed"))
        for row in told_of(read_rows(connection, self.meta, after=tallied_row), removals):
            self._tally.add(row_names(row), leaf_hash(row_bytes(row)))

    def append(self, messages: Sequence[Message], *, note: bool = False) -> range:
        """Append durably; returns the rows' numbers. Nothing is kept if Unavailable is raised."""
        if self._connection is None:
            self._reopen()
        looked_at = [names_and_parts(m.topic, m.payload) for m in messages]
        head, values, leaves = self._extend(messages, looked_at, note=note)
        connection = self._connection
        if connection is None:
            raise Unavailable(f"journal {self.path}: closed")
        try:
            connection.execute("BEGIN IMMEDIATE")
            _PUT_ROWS[self.meta.format].put(connection, values)
            peaks = b"".join(head.frontier.peaks)
            connection.execute(
                "UPDATE head SET row = ?, received_ms = ?, chain = ?, peaks = ?",
                (head.row, head.received_ms, head.chain, peaks),
            )
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            # Whether a failed COMMIT reached the disk is not known: only the file can tell.
            self.close()
            if not self._committed_after_all(head):
                raise Unavailable(f"journal {self.path}: {error}") from error
        else:
            for (names, _), leaf in zip(looked_at, leaves, strict=True):
                self._tally.add(names, leaf)
        first = head.row - len(messages) + 1
        self.head = head
        return range(first, head.row + 1)

    def keep_tally(self) -> TallyHead:
        """Keep the tally as of the last row, and give its head. Raises Unavailable."""
        if self._connection is None:
            self._reopen()
        connection, changed = self._connection, self._tally.unhashed()
        if connection is None:
            raise Unavailable(f"journal {self.path}: closed")
        try:
            if not changed:
                return self._tally.head()
            connection.execute("BEGIN IMMEDIATE")
            values: list[object] = []
            for one in changed:
                values += (one.name, one.rows, one.folded, b"".join(one.block))
            _PUT_TALLY.put(connection, values)
            connection.execute("INSERT OR REPLACE INTO tallied VALUES (1, ?)", (self.head.row,))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.close()
            raise Unavailable(f"journal {self.path}: {error}") from error
        return self._tally.head()

    def _extend(
        self,
        messages: Sequence[Message],
        looked_at: Sequence[tuple[list[bytes], tuple[int, ...]]],
        *,
        note: bool,
    ) -> tuple[Head, list[object], list[bytes]]:
        row, received_ms, chain = self.head.row, self.head.received_ms, self.head.chain
        frontier = self.head.frontier.copy()
        push, pack, pack_committed = frontier.push, self._pack, self._pack_committed
        values: list[object] = []
        leaves: list[bytes] = []
        salts = fresh_salts([lengths for _, lengths in looked_at])
        committed = self.meta.format == FORMAT
        for message, salt in zip(messages, salts, strict=True):
            row += 1
            received_ms = max(received_ms, message.received_ms)
            flags = flags_of(message, note=note)
            topic = message.topic.encode("utf-8", "surrogateescape")
            payload = message.payload
            if committed:
                commitment = commitment_of(salt, payload)
                entry = pack_committed(row, received_ms, flags, topic, len(payload), commitment)
            else:
                entry = pack(row, received_ms, flags, topic, payload)
            leaf = sha256(b"\x00" + entry).digest()
            chain = sha256(chain + leaf).digest()
            push(leaf)
            leaves.append(leaf)
            if committed:
                values += (row, received_ms, flags, topic, payload, chain, salt)
            else:
                values += (row, received_ms, flags, topic, payload, chain)
        return Head(row, received_ms, chain, frontier), values, leaves

    def _reopen(self) -> None:
        try:
            self._open(self.meta)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise Unavailable(f"journal {self.path}: {error}") from error

    def _committed_after_all(self, head: Head) -> bool:
        before = self.head
        try:
            self._reopen()
        except Unavailable:
            self.head = before
            return False
        return self.head.row == head.row and self.head.chain == head.chain

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error as error:
                raise Unavailable(f"journal {self.path}: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _create(path: Path, meta: SegmentMeta) -> None:
    """Make an empty segment aside and rename it, so that nobody ever sees a half-made one."""
    aside = path.with_name(f".{path.name}.new")
    for left in (aside, aside.with_name(f"{aside.name}-journal")):
        left.unlink(missing_ok=True)
    with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
        aside.chmod(0o600)
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
        connection.execute("INSERT INTO meta VALUES (1, ?)", (meta.json(),))
        head = (meta.first_row - 1, 0, meta.seed(), b"")
        connection.execute("INSERT INTO head VALUES (1, ?, ?, ?, ?)", head)
        connection.execute("COMMIT")
    aside.rename(path)
    force_to_disk(path.parent)


def connect_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection; a writer in another process is not disturbed. What a process that was
    killed while it made the file left half written is taken back first: a reader may not."""
    if path.with_name(f"{path.name}-journal").exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=10.0)) as writer:
            writer.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA busy_timeout = 10000")
    return connection


def read_head(path: Path) -> tuple[SegmentMeta, Head]:
    """Description and head of a segment; raises Unavailable or BadInput."""
    try:
        with closing(connect_reader(path)) as connection:
            return _meta_and_head(connection, path)
    except sqlite3.Error as error:
        raise Unavailable(f"journal {path}: {error}") from error


def read_meta(connection: sqlite3.Connection, *, where: Path) -> SegmentMeta:
    """The description of an open segment; raises BadInput."""
    found = connection.execute("SELECT json FROM meta").fetchone()
    if found is None:
        raise BadInput(f"{where}: segment without description")
    return parse_meta(found[0], where=str(where))


def read_rows(
    connection: sqlite3.Connection, meta: SegmentMeta, *, after: int, limit: int | None = None
) -> Iterator[Row]:
    """Rows after `after` in order, at most `limit`."""
    cursor = connection.execute(
        f"{_SELECT[meta.format]} FROM message WHERE row > ? ORDER BY row LIMIT ?",
        (after, -1 if limit is None else limit),
    )
    cursor.arraysize = 1000
    while rows := cursor.fetchmany():
        yield from starmap(partial(make_row, meta.worker), rows)


class Outline(msgspec.Struct, frozen=True, gc=False):
    """Of a row what is needed to choose which is looked at next."""

    row: int
    received_ms: int
    topic: str
    payload_bytes: int


def read_outlines(connection: sqlite3.Connection, *, after: int, limit: int) -> Iterator[Outline]:
    """Rows after `after` in order, at most `limit`; no payload is read."""
    query = "SELECT row, received_ms, topic, length(payload) FROM message WHERE row > ?"
    cursor = connection.execute(f"{query} ORDER BY row LIMIT ?", (after, limit))
    cursor.arraysize = 1000
    while rows := cursor.fetchmany():
        for row, received_ms, topic, size in rows:
            yield Outline(row, received_ms, topic.decode("utf-8", "surrogateescape"), size)


def read_chained(
    connection: sqlite3.Connection, meta: SegmentMeta, *, after: int
) -> Iterator[tuple[Row, bytes]]:
    """Rows after `after` in order, each with the chain value stored with it."""
    cursor = connection.execute(
        f"{_SELECT[meta.format]}, chain FROM message WHERE row > ? ORDER BY row", (after,)
    )
    for *fields, chain in cursor:
        yield make_row(meta.worker, *fields), chain


def read_tally(path: Path) -> tuple[int, list[Tallied]]:
    """The tally that an open segment keeps, sorted, and the row up to which it counts; 0 where it
    keeps none. Raises Unavailable."""
    try:
        with closing(connect_reader(path)) as connection:
            connection.execute("BEGIN")
            if connection.execute(_HAS_TALLY).fetchone() is None:
                return 0, []
            row, counted = _counted(connection)
            return row, sorted((one.tallied() for one in counted), key=lambda one: one.name)
    except sqlite3.Error as error:
        raise Unavailable(f"journal {path}: {error}") from error


def _counted(connection: sqlite3.Connection) -> tuple[int, list[Counting]]:
    kept = connection.execute("SELECT row FROM tallied").fetchone()
    counted = [
        Counting(name, rows, folded, tuple(block[at : at + 32] for at in range(0, len(block), 32)))
        for name, rows, folded, block in connection.execute("SELECT * FROM tally")
    ]
    return (0, []) if kept is None else (kept[0], counted)


def chains_at(path: Path, rows: Iterable[int]) -> dict[int, bytes]:
    """Stored chain values of those rows that there are; raises Unavailable."""
    try:
        with closing(connect_reader(path)) as connection:
            found = {}
            for row in rows:
                query = "SELECT chain FROM message WHERE row = ?"
                for (chain,) in connection.execute(query, (row,)):
                    found[row] = chain
            return found
    except sqlite3.Error as error:
        raise Unavailable(f"journal {path}: {error}") from error


def _meta_and_head(connection: sqlite3.Connection, path: Path) -> tuple[SegmentMeta, Head]:
    meta = read_meta(connection, where=path)
    head_row = connection.execute("SELECT row, received_ms, chain, peaks FROM head").fetchone()
    if head_row is None:
        raise BadInput(f"{path}: segment without head")
    row, received_ms, chain, peaks = head_row
    try:
        frontier = Frontier(
            row - meta.first_row + 1, [peaks[i : i + 32] for i in range(0, len(peaks), 32)]
        )
    except ValueError as error:
        raise BadInput(f"{path}: head: {error}") from error
    return meta, Head(row, received_ms, chain, frontier)
