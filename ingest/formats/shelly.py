"""Shelly Gen2+ devices: RPC notifications on `{device}/events/rpc`, component status on
`{device}/status/temperature:0`, and the Bluetooth (BLU, BTHome) sensors they hear."""

import math
import re
from collections.abc import Mapping
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.frame_sample import Sample
from coldwitness.ingest.formats.instants import set_clock_ms
from coldwitness.ingest.formats.json_text import holds, json_object, shown
from coldwitness.ingest.formats.measurements import as_number
from coldwitness.ingest.formats.naming import entry_of, logger_id, mapping_for, path_in, reading
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat

_NOTIFICATIONS = ("NotifyStatus", "NotifyFullStatus")
_SKIP = ("events", "rpc", "status", "online", "notify_status")
_COMPONENT = re.compile(
    r"(temperature|humidity|illuminance|devicepower|voltmeter|bthomesensor):(\d{1,3})"
)
_BTHOME_TEMPERATURES = (0x02, 0x45, 0x57, 0x58)
"""BTHome object ids of temperatures; a status does not repeat them, a configuration does."""
_FAULTS = frozenset({"read", "out_of_range"})


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One notification, a full status (the answer of Shelly.GetStatus), or one component.

    `tC` of `temperature:N` components counts; the relay's own chip temperature, which sits
    in other components, does not. Of `bthomesensor:N`, which do not say what they measure,
    those count that the settings map to a probe. What a BLU script publishes (an event with
    the sensor's `address`) is a reading of that sensor. `ts` is the device's clock, epoch s.
    """
    message = json_object(payload)
    method, params = message.get("method"), message.get("params")
    if method == "NotifyEvent":
        return _bluetooth_events(params, context)
    if isinstance(message.get("address"), str) and "temperature" in message:
        return Decoded(readings=(_bluetooth(message, None, context),))
    if method is not None and method not in _NOTIFICATIONS:
        raise BadMessage("no_status", f"expected a status notification, got {shown(method)}")
    result = message.get("result")
    status: Mapping[str, Any] = message
    if isinstance(params, dict):
        status = params
    elif isinstance(result, dict):
        status = result
    component = _COMPONENT.search(context.topic)
    if component is not None and not any(_COMPONENT.fullmatch(name) for name in status):
        status = {component[0]: message, "ts": message.get("last_updated_ts")}
    elif "tC" in message:
        status = {"temperature:0": message}
    return _readings(message, status, context)


def _readings(
    message: Mapping[str, Any], status: Mapping[str, Any], context: DecodeContext
) -> Decoded:
    """What the device measures at the status's time; what a Bluetooth sensor last said, which
    may be hours old, at the time it said it."""
    serial = _serial(message, context.topic)
    last = serial.rpartition("/")[2]
    entry = entry_of(context.rule, serial, logger_id(serial), last)
    mapping = mapping_for(context.rule, entry=entry, model=None)
    now_ms = _time_ms(status)
    own = Sample(time_ms=now_ms)
    others: dict[int, Sample] = {}
    for name, part in status.items():
        known = _COMPONENT.fullmatch(name)
        if known is None or not isinstance(part, dict):
            continue
        if known[1] != "bthomesensor":
            _measure(own, name, part)
            continue
        celsius = as_number(part.get("value"))
        if celsius is not None and (name in mapping or part.get("obj_id") in _BTHOME_TEMPERATURES):
            said_ms = _clock_ms(part.get("last_updated_ts"))
            at_once = said_ms is None or said_ms == now_ms
            sample = own if at_once else others.setdefault(said_ms or 0, Sample(time_ms=said_ms))
            sample.temperature_c[name] = celsius
    readings: list[Reading] = []
    refused: list[Refusal] = []
    for sample in (*others.values(), *([own] if own.temperature_c or not others else [])):
        try:
            readings.append(
                reading(
                    context,
                    serial=serial,
                    aliases=(last,),
                    temperatures=sample.temperature_c,
                    time_ms=sample.time_ms,
                    humidity_pct=sample.humidity_pct,
                    light_lux=sample.light_lux,
                    battery_v=sample.battery_v,
                )
            )
        except BadMessage as error:
            if not others:
                raise
            refused.append(Refusal(error.reason, str(error)))
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _measure(sample: Sample, name: str, part: Mapping[str, Any]) -> None:
    """Add what one of the device's own components says; of several the first counts."""
    kind = name.partition(":")[0]
    if kind == "temperature":
        celsius = as_number(part.get("tC"))
        sample.temperature_c[name] = math.nan if celsius is None or _is_faulty(part) else celsius
    elif kind == "humidity" and sample.humidity_pct is None:
        sample.humidity_pct = as_number(part.get("rh"))
    elif kind == "illuminance" and sample.light_lux is None:
        sample.light_lux = as_number(part.get("lux"))
    elif kind == "devicepower" and isinstance(part.get("battery"), dict):
        sample.battery_v = as_number(part["battery"].get("V"))


def _is_faulty(part: Mapping[str, Any]) -> bool:
    """True where the component says that its value could not be read."""
    errors = part.get("errors")
    return isinstance(errors, list) and any(
        error in _FAULTS for error in errors if isinstance(error, str)
    )


def _bluetooth_events(params: object, context: DecodeContext) -> Decoded:
    """The BTHome packets among the events of a notification; others say nothing to us."""
    about: Mapping[str, Any] = params if isinstance(params, dict) else {}
    events = about.get("events")
    readings: list[Reading] = []
    refused: list[Refusal] = []
    for index, event in enumerate(events if isinstance(events, list) else ()):
        data = event.get("data") if isinstance(event, dict) else None
        if not (isinstance(data, dict) and isinstance(data.get("address"), str)):
            continue
        if "temperature" not in data:
            continue
        try:
            time_ms = _clock_ms(event.get("ts", about.get("ts")))
            readings.append(_bluetooth(data, time_ms, context))
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error), index))
    if not readings and not refused:
        raise BadMessage("no_status", "expected a status, or events of BLU sensors")
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _bluetooth(packet: Mapping[str, Any], time_ms: int | None, context: DecodeContext) -> Reading:
    """One BTHome packet as the BLU scripts decode it; several temperatures are a list."""
    said = packet["temperature"]
    values = said if isinstance(said, list) else [said]
    numbers = [as_number(value) for value in values[:20]]
    single = len(numbers) == 1
    return reading(
        context,
        serial=packet["address"],
        model="BLU",
        temperatures={
            "temperature" if single else f"temperature.{place}": number
            for place, number in enumerate(numbers, start=1)
            if number is not None
        },
        time_ms=time_ms,
        time_source="gateway",
        humidity_pct=as_number(packet.get("humidity")),
        light_lux=as_number(packet.get("illuminance")),
        lid_open=None if packet.get("window") not in (0, 1) else packet["window"] == 1,
    )


def _serial(message: Mapping[str, Any], topic: str) -> str:
    """The device's own id in a notification, else the topic's prefix."""
    source = message.get("src")
    if isinstance(source, str) and source:
        return source
    levels = [level for level in topic.split("/") if not _COMPONENT.fullmatch(level)]
    return path_in("/".join(levels), skip=_SKIP)


def _time_ms(status: Mapping[str, Any]) -> int | None:
    system = status.get("sys")
    unixtime = system.get("unixtime") if isinstance(system, dict) else None
    stamp = _clock_ms(status.get("ts"))
    return stamp if stamp is not None else _clock_ms(unixtime)


def _clock_ms(seconds: object) -> int | None:
    """Before its clock is set a Shelly counts from its start."""
    return set_clock_ms(seconds)


def _looks_like_rpc(first: Mapping[str, Any], _: bool) -> bool:
    return {"params", "method"} <= first.keys() or "tC" in first or "BTHome_version" in first


FORMAT = WireFormat(
    "shelly",
    decode=decode,
    usual_topics=ByTopic(80, r".+/(events/(rpc|[0-9A-Fa-f:]{17})|status/[a-z]+:\d+)"),
    looks=(
        ByJson(60, _looks_like_rpc),
        ByJson(80, lambda first, _: holds(first, "tC")),
    ),
    samples=(
        (
            "s/events/rpc",
            b'{"src":"s-1","method":"NotifyFullStatus","params":{"ts":1795230245.12,"temperature:0"'
            b':{"tC":4.6},"humidity:0":{"rh":61},"devicepower:0":{"battery":{"V":5}}}}',
        ),
        (
            "s/events/rpc",
            b'{"src":"s","method":"NotifyEvent","params":{"ts":1795230246,"events":[{"component":'
            b'"script:1","event":"shelly-blu","data":{"BTHome_version":2,"temperature":[4.5,20],'
            b'"humidity":56,"address":"e8:e0:7e:d0:f9:89"},"ts":1795230245.5},{"data":7}]}}',
        ),
    ),
)
