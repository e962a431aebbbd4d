"""Which ids are accepted for shipments, boxes, loggers and couriers."""

import re

from coldwitness.domain.errors import BadInput

ID_PATTERN = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_ID = re.compile(ID_PATTERN)
HIDDEN = "＊＊＊"
"""Stands for the id of a shipment that whoever reads may not know of; no id is written so."""


def is_id(text: object) -> bool:
    """True if `text` may stand as an id in a topic, a path and a database."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def require_id(text: object, *, what: str) -> str:
    """Return `text` if it is an id; raise BadInput naming `what` otherwise."""
    if isinstance(text, str) and _ID.fullmatch(text) is not None:
        return text
    shown = repr(text)[:80]
    raise BadInput(f"{what}: expected an id matching {ID_PATTERN}, got {shown}")
