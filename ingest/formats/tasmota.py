"""Tasmota telemetry on `tele/{device}/SENSOR` (and `stat/{device}/STATUS8` or `STATUS10`)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, rfc3339_ms
from coldwitness.ingest.formats.json_text import holds, json_object, shown
from coldwitness.ingest.formats.measurements import as_number, celsius_of
from coldwitness.ingest.formats.naming import entry_of, logger_id, mapping_for, reading, serial_in
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat

_SKIP = ("tele", "stat", "sensor", "state", "result", "status8", "status10")
_SWITCH = re.compile(r"Switch\d+")
_CHIP = "ESP32"
"""The sensor of this name is the processor's own."""
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
    inner = next(
        (message[key] for key in ("StatusSNS", "StatusSTS") if isinstance(message.get(key), dict)),
        message,
    )
    unit = inner.get("TempUnit", message.get("TempUnit"))
    if unit not in (None, "C", "F"):
        raise BadMessage("wrong_type", f"TempUnit: expected C or F, got {shown(unit)}")
    serial = serial_in(context.topic, skip=_SKIP)
    entry = entry_of(context.rule, serial, logger_id(serial))
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
            if _TEMPERATURE.fullmatch(key) is None or number is None:
                continue
            celsius = celsius_of(number, unit)
            if celsius is not None:
                temperatures[name if key == "Temperature" else f"{name}.{key}"] = celsius
        humidity = as_number(sensor.get("Humidity")) if humidity is None else humidity
        light = as_number(sensor.get("Illuminance")) if light is None else light
    time_ms = _time_ms(inner.get("Time"), context)
    return Decoded(
        readings=(
            reading(
                context,
                serial=serial,
                temperatures=temperatures,
                time_ms=time_ms,
                humidity_pct=humidity,
                light_lux=light,
            ),
        )
    )


def _sensors(message: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, object) of sensors; what firmware before 5.12 nests (`DS18x20.DS1`) too."""
    for name, value in message.items():
        if isinstance(value, dict) and name != _CHIP and not _SWITCH.fullmatch(name):
            yield name, value
            for inner, part in value.items():
                if isinstance(part, dict) and "Temperature" in part:
                    yield f"{name}.{inner}", part


def _time_ms(value: object, context: DecodeContext) -> int | None:
    """`Time` if it has a zone; None without one, and for a clock that was never set."""
    if not isinstance(value, str):
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
