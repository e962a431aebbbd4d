"""Files of JSON as bytes of UTF-8, whatever an office saved them in."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from coldwitness.ingest.bounded_file import opened
from coldwitness.ingest.text_encoding import head, text_encoding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_READ_BYTES = 1_048_576


@contextmanager
def opened_json(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, UTF-16 as UTF-8; no other encoding is looked for: JSON is UTF-8."""
    encoding = text_encoding(head(path))
    with opened(path) as stream:
        if not encoding.startswith("utf-16"):
            yield stream
            return
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        yield cast(BinaryIO, io.BufferedReader(_AsUtf8(text), _READ_BYTES))


class _AsUtf8(io.RawIOBase):
    """A text as bytes of UTF-8."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        room = memoryview(buffer).nbytes
        if not self._left:
            self._left = self._text.read(room).encode("utf-8", "replace")
        part, self._left = self._left[:room], self._left[room:]
        memoryview(buffer)[: len(part)] = part
        return len(part)
