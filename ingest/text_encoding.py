"""The encoding of a recorded file, by its mark or its bytes."""

import codecs
import re
from pathlib import Path

from coldwitness.ingest.bounded_file import opened


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
