"""Opaque cursors: where a list goes on, bound to the list they came from."""

import base64
import binascii
from typing import TypeVar

import msgspec

from coldwitness.domain.errors import BadInput

_At = TypeVar("_At", int, str)


def write_cursor(listing: str, at: int | str) -> str:
    """A cursor of `listing` standing after `at`."""
    raw = msgspec.json.encode([listing, at])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def read_cursor(text: str, *, listing: str, kind: type[_At]) -> _At:
    """What the cursor stands after; raises BadInput if it is not one of this listing's."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        name, at = msgspec.json.decode(raw, type=tuple[str, int | str])
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise BadInput("cursor: expected one that this list gave") from error
    if name != listing or not isinstance(at, kind):
        raise BadInput(f"cursor: expected one of {listing}, got one of another list")
    return at
