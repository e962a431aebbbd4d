"""Teltonika Codec 8 and 8E: the maker's documented frames, probes, fault codes, checksum."""

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import DecodeContext, Decoded, decoder
from coldwitness.ingest.formats.teltonika_codec8 import crc16_ibm, parse_frame
from tests.ingest.formats.context import RECEIVED_MS

BLUETOOTH = FormatRule(
    topic="#", format="teltonika_codec8", loggers={"352093081452251": {"model": "FMB120"}}
)
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
    return decoder("teltonika_codec8")(
        body, DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=BLUETOOTH)
    )


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


# traccar/traccar, TeltonikaProtocolDecoderTest (Apache-2.0): 1-Wire probes of an FM tracker,
# AVL id 72 in two bytes; and another where 72 to 74 say 3000, not connected.
WIRED = (
    "00000000000002cb08080000015a71ccbec00002fc9bfc1e53a1e00016004cf80005001914150216056500ee00"
    "ef00f0009d029e029f02a002a102a202a302a402a502a602020003000164d20003480100c6000ac500ce02c800"
    "00654ec700004ee8000000015a725aaac80002fc933c1e539d4000150049f80000001914150116056500ee00ef"
    "00f0009d029e029f02a002a102a202a302a402a502a602020003000164d200034800f4c6000ac500ce02c80000"
    "654ec700004ee8000000015a75a42c900002fc97d01e539640001d0008020000001914150016056500ee00ef00"
    "f0009d029e029f02a002a102a202a302a402a502a602020003000164d200034800f8c6000ac500ce02c80006ba"
    "5ac700004ee8000000015a75a440180002fc931c1e539b60001d00b9020001001914150016056500ee00ef00f0"
    "009d029e029f02a002a102a202a302a402a502a602020003000164d200034800fac6000ac500ce02c80006ba5a"
    "c700004ee8000000015a75a453a00002fc93601e539cc0001d015d0c0000001914150016056500ee00ef00f000"
    "9d029e029f02a002a102a202a302a402a502a602020003000164d200034800f9c6000ac500ce02c80006ba5ac7"
    "00004ee8000000015a75a467280002fc93801e539cc0001d013c0c0000001914150016056500ee00ef00f0009d"
    "029e029f02a002a102a202a302a402a502a602020003000164d200034800f9c6000ac500ce02c80006ba5ac700"
    "004ee8000000015a75a47ab00002fc92cc1e539c80001d00b00c0000001914150016056500ee00ef00f0009d02"
    "9e029f02a002a102a202a302a402a502a602020003000164d200034800f8c60004c5000a02c800003085c70006"
    "ba5a000000015a75a48e380002fc92ec1e539c40001d00410c0000001914150116056500ee00ef00f0009d029e"
    "029f02a002a102a202a302a402a502a602020003000164d200034800f8c6000ac500ce02c80000c83dc700004e"
    "e800080000e0b2"
)
UNPLUGGED = (
    "000000000000008c08010000013feb55ff74000f0ea850209a690000940000120000001e090100020003000400"
    "16014703f0001504c8000c0900730a00460b00501300464306d7440000b5000bb60007422e9f180000cd0386ce"
    "000107c700000000f10000601a46000001344800000bb84900000bb84a00000bb84c00000000024e0000000000"
    "000000cf00000000000000000100003fca"
)
# Teltonika's wiki: the second and third example of Codec 8, and a frame of its page on
# temperature tracking, where no Bluetooth sensor answered.
CODEC_8_SECOND = (
    "000000000000002808010000016B40D9AD80010000000000000000000000000000000103021503010101425E10"
    "0000010000F22A"
)
CODEC_8_THIRD = (
    "000000000000004308020000016B40D57B4801000000000000000000000000000000010101010000000000"
    "00016B40D5C198010000000000000000000000000000000101010101000000020000252C"
)
WITHOUT_BLUETOOTH = (
    "000000000000008F080100000177B0A5F838000000000000000000004400280D0000001F09EF00F0001504B301"
    "B40051005200590098000B423074430F8244000011001812002D13FFE85400BE5500005A0000970000A800000A"
    "F10000601A53000000005703CB6B986400002E97660000000069023B33856B000065B27B000000007D00000000"
    "BD00000000018400800000300000050100005C92"
)


def test_a_tracker_with_a_wired_probe_is_read_record_by_record() -> None:
    readings = said(bytes.fromhex(WIRED)).readings
    assert [reading.temperature_c["drug"] for reading in readings] == [
        25.6, 24.4, 24.8, 25.0, 24.9, 24.9, 24.8, 24.8,
    ]  # fmt: skip
    assert readings[0].time_ms == 0x015A71CCBEC0
    assert readings[3].lat_deg == pytest.approx(0x1E539B60 / 1e7)


@pytest.mark.parametrize("frame_hex", [UNPLUGGED, CODEC_8_SECOND, CODEC_8_THIRD, WITHOUT_BLUETOOTH])
def test_real_frames_whose_probes_say_nothing_give_no_reading(frame_hex: str) -> None:
    assert list(parse_frame(bytes.fromhex(frame_hex)))
    with pytest.raises(BadMessage) as caught:
        said(bytes.fromhex(frame_hex))
    assert caught.value.reason == "no_temperature"


@pytest.mark.parametrize("code", [850, 2000, 3000, 4000, 5000, 32767, -32768])
def test_fault_codes_of_a_wired_probe_are_no_temperature(code: int) -> None:
    (reading,) = said(frame(record({72: (code, 4), 73: (50, 4)}))).readings
    assert reading.temperature_c == {"dallas_temperature_2": 5.0}


@pytest.mark.parametrize("code", [2000, 3000, 4000, 32767, 32766, 32765, 32764, -32768])
def test_fault_codes_of_a_bluetooth_probe_are_no_temperature(code: int) -> None:
    with pytest.raises(BadMessage):
        said(frame(record({25: (code, 2)})))


def test_eye_sensors_came_after_the_old_codes_and_may_say_20_degrees() -> None:
    io = {10800: (2000, 2), 10801: (32767, 2), 10802: (-212, 2), 10644: (450, 2)}
    (reading,) = said(frame(record(io, extended=True), extended=True)).readings
    assert reading.temperature_c == {
        "drug": 20.0,
        "eye_temperature_3": -2.12,
        "probe_temperature_1": 4.5,
    }


@pytest.mark.parametrize("code", [65535, 65534, 65533])
def test_fault_codes_of_bluetooth_humidity_are_none(code: int) -> None:
    (reading,) = said(frame(record({25: (450, 2), 86: (code - 65536, 2)}))).readings
    assert reading.humidity_pct is None


def test_every_record_of_a_frame_is_a_reading() -> None:
    result = said(frame(record({72: (45, 4)}), record({}), record({72: (46, 4)})))
    assert [reading.temperature_c["drug"] for reading in result.readings] == [4.5, 4.6]


def test_a_record_of_a_clock_never_set_is_refused_alone() -> None:
    good = record({72: (45, 4)})
    bad = (4_000).to_bytes(8, "big") + record({72: (46, 4)})[8:]
    result = said(frame(good, bad))
    assert [reading.temperature_c["drug"] for reading in result.readings] == [4.5]
    assert [(refusal.index, refusal.reason) for refusal in result.refused] == [(1, "bad_time")]


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
