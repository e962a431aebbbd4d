"""Ruuvi Gateway: Bluetooth advertisements of Ruuvi tags on `ruuvi/{gateway}/{tag}`.

A gateway set to decoded output is understood too, and its collected form (`data.tags`, by address).
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import set_clock_ms
from coldwitness.ingest.formats.json_text import holds, json_object
from coldwitness.ingest.formats.measurements import as_number
from coldwitness.ingest.formats.naming import reading, serial_in
from coldwitness.ingest.formats.ruuvi_broadcast import Broadcast, broadcast_size, parse_broadcast
from coldwitness.ingest.formats.wire_format import ByBytes, ByJson, ByTopic, WireFormat

_MANUFACTURER = b"\xff\x99\x04"
"""Advertising type 0xFF (manufacturer data), then company 0x0499 little-endian."""
_MOST_HPA = 2_000.0
MAX_TAGS = 1_000


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One advertisement in the gateway's JSON, or a bare broadcast as hex text or bytes."""
    body = payload.strip()
    if body[:1] != b"{":
        broadcast = parse_broadcast(_bare(body))
        return _decoded(broadcast, {}, context)
    message = json_object(body)
    data = message.get("data")
    if isinstance(data, dict) and isinstance(data.get("tags"), dict):
        return _collected(data["tags"], data, context)
    if isinstance(data, str):
        return _decoded(parse_broadcast(_advertised(data)), message, context)
    if "temperature" in message:
        return _decoded(
            Broadcast(
                as_number(message["temperature"]),
                as_number(message.get("humidity")),
                as_number(message.get("voltage")),
                as_number(message.get("luminosity")),
                _hpa(as_number(message.get("pressure"))),
                (_text(message, "id") or _text(message, "mac") or "").replace(":", "").upper(),
            ),
            message,
            context,
        )
    raise BadMessage("not_ruuvi", "expected data (hex) of a Ruuvi Gateway")


def _hpa(pressure: float | None) -> float | None:
    """Gateways and bridges say Pa, some hPa; no air pressure is a number of both."""
    return pressure / 100.0 if pressure is not None and pressure > _MOST_HPA else pressure


def _collected(
    tags: Mapping[str, Any], about: Mapping[str, Any], context: DecodeContext
) -> Decoded:
    """What a gateway collected of several tags; each is judged on its own."""
    readings: list[Reading] = []
    refused: list[Refusal] = []
    for index, (address, tag) in enumerate(tags.items()):
        try:
            if index >= MAX_TAGS:
                raise BadMessage("too_many", f"expected at most {MAX_TAGS} tags, got {len(tags)}")
            if not isinstance(tag, dict) or not isinstance(tag.get("data"), str):
                raise BadMessage("not_ruuvi", f"{address[:40]}: expected data (hex)")
            said = {"ts": tag.get("timestamp"), "coords": about.get("coordinates")}
            broadcast = parse_broadcast(_advertised(tag["data"]))
            here = msgspec.structs.replace(context, topic=address)
            readings.extend(_decoded(broadcast, said, here).readings)
        except BadMessage as error:
            refused.append(Refusal(error.reason, str(error), index))
            if index >= MAX_TAGS:
                break
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _decoded(broadcast: Broadcast, message: Mapping[str, Any], context: DecodeContext) -> Decoded:
    # Format 6 has room for half the address; the topic has it whole.
    mac = broadcast.whole_mac or _tag_in(context.topic) or broadcast.mac
    if broadcast.temperature_c is None:
        raise BadMessage("no_temperature", f"{mac or 'tag'}: temperature is not available")
    if mac is None:
        raise BadMessage("no_logger", "expected a tag's address in the broadcast or the topic")
    time_ms = set_clock_ms(message.get("ts"), message.get("gwts"))
    coordinates = _coordinates(message.get("coords"))
    return Decoded(
        readings=(
            reading(
                context,
                serial=mac,
                model="RuuviTag",
                temperatures={"temperature": broadcast.temperature_c},
                time_ms=time_ms,
                time_source="gateway",
                humidity_pct=broadcast.humidity_pct,
                battery_v=broadcast.battery_v,
                light_lux=broadcast.light_lux,
                pressure_hpa=broadcast.pressure_hpa,
                lat_deg=coordinates[0],
                lon_deg=coordinates[1],
            ),
        )
    )


def _advertised(data: str) -> bytes:
    """Manufacturer data out of the advertisement's length-type-value structures."""
    packet = _hex(data)
    at = 0
    while at + 1 < len(packet) and packet[at] > 0:
        structure = packet[at + 1 : at + 1 + packet[at]]
        if structure.startswith(_MANUFACTURER):
            return structure[3:]
        at += 1 + packet[at]
    if packet.startswith(_MANUFACTURER[1:]):
        return packet[2:]
    raise BadMessage("not_ruuvi", "expected an advertisement of Ruuvi (company 0x0499)")


def _bare(body: bytes) -> bytes:
    size = broadcast_size(body)
    if size is not None and len(body) >= size:
        return body
    try:
        packet = _hex(body.decode("ascii"))
    except UnicodeDecodeError:
        raise BadMessage("not_ruuvi", "expected JSON of a Ruuvi Gateway") from None
    if broadcast_size(packet) is not None:
        return packet
    return _advertised(packet.hex())


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise BadMessage("bad_frame", f"data: expected hex digits, got {text[:40]!r}") from None


def _tag_in(topic: str) -> str | None:
    try:
        return serial_in(topic, skip=("ruuvi", "coldchain"))
    except BadMessage:
        return None


def _coordinates(value: object) -> tuple[float | None, float | None]:
    """`"65.01,25.47"`, which the gateway's owner set in its configuration."""
    if isinstance(value, str):
        parts = value.split(",")
        try:
            lat, lon = (float(part) for part in parts[:2])
        except ValueError:
            return None, None
        if math.isfinite(lat) and math.isfinite(lon):
            return lat, lon
    return None, None


def _text(message: Mapping[str, Any], key: str) -> str | None:
    value = message.get(key)
    return value if isinstance(value, str) and value else None


FORMAT = WireFormat(
    "ruuvi_gateway",
    decode=decode,
    usual_topics=ByTopic(50, r"(.*/)?ruuvi/[^/]+/[^/]+"),
    looks=(
        ByJson(50, lambda first, _: "gw_mac" in first or holds(first, "gw_mac")),
        ByBytes(20, lambda body: broadcast_size(body) == len(body)),
    ),
    written_as=("hex",),
    samples=(
        (
            "ruuvi/g/t",
            b'{"gw_mac":"C8","ts":"1653668027","data":"0201061BFF99040515AE4C6DC6D7000CFFF803F4AD'
            b'B6AD697FF41F0C28CBD6","coords":"1.5,2"}',
        ),
        ("ruuvi/g/t", bytes.fromhex("06170C5668C79E007000C90501D9FFCD004C884F")),
        ("ruuvi/g/t", bytes.fromhex("C512FC5394C37CAC364200CDCBB8334C884F")),
        (
            "ruuvi/g",
            b'{"data":{"gw_mac":"C8","timestamp":"1653633988","tags":{"C6:A5:B9:E0:AD:06":{"rssi"'
            b':-71,"timestamp":"1653633987","data":"0201061BFF99040513C85714C7CC00240008041CAB76F'
            b'41C3CC6A5B9E0AD06"},"C6:A5:B9:E0:AD:07":{"data":"0201"}}}}',
        ),
    ),
)
