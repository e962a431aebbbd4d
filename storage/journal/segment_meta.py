"""What a worker's day starts from, and by which format its rows are kept."""

from hashlib import sha256

import msgspec
import rfc8785

from coldwitness.domain.errors import BadInput

FORMAT = "coldwitness.journal/2"
"""Rows hold commitments. A day that was begun in the first format goes on in it."""
FIRST_FORMAT = "coldwitness.journal/1"
NO_CHAIN = "0" * 64


class SegmentMeta(msgspec.Struct, frozen=True):
    """What a segment starts from; its hash seeds the chain, so it cannot be exchanged.

    previous_chain : hex chain of the worker's last row before this segment, zeros for none.
    """

    worker: str
    day: str
    first_row: int
    previous_chain: str = NO_CHAIN
    format: str = FORMAT

    def json(self) -> bytes:
        return rfc8785.dumps(msgspec.to_builtins(self))

    def seed(self) -> bytes:
        """The chain value before the first row: SHA-256(0x02 || canonical JSON)."""
        return sha256(b"\x02" + self.json()).digest()


def parse_meta(text: bytes, *, where: str) -> SegmentMeta:
    try:
        meta = msgspec.json.decode(text, type=SegmentMeta)
    except msgspec.MsgspecError as error:
        raise BadInput(f"{where}: segment description unreadable: {error}") from error
    if meta.format not in (FORMAT, FIRST_FORMAT):
        raise BadInput(f"{where}: expected {FORMAT}, got {meta.format[:40]!r}")
    return meta
