"""Taking messages away by an order: their bytes go, their rows, leaves, chain and trees stay."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.commitment import Withheld, commitment_of
from coldwitness.storage.journal.durable import write_text
from coldwitness.storage.journal.locking import one_at_a_time
from coldwitness.storage.journal.removal import read_removals
from coldwitness.storage.journal.rows import Removal, Row, kept_bytes, parse_row, removed_payload
from coldwitness.storage.journal.sealed import (
    Block,
    SealedRow,
    read_block,
    read_seal,
    rows_file,
    seal_json,
    sign_seal,
    write_rows,
)
from coldwitness.storage.journal.segment import connect_reader, read_meta, read_rows
from coldwitness.storage.journal.signing import Signer


def remove(segment: layout.Segment, removals: Sequence[Removal], signer: Signer) -> None:
    """Take these messages away from an open or a sealed day; what is gone already stays gone.
    Killed in between, the next call does it again. Who seals the day meanwhile is waited for.

    Raises BadInput for a row that holds its message itself (of before 2026-11-30) or that is not
    there, Unavailable where the disk refuses.
    """
    with one_at_a_time(layout.closing(segment.folder), what="journal"):
        _remove(segment, removals, signer)


def _remove(segment: layout.Segment, removals: Sequence[Removal], signer: Signer) -> None:
    known = read_removals(segment.removed)
    known.update((one.row, one) for one in removals)
    lines = b"".join(msgspec.json.encode(known[row]) + b"\n" for row in sorted(known))
    rows = {one.row for one in removals}
    if segment.seal.exists():
        _require_removable(_sealed_rows_of(segment, rows), rows)
        write_text(segment.removed, lines)
        _remove_sealed(segment, rows, signer)
    else:
        with closing(connect_reader(segment.database)) as connection:
            meta = read_meta(connection, where=segment.database)
            found = [
                row for one in rows for row in read_rows(connection, meta, after=one - 1, limit=1)
            ]
        _require_removable(found, rows)
        write_text(segment.removed, lines)
        _remove_open(segment, [row for row in found if not row.removed])


def _require_removable(found: Sequence[Row], wanted: set[int]) -> None:
    missing = wanted - {row.row for row in found}
    if missing:
        raise BadInput(f"journal: no row {min(missing)}")
    for row in found:
        if not row.salt and not row.removed:
            raise BadInput(
                f"journal: row {row.row} of {row.worker} holds its message itself, as rows did"
                " before 2026-11-30: without it the proofs of its day would not hold"
            )


def _remove_open(segment: layout.Segment, rows: Sequence[Row]) -> None:
    """Beside the worker that goes on writing. The bytes are overwritten in the file, and what the
    write-ahead log has of them goes with its next turn."""
    try:
        with closing(sqlite3.connect(segment.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 30000")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "UPDATE message SET payload = ?, salt = NULL WHERE row = ?",
                [(removed_payload(row), row.row) for row in rows],
            )
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise Unavailable(f"journal {segment.database}: {error}") from error


def _sealed_rows_of(segment: layout.Segment, wanted: set[int]) -> list[Row]:
    seal = read_seal(segment.seal)
    found = []
    for block in seal.blocks:
        mine = {row for row in wanted if block.first_row <= row < block.first_row + block.rows}
        if mine:
            blocks = read_block(rows_file(segment, seal), block, mine)
            found += [parse_row(one.entry) for one in blocks]
    return found


def _remove_sealed(segment: layout.Segment, wanted: set[int], signer: Signer) -> None:
    """Into a file of another name, which the seal then names: until that moment all is as it was.
    The seal says the same rows, root and chain; where they lie in the file is new."""
    seal = read_seal(segment.seal)
    before = rows_file(segment, seal)
    if not all(row.removed for row in _sealed_rows_of(segment, wanted)):
        after = _next_file(segment, before)
        written = write_rows(after, seal.segment.first_row, _without(before, seal.blocks, wanted))
        again = msgspec.structs.replace(
            seal,
            file=after.name,
            file_sha256=written.sha256,
            file_bytes=written.size,
            blocks=written.blocks,
            key_id=signer.key_id,
            signature="",
        )
        write_text(segment.seal, seal_json(sign_seal(again, signer)))
        before = after
    for path in segment.row_files():
        if path != before:
            path.unlink()


def _next_file(segment: layout.Segment, before: Path) -> Path:
    """Counted on from the file that the seal names: one that is there already was left by a call
    that was killed before its seal, and is written over."""
    number = before.name.removeprefix(f"{segment.day}.rows.").removesuffix("gz").rstrip(".")
    return segment.folder / f"{segment.day}.rows.{int(number or 0) + 1}.gz"


def _without(path: Path, blocks: Sequence[Block], wanted: set[int]) -> Iterator[SealedRow]:
    for block in blocks:
        for sealed in read_block(path, block):
            row = parse_row(sealed.entry)
            if row.row not in wanted or row.removed:
                yield sealed
                continue
            withheld = Withheld(
                commitment_of(row.salt, row.payload), len(row.payload), removed=True
            )
            gone = msgspec.structs.replace(row, payload=b"", salt=b"", withheld=withheld)
            yield SealedRow(kept_bytes(gone), sealed.chain)
