"""Tasmota telemetry on `tele/{device}/SENSOR` (and `stat/{device}/STATUS8` or `STATUS10`)."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from coldwitness.config.logger_facts import logger_facts
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, rfc3339_ms
from coldwitness.ingest.formats.json_text import holds, json_object, shown
from coldwitness.ingest.formats.measurements import as_number, celsius_of
from coldwitness.ingest.formats.naming import (
    entry_of,
    logger_id,
    mapping_for,
    path_in,
    reading,
    told_apart,
)
from coldwitness.ingest.formats.plausible import without_zigbee_codes
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat

_Said = Mapping[str, Any]
_SKIP = ("tele", "stat", "sensor", "state", "result", "status8", "status10")
_SWITCH = re.compile(r"Switch\d+")
_SELF_MEASURING = logger_facts().tasmota.self_measuring
"""Sensors whose temperature is the chip's own."""
_ZIGBEE = re.compile(r"0x[0-9A-Fa-f]{4}")
_BLUETOOTH = re.compile(r"[A-Z][A-Z0-9_]*[-_][0-9A-Fa-f]{6}")
"""A sensor that an ESP32 heard over Bluetooth, by its kind and its MAC's end: `MJ_HT_V1-d97feb`."""
_MILLISECONDS_FROM = 100_000_000_000
_TEMPERATURE = re.compile(r"(Probe|Object)?Temperature\d*")
"""`Temperature` of most, `Temperature1` of analog inputs, `ProbeTemperature` of thermocouples."""


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One SENSOR message: every sensor object with a temperature is a probe by its name, or
    by its `Id` (older: `Address`) where the settings map that: names of several DS18B20
    follow their order on the bus, which changes when one is exchanged.

    `TempUnit` F is converted. Tasmota's `Time` is the wall clock without a zone unless its
    owner chose otherwise: without a zone it says nothing sure, and the receive time is taken.
    """
    message = json_object(payload)
    inner: _Said = next(
        (message[key] for key in ("StatusSNS", "StatusSTS") if isinstance(message.get(key), dict)),
        message,
    )
    unit = inner.get("TempUnit", message.get("TempUnit"))
    if unit not in (None, "C", "F"):
        raise BadMessage("wrong_type", f"TempUnit: expected C or F, got {shown(unit)}")
    serial = path_in(context.topic, skip=_SKIP)
    time_ms = _time_ms(inner, context)
    heard = _heard(inner)
    if heard:
        return _bridged(heard, serial, time_ms, unit, context)
    last = serial.rpartition("/")[2]
    entry = entry_of(context.rule, serial, logger_id(serial), last)
    mapping = mapping_for(context.rule, entry=entry, model=None)
    temperatures: dict[str, float] = {}
    humidity: float | None = None
    light: float | None = None
    for place, sensor in _sensors(inner):
        number_on_it = sensor.get("Id", sensor.get("Address"))
        by_id = isinstance(number_on_it, str) and number_on_it in mapping
        name = str(number_on_it) if by_id else place
        for key, value in sensor.items():
            number = as_number(value)
            full = name if key == "Temperature" else f"{name}.{key}"
            mapped = full in mapping or key in mapping
            if (_TEMPERATURE.fullmatch(key) is None and not mapped) or isinstance(value, dict):
                continue
            celsius = math.nan if number is None else celsius_of(number, unit)
            if celsius is not None:
                temperatures[key if full not in mapping and key in mapping else full] = celsius
        humidity = as_number(sensor.get("Humidity")) if humidity is None else humidity
        light = as_number(sensor.get("Illuminance")) if light is None else light
    return Decoded(
        readings=(
            reading(
                context,
                serial=serial,
                aliases=(last,),
                temperatures=temperatures,
                time_ms=time_ms,
                humidity_pct=humidity,
                light_lux=light,
            ),
        )
    )


def _heard(message: _Said) -> dict[str, _Said]:
    """Devices that a gateway heard, by the name each stands under; empty where the message is of
    sensors of its own. Zigbee: under `ZbReceived`, or at the top (SetOption118), or the message
    is one device's (SetOption119). Bluetooth: sensors with a `mac`, or named by its end."""
    bridged = message.get("ZbReceived")
    if isinstance(bridged, dict):
        if isinstance(bridged.get("Device"), str):
            return {bridged["Device"]: bridged}
        return {name: part for name, part in bridged.items() if isinstance(part, dict)}
    device = message.get("Device")
    if isinstance(device, str) and _ZIGBEE.fullmatch(device):
        return {device: message}
    return {
        name: part
        for name, part in message.items()
        if isinstance(part, dict)
        and (
            (isinstance(part.get("Device"), str) and _ZIGBEE.fullmatch(part["Device"]))
            or isinstance(part.get("mac"), str)
            or _BLUETOOTH.fullmatch(name)
        )
    }


