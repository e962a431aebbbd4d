"""JSON text to Python objects, strict where evidence is at stake, and never an exception
other than BadMessage."""

import json
from collections.abc import Mapping
from typing import Any

from coldwitness.domain.errors import BadMessage


def shown(value: object, length: int = 60) -> str:
    """A value for a refusal's text: short, safe for hostile nesting and giant integers."""
    if isinstance(value, str):
        return ascii(value[:length]) if not storable(value) else repr(value[:length])
    if value is None or isinstance(value, bool | float):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if value.bit_length() <= 128 else "a giant integer"
    kinds = {dict: "an object", list: "an array", bytes: "bytes", Broken: "a broken object"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def json_object(payload: bytes) -> dict[str, Any]:
    """The JSON object a payload holds; raises BadMessage if it holds anything else."""
    value = loads(payload.removeprefix(b"\xef\xbb\xbf"))
    if isinstance(value, Broken):
        raise BadMessage(value.reason, value.text)
    if not isinstance(value, dict):
        raise BadMessage("not_an_object", f"expected a JSON object, got {shown(value)}")
    return value


def loads(body: bytes) -> Any:
    """JSON as Python objects. An object with a repeated key becomes a marker that refuses
    that object alone; `NaN` and `Infinity`, which JSON does not have but some senders write,
    become floats that are refused later, so that they do not spoil a whole backlog."""
    try:
        text = body.decode()
        halves = "\\ud" in text or "\\uD" in text
        return json.loads(text, object_pairs_hook=_whole_text if halves else _without_repeats)
    except UnicodeDecodeError:
        raise BadMessage("not_utf8", "expected UTF-8 text") from None
    except RecursionError:
        raise BadMessage("not_json", "JSON is nested too deeply") from None
    except ValueError as error:
        raise BadMessage("not_json", f"expected JSON: {str(error)[:120]}") from None


class Broken:
    """Stands for a JSON object that cannot be used; refuses whatever holds it."""

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        self.text = text


def _whole_text(pairs: list[tuple[str, Any]]) -> Any:
    """As _without_repeats, and an object with half a character in it becomes a marker too:
    JSON's escapes can write what UTF-8 cannot."""
    for key, value in pairs:
        for text in (key, *(value if isinstance(value, list) else [value])):
            if isinstance(text, str) and not storable(text):
                return Broken("wrong_type", f"{shown(key)}: expected text, got half characters")
    return _without_repeats(pairs)


def _without_repeats(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return Broken("duplicate_key", f"key {key[:40]!r} stands twice in one object")
        seen.add(key)
    return found


def storable(text: str) -> bool:
    """False for what JSON can write and UTF-8 or a database cannot: half characters
    (lone surrogates), NUL."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def holds(message: Mapping[str, Any], key: str) -> bool:
    """True if an object among the message's values has that key."""
    return any(isinstance(part, dict) and key in part for part in message.values())
