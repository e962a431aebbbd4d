"""The files inside a PDF of ours, read without a PDF library."""

import re
import zlib

from coldwitness.domain.errors import BadInput

_EMBEDDED = re.compile(
    rb"<<(?=[^\n]*?/Type ?/EmbeddedFile)[^\n]*?/Length (\d+)[^\n]*>>\s*stream\r?\n"
)
MOST_BYTES = 200_000_000
"""An attachment that unpacks to more is refused: no report is as large."""


def attachments(pdf: bytes) -> list[bytes]:
    """Contents of the embedded files, in the order they stand.

    Reads what our own writer makes: one line of dictionary, then a stream, plain or deflated.
    Raises BadInput for what is no PDF and for a stream that cannot be unpacked.
    """
    if not pdf.startswith(b"%PDF-"):
        raise BadInput("not a PDF")
    found = []
    for match in _EMBEDDED.finditer(pdf):
        raw = pdf[match.end() : match.end() + int(match[1])]
        found.append(_inflated(raw) if b"/FlateDecode" in match[0] else raw)
    return found


def _inflated(raw: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(raw, MOST_BYTES)
    except zlib.error as error:
        raise BadInput(f"embedded file cannot be unpacked: {error}") from error
    if not inflater.eof:
        raise BadInput("embedded file is cut off or too large")
    return data
