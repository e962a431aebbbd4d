"""SenML (RFC 8428): a pack's records to readings.

Records of one device and one time become one reading. The base name, where a pack has one,
is the device and the name after it the measurement; without one the name is both.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.measurements import celsius_of, is_temperature_name
from coldwitness.ingest.formats.naming import path_in, reading
from coldwitness.ingest.formats.plausible import all_silent
from coldwitness.ingest.formats.senml_pack import Record, parse_pack, resolved
from coldwitness.ingest.formats.wire_format import ByBytes, ByJson, ByTopic, WireFormat

_MEASUREMENT = re.compile(r"[A-Za-z]+([_.-][A-Za-z]+)?[_.-]?\d{0,2}")
"""A name without base name that no device has alone: `drug`, `drug.2`, `t1`, `ice_pack`. Every box
that has such a probe would else be one logger."""
_NOT_NAMING = ("senml", "up", "readings", "sensors", "devices")
"""Levels of a topic that every device's has."""
_DEVICE_URN = re.compile(r"(urn:dev:[^:]+:[^:/]+)[:/_]?(.*)")


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
        if not all_silent(group.temperatures):
            try:
                readings.append(_reading(group, context))
            except BadMessage as error:
                refused.append(Refusal(error.reason, str(error)))
    if not readings and not refused:
        raise BadMessage("no_temperature", f"no temperature (unit Cel) in {records} records")
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _gather(
    record: Record, context: DecodeContext, groups: dict[tuple[str, int | None, int], _Group]
) -> None:
    serial, measurement = _split(record, context)
    number = 0
    key = (serial, record.time_ms, number)
    group = groups.setdefault(key, _Group(serial, record.time_ms))
    unit, value = record.unit, record.value
    celsius = _celsius(math.nan if value is None else value, unit)
    if celsius is not None:
        # Only a unit of temperature makes one of a number that nothing else names.
        measurement = measurement or "temperature"
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
        return urn[1], urn[2].strip(":/")
    if base:
        return base.rstrip(":/._-") or base, ""
    device, _, measurement = record.name.replace(":", "/").rpartition("/")
    if device:
        return device, measurement
    named = is_temperature_name(record.name) or record.unit in ("%RH", "lat", "lon")
    if named or _MEASUREMENT.fullmatch(record.name):
        return path_in(context.topic, skip=_NOT_NAMING), record.name
    return record.name, ""


def _reading(group: _Group, context: DecodeContext) -> Any:
    return reading(
        context,
        serial=group.serial,
        aliases=(group.serial.rpartition("/")[2],),
        temperatures=group.temperatures,
        time_ms=group.time_ms,
        humidity_pct=group.humidity_pct,
        lat_deg=group.lat_deg,
        lon_deg=group.lon_deg,
        battery_v=group.battery_v,
        light_lux=group.light_lux,
        lid_open=group.lid_open,
    )


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
