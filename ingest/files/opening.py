"""Recorded files as text lines, in the encoding that their mark names or their bytes show."""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from coldwitness.ingest.bounded_file import opened

CHUNK_LINES = 50_000
"""Rows worked on at once: large enough for arrays to pay, small enough to stay in memory."""
BLOCK_BYTES = 500_000
"""The same of lines of JSON: their objects fit the cache, which a tenth of the time is worth."""


def head(path: Path, size: int = 8192) -> bytes:
    """The first bytes of the unpacked file."""
    with opened(path) as stream:
        return stream.read(size)


def text_encoding(start: bytes) -> str:
    """Encoding by byte order mark, by the NULs of UTF-16, or GB18030, in which Chinese
    spreadsheets save, where the bytes are that and no UTF-8; else UTF-8.

    A degree sign of Windows-1252 reads as 癈 or 癋 in GB18030, a word that no header has.
    """
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start[1:200:2].count(0) > len(start[1:200:2]) // 2:
        return "utf-16-le"
    if start[:200:2].count(0) > len(start[:200:2]) // 2:
        return "utf-16-be"
    if _decoded(start, "utf-8") is not None:
        return "utf-8-sig"
    chinese = _decoded(start, "gb18030")
    if chinese is None:
        return "utf-8-sig"
    return "cp1252" if re.search("[癈癋]", chinese) else "gb18030"


def _decoded(start: bytes, encoding: str) -> str | None:
    """The text of a file's first bytes, whose last character may be cut; None if it is none."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return None


@contextmanager
def opened_text(path: Path) -> Iterator[io.TextIOWrapper]:
    """The file as text lines; bytes that are not text become U+FFFD, which no id and no
    number accepts, so only the line that holds them is refused."""
    encoding = text_encoding(head(path))
    with opened(path) as stream:
        yield io.TextIOWrapper(stream, encoding=encoding, errors="replace")


def chunks(lines: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(lines, CHUNK_LINES)):
        yield chunk


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a stream in parts that end where a line does."""
    while body := stream.read(BLOCK_BYTES):
        yield body if body.endswith(b"\n") else body + stream.readline()
