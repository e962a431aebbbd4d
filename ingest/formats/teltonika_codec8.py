"""Teltonika Codec 8 and 8 Extended frames of vehicle trackers, as a gateway forwards them.

Frame: four zero bytes, length, codec, count, records, count, CRC-16/IBM. The frame does not
say who sent it: the logger is the topic's last level, where gateways put the IMEI; a name there is
one only with the levels before it.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coldwitness.config.logger_facts import logger_facts
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Refusal
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS
from coldwitness.ingest.formats.naming import (
    entry_of,
    logger_id,
    mapping_for,
    path_in,
    reading,
    serial_in,
)
from coldwitness.ingest.formats.wire_format import ByBytes, ByTopic, WireFormat

_CODEC_8, _CODEC_8_EXTENDED = 0x08, 0x8E
_CODECS = (_CODEC_8, _CODEC_8_EXTENDED)
_GREETING = re.compile(rb"(?:\x00\x0f\d{15}|\xff)*")
"""What a device sends before its packets and between them: its IMEI, and a ping."""
_MOST_BEGINNINGS = 20
"""Beginnings of packets tried behind a damaged one; each costs a checksum."""
_NOT_NAMING = ("teltonika", "data", "avl", "raw", "codec8")
_IMEI = re.compile(r"[0-9]{15}")
_MIN_FRAME = 15
_MAX_FRAME = 200_000

_TEMPERATURES: Mapping[int, tuple[str, float]] = {
    **{72 + n: (f"dallas_temperature_{n + 1}", 0.1) for n in range(4)},
    **{25 + n: (f"ble_temperature_{n + 1}", 0.01) for n in range(4)},
    **{10800 + n: (f"eye_temperature_{n + 1}", 0.01) for n in range(4)},
    **{10644 + n: (f"probe_temperature_{n + 1}", 0.01) for n in range(6)},
}
"""AVL id -> (name, °C a step): 1-Wire probes, Bluetooth sensors, EYE sensors, BT probes."""
_REGISTER_FAULTS = frozenset({0x7FFF, 0x7FFE, 0x7FFD, 0x7FFC, -0x8000, 0xFFFF})
"""Not found, not parsed, abnormal state: Bluetooth sensors since firmware 03.28."""
_OLD_FAULTS = frozenset({2000, 3000, 4000})
"""The same in older firmware, read error, not connected and failed with wired probes. For a
Bluetooth sensor they are 20.00, 30.00 and 40.00 °C too; the doubt makes them missing."""
_WIRED_FAULTS = frozenset({850, 5000}) | _OLD_FAULTS | _REGISTER_FAULTS


def _is_fault(io_id: int, raw: int) -> bool:
    if 72 <= io_id <= 75:
        return raw in _WIRED_FAULTS
    return raw in _REGISTER_FAULTS or (25 <= io_id <= 28 and raw in _OLD_FAULTS)


_BLE_IDS = range(25, 29)
_ENGINE_MODELS = logger_facts().teltonika.engine_models
"""Professional trackers, where 25 is the engine's temperature on the CAN bus, in tenths."""
_BLE_HUMIDITY = (86, 104, 106, 108)
_MOVEMENT = 240
_BATTERY_MV = 67


