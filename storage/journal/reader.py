"""Reading a journal: rows after a position, figures, proofs. Never disturbs its writer."""

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.merkle import inclusion_proofs, leaf_hash, root_of
from coldwitness.storage.journal.removal import read_removals, told_of
from coldwitness.storage.journal.rows import Row, parse_row, row_bytes
from coldwitness.storage.journal.sealed import Seal, read_block, read_seal, rows_file
from coldwitness.storage.journal.segment import (
    Outline,
    connect_reader,
    read_head,
    read_meta,
    read_outlines,
    read_rows,
    read_tally,
)
from coldwitness.storage.journal.tally import Tallied, Tally, read_tally_file, row_names


@dataclass(frozen=True)
class SegmentStats:
    worker: str
    day: str
    state: str
    first_row: int
    last_row: int
    last_received_ms: int
    bytes: int


@dataclass(frozen=True)
class RowProof:
    """That one row stands in a worker's day: leaf bytes, place, and the path to the root.

    entry : the bytes of the leaf; whole : the row. index : position in the day, from 0. root : what
    seal and signed heads name for `size` rows.
    """

    worker: str
    day: str
    row: int
    entry: bytes
    whole: Row
    index: int
    size: int
    path: tuple[bytes, ...]
    root: bytes


class JournalReader:
    """All workers' rows under one journal folder."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def workers(self) -> list[str]:
        return layout.workers(self.directory)

    def segments(self, worker: str) -> list[layout.Segment]:
        return layout.segments(self.directory, worker)

    def read(
        self, worker: str, *, after: int = 0, limit: int | None = None
    ) -> Generator[Row, None, None]:
        """A worker's rows after row `after`, oldest first. Raises Unavailable, or BadInput where
        a sealed block is damaged."""
        given = 0
        for segment in self.segments(worker):
            left = None if limit is None else limit - given
            if left == 0:
                return
            for row in self._segment_rows(segment, after, left):
                given += 1
                after = row.row
                yield row

    def outlines(self, worker: str, *, after: int, limit: int) -> Iterator[Outline]:
        """What a worker's rows after row `after` are about, oldest first. Raises as `read`."""
        for segment in self.segments(worker):
            for outline in _outlines(segment, after, limit):
                limit -= 1
                after = outline.row
                yield outline
            if limit <= 0:
                return

    def read_days(self, worker: str, *, first: str, last: str) -> Iterator[Row]:
        """A worker's rows received on the days (UTC, `2026-11-21`) from `first` to `last`, both
        included, oldest first; no other day is opened. Raises as `read`."""
        for segment in self.segments(worker):
            if first <= segment.day <= last:
                yield from self._segment_rows(segment, 0, None)

    def read_all(self, after: Mapping[str, int] | None = None) -> Iterator[Row]:
        """Rows of every worker, one worker after the other; `after` by worker."""
        for worker in self.workers():
            yield from self.read(worker, after=(after or {}).get(worker, 0))

    def row(self, worker: str, row: int) -> Row:
        """One row; raises BadInput if there is none."""
        for found in self.read(worker, after=row - 1, limit=1):
            if found.row == row:
                return found
        raise BadInput(f"journal: no row {row} of worker {worker!r}")

    def rows_at(self, worker: str, rows: Iterable[int]) -> Iterator[Row]:
        """These of a worker's rows, of those that are there, in order; of a sealed day only the
        blocks that hold them are read. Raises as `read`."""
        wanted = sorted(set(rows))
        for segment in self.segments(worker):
            bounds = _bounds(segment)
            if bounds is not None and segment.state != "retired":
                mine = [row for row in wanted if bounds[0] <= row <= bounds[1]]
                if mine:
                    yield from self._rows_of(segment, mine)

    def bounds(self, segment: layout.Segment) -> range:
        """The rows of a day that can be read; empty for none."""
        found = None if segment.state == "retired" else _bounds(segment)
        return range(0) if found is None else range(found[0], found[1] + 1)

    def _rows_of(self, segment: layout.Segment, wanted: Sequence[int]) -> Iterator[Row]:
        return told_of(_rows_of(segment, wanted), read_removals(segment.removed))

    def last_row(self, worker: str) -> int:
        """0 while the worker has none."""
        for segment in reversed(self.segments(worker)):
            bounds = _bounds(segment)
            if bounds is not None:
                return bounds[1]
        return 0

    def stats(self) -> list[SegmentStats]:
        """One line a segment, by worker and day."""
        found = []
        for worker in self.workers():
            for segment in self.segments(worker):
                bounds = _bounds(segment)
                if bounds is None:
                    continue
                first, last, time_ms = bounds
                size = sum(p.stat().st_size for p in segment.folder.glob(f"{segment.day}.*"))
                found.append(
                    SegmentStats(worker, segment.day, segment.state, first, last, time_ms, size)
                )
        return found

    def kept_tally(self, segment: layout.Segment) -> list[Tallied]:
        """The tally that is kept of a day, sorted by name, as of one of its last heads; nothing
        where none is kept. Raises Unavailable or BadInput."""
        if segment.state == "open" and segment.database.exists():
            return read_tally(segment.database)[1]
        try:
            kept = segment.tally.read_bytes() if segment.tally.exists() else None
        except OSError as error:
            raise Unavailable(f"journal {segment.tally}: {error.strerror}") from error
        return [] if kept is None else read_tally_file(kept)[1]

    def tally_of_rows(self, segment: layout.Segment, *, upto: int) -> list[Tallied]:
        """The tally of a day's rows up to row `upto`, worked out from them."""
        tally = Tally()
        for row in self._segment_rows(segment, 0, None):
            if row.row > upto:
                break
            tally.add(row_names(row), leaf_hash(row_bytes(row)))
        return tally.entries()

    def proofs(
        self, worker: str, rows: Sequence[int], *, upto: Mapping[str, int] | None = None
    ) -> list[RowProof]:
        """Inclusion proofs for rows, in their days as these stand now, or, of the days in `upto`,
        as they stood at that row; each day is read once, and a day without any of the rows not at
        all."""
        wanted = sorted(set(rows))
        proofs: list[RowProof] = []
        for segment in self.segments(worker):
            bounds = _bounds(segment)
            if bounds is None or not any(bounds[0] <= row <= bounds[1] for row in wanted):
                continue
            entries = self._wanted_entries(segment, wanted, (upto or {}).get(segment.day))
            if entries is None:
                continue
            first, leaves, kept = entries
            root = root_of(leaves)
            paths = inclusion_proofs(leaves, [row - first for row in kept])
            for row, whole in kept.items():
                index, entry, size = row - first, row_bytes(whole), len(leaves)
                path = tuple(paths[index])
                proofs.append(
                    RowProof(worker, segment.day, row, entry, whole, index, size, path, root)
                )
        missing = set(wanted) - {proof.row for proof in proofs}
        if missing:
            raise BadInput(f"journal: no row {min(missing)} of worker {worker!r}")
        return proofs

    def _wanted_entries(
        self, segment: layout.Segment, wanted: Sequence[int], upto: int | None
    ) -> tuple[int, list[bytes], dict[int, Row]] | None:
        rows = set(wanted)
        first = 0
        leaves: list[bytes] = []
        kept: dict[int, Row] = {}
        for row in self._segment_rows(segment, 0, None):
            if upto is not None and row.row > upto:
                break
            if not leaves:
                first = row.row
            leaves.append(leaf_hash(row_bytes(row)))
            if row.row in rows:
                kept[row.row] = row
        return (first, leaves, kept) if kept else None

    def _segment_rows(
        self, segment: layout.Segment, after: int, limit: int | None
    ) -> Iterator[Row]:
        return told_of(_segment_rows(segment, after, limit), read_removals(segment.removed))