def _bridged(
    devices: Mapping[str, _Said],
    bridge: str,
    time_ms: int | None,
    unit: str | None,
    context: DecodeContext,
) -> Decoded:
    """What a gateway heard: each device is a logger of its own. The name its owner gave it and its
    short address are its gateway's, and another may have given them too (`told_apart`)."""
    readings: list[Reading] = []
    refused: list[Refusal] = []
    for address, sensor in devices.items():
        if "Temperature" not in sensor:
            continue
        name, mac = _text(sensor, "Name"), _text(sensor, "mac")
        own = mac or (address if _BLUETOOTH.fullmatch(address) else f"{bridge}-{address}")
        if name is not None:
            own = told_apart(context.rule, name, address=mac, within=bridge)
        aliases = (f"{bridge}/{name or address}", name or address, address, bridge)
        mapping = mapping_for(context.rule, entry=entry_of(context.rule, own, *aliases), model=None)
        number = as_number(sensor["Temperature"])
        celsius = None if number is None else celsius_of(number, unit)
        probe = next(
            (name for name in (f"ZbReceived.{address}", address) if name in mapping), "Temperature"
        )
        try:
            readings.append(
                reading(
                    context,
                    serial=own,
                    aliases=aliases,
                    temperatures=without_zigbee_codes(
                        {probe: math.nan if celsius is None else celsius}
                    ),
                    time_ms=time_ms,
                    humidity_pct=as_number(sensor.get("Humidity")),
                    light_lux=as_number(sensor.get("Illuminance")),
                )
            )
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error)))
    if not readings and not refused:
        raise BadMessage("no_temperature", f"{bridge}: no temperature in the message")
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _text(holder: _Said, key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) and value else None


def _sensors(message: _Said) -> Iterator[tuple[str, _Said]]:
    """(name, object) of sensors; what firmware before 5.12 nests (`DS18x20.DS1`) too."""
    for name, value in message.items():
        if isinstance(value, dict) and name not in _SELF_MEASURING and not _SWITCH.fullmatch(name):
            yield name, value
            for inner, part in value.items():
                if isinstance(part, dict) and "Temperature" in part:
                    yield f"{name}.{inner}", part


def _time_ms(message: Mapping[str, object], context: DecodeContext) -> int | None:
    """`Time` if it is an epoch or has a zone, else `Epoch`; None without one, and for a clock
    that was never set."""
    value = message.get("Time")
    for stamp in (value, message.get("Epoch")):
        digits = isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) < 14
        seconds = float(str(stamp)) if digits else as_number(stamp)
        if seconds is not None:
            epoch_ms = round(seconds if seconds >= _MILLISECONDS_FROM else seconds * 1000)
            if UNSET_BEFORE_MS <= epoch_ms <= LATEST_MS:
                return epoch_ms
    if not isinstance(value, str) or value.isdigit():
        return None
    try:
        time_ms = rfc3339_ms(value, zone=context.zone)
    except BadMessage as error:
        if error.reason == "time_without_zone" or value.startswith(("1969", "1970")):
            return None
        raise
    return time_ms if time_ms >= UNSET_BEFORE_MS else None


FORMAT = WireFormat(
    "tasmota",
    decode=decode,
    usual_topics=ByTopic(70, r"(.*/)?(tele/.*SENSOR|stat/.*STATUS(8|10)|.*/tele/SENSOR)"),
    looks=(ByJson(70, lambda first, _: "StatusSNS" in first or holds(first, "Temperature")),),
    samples=(
        (
            "tele/a/SENSOR",
            b'{"Time":"2026-11-21T11:04:05","DS18B20-1":{"Id":"0","Temperature":4.6},"AM2301":'
            b'{"Temperature":24.9,"Humidity":51.3},"TempUnit":"F"}',
        ),
    ),
)
