"""Sparkplug B payloads: as much of the protobuf as a reading needs.

Field numbers are those of the Sparkplug 3.0.0 specification's schema. A reader of our own
keeps hostile bytes from a generic parser and needs no generated code.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from coldwitness.domain.errors import BadMessage

MAX_METRICS = 10_000
MAX_UNPACKED = 1_000_000
"""Bytes of a compressed payload once unpacked; 10,000 metrics take less."""
_COMPRESSED = b"SPBV1.0_COMPRESSED"
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
"""Datatypes Int8 to Int64: their values are two's complement in an unsigned field."""
_FLOAT = 9
_NOT_GOOD = (0, 500)
"""Values of the property Quality that mean bad and stale; 192 is good."""
_UNIT_KEYS = ("engunit", "engineering unit", "engineeringunit", "unit", "units")


_DECIMAL = re.compile(r"[+-]?\d{1,6}(\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True)
class Metric:
    """One metric as sent.

    whole, real : the number, in the field it came in, or as a decimal in text; both None:
        null, not a number, or marked as bad or stale by its property Quality.
    historical : stored by the node while it had no connection.
    datatype : 0 where a DATA message leaves it to the birth.
    """

    name: str | None
    alias: int | None
    time_ms: int | None
    datatype: int
    whole: int | None
    real: float | None
    unit: str | None
    historical: bool = False

    def value(self, datatype: int) -> float | None:
        """The number as `datatype` means it; None if there is none."""
        if self.real is not None:
            return _shortest(self.real) if datatype == _FLOAT else self.real
        return None if self.whole is None else float(signed(self.whole, datatype))


@dataclass(frozen=True)
class Payload:
    time_ms: int | None
    metrics: tuple[Metric, ...]


def parse_payload(body: bytes) -> Payload:
    """Parse one payload; raises BadMessage (`bad_protobuf`, `too_many`).

    A payload whose `uuid` says so holds the true one compressed (DEFLATE or GZIP) as its body.
    """
    outer = dict(_fields(body)) if _COMPRESSED in body else {}
    if outer.get(4) == _COMPRESSED:
        packed = outer.get(5)
        body = _unpacked(packed if isinstance(packed, bytes) else b"")
    time_ms: int | None = None
    metrics: list[Metric] = []
    for number, value in _fields(body):
        if number == 1 and isinstance(value, int):
            time_ms = value
        elif number == 2 and isinstance(value, bytes):
            if len(metrics) >= MAX_METRICS:
                raise BadMessage("too_many", f"expected at most {MAX_METRICS} metrics")
            metrics.append(_metric(value))
    return Payload(time_ms, tuple(metrics))


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(packed, MAX_UNPACKED)
    except zlib.error:
        raise BadMessage("bad_protobuf", "Sparkplug B: the compressed body is damaged") from None
    if not unpacker.eof:
        raise BadMessage(
            "bad_protobuf",
            f"Sparkplug B: the compressed body is cut off or over {MAX_UNPACKED} bytes",
        )
    return plain


def signed(value: int, datatype: int) -> int:
    """An integer as its Sparkplug datatype means it."""
    bits = _SIGNED_BITS.get(datatype)
    if bits is None:
        return value
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _metric(body: bytes) -> Metric:
    numbers: dict[int, int] = {}
    name: str | None = None
    unit: str | None = None
    quality: int | None = None
    written: float | None = None
    for number, value in _fields(body):
        if isinstance(value, int):
            numbers[number] = value
        elif number == 1:
            name = _text(value)
        elif number == 15 and _DECIMAL.fullmatch(_text(value).strip()):
            written = float(_text(value))
        elif number == 9:
            unit, quality = _properties(value)
    whole: int | None = numbers.get(11, numbers.get(10))
    real = written
    if 13 in numbers:
        real = struct.unpack("<d", numbers[13].to_bytes(8, "little"))[0]
    elif 12 in numbers:
        real = struct.unpack("<f", (numbers[12] & 0xFFFFFFFF).to_bytes(4, "little"))[0]
    if numbers.get(7) or quality in _NOT_GOOD:
        whole = real = None
    return Metric(
        name,
        numbers.get(2),
        numbers.get(3),
        numbers.get(4, 0),
        whole,
        real,
        unit,
        historical=bool(numbers.get(5)),
    )


def _shortest(value: float) -> float:
    """The shortest decimal that is this 32-bit float: 4.3, not 4.300000190734863."""
    for digits in range(6, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("<f", short) == struct.pack("<f", value):
            return short
    return value


def _properties(body: bytes) -> tuple[str | None, int | None]:
    """(engineering unit, quality) in a metric's property set, each None if it is not there."""
    keys: list[str] = []
    values: list[bytes] = []
    for number, value in _fields(body):
        if number == 1 and isinstance(value, bytes):
            keys.append(_text(value).strip().lower())
        elif number == 2 and isinstance(value, bytes):
            values.append(value)
    unit: str | None = None
    quality: int | None = None
    for key, packed in zip(keys, values, strict=False):
        if key not in _UNIT_KEYS and key != "quality":
            continue
        for number, value in _fields(packed):
            if key == "quality" and number in (3, 4) and isinstance(value, int):
                quality = value
            elif key != "quality" and unit is None and number == 8 and isinstance(value, bytes):
                unit = _text(value)
    return unit, quality


def _fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a message; fixed-width values as unsigned integers."""
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise BadMessage("bad_protobuf", "Sparkplug B: field number 0")
        if kind == 0:
            value, at = _varint(body, at)
            yield number, value
            continue
        if kind == 2:
            size, at = _varint(body, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise BadMessage("bad_protobuf", f"Sparkplug B: wire type {kind}")
        piece = body[at : at + size]
        if len(piece) != size:
            raise BadMessage("bad_protobuf", "Sparkplug B: a field is cut off")
        at += size
        yield number, piece if kind == 2 else int.from_bytes(piece, "little")


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(body):
            break
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise BadMessage("bad_protobuf", "Sparkplug B: a number is cut off or too long")


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadMessage("bad_protobuf", "Sparkplug B: a name is not UTF-8") from None
