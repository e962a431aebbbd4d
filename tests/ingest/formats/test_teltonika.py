"""Teltonika Codec 8 and 8E: the maker's documented frames, probes, fault codes, checksum."""

import pytest

from domain.errors import BadMessage
from ingest.formats import DecodeContext, Decoded, decoder
from ingest.formats.teltonika_codec8 import crc16_ibm, parse_frame
from tests.ingest.formats.context import RECEIVED_MS

TIME_MS = 1_795_230_245_123
# Teltonika's wiki, page Codec: the first example of Codec 8 and of Codec 8 Extended.
CODEC_8 = (
    "000000000000003608010000016B40D8EA30010000000000000000000000000000000105021503010101425E"
    "0F01F10000601A014E0000000000000000010000C7CF"
)
CODEC_8E = (
    "000000000000004A8E010000016B412CEE000100000000000000000000000000000000010005000100010100"
    "010011001D00010010015E2C880002000B000000003544C87A000E000000001DD7E06A00000100002994"
)


def record(io: dict[int, tuple[int, int]], *, extended: bool = False, satellites: int = 9) -> bytes:
    """One AVL record; io: id -> (value, size)."""
    width = 2 if extended else 1
    body = TIME_MS.to_bytes(8, "big") + b"\x00"
    body += (1183000000).to_bytes(4, "big") + (368200000).to_bytes(4, "big")
    body += bytes(4) + bytes([satellites]) + bytes(2)
    body += bytes(width) + len(io).to_bytes(width, "big")
    for size in (1, 2, 4, 8):
        group = {key: value for key, (value, s) in io.items() if s == size}
        body += len(group).to_bytes(width, "big")
        for key, value in group.items():
            body += key.to_bytes(width, "big") + value.to_bytes(size, "big", signed=True)
    return body + (bytes(2) if extended else b"")


def frame(*records: bytes, extended: bool = False) -> bytes:
    count = bytes([len(records)])
    data = (b"\x8e" if extended else b"\x08") + count + b"".join(records) + count
    return bytes(4) + len(data).to_bytes(4, "big") + data + crc16_ibm(data).to_bytes(4, "big")


def said(body: bytes, topic: str = "teltonika/352093081452251/data") -> Decoded:
    return decoder("teltonika_codec8")(body, DecodeContext(topic=topic, received_ms=RECEIVED_MS))


def test_documented_frames_are_read() -> None:
    (first,) = parse_frame(bytes.fromhex(CODEC_8))
    assert first.time_ms == 1_560_161_086_000
    assert first.io == {21: (3, 1), 1: (1, 1), 66: (0x5E0F, 2), 241: (0x601A, 4), 78: (0, 8)}
    (second,) = parse_frame(bytes.fromhex(CODEC_8E))
    assert second.time_ms == 1_560_166_592_000
    assert second.io[17] == (0x1D, 2)


def test_a_frame_without_temperatures_says_so() -> None:
    for body in (bytes.fromhex(CODEC_8), CODEC_8E.encode()):
        with pytest.raises(BadMessage) as caught:
            said(body)
        assert caught.value.reason == "no_temperature"


@pytest.mark.parametrize("extended", [False, True])
def test_probes_position_and_movement_arrive_with_the_devices_time(extended: bool) -> None:
    io = {72: (45, 4), 25: (-212, 2), 86: (555, 2), 240: (1, 1), 67: (3912, 2)}
    (reading,) = said(frame(record(io, extended=extended), extended=extended)).readings
    assert reading.logger == "352093081452251"
    assert reading.temperature_c == {"drug": 4.5, "ble_temperature_1": -2.12}
    assert (reading.time_ms, reading.time_source) == (TIME_MS, "device")
    assert (reading.lat_deg, reading.lon_deg) == (36.82, 118.3)
    assert (reading.humidity_pct, reading.moving, reading.battery_v) == (55.5, True, 3.912)


def test_a_position_without_satellites_is_no_position() -> None:
    (reading,) = said(frame(record({72: (45, 4)}, satellites=0))).readings
    assert (reading.lat_deg, reading.lon_deg) == (None, None)


@pytest.mark.parametrize("code", [850, 2000, 3000, 4000, 5000])
def test_fault_codes_of_a_wired_probe_are_no_temperature(code: int) -> None:
    (reading,) = said(frame(record({72: (code, 4), 73: (50, 4)}))).readings
    assert reading.temperature_c == {"drug": 5.0}


@pytest.mark.parametrize("code", [2000, 3000, 4000, 0x7FFF, -0x8000])
def test_fault_codes_of_a_bluetooth_probe_are_no_temperature(code: int) -> None:
    with pytest.raises(BadMessage):
        said(frame(record({25: (code, 2)})))


def test_every_record_of_a_frame_is_a_reading() -> None:
    result = said(frame(record({72: (45, 4)}), record({}), record({72: (46, 4)})))
    assert [reading.temperature_c["drug"] for reading in result.readings] == [4.5, 4.6]


def test_hex_text_is_the_same_as_bytes() -> None:
    body = frame(record({72: (45, 4)}))
    assert said(body.hex().encode()) == said(body)


@pytest.mark.parametrize("at", range(8, 20))
def test_a_flipped_byte_fails_the_checksum(at: int) -> None:
    body = bytearray(frame(record({72: (45, 4)})))
    body[at] ^= 0x10
    with pytest.raises(BadMessage) as caught:
        said(bytes(body))
    assert caught.value.reason == "bad_checksum"


@pytest.mark.parametrize("cut", [0, 3, 8, 14, 40])
def test_a_frame_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(BadMessage) as caught:
        said(frame(record({72: (45, 4)}))[:cut] if cut else b"")
    assert caught.value.reason == "bad_frame"


def test_checksum_is_the_documented_one() -> None:
    assert crc16_ibm(b"123456789") == 0xBB3D  # CRC-16/ARC check value
