"""Close a day: from SQLite to compressed blocks with a signed seal. Interruptible anywhere."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.durable import sweep, write_text
from coldwitness.storage.journal.layout import Segment
from coldwitness.storage.journal.locking import one_at_a_time, worker_lock
from coldwitness.storage.journal.merkle import Frontier, leaf_hash
from coldwitness.storage.journal.rows import kept_bytes, parse_row, row_bytes, utc_day
from coldwitness.storage.journal.sealed import (
    Seal,
    SealedRow,
    read_block,
    read_seal,
    seal_json,
    sign_seal,
    write_rows,
)
from coldwitness.storage.journal.segment import (
    connect_reader,
    read_chained,
    read_head,
    read_meta,
    read_tally,
)
from coldwitness.storage.journal.signing import Signer
from coldwitness.storage.journal.tally import tally_file
from coldwitness.storage.journal.verification import verify_segment


def seal_segment(segment: Segment, signer: Signer) -> Seal | None:
    """Seal one worker's day that nobody writes any more; None if it holds no rows.

    Rows and seal are on disk and read back before the database is deleted; killed in between,
    the next call does it again. A segment whose chain does not hold is not sealed (BadInput):
    it is left as it is for `journal verify`. Who takes a message out of the day meanwhile waits:
    rows that were read before would be written after, message and all.
    """
    with one_at_a_time(layout.closing(segment.folder), what="journal"):
        return _seal(segment, signer)


def _seal(segment: Segment, signer: Signer) -> Seal | None:
    meta, head = read_head(segment.database)
    if head.row < meta.first_row:
        _delete_database(segment)
        return None
    first_ms, last_ms = _check(segment)
    written = write_rows(segment.rows, meta.first_row, _rows(segment))
    unsigned = Seal(
        segment=meta,
        last_row=head.row,
        first_received_ms=first_ms,
        last_received_ms=last_ms,
        chain=head.chain.hex(),
        merkle_root=head.frontier.root().hex(),
        file_sha256=written.sha256,
        file_bytes=written.size,
        blocks=written.blocks,
        sealed_ms=int(time.time() * 1000),
        key_id=signer.key_id,
    )
    _read_back(segment, unsigned)
    seal = sign_seal(unsigned, signer)
    row, entries = read_tally(segment.database)
    if row:
        write_text(segment.tally, tally_file(row, entries))
    write_text(segment.seal, seal_json(seal))
    _delete_database(segment)
    return seal


def _rows(segment: Segment) -> Iterator[SealedRow]:
    try:
        with closing(connect_reader(segment.database)) as connection:
            meta = read_meta(connection, where=segment.database)
            for row, chain in read_chained(connection, meta, after=0):
                yield SealedRow(kept_bytes(row), chain)
    except sqlite3.Error as error:
        raise Unavailable(f"journal {segment.database}: {error}") from error


def _check(segment: Segment) -> tuple[int, int]:
    """First and last receive time, after a full verification of the open segment."""
    report = verify_segment(segment, keys=None)
    if report.problems:
        raise BadInput(f"not sealed: {report.problems[0].text}")
    return report.first_received_ms, report.last_received_ms


def _read_back(segment: Segment, seal: Seal) -> None:
    frontier = Frontier()
    for block in seal.blocks:
        for row in read_block(segment.rows, block):
            frontier.push(leaf_hash(row_bytes(parse_row(row.entry))))
    if frontier.root().hex() != seal.merkle_root:
        raise Unavailable(f"journal {segment.rows}: what was written does not read back")


def _delete_database(segment: Segment) -> None:
    for suffix in ("", "-wal", "-shm"):
        segment.database.with_name(segment.database.name + suffix).unlink(missing_ok=True)


def clear_leftovers(directory: Path, worker: str, signer: Signer) -> None:
    """Take away what a process that was killed left in a worker's folder, whose lock is held: files
    that were being made, and the database of a day whose seal holds."""
    sweep(layout.worker_folder(directory, worker))
    for segment in layout.segments(directory, worker):
        if segment.state == "sealed" and segment.database.exists() and _is_whole(segment, signer):
            _delete_database(segment)


def _is_whole(segment: Segment, signer: Signer) -> bool:
    """A seal beside a database may be anybody's: the database goes only if the seal is ours and
    says of the rows what the database says."""
    try:
        seal = read_seal(segment.seal)
        meta, head = read_head(segment.database)
        return (
            (signer.key_id == seal.key_id and seal.holds(signer.public))
            and (meta, head.row, head.chain.hex()) == (seal.segment, seal.last_row, seal.chain)
            and not verify_segment(segment, keys=None).problems
        )
    except (BadInput, Unavailable):
        return False


def seal_finished(directory: Path, signer: Signer) -> Iterator[Seal]:
    """Seal days before the current UTC day of all workers that nobody is writing."""
    today = utc_day(int(time.time() * 1000))
    for worker in layout.workers(directory):
        with worker_lock(layout.worker_folder(directory, worker), worker):
            clear_leftovers(directory, worker, signer)
            for segment in layout.segments(directory, worker):
                if segment.state == "open" and segment.database.exists() and segment.day < today:
                    seal = seal_segment(segment, signer)
                    if seal is not None:
                        yield seal
