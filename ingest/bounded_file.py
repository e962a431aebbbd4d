"""Files as bytes, gzip by content, with bounds on what one line and what is unpacked may hold."""

import gzip
import io
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from coldwitness.domain.errors import BadInput

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LINE_MAX_BYTES = 8_000_000
"""Also of a JSON document over several lines: its objects take some fifty times that."""
UNPACKED_MAX_BYTES = 2_000_000_000
_READ_BYTES = 1_048_576
_GZIP = b"\x1f\x8b"


class _Bounded(io.RawIOBase):
    """A file's bytes as they are read, until a line or what is unpacked grows past its bound."""

    def __init__(self, source: BinaryIO, path: Path, *, most_bytes: float) -> None:
        self._source = source
        self._path = path
        self._left = most_bytes
        self._in_line = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        part = self._source.read(memoryview(buffer).nbytes)
        memoryview(buffer)[: len(part)] = part
        self._left -= len(part)
        if self._left < 0:
            raise BadInput(f"{self._path}: unpacks to more than {UNPACKED_MAX_BYTES:,} bytes")
        end = max(part.rfind(b"\n"), part.rfind(b"\r"))
        self._in_line = self._in_line + len(part) if end < 0 else len(part) - end
        if self._in_line > LINE_MAX_BYTES:
            raise BadInput(f"{self._path}: a line of more than {LINE_MAX_BYTES:,} bytes")
        return len(part)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked if gzipped; failures, a line longer than LINE_MAX_BYTES and more
    than UNPACKED_MAX_BYTES out of a gzip are one BadInput naming the file."""
    try:
        with path.open("rb") as raw:
            gzipped = raw.read(2) == _GZIP
            raw.seek(0)
            if gzipped:
                with gzip.open(raw, "rb") as unpacked:
                    yield _bounded(cast(BinaryIO, unpacked), path, most_bytes=UNPACKED_MAX_BYTES)
            else:
                yield _bounded(raw, path, most_bytes=math.inf)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadInput(f"{path}: damaged gzip file: {error}") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error


def _bounded(source: BinaryIO, path: Path, *, most_bytes: float) -> BinaryIO:
    bounded = _Bounded(source, path, most_bytes=most_bytes)
    return cast(BinaryIO, io.BufferedReader(bounded, _READ_BYTES))


def packed(path: Path) -> bool:
    """True if the file is gzipped, whatever it is called."""
    try:
        with path.open("rb") as raw:
            return raw.read(2) == _GZIP
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error
