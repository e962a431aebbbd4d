"""Which rows of a day's file can still be read, whatever happened to it: what cannot is told in its
place, so that those behind it are still checked.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.rows import Row, parse_row
from coldwitness.storage.journal.sealed import Seal, SealedRow, read_block, rows_file
from coldwitness.storage.journal.segment import read_chained
from coldwitness.storage.journal.segment_meta import SegmentMeta


@dataclass(frozen=True)
class FoundRow:
    """A stored row, or (whole None) that rows up to `row` cannot be read."""

    row: int
    whole: Row | None
    chain: bytes
    text: str = ""


def sealed_rows(segment: layout.Segment, seal: Seal) -> Iterator[FoundRow]:
    """Rows of a sealed day, block by block; a damaged block is one that cannot be read."""
    for block in seal.blocks:
        try:
            rows: list[SealedRow] = read_block(rows_file(segment, seal), block)
            parsed = [(parse_row(row.entry), row) for row in rows]
        except BadInput as error:
            yield FoundRow(block.first_row + block.rows - 1, None, b"", str(error))
            continue
        for row, sealed in parsed:
            yield FoundRow(row.row, row, sealed.chain)


def open_rows(
    connection: sqlite3.Connection, meta: SegmentMeta, head_row: int
) -> Iterator[FoundRow]:
    """Rows of an open segment; damaged pages are stepped over with growing strides."""
    after, stride = meta.first_row - 1, 1
    while True:
        try:
            for row, chain in read_chained(connection, meta, after=after):
                yield FoundRow(row.row, row, chain)
                after, stride = row.row, 1
            return
        except sqlite3.DatabaseError as error:
            if after >= head_row:
                return
            after = min(after + stride, head_row)
            stride *= 2
            yield FoundRow(after, None, b"", f"unreadable up to row {after}: {error}")
