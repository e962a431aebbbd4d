"""ChirpStack v4: uplinks on `application/{id}/device/{DevEUI}/event/up`, JSON encoding."""

from collections.abc import Mapping
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded
from coldwitness.ingest.formats.instants import first_instant_ms
from coldwitness.ingest.formats.json_text import json_object
from coldwitness.ingest.formats.lorawan import Uplink, decode_uplink
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat

_MAX_GATEWAYS = 50


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One `up` event; the logger is the DevEUI, the time when the network received it.

    A raw frame finds its decoder by the settings, the device profile's name or a tag
    `model` of the device.
    """
    message = json_object(payload)
    info = message.get("deviceInfo")
    if not isinstance(info, dict):
        raise BadMessage("no_uplink", "expected an up event of ChirpStack v4 with deviceInfo")
    dev_eui = info.get("devEui")
    if not isinstance(dev_eui, str) or not dev_eui:
        raise BadMessage("no_logger", "deviceInfo: expected a devEui")
    if "data" not in message and "object" not in message:
        raise BadMessage("no_uplink", "expected an up event with data or object")
    tags = info.get("tags")
    tagged = _text(tags, "model") if isinstance(tags, dict) else None
    profile, name = _text(info, "deviceProfileName"), _text(info, "deviceName")
    decoded = message.get("object")
    return decode_uplink(
        Uplink(
            serials=(dev_eui, *([name] if name else [])),
            descriptions=(tagged, profile),
            model=tagged or profile,
            time_ms=_received_ms(message),
            objects=(decoded,) if isinstance(decoded, dict) else (),
            frame_base64=message.get("data"),
            f_port=message.get("fPort"),
        ),
        context,
    )


def _received_ms(message: Mapping[str, Any]) -> int | None:
    """When the network received the frame, else the stamps of the gateways that heard it."""
    heard = message.get("rxInfo")
    gateways = heard[:_MAX_GATEWAYS] if isinstance(heard, list) else []
    return first_instant_ms(
        message.get("time"),
        *(
            gateway.get(key)
            for gateway in gateways
            if isinstance(gateway, dict)
            for key in ("nsTime", "gwTime", "time")
        ),
    )


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) and value else None


FORMAT = WireFormat(
    "chirpstack_v4",
    decode=decode,
    usual_topics=ByTopic(30, r"(.*/)?application/[^/]+/device/[^/]+/event/.+"),
    looks=(ByJson(40, lambda first, _: "deviceInfo" in first),),
    samples=(
        (
            "application/1/device/2/event/up",
            b'{"time":"2022-07-18T09:34:15.775023242+00:00","deviceInfo":{"devEui":"0102",'
            b'"deviceProfileName":"elsys ers","tags":{"model":"elt"}},"fPort":5,"data":'
            b'"AQDiAikEACcFBgYDCAcNYg=="}',
        ),
    ),
)
