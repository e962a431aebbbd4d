"""The Things Stack v3: uplinks on `v3/{application}/devices/{device}/up`."""

from collections.abc import Mapping
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded
from coldwitness.ingest.formats.instants import first_instant_ms
from coldwitness.ingest.formats.json_text import json_object
from coldwitness.ingest.formats.lorawan import Uplink, decode_uplink
from coldwitness.ingest.formats.naming import told_apart
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat

_MAX_GATEWAYS = 50


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One application message; other than uplinks (joins, downlinks, failures) are refused.

    Device ids are unique within their application alone, so the logger is the device id only where
    the settings let no other application speak (`sole_namespace`) or name that device id; else the
    DevEUI, else application and device id (`told_apart`). The settings may name any of these. The
    time is when the network received the frame, unless the frame carries the logger's own.
    """
    message = json_object(payload)
    uplink = message.get("uplink_message")
    if not isinstance(uplink, dict):
        raise BadMessage("no_uplink", "expected an uplink_message of The Things Stack v3")
    if message.get("simulated") is True:
        raise BadMessage("simulated", "a simulated uplink: nothing was measured")
    ids = _object(message, "end_device_ids")
    device, dev_eui = _text(ids, "device_id"), _text(ids, "dev_eui")
    if not (device or dev_eui):
        raise BadMessage("no_logger", "end_device_ids: expected a device_id or dev_eui")
    serials = _serials(device, dev_eui, _application(ids, context.topic), context)
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


def _serials(
    device: str | None, dev_eui: str | None, application: str, context: DecodeContext
) -> tuple[str, ...]:
    """What becomes the logger first, then every further name that the settings may use."""
    names = [name for name in (device, dev_eui) if name]
    if device is not None and not context.sole_namespace:
        names = [
            told_apart(context.rule, device, address=dev_eui, within=application),
            f"{application}/{device}",
            *names,
        ]
    return tuple(dict.fromkeys(names))


def _application(ids: Mapping[str, object], topic: str) -> str:
    """The application as the topic names it, with its tenant, else as the message does."""
    levels = topic.split("/")
    if len(levels) > 3 and (levels[0], levels[2]) == ("v3", "devices"):
        return levels[1]
    return _text(_object(ids, "application_ids"), "application_id") or ""


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
    return value if isinstance(value, str) and value else None


FORMAT = WireFormat(
    "tts_v3",
    decode=decode,
    namespace_level=1,
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