@contextmanager
def _unless_sealed(segment: layout.Segment) -> Iterator[None]:
    """What is read of an open day's database. Where that failed because the day was sealed between
    the look and the opening, what stands behind goes on with its seal. Raises Unavailable."""
    try:
        yield
    except (sqlite3.Error, Unavailable) as error:
        if segment.seal.exists():
            return
        if isinstance(error, Unavailable):
            raise
        raise Unavailable(f"journal {segment.database}: {error}") from error


def _rows_of(segment: layout.Segment, wanted: Sequence[int]) -> Iterator[Row]:
    if segment.state == "open":
        with _unless_sealed(segment), closing(connect_reader(segment.database)) as connection:
            meta = read_meta(connection, where=segment.database)
            for run in _runs(wanted):
                yield from read_rows(connection, meta, after=run.start - 1, limit=len(run))
            return
    seal = read_seal(segment.seal)
    for block in seal.blocks:
        mine = {row for row in wanted if block.first_row <= row < block.first_row + block.rows}
        if mine:
            for sealed in read_block(rows_file(segment, seal), block, mine):
                yield parse_row(sealed.entry)


def _runs(rows: Sequence[int]) -> Iterator[range]:
    """Ascending numbers, as runs of those that follow each other."""
    first = 0
    for place in range(1, len(rows) + 1):
        if place == len(rows) or rows[place] != rows[place - 1] + 1:
            yield range(rows[first], rows[place - 1] + 1)
            first = place


def _outlines(segment: layout.Segment, after: int, limit: int) -> Iterator[Outline]:
    if segment.state == "open" and segment.database.exists():
        with _unless_sealed(segment), closing(connect_reader(segment.database)) as connection:
            yield from read_outlines(connection, after=after, limit=limit)
            return
    for row in _segment_rows(segment, after, limit):
        yield Outline(row.row, row.received_ms, row.topic, len(row.payload))


def _segment_rows(segment: layout.Segment, after: int, limit: int | None) -> Iterator[Row]:
    if segment.state == "open" and segment.database.exists():
        with _unless_sealed(segment), closing(connect_reader(segment.database)) as connection:
            meta = read_meta(connection, where=segment.database)
            yield from read_rows(connection, meta, after=after, limit=limit)
            return
    if segment.state == "sealed":
        yield from _sealed_rows(segment, read_seal(segment.seal), after, limit)


def _bounds(segment: layout.Segment) -> tuple[int, int, int] | None:
    """First and last row, and when the last one was received [UTC epoch ms]; None where there is
    neither seal nor database."""
    if not segment.seal.exists() and segment.database.exists():
        with _unless_sealed(segment):
            meta, head = read_head(segment.database)
            return meta.first_row, head.row, head.received_ms
    if not segment.seal.exists():
        return None
    seal = read_seal(segment.seal)
    return seal.segment.first_row, seal.last_row, seal.last_received_ms


def _sealed_rows(
    segment: layout.Segment, seal: Seal, after: int, limit: int | None
) -> Iterator[Row]:
    given = 0
    for block in seal.blocks:
        if block.first_row + block.rows <= after + 1:
            continue
        for sealed in read_block(rows_file(segment, seal), block):
            row = parse_row(sealed.entry)
            if row.row > after:
                if given == limit:
                    return
                given += 1
                yield row
