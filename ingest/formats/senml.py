"""SenML (RFC 8428), JSON or CBOR by content: base values, relative times, resolved names.

Records of one device and one time become one reading. The base name, where a pack has one,
is the device and the name after it the measurement; without one the name is both.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import cbor2

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import epoch_s_ms
from coldwitness.ingest.formats.json_text import Broken, loads, shown
from coldwitness.ingest.formats.measurements import as_number, celsius_of, is_temperature_name
from coldwitness.ingest.formats.naming import entry_of, logger_id, mapping_for, reading, serial_in
from coldwitness.ingest.formats.wire_format import ByBytes, ByJson, ByTopic, WireFormat

MAX_RECORDS = 10_000
MAX_VERSION = 10
"""RFC 8428, section 4.4: a pack of a later version must not be used."""
_ABSOLUTE_FROM_S = 2**28
"""Times below this are relative to now (RFC 8428, section 4.5.3)."""
_LABELS: Mapping[int, str] = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
"""CBOR labels (RFC 8428, table 4)."""
_KNOWN = frozenset(_LABELS.values())
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
_DEVICE_URN = re.compile(r"(urn:dev:[^:]+:[^:/]+)[:/_]?(.*)")


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


@dataclass
class _Group:
    serial: str
    time_ms: int | None
    temperatures: dict[str, float] = field(default_factory=dict)
    humidity_pct: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    battery_v: float | None = None
    light_lux: float | None = None
    lid_open: bool | None = None


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One SenML pack; records without a number are passed over, broken ones refused singly."""
    refused: list[Refusal] = []
    groups: dict[tuple[str, int | None, int], _Group] = {}
    records = 0
    for item in resolved(parse_pack(payload), received_ms=context.received_ms):
        records += 1
        if isinstance(item, Refusal):
            refused.append(item)
            continue
        try:
            _gather(item, context, groups)
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error), item.index))
    readings = []
    for group in groups.values():
        if group.temperatures:
            try:
                readings.append(_reading(group, context))
            except BadMessage as error:
                refused.append(Refusal(error.reason, str(error)))
    if not readings and not refused:
        raise BadMessage("no_temperature", f"no temperature (unit Cel) in {records} records")
    return Decoded(readings=tuple(readings), refused=tuple(refused))


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
    """Records with base values applied (RFC 8428, section 4.6), in order.

    Raises BadMessage for a pack of a later version than this reader knows.
    """
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
    return Record(
        name=name,
        base_name=base_name,
        unit=_text(raw, "u", base_unit),
        value=value,
        flag=flag if isinstance(flag, bool) else None,
        time_ms=_time_ms(base_time + _number(raw, "t", 0.0), received_ms),
        index=index,
    )


def _time_ms(seconds: float, received_ms: int) -> int | None:
    if seconds == 0:
        return None
    if seconds < _ABSOLUTE_FROM_S:
        return max(0, received_ms + round(seconds * 1000))
    return epoch_s_ms(seconds)


def _gather(
    record: Record, context: DecodeContext, groups: dict[tuple[str, int | None, int], _Group]
) -> None:
    serial, measurement = _split(record, context)
    number = 0
    key = (serial, record.time_ms, number)
    group = groups.setdefault(key, _Group(serial, record.time_ms))
    unit, value = record.unit, record.value
    celsius = None if value is None else _celsius(value, unit)
    if celsius is not None:
        # The same name twice at one time: both were said, so both are kept apart.
        while measurement in group.temperatures:
            number += 1
            key = (serial, record.time_ms, number)
            group = groups.setdefault(key, _Group(serial, record.time_ms))
        group.temperatures[measurement] = celsius
    elif unit is None and value is not None and is_temperature_name(measurement):
        group.temperatures.setdefault(measurement, value)
    elif unit in ("%RH", "/") and value is not None:
        humid = unit == "%RH" or "hum" in measurement.lower()
        if humid:
            group.humidity_pct = value if unit == "%RH" else value * 100.0
    elif unit == "lat":
        group.lat_deg = value
    elif unit == "lon":
        group.lon_deg = value
    elif unit == "V" and "bat" in measurement.lower():
        group.battery_v = value
    elif unit == "lx":
        group.light_lux = value
    elif record.flag is not None and re.search(r"lid|door|open", measurement, re.I):
        group.lid_open = record.flag


def _celsius(value: float, unit: str | None) -> float | None:
    """°C of a value in Cel or K, or in degC and degF, which RFC 8428 does not have and some
    senders write; None for other units (`C` is the coulomb, `F` the farad)."""
    if unit in ("Cel", "K") or (unit is not None and unit[:3].lower() in ("deg", "°c", "°f")):
        return celsius_of(value, unit)
    return None


def _split(record: Record, context: DecodeContext) -> tuple[str, str]:
    """(device, measurement) of a resolved name."""
    base = record.base_name
    if base and record.name != base:
        return base.rstrip(":/._-") or base, record.name[len(base) :].strip(":/._-")
    urn = _DEVICE_URN.fullmatch(record.name)
    if urn is not None:
        return urn[1], urn[2].strip(":/") or "temperature"
    if base:
        return base.rstrip(":/._-") or base, "temperature"
    device, _, measurement = record.name.replace(":", "/").rpartition("/")
    if device:
        return device, measurement or "temperature"
    if is_temperature_name(record.name) or record.unit in ("%RH", "lat", "lon"):
        return serial_in(context.topic, skip=("senml", "up", "readings")), record.name
    return record.name, "temperature"


def _reading(group: _Group, context: DecodeContext) -> Any:
    entry = entry_of(context.rule, group.serial, logger_id(group.serial))
    mapping = mapping_for(context.rule, entry=entry, model=None)
    temperatures = {
        name: value
        for name, value in group.temperatures.items()
        if mapping.get(name) or math.isfinite(value)
    }
    return reading(
        context,
        serial=group.serial,
        temperatures=temperatures,
        time_ms=group.time_ms,
        humidity_pct=group.humidity_pct,
        lat_deg=group.lat_deg,
        lon_deg=group.lon_deg,
        battery_v=group.battery_v,
        light_lux=group.light_lux,
        lid_open=group.lid_open,
    )


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


def _looks_like_a_pack(first: Mapping[str, Any], many: bool) -> bool:
    return many and bool(first.keys() & {"n", "bn"}) and "logger" not in first


def _looks_like_an_array_of_maps(body: bytes) -> bool:
    return len(body) > 1 and body[0] >> 5 == 4 and body[1] >> 5 == 5


FORMAT = WireFormat(
    "senml",
    decode=decode,
    usual_topics=ByTopic(110, r"(.*/)?senml(/.*)?"),
    looks=(ByJson(10, _looks_like_a_pack), ByBytes(40, _looks_like_an_array_of_maps)),
    written_as=("hex", "base64"),
    samples=(
        (
            "senml/a",
            b'[{"bn":"urn:dev:ow:10e2:","bt":1320067464.0,"bu":"%RH","v":20},{"u":"Cel","t":60,'
            b'"v":4.5},{"n":"ice","u":"K","v":270,"bv":1,"vb":true}]',
        ),
        ("senml/a", bytes.fromhex("82a3216561626364653a220a2363436565a30063742d31010002f94480")),
        ("senml/a", bytes.fromhex("81a300" + "6364696d" + "01" + "6343656c" + "02" + "c482201837")),
    ),
)
