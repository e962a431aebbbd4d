"""Where a message is cut, so that what no reading needs can be withheld later: the values of its
JSON members, each a part of its own between the parts around it.

A cut proves nothing and costs nothing but digests; where none is made a message is shown whole or
not at all. Of native messages only members that nobody reads are cut out, so that most have none.
"""

import re

import msgspec

from coldwitness.domain.channels import CHANNELS
from coldwitness.storage.journal.tally import NATIVE_PREFIX, box_named, named_in

_DEEPEST = 2
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_READ = frozenset(
    {channel.sent for channel in CHANNELS if not channel.in_position}
    | {
        "shipment",
        "logger",
        "time",
        "temperature",
        "unit",
        "event",
        "site",
        "seal",
        "courier",
        "box",
    }
)
"""Members of native objects that the program reads; what an event notes of persons is not among
them, since no package has it."""


class _Place(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    lat: msgspec.Raw = msgspec.Raw()
    lon: msgspec.Raw = msgspec.Raw()
    accuracy_m: msgspec.Raw = msgspec.Raw()
    datum: msgspec.Raw = msgspec.Raw()


class _Named(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    logger: str | None = None
    shipment: str | None = None
    position: _Place | None = None


_Plain = msgspec.defstruct(
    "_Plain",
    [(name, msgspec.Raw, msgspec.Raw()) for name in sorted(_READ - {"logger", "shipment"})],
    bases=(_Named,),
    forbid_unknown_fields=True,
    gc=False,
)
_PLAIN: msgspec.json.Decoder[_Named] = msgspec.json.Decoder(_Plain)
_PLAIN_LIST = msgspec.json.Decoder(list[_Plain])  # type: ignore[valid-type]
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_ANY = msgspec.json.Decoder()


def part_lengths_of(topic: str, payload: bytes) -> tuple[int, ...]:
    """Lengths [bytes] of the parts of a message but the last; nothing where it is one part. Every
    second part is a value that may be withheld."""
    if topic.startswith(NATIVE_PREFIX):
        try:
            (_PLAIN_LIST if payload[:1] == b"[" else _PLAIN).decode(payload)
        except _NOT_PLAIN:
            return _lengths(payload, passed_over=_READ)
        return ()
    return () if topic.startswith("$") else _lengths(payload, passed_over=frozenset())


def names_and_parts(topic: str, payload: bytes) -> tuple[list[bytes], tuple[int, ...]]:
    """What `named_in` and `part_lengths_of` say of a message; of most that are received both by
    reading them once."""
    if payload[:1] == b"{" and payload.isascii() and topic.startswith(NATIVE_PREFIX):
        try:
            plain = _PLAIN.decode(payload)
        except _NOT_PLAIN:
            return named_in(topic, payload), _lengths(payload, passed_over=_READ)
        names = box_named(topic)
        if plain.logger is not None:
            names.append(b"logger:" + plain.logger.encode())
        if plain.shipment is not None:
            names.append(b"shipment:" + plain.shipment.encode())
        return names, ()
    return named_in(topic, payload), part_lengths_of(topic, payload)


def _lengths(payload: bytes, *, passed_over: frozenset[str]) -> tuple[int, ...]:
    try:
        if payload.lstrip()[:1] not in (b"{", b"["):
            return ()
        payload.decode()
        _ANY.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()
    known = {b'"%s"' % name.encode() for name in passed_over}
    lengths, at = [], 0
    for start, end in _values(payload, known):
        lengths += [start - at, end - start]
        at = end
    return tuple(lengths)


def _values(payload: bytes, known: set[bytes]) -> list[tuple[int, int]]:
    """Start and end of each member's value of the outer objects and of objects in them. known :
    keys of outer objects, in their quotes, whose values are no parts."""
    found: list[tuple[int, int]] = []
    stack: list[bytes] = []
    keys = [b""]
    is_value, start, inside, kept = False, 0, 0, False
    for token in _TOKEN.finditer(payload):
        text = token[0]
        if inside:
            inside += (text in b"{[") - (text in b"}]")
            if not inside and not kept:
                found.append((start, token.end()))
        elif text == b":":
            is_value = True
        elif text in b"}]":
            stack.pop()
            keys.pop()
            is_value = False
        elif text == b",":
            is_value = False
        elif not is_value and text in b"{[":
            stack.append(text)
            keys.append(b"")
        elif not is_value:
            keys[-1] = text
        else:
            is_value = False
            depth = sum(one == b"{" for one in stack)
            kept = depth == 1 and keys[-1] in known
            if text == b"{" and depth < _DEEPEST and not kept:
                stack.append(text)
                keys.append(b"")
            elif text in b"{[":
                start, inside = token.start(), 1
            elif not kept:
                found.append((token.start(), token.end()))
    return found
