"""Which wire format a message is in, where nobody said: by its usual topic, then by its look.

Only for people who ask what a message means; the service takes the settings' word alone.
"""

import re
from collections.abc import Callable
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.json_text import loads

_TOPICS = (
    (re.compile(r"coldchain/v1/[^/]+/[^/]+/(readings|events)"), "native"),
    (re.compile(r"v3/[^/]+/devices/[^/]+/.+"), "tts_v3"),
    (re.compile(r"(.*/)?application/[^/]+/device/[^/]+/event/.+"), "chirpstack_v4"),
    (re.compile(r"spBv1\.0/.+"), "sparkplug_b"),
    (re.compile(r"(.*/)?ruuvi/[^/]+/[^/]+"), "ruuvi_gateway"),
    (re.compile(r"zigbee2mqtt/.+"), "zigbee2mqtt"),
    (re.compile(r"(.*/)?(tele/.*SENSOR|stat/.*STATUS(8|10)|.*/tele/SENSOR)"), "tasmota"),
    (re.compile(r".+/(events/(rpc|[0-9A-Fa-f:]{17})|status/[a-z]+:\d+)"), "shelly"),
    (re.compile(r"(.*/)?teltonika/.+"), "teltonika_codec8"),
    (re.compile(r"(.*/)?(telegraf|influx)(/.*)?"), "influx_line"),
    (re.compile(r"(.*/)?senml(/.*)?"), "senml"),
)
_LINE = re.compile(rb"[^\s={}\[\]]+(,\S+)? [^\s=]+=\S+")
BINARY_FORMATS = frozenset({"sparkplug_b", "teltonika_codec8", "senml", "ruuvi_gateway"})
"""Formats whose messages are bytes and may be handed over as hex or base64 text."""


def format_by_topic(topic: str) -> str | None:
    """The format that is published on such topics; None if the topic is nobody's."""
    return next((name for pattern, name in _TOPICS if pattern.fullmatch(topic)), None)


def format_by_content(payload: bytes) -> str | None:
    """The format a payload looks like; None if it looks like none of them."""
    body = payload.strip()
    if body[:1] in (b"{", b"["):
        try:
            return _by_json(loads(body))
        except BadMessage:
            return None
    return next((name for name, looks in _LOOKS if looks(payload)), None)


_LOOKS: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    (
        "teltonika_codec8",
        lambda body: body[:4] == bytes(4) and len(body) > 9 and body[8] in (0x08, 0x8E),
    ),
    (
        "ruuvi_gateway",
        lambda body: (
            (body[:1], len(body))
            in ((b"\3", 14), (b"\5", 24), (b"\6", 20), (b"\xc5", 18), (b"\xe1", 40))
        ),
    ),
    ("influx_line", lambda body: body.isascii() and _LINE.match(body.strip())),
    # A CBOR array of maps; then a protobuf whose first field is a varint timestamp.
    ("senml", lambda body: len(body) > 1 and body[0] >> 5 == 4 and body[1] >> 5 == 5),
    ("sparkplug_b", lambda body: body[:1] == b"\x08" and not body.isascii()),
)
"""What messages that are no JSON look like, the surest first."""


def _by_json(value: Any) -> str | None:
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return None
    for name, looks in _JSON_LOOKS:
        if looks(first, isinstance(value, list)):
            return name
    return None


def _holds(first: dict[str, Any], key: str) -> bool:
    return any(isinstance(part, dict) and key in part for part in first.values())


_JSON_LOOKS: tuple[tuple[str, Callable[[dict[str, Any], bool], object]], ...] = (
    ("senml", lambda first, many: many and first.keys() & {"n", "bn"} and "logger" not in first),
    ("native", lambda first, _: "event" in first or {"logger", "time"} <= first.keys()),
    ("tts_v3", lambda first, _: "end_device_ids" in first),
    ("chirpstack_v4", lambda first, _: "deviceInfo" in first),
    ("ruuvi_gateway", lambda first, _: "gw_mac" in first or _holds(first, "gw_mac")),
    (
        "shelly",
        lambda first, _: (
            {"params", "method"} <= first.keys() or "tC" in first or "BTHome_version" in first
        ),
    ),
    ("tasmota", lambda first, _: "StatusSNS" in first or _holds(first, "Temperature")),
    ("shelly", lambda first, _: _holds(first, "tC")),
    ("zigbee2mqtt", lambda first, _: isinstance(first.get("temperature"), int | float)),
)
"""What JSON objects look like; the second argument says whether they came in an array."""
