"""Which wire format a message is in, where nobody said: by its usual topic, then by its look.

Only for people who ask what a message means; the service takes the settings' word alone.
"""

from functools import cache
from typing import Any, TypeVar

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.json_text import loads
from coldwitness.ingest.formats.registry import every_format
from coldwitness.ingest.formats.wire_format import ByBytes, ByJson, ByTopic

_Sign = TypeVar("_Sign", bound=ByTopic | ByJson | ByBytes)


def format_by_topic(topic: str) -> str | None:
    """The format that is published on such topics; None if the topic is nobody's."""
    return next((name for usual, name in _in_order(ByTopic) if usual.fits(topic)), None)


def format_by_content(payload: bytes) -> str | None:
    """The format a payload looks like; None if it looks like none of them."""
    body = payload.strip()
    if body[:1] in (b"{", b"["):
        try:
            return _by_json(loads(body))
        except BadMessage:
            return None
    return next((name for look, name in _in_order(ByBytes) if look.fits(payload)), None)


def _by_json(value: Any) -> str | None:
    many = isinstance(value, list)
    first = value[0] if many and value else value
    if not isinstance(first, dict):
        return None
    return next((name for look, name in _in_order(ByJson) if look.fits(first, many)), None)


@cache
def _in_order(kind: type[_Sign]) -> list[tuple[_Sign, str]]:
    """All formats' signs of one kind with their formats' names, in the order of being asked."""
    signs = [
        (sign, name)
        for name, declared in every_format().items()
        for sign in (declared.usual_topics, *declared.looks)
    ]
    found = [(sign, name) for sign, name in signs if isinstance(sign, kind)]
    return sorted(found, key=lambda pair: pair[0].priority)
