"""The files inside a PDF of ours, read without a PDF library."""

import re
import zlib
from collections.abc import Iterator

from coldwitness.api.reports.made.written import Kept
from coldwitness.domain.errors import BadInput

_EMBEDDED = re.compile(
    rb"<<(?=[^\n]*?/Type ?/EmbeddedFile)[^\n]*?/Length (\d+)[^\n]*>>\s*stream\r?\n"
)
MOST_BYTES = 200_000_000
"""An attachment that unpacks to more is refused: no report is as large."""
_AT_ONCE = 1_000_000


def attachments(pdf: bytes | memoryview) -> list[Kept]:
    """Contents of the embedded files, in the order they stand.

    Reads what our own writer makes: one line of dictionary, then a stream, plain or deflated.
    Raises BadInput for what is no PDF and for a stream that cannot be unpacked.
    """
    if pdf[:5] != b"%PDF-":
        raise BadInput("not a PDF")
    found = []
    for match in _EMBEDDED.finditer(pdf):
        raw = memoryview(pdf)[match.end() : match.end() + int(match[1])]
        found.append(Kept(_inflated(raw) if b"/FlateDecode" in match[0] else [raw]))
    return found


def _inflated(raw: memoryview) -> Iterator[bytes]:
    inflater, size = zlib.decompressobj(), 0
    for first in range(0, len(raw), _AT_ONCE):
        left: bytes | memoryview = raw[first : first + _AT_ONCE]
        while left and not inflater.eof:
            try:
                part = inflater.decompress(left, _AT_ONCE)
            except zlib.error as error:
                raise BadInput(f"embedded file cannot be unpacked: {error}") from error
            left = inflater.unconsumed_tail
            size += len(part)
            if size > MOST_BYTES:
                break
            yield part
    if not inflater.eof:
        raise BadInput("embedded file is cut off or too large")
