"""The Things Stack v3: uplinks on `v3/{application}/devices/{device}/up`."""

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
    """One application message; other than uplinks (joins, downlinks, failures) are refused.

    The logger is the device id; the settings may name it or its DevEUI. The time is when
    the network received the frame, unless the frame carries the logger's own.
    """
    message = json_object(payload)
    uplink = message.get("uplink_message")
    if not isinstance(uplink, dict):
        raise BadMessage("no_uplink", "expected an uplink_message of The Things Stack v3")
    if message.get("simulated") is True:
        raise BadMessage("simulated", "a simulated uplink: nothing was measured")
    ids = _object(message, "end_device_ids")
    serials = tuple(
        serial
        for serial in (ids.get("device_id"), ids.get("dev_eui"))
        if isinstance(serial, str) and serial
    )
    if not serials:
        raise BadMessage("no_logger", "end_device_ids: expected a device_id or dev_eui")
    version = _object(uplink, "version_ids")
    brand, model = _text(version, "brand_id"), _text(version, "model_id")
    normalized = uplink.get("normalized_payload")
    parts = normalized if isinstance(normalized, list) else [normalized]
    objects = [
        _object(uplink, "decoded_payload"),
        *(part for part in parts if isinstance(part, dict)),
    ]
    return decode_uplink(
        Uplink(
            serials=serials,
            descriptions=(brand, model),
            model=model,
            time_ms=_received_ms(message, uplink),
            objects=tuple(objects),
            frame_base64=uplink.get("frm_payload"),
            f_port=uplink.get("f_port"),
        ),
        context,
    )


def _received_ms(message: Mapping[str, Any], uplink: Mapping[str, Any]) -> int | None:
    """When the network server received the frame, else a gateway, else the application."""
    gateways = uplink.get("rx_metadata")
    seen = (
        [part for part in gateways[:_MAX_GATEWAYS] if isinstance(part, dict)]
        if isinstance(gateways, list)
        else []
    )
    return first_instant_ms(
        uplink.get("received_at"),
        _object(uplink, "settings").get("time"),
        *(part.get(key) for part in seen for key in ("received_at", "time")),
        message.get("received_at"),
    )


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _text(holder: Mapping[str, Any], key: str) -> str | None:
    value = holder.get(key)
    return value if isinstance(value, str) else None


FORMAT = WireFormat(
    "tts_v3",
    decode=decode,
    usual_topics=ByTopic(20, r"v3/[^/]+/devices/[^/]+/.+"),
    looks=(ByJson(30, lambda first, _: "end_device_ids" in first),),
    samples=(
        (
            "v3/a/devices/b/up",
            b'{"end_device_ids":{"device_id":"a","dev_eui":"A8"},"uplink_message":{"f_port":2,'
            b'"frm_payload":"y8YIAPIBf/9//w==","version_ids":{"brand_id":"dragino","model_id":'
            b'"lht65n"},"received_at":"2026-11-21T03:04:05.787654321Z"}}',
        ),
        (
            "v3/a/devices/b/up",
            b'{"end_device_ids":{"device_id":"a"},"uplink_message":{"f_port":85,"frm_payload":'
            b'"IM6XYQZgLAAX","version_ids":{"brand_id":"milesight","model_id":"em300-th"},'
            b'"decoded_payload":{"t":{"u":[1,2,{"temp":4}]}}}}',
        ),
        (
            "v3/a/devices/b/up",
            # Two records of an LHT65N's memory, the second without its mark.
            b'{"end_device_ids":{"device_id":"a"},"uplink_message":{"f_port":2,"frm_payload":'
            b'"f/8ImAFGQWAGX5fL9gsNA3YBCt1//w==","version_ids":{"brand_id":"dragino","model_id":'
            b'"lht65n"},"settings":{"time":"2026-11-21T03:04:05Z"}}}',
        ),
        (
            "v3/a/devices/b/up",
            b'{"end_device_ids":{"device_id":"a"},"uplink_message":{"decoded_payload":{"history":['
            b'{"timestamp":1795230245,"temperature":"4.5"},{"temperature":4}],"Systimestamp":'
            b'1795230245,"temp_f":40.1,"temperature":{"value":4.5,"unit":"F"}}}}',
        ),
    ),
)
