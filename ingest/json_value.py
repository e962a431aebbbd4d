"""JSON from outside as Python objects, no deeper than any honest document is."""

from typing import Any

import msgspec

DEPTH_MAX = 64
"""Levels of objects and arrays; whatever walks through a value may then recurse."""


def json_value(body: bytes) -> Any:
    """Raises msgspec.DecodeError, one line, for what is no JSON, no UTF-8, or nested deeper."""
    try:
        value = msgspec.json.decode(body)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError:
        raise _too_deep() from None
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX and _depth(value) > DEPTH_MAX:
        raise _too_deep()
    return value


def _too_deep() -> msgspec.DecodeError:
    return msgspec.DecodeError(f"nested more than {DEPTH_MAX} levels deep")


def _depth(value: object) -> int:
    """Level by level, so that the depth it looks for cannot stop it."""
    depth = 0
    level = [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth
