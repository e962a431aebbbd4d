"""Shelly Gen2+ devices: RPC notifications on `{device}/events/rpc` and component status on
`{device}/status/temperature:0`."""

import re
from collections.abc import Mapping
from typing import Any

from domain.errors import BadMessage
from ingest.formats.decoded import DecodeContext, Decoded
from ingest.formats.instants import epoch_s_ms
from ingest.formats.json_text import json_object, shown
from ingest.formats.measurements import as_number
from ingest.formats.naming import reading, serial_in

_NOTIFICATIONS = ("NotifyStatus", "NotifyFullStatus")
_SKIP = ("events", "rpc", "status", "online", "notify_status")
_COMPONENT = re.compile(r"(temperature|humidity|illuminance|devicepower|voltmeter):(\d{1,3})")


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One notification, a full status (the answer of Shelly.GetStatus), or one component.

    `tC` of `temperature:N` components counts; the relay's own chip temperature, which sits
    in other components, does not. `ts` is the device's clock in epoch seconds.
    """
    message = json_object(payload)
    method, params = message.get("method"), message.get("params")
    if method is not None and method not in _NOTIFICATIONS:
        raise BadMessage("no_status", f"expected a status notification, got {shown(method)}")
    result = message.get("result")
    status: Mapping[str, Any] = message
    if isinstance(params, dict):
        status = params
    elif isinstance(result, dict):
        status = result
    component = _COMPONENT.search(context.topic)
    if "tC" in message and component is not None:
        status = {component[0]: message}
    elif "tC" in message:
        status = {"temperature:0": message}
    temperatures: dict[str, float] = {}
    humidity: float | None = None
    light: float | None = None
    battery: float | None = None
    for name, part in status.items():
        known = _COMPONENT.fullmatch(name)
        if known is None or not isinstance(part, dict):
            continue
        if known[1] == "temperature":
            celsius = as_number(part.get("tC"))
            if celsius is not None:
                temperatures[name] = celsius
        elif known[1] == "humidity" and humidity is None:
            humidity = as_number(part.get("rh"))
        elif known[1] == "illuminance" and light is None:
            light = as_number(part.get("lux"))
        elif known[1] == "devicepower" and isinstance(part.get("battery"), dict):
            battery = as_number(part["battery"].get("V"))
    return Decoded(
        readings=(
            reading(
                context,
                serial=_serial(message, context.topic),
                temperatures=temperatures,
                time_ms=_time_ms(status),
                humidity_pct=humidity,
                light_lux=light,
                battery_v=battery,
            ),
        )
    )


def _serial(message: Mapping[str, Any], topic: str) -> str:
    """The device's own id in a notification, else the topic's prefix."""
    source = message.get("src")
    if isinstance(source, str) and source:
        return source
    levels = [level for level in topic.split("/") if not _COMPONENT.fullmatch(level)]
    return serial_in("/".join(levels), skip=_SKIP)


def _time_ms(status: Mapping[str, Any]) -> int | None:
    seconds = as_number(status.get("ts"))
    if seconds is None:
        system = status.get("sys")
        seconds = as_number(system.get("unixtime")) if isinstance(system, dict) else None
    # Before its clock is set a Shelly counts from its start.
    return epoch_s_ms(seconds) if seconds is not None and seconds > 1_000_000_000 else None
