"""A SenML pack (RFC 8428), JSON or CBOR by content, to records: base values applied, times and
names resolved.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import cbor2

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import Refusal
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, epoch_s_ms
from coldwitness.ingest.formats.json_text import Broken, loads, shown
from coldwitness.ingest.formats.measurements import as_number

MAX_RECORDS = 10_000
MAX_VERSION = 10
"""RFC 8428, section 4.4: a pack of a later version must not be used."""
_LABELS: Mapping[int, str] = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
"""CBOR labels (RFC 8428, table 4)."""
_KNOWN = frozenset(_LABELS.values())
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")


@dataclass(frozen=True)
class Record:
    """One resolved record. time_ms None: the pack gave no time, so it means now."""

    name: str
    base_name: str
    unit: str | None
    value: float | None
    flag: bool | None
    time_ms: int | None
    index: int
    unset_s: float | None = None
    """What a clock said that was never set."""


def parse_pack(payload: bytes) -> list[Any]:
    """The records of a pack as sent, CBOR labels turned into JSON's; raises BadMessage."""
    body = payload.strip(b" \t\r\n") if payload[:1] in b"[ \t\r\n{" else payload
    pack = loads(body) if body[:1] in (b"[", b"{") else _cbor(payload)
    if not isinstance(pack, list):
        raise BadMessage("not_senml", "expected a SenML pack (an array of records)")
    if len(pack) > MAX_RECORDS:
        raise BadMessage("too_many", f"expected at most {MAX_RECORDS} records, got {len(pack)}")
    return pack


def resolved(pack: list[Any], *, received_ms: int) -> Iterator[Record | Refusal]:
    """Records with base values applied (RFC 8428, section 4.6), in order; those of a clock that was
    never set are of now, and refused where they are of several times.

    Raises BadMessage for a pack of a later version than this reader knows.
    """
    found = list(_resolved(pack, received_ms))
    unset = {item.unset_s for item in found if isinstance(item, Record)} - {None}
    for item in found:
        if isinstance(item, Record) and item.unset_s is not None and len(unset) > 1:
            yield Refusal("bad_time", f"t: {item.unset_s:g} s: a clock never set", item.index)
        else:
            yield item


def _resolved(pack: list[Any], received_ms: int) -> Iterator[Record | Refusal]:
    base_name, base_unit = "", None
    base_time = base_value = 0.0
    refused_whole: BadMessage | None = None
    for index, raw in enumerate(pack):
        try:
            if isinstance(raw, Broken):
                raise BadMessage(raw.reason, raw.text)
            if not isinstance(raw, dict):
                raise BadMessage("not_an_object", f"expected a record, got {shown(raw)}")
            for key in raw:
                if isinstance(key, str) and key.endswith("_") and key not in _KNOWN:
                    raise BadMessage("not_senml", f"field {key[:40]!r} must be understood")
            if _number(raw, "bver", MAX_VERSION) > MAX_VERSION:
                later = f"bver: expected at most {MAX_VERSION}, got {shown(raw['bver'])}"
                refused_whole = BadMessage("not_senml", later)
                break
            base_name = _text(raw, "bn", base_name) or ""
            base_unit = _text(raw, "bu", base_unit)
            base_time = _number(raw, "bt", base_time)
            base_value = _number(raw, "bv", base_value)
            record = _record(raw, index, base_name, base_unit, base_time, base_value, received_ms)
        except BadMessage as error:
            yield Refusal(error.reason, str(error), index)
            continue
        yield record
    if refused_whole is not None:
        raise refused_whole


def _record(
    raw: Mapping[str, Any],
    index: int,
    base_name: str,
    base_unit: str | None,
    base_time: float,
    base_value: float,
    received_ms: int,
) -> Record:
    name = base_name + (_text(raw, "n", "") or "")
    if not _NAME.fullmatch(name):
        raise BadMessage("bad_name", f"n: expected a SenML name, got {name[:60]!r}")
    value = None
    if "v" in raw:
        value = _number(raw, "v", 0.0)
        value = round(value + base_value, 9) if base_value else value
    flag = raw.get("vb")
    seconds = base_time + _number(raw, "t", 0.0)
    unset = 0 < seconds * 1000 < UNSET_BEFORE_MS
    return Record(
        name=name,
        base_name=base_name,
        unit=_text(raw, "u", base_unit),
        value=value,
        flag=flag if isinstance(flag, bool) else None,
        time_ms=_time_ms(seconds, received_ms),
        index=index,
        unset_s=seconds if unset else None,
    )


def _time_ms(seconds: float, received_ms: int) -> int | None:
    """None: of now. Relative to now is what was measured before; a number that says later counts
    from the sender's start, and an instant before 2001 is of a clock that was never set."""
    if seconds >= 0 and seconds * 1000 < UNSET_BEFORE_MS:
        return None
    if seconds < 0:
        return max(0, received_ms + round(seconds * 1000))
    return epoch_s_ms(seconds)


def _cbor(payload: bytes) -> Any:
    try:
        pack = cbor2.loads(payload)
    except Exception as error:  # cbor2 lets errors of many kinds out of hostile bytes
        raise BadMessage("not_senml", f"expected SenML as JSON or CBOR: {error}"[:120]) from None
    if not isinstance(pack, list):
        return pack
    return [
        {
            _LABELS.get(key, key) if isinstance(key, int) and not isinstance(key, bool) else key: v
            for key, v in raw.items()
        }
        if isinstance(raw, dict)
        else raw
        for raw in pack
    ]


def _text(raw: Mapping[str, Any], key: str, default: str | None) -> str | None:
    value = raw.get(key, default)
    if value is not None and not isinstance(value, str):
        raise BadMessage("wrong_type", f"{key}: expected text, got {shown(value)}")
    return value


def _number(raw: Mapping[str, Any], key: str, default: float) -> float:
    if key not in raw:
        return default
    value = raw[key]
    if isinstance(value, Decimal):  # a CBOR decimal fraction
        value = float(value) if value.is_finite() and abs(value.adjusted()) < 300 else math.nan
    number = as_number(value)
    if number is None:
        reason = "not_finite" if isinstance(value, float) else "wrong_type"
        raise BadMessage(reason, f"{key}: expected a finite number, got {shown(value)}")
    return number
