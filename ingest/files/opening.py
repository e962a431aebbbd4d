"""Recorded files as text lines, in the encoding that their mark names or their bytes show."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from coldwitness.ingest.bounded_file import opened
from coldwitness.ingest.text_encoding import head, text_encoding

CHUNK_LINES = 50_000
"""Rows worked on at once: large enough for arrays to pay, small enough to stay in memory."""
CHUNK_LETTERS = 4_000_000
"""Their letters together: each of them may be a cell."""
BLOCK_BYTES = 500_000
"""The same of lines of JSON: their objects fit the cache, which a tenth of the time is worth."""


@contextmanager
def opened_text(path: Path) -> Iterator[io.TextIOWrapper]:
    """The file as text lines; bytes that are not text become U+FFFD, which no id and no
    number accepts, so only the line that holds them is refused."""
    encoding = text_encoding(head(path))
    with opened(path) as stream:
        yield io.TextIOWrapper(stream, encoding=encoding, errors="replace")


def chunks(lines: Iterator[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    letters = 0
    for line in lines:
        chunk.append(line)
        letters += len(line)
        if len(chunk) >= CHUNK_LINES or letters >= CHUNK_LETTERS:
            yield chunk
            chunk, letters = [], 0
    if chunk:
        yield chunk


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a stream in parts that end where a line does."""
    while body := stream.read(BLOCK_BYTES):
        yield body if body.endswith(b"\n") else body + stream.readline()
