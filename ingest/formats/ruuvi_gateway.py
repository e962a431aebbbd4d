"""Ruuvi Gateway: Bluetooth advertisements of Ruuvi tags on `ruuvi/{gateway}/{tag}`.

Data formats 3 (RAWv1), 5 (RAWv2), C5 (RAWv2 cut short), 6 and E1 (Ruuvi Air), as Ruuvi
documents them; in each the code for "not available" is missing, never a number. A gateway set
to decoded output is understood too, and its collected form (`data.tags`, by address).
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import epoch_s_ms
from coldwitness.ingest.formats.json_text import holds, json_object
from coldwitness.ingest.formats.measurements import as_number
from coldwitness.ingest.formats.naming import reading, serial_in
from coldwitness.ingest.formats.wire_format import ByBytes, ByJson, ByTopic, WireFormat

_MANUFACTURER = b"\xff\x99\x04"
"""Advertising type 0xFF (manufacturer data), then company 0x0499 little-endian."""
_LUX_STEP = math.log(65536.0) / 254.0
_NO_MAC = "FFFFFFFFFFFF"
_MOST_HPA = 2_000.0
MAX_TAGS = 1_000


@dataclass(frozen=True)
class Broadcast:
    """What one advertisement says; None where the tag says "not available"."""

    temperature_c: float | None
    humidity_pct: float | None
    battery_v: float | None = None
    light_lux: float | None = None
    pressure_hpa: float | None = None
    mac: str | None = None
    """Upper-case hex; six digits where the format carries only half of it."""


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


def parse_broadcast(body: bytes) -> Broadcast:
    """Manufacturer data from the format byte on; raises BadMessage for an unknown format."""
    if not body:
        raise BadMessage("not_ruuvi", "empty advertisement")
    known = _FORMATS.get(body[0])
    if known is None:
        raise BadMessage("not_ruuvi", f"Ruuvi data format {body[0]}: expected 3, 5, C5, 6 or E1")
    size, parse = known
    if len(body) < size:
        raise BadMessage(
            "bad_frame", f"Ruuvi data format {body[0]}: expected {size} bytes, got {len(body)}"
        )
    return parse(body[:size])


def _format_3(body: bytes) -> Broadcast:
    humidity, whole, hundredths, pressure, _, _, _, battery_mv = struct.unpack(">xBBBHhhhH", body)
    # The whole degrees have a sign bit, not two's complement.
    degrees = (whole & 0x7F) + hundredths / 100.0
    if hundredths > 99:
        raise BadMessage("bad_frame", f"Ruuvi data format 3: {hundredths} hundredths of a degree")
    return Broadcast(
        temperature_c=-degrees if whole & 0x80 else degrees,
        humidity_pct=humidity / 2.0,
        battery_v=battery_mv / 1000.0,
        pressure_hpa=(pressure + 50_000) / 100.0,
    )


def _format_5(body: bytes) -> Broadcast:
    temperature, humidity, pressure, _, _, _, power, _, _ = struct.unpack(">xhHHhhhHBH", body[:18])
    mac = body[18:24].hex().upper()
    battery = power >> 5
    return Broadcast(
        temperature_c=None if temperature == -0x8000 else round(temperature * 0.005, 3),
        humidity_pct=None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        battery_v=None if battery == 0x7FF else (battery + 1600) / 1000.0,
        pressure_hpa=_pressure_hpa(pressure),
        mac=None if mac == _NO_MAC else mac,
    )


def _format_c5(body: bytes) -> Broadcast:
    # As format 5 without its six bytes of acceleration.
    return _format_5(body[:7] + bytes(6) + body[7:])


def _format_e1(body: bytes) -> Broadcast:
    temperature, humidity, pressure = struct.unpack(">hHH", body[1:7])
    light, mac = int.from_bytes(body[19:22], "big"), body[34:40].hex().upper()
    return Broadcast(
        temperature_c=None if temperature == -0x8000 else round(temperature * 0.005, 3),
        humidity_pct=None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        pressure_hpa=_pressure_hpa(pressure),
        light_lux=None if light == 0xFFFFFF else light / 100.0,
        mac=None if mac == _NO_MAC else mac,
    )


def _format_6(body: bytes) -> Broadcast:
    temperature, humidity, pressure = struct.unpack(">hHH", body[1:7])
    light, mac = body[13], body[17:20].hex().upper()
    return Broadcast(
        temperature_c=None if temperature == -0x8000 else round(temperature * 0.005, 3),
        humidity_pct=None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        pressure_hpa=_pressure_hpa(pressure),
        light_lux=None if light == 0xFF else round(math.exp(light * _LUX_STEP) - 1.0, 2),
        mac=None if mac == _NO_MAC[:6] else mac,
    )


def _pressure_hpa(code: int) -> float | None:
    return None if code == 0xFFFF else (code + 50_000) / 100.0


def _hpa(pressure: float | None) -> float | None:
    """Gateways and bridges say Pa, some hPa; no air pressure is a number of both."""
    return pressure / 100.0 if pressure is not None and pressure > _MOST_HPA else pressure


_FORMATS = {
    3: (14, _format_3),
    5: (24, _format_5),
    6: (20, _format_6),
    0xC5: (18, _format_c5),
    0xE1: (40, _format_e1),
}


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
    mac = broadcast.mac if len(broadcast.mac or "") == len(_NO_MAC) else None
    # Format 6 has room for half the address; the topic has it whole.
    mac = mac or _tag_in(context.topic) or broadcast.mac
    if broadcast.temperature_c is None:
        raise BadMessage("no_temperature", f"{mac or 'tag'}: temperature is not available")
    if mac is None:
        raise BadMessage("no_logger", "expected a tag's address in the broadcast or the topic")
    time_ms = _time(message.get("ts"), message.get("gwts"))
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
    if body[:1] and body[0] in _FORMATS and len(body) >= _FORMATS[body[0]][0]:
        return body
    try:
        packet = _hex(body.decode("ascii"))
    except UnicodeDecodeError:
        raise BadMessage("not_ruuvi", "expected JSON of a Ruuvi Gateway") from None
    if packet[:1] and packet[0] in _FORMATS:
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


def _time(*candidates: object) -> int | None:
    """Epoch seconds, which older firmware sends as text."""
    for value in candidates:
        digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16
        number = float(str(value)) if digits else as_number(value)
        if number:
            return epoch_s_ms(number)
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


_BARE = ((b"\3", 14), (b"\5", 24), (b"\6", 20), (b"\xc5", 18), (b"\xe1", 40))
"""First byte and length of a broadcast without its advertisement."""


FORMAT = WireFormat(
    "ruuvi_gateway",
    decode=decode,
    usual_topics=ByTopic(50, r"(.*/)?ruuvi/[^/]+/[^/]+"),
    looks=(
        ByJson(50, lambda first, _: "gw_mac" in first or holds(first, "gw_mac")),
        ByBytes(20, lambda body: (body[:1], len(body)) in _BARE),
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
