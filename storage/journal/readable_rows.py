"""Which rows of a day's file can still be read, whatever happened to it: what cannot is told in its
place, so that those behind it are still checked.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.rows import parse_row, row_packer
from coldwitness.storage.journal.sealed import Seal, SealedRow, read_block
from coldwitness.storage.journal.segment import SegmentMeta


@dataclass(frozen=True)
class FoundRow:
    """A stored row, or (entry None) that rows up to `row` cannot be read."""

    row: int
    received_ms: int
    entry: bytes | None
    chain: bytes
    text: str = ""
    topic: str = ""
    payload: bytes = b""


def sealed_rows(segment: layout.Segment, seal: Seal) -> Iterator[FoundRow]:
    """Rows of a sealed day, block by block; a damaged block is one that cannot be read."""
    for block in seal.blocks:
        try:
            rows: list[SealedRow] = read_block(segment.rows, block)
            parsed = [(parse_row(row.entry), row) for row in rows]
        except BadInput as error:
            yield FoundRow(block.first_row + block.rows - 1, 0, None, b"", str(error))
            continue
        for row, sealed in parsed:
            yield FoundRow(
                row.row,
                row.received_ms,
                sealed.entry,
                sealed.chain,
                topic=row.topic,
                payload=row.payload,
            )


def open_rows(
    connection: sqlite3.Connection, meta: SegmentMeta, head_row: int
) -> Iterator[FoundRow]:
    """Rows of an open segment; damaged pages are stepped over with growing strides."""
    pack = row_packer(meta.worker)
    after, stride = meta.first_row - 1, 1
    while True:
        try:
            for row, ms, flags, topic, payload, chain in connection.execute(
                "SELECT row, received_ms, flags, topic, payload, chain FROM message"
                " WHERE row > ? ORDER BY row",
                (after,),
            ):
                yield FoundRow(
                    row,
                    ms,
                    pack(row, ms, flags, topic, payload),
                    chain,
                    topic=topic.decode("utf-8", "surrogateescape"),
                    payload=payload,
                )
                after, stride = row, 1
            return
        except sqlite3.DatabaseError as error:
            if after >= head_row:
                return
            after = min(after + stride, head_row)
            stride *= 2
            yield FoundRow(after, 0, None, b"", f"unreadable up to row {after}: {error}")