@dataclass(frozen=True)
class Record:
    """One AVL record; io: id -> (signed value, size in bytes)."""

    time_ms: int
    lat_deg: float
    lon_deg: float
    satellites: int
    io: Mapping[int, tuple[int, int]]


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One frame, binary or as hex text; records without a temperature are passed over."""
    serial = serial_in(context.topic, skip=_NOT_NAMING)
    if not _IMEI.fullmatch(serial):  # a name, which may be given on another level again
        serial = path_in(context.topic, skip=_NOT_NAMING)
    readings: list[Reading] = []
    refused: list[Refusal] = []
    count = 0
    records = list(_records(_binary(payload), refused))
    for index, record in enumerate(records):
        count += 1
        try:
            # Alone, a clock never set gives way to the time of receipt, which no backlog has.
            earliest_ms = UNSET_BEFORE_MS if len(records) > 1 else 0
            if not earliest_ms <= record.time_ms <= LATEST_MS:
                raise BadMessage("bad_time", f"timestamp: expected epoch ms, got {record.time_ms}")
            readings.append(_reading(record, serial, context, refused))
        except BadMessage as error:
            if error.reason != "no_temperature":
                refused.append(Refusal(error.reason, str(error), index))
    if not readings and not refused:
        raise BadMessage("no_temperature", f"{serial}: no temperature in {count} records")
    return Decoded(readings=tuple(readings), refused=tuple(refused))


def _records(packets: bytes, refused: list[Refusal]) -> Iterator[Record]:
    """The records of one packet, or of several that one read of a socket took up together, with
    what else it took up (the device's greeting, a ping, half a packet); what is damaged is refused
    and leaves the others standing."""
    at = 0
    while at == 0 or at < len(packets):
        size = int.from_bytes(packets[at + 4 : at + 8], "big") + 12
        begins = packets[at : at + 4] == bytes(4)
        end = at + size if begins and at + size <= len(packets) else len(packets)
        try:
            yield from parse_frame(packets[at:end])
        except BadMessage as error:
            following = _next_whole(packets, at + 1)
            if at == 0 and following is None:
                raise
            if not _GREETING.fullmatch(packets[at:following]):
                refused.append(Refusal(error.reason, str(error)))
            if following is None:
                return
            end = following
        at = end


def _next_whole(packets: bytes, start: int) -> int | None:
    """Where, from `start` on, the next packet begins whose length and checksum are right."""
    at = packets.find(bytes(4), start)
    tried = 0
    while at >= 0 and tried < _MOST_BEGINNINGS:
        size = int.from_bytes(packets[at + 4 : at + 8], "big")
        if _MIN_FRAME - 12 <= size <= len(packets) - at - 12 and packets[at + 8] in _CODECS:
            tried += 1
            data = packets[at + 8 : at + 8 + size]
            if crc16_ibm(data) == int.from_bytes(packets[at + 8 + size : at + 12 + size], "big"):
                return at
        at = packets.find(bytes(4), at + 1)
    return None


def parse_frame(frame: bytes) -> Iterator[Record]:
    """The records of a frame whose length and checksum are right; raises BadMessage."""
    if len(frame) < _MIN_FRAME or frame[:4] != bytes(4):
        raise BadMessage("bad_frame", "Teltonika: expected four zero bytes and a frame")
    size = int.from_bytes(frame[4:8], "big")
    if len(frame) != size + 12:
        raise BadMessage(
            "bad_frame", f"Teltonika: expected {size + 12} bytes in all, got {len(frame)}"
        )
    data, sent = frame[8:-4], int.from_bytes(frame[-4:], "big")
    if crc16_ibm(data) != sent:
        raise BadMessage("bad_checksum", f"Teltonika: CRC {crc16_ibm(data):04X}, sent {sent:04X}")
    codec, count = data[0], data[1]
    if codec not in _CODECS:
        raise BadMessage("bad_frame", f"Teltonika: codec 0x{codec:02X}: expected 8 or 8E")
    if data[-1] != count:
        raise BadMessage("bad_frame", f"Teltonika: record counts differ: {count}, {data[-1]}")
    reader = _Reader(data[2:-1])
    records = [_record(reader, extended=codec == _CODEC_8_EXTENDED) for _ in range(count)]
    if reader.left:
        raise BadMessage("bad_frame", f"Teltonika: {reader.left} bytes after the last record")
    return iter(records)


def crc16_ibm(data: bytes) -> int:
    """CRC-16/ARC: polynomial 0x8005 reflected, start 0."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(crc: int) -> int:
    for _ in range(8):
        crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


_CRC_TABLE = tuple(_crc_of_byte(byte) for byte in range(256))


class _Reader:
    """Big-endian integers off a byte string."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def whole(self, size: int, *, signed: bool = False) -> int:
        if self.left < size:
            raise BadMessage("bad_frame", "Teltonika: a record is cut off")
        piece = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(piece, "big", signed=signed)


def _record(reader: _Reader, *, extended: bool) -> Record:
    time_ms = reader.whole(8)
    reader.whole(1)  # priority
    lon, lat = reader.whole(4, signed=True), reader.whole(4, signed=True)
    reader.whole(4)  # altitude, heading
    satellites = reader.whole(1)
    reader.whole(2)  # speed
    width = 2 if extended else 1
    reader.whole(2 * width)  # event id, number of all elements
    io: dict[int, tuple[int, int]] = {}
    for size in (1, 2, 4, 8):
        for _ in range(reader.whole(width)):
            io_id = reader.whole(width)
            io[io_id] = (reader.whole(size, signed=True), size)
    if extended:
        for _ in range(reader.whole(2)):
            reader.whole(2)
            reader.whole(reader.whole(2))
    return Record(time_ms, lat / 1e7, lon / 1e7, satellites, io)


def _reading(
    record: Record, serial: str, context: DecodeContext, refused: list[Refusal]
) -> Reading:
    entry = entry_of(context.rule, serial, logger_id(serial))
    mapping = mapping_for(context.rule, entry=entry, model="Teltonika")
    stated = entry.get("model", "")
    temperatures: dict[str, float] = {}
    for io_id, (name, step) in _TEMPERATURES.items():
        raw = record.io.get(io_id)
        if raw is None:
            continue
        if io_id in _BLE_IDS and not (stated or name in mapping):
            text = (
                f"{serial}: AVL id {io_id} is a Bluetooth sensor of some models and the engine of "
                "others: set `model` of this logger"
            )
            refused.append(Refusal("model_unknown", text))
            continue
        celsius = math.nan if _is_fault(io_id, raw[0]) else round(raw[0] * step, 2)
        if io_id in _BLE_IDS and stated.upper().startswith(_ENGINE_MODELS):
            temperatures[f"engine_temperature_{io_id}"] = raw[0] / 10.0
        else:
            temperatures[name] = celsius
    humidity = next((record.io[io_id][0] for io_id in _BLE_HUMIDITY if io_id in record.io), None)
    movement = record.io.get(_MOVEMENT)
    battery = record.io.get(_BATTERY_MV)
    fix = record.satellites > 0
    return reading(
        context,
        serial=serial,
        model="Teltonika",
        temperatures=temperatures,
        time_ms=record.time_ms if record.time_ms >= UNSET_BEFORE_MS else None,
        humidity_pct=None if humidity is None else humidity / 10.0,
        lat_deg=record.lat_deg if fix else None,
        lon_deg=record.lon_deg if fix else None,
        moving=None if movement is None else movement[0] != 0,
        battery_v=None if battery is None else (battery[0] & 0xFFFF) / 1000.0,
    )


def _binary(payload: bytes) -> bytes:
    if len(payload) > _MAX_FRAME:
        raise BadMessage("bad_frame", f"Teltonika: expected a frame, got {len(payload)} bytes")
    if payload[:4] == bytes(4) or payload[:2] == b"\x00\x0f" or payload[:1] == b"\xff":
        return payload
    try:
        return bytes.fromhex(payload.decode("ascii").strip().removeprefix("0x"))
    except (UnicodeDecodeError, ValueError):
        raise BadMessage("bad_frame", "Teltonika: expected a binary frame or its hex") from None


def _looks_like_a_frame(body: bytes) -> bool:
    return body[:4] == bytes(4) and len(body) > 9 and body[8] in (_CODEC_8, _CODEC_8_EXTENDED)


FORMAT = WireFormat(
    "teltonika_codec8",
    decode=decode,
    usual_topics=ByTopic(90, r"(.*/)?teltonika/.+"),
    looks=(ByBytes(10, _looks_like_a_frame),),
    written_as=("hex", "base64"),
    samples=(
        (
            "teltonika/352093081452251",
            bytes.fromhex(
                "000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010"
                "101425E0F01F10000601A014E0000000000000000010000C7CF"
            ),
        ),
        (
            "teltonika/352093081452251",
            bytes.fromhex(
                "000000000000002b0801000001a1fc0fa10300468325c015f2494000000000090000000301f00101"
                "190c3501480000002d00010000d4c6"
            ),
        ),
    ),
)
