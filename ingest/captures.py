"""Captures: several messages with their topics in one file, a JSON array, or lines, of objects
{topic, hex | base64 | payload}.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.json_text import loads


def captured_messages(payload: bytes) -> list[tuple[str | None, bytes]] | None:
    """(topic, payload) of each message; None if the bytes are no capture."""
    body = payload.strip()
    if body[:1] not in (b"[", b"{") or b'"topic"' not in body:
        return None
    try:
        value = loads(body)
    except BadMessage:
        try:
            value = [loads(line) for line in body.splitlines() if line.strip()]
        except BadMessage:
            return None
    elements = value if isinstance(value, list) else [value]
    found = list(_messages(elements))
    return found if len(found) == len(elements) else None


def _messages(elements: Sequence[Any]) -> Iterator[tuple[str | None, bytes]]:
    for element in elements:
        if not isinstance(element, dict) or not isinstance(element.get("topic"), str):
            return
        for key, read in (("hex", bytes.fromhex), ("base64", base64.b64decode)):
            if isinstance(element.get(key), str):
                try:
                    yield element["topic"], read(element[key])
                except (ValueError, binascii.Error):
                    return
                break
        else:
            if not isinstance(element.get("payload"), str):
                return
            yield element["topic"], element["payload"].encode("utf-8", "surrogatepass")
