"""Zigbee2MQTT device states on `zigbee2mqtt/{friendly name}`."""

from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, rfc3339_ms, time_ms
from coldwitness.ingest.formats.json_text import json_object
from coldwitness.ingest.formats.measurements import as_number, measurements
from coldwitness.ingest.formats.naming import entry_of, logger_id, mapping_for, path_in, reading
from coldwitness.ingest.formats.plausible import without_zigbee_codes
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat

_COMMANDS = frozenset({"set", "get"})


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One state. `last_seen`, where it is switched on, is the gateway's time.

    The logger is the device's IEEE address where the state carries it, else the friendly
    name of the topic. A contact sensor's `contact: false` is an open lid.
    """
    message = json_object(payload)
    friendly = path_in(context.topic, skip=("zigbee2mqtt",))
    last = friendly.rpartition("/")[2]
    if last in _COMMANDS:
        raise BadMessage("no_status", f"topic ends in {last}: a command to a device, no state")
    device = message.get("device")
    about: dict[str, Any] = device if isinstance(device, dict) else {}
    address = about.get("ieeeAddr") or about.get("ieee_address")
    serial = address if isinstance(address, str) and address else friendly
    model = about.get("model")
    model = model if isinstance(model, str) else None
    entry = entry_of(context.rule, serial, logger_id(serial), friendly, last)
    mapping = mapping_for(context.rule, entry=entry, model=model)
    state = {key: value for key, value in message.items() if key not in ("device", "update")}
    found = measurements(state, mapped=mapping, sibling_units=False)
    contact, moving = message.get("contact"), message.get("vibration")
    return Decoded(
        readings=(
            reading(
                context,
                serial=serial,
                aliases=(friendly, last),
                model=model,
                temperatures=without_zigbee_codes(found.temperature_c),
                time_ms=_seen_ms(message.get("last_seen"), context),
                time_source="gateway",
                humidity_pct=found.humidity_pct,
                battery_v=_volts(message.get("voltage")),
                light_lux=found.light_lux,
                lid_open=not contact if isinstance(contact, bool) else None,
                moving=moving if isinstance(moving, bool) else None,
            ),
        )
    )


def _seen_ms(value: object, context: DecodeContext) -> int | None:
    """`last_seen` as ISO text or epoch ms, as its owner chose.

    Whatever is no sure time (null, `N/A`, a text without a zone, seconds, the time of a
    gateway whose clock was never set) says nothing: the state reached us now.
    """
    number = as_number(value)
    try:
        if isinstance(value, str):
            seen_ms = rfc3339_ms(value, zone=context.zone)
        elif number is not None:
            seen_ms = time_ms(round(number))
        else:
            return None
    except BadMessage:
        return None
    return seen_ms if seen_ms >= UNSET_BEFORE_MS else None


def _volts(value: object) -> float | None:
    """Battery voltage, which Zigbee2MQTT gives in millivolts."""
    number = as_number(value)
    if number is None or number < 0:
        return None
    return number / 1000.0 if number > 100 else number


FORMAT = WireFormat(
    "zigbee2mqtt",
    decode=decode,
    usual_topics=ByTopic(60, r"zigbee2mqtt/.+"),
    looks=(ByJson(90, lambda first, _: isinstance(first.get("temperature"), int | float)),),
    samples=(
        (
            "zigbee2mqtt/a",
            b'{"temperature":4.71,"humidity":58.2,"last_seen":"2026-11-21T11:04:05+08:00",'
            b'"device":{"ieeeAddr":"0x0015","model":"W"},"contact":false,"voltage":2975}',
        ),
    ),
)
