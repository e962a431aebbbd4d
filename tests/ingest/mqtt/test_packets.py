"""Packets cut out of a connection's bytes, without a broker. The writer is the standard's text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.ingest.mqtt.packets import Cut, PacketCutter, pubacks
from coldwitness.storage.journal import Message

NOW_MS = 1_795_230_245_123


def written_length(number: int) -> bytes:
    """MQTT 5, section 1.5.5: seven bits a byte, the lowest first, bit 7 says that more follow."""
    digits = bytearray()
    while True:
        number, digit = divmod(number, 128)
        digits.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(digits)


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + written_length(len(body)) + body


def publish(
    topic: str,
    payload: bytes,
    *,
    qos: int = 1,
    packet_id: int = 7,
    properties: bytes | None = None,
    retain: bool = False,
    dup: bool = False,
) -> bytes:
    """properties None: the connection speaks 3.1.1."""
    name = topic.encode("utf-8", "surrogateescape")
    body = len(name).to_bytes(2, "big") + name
    body += packet_id.to_bytes(2, "big") if qos else b""
    body += b"" if properties is None else written_length(len(properties)) + properties
    return packet(0x30 | dup << 3 | qos << 1 | retain, body + payload)


def cut(data: bytes, *, five: bool = False) -> Cut:
    return PacketCutter(five=five).cut(data, received_ms=NOW_MS)


@pytest.mark.parametrize("size", [0, 1, 115, 116, 16_371, 16_372, 2_097_139, 2_097_140])
def test_a_message_is_cut_whatever_digits_its_length_takes(size: int) -> None:
    """The lengths lie at, and one beyond, what one, two and three digits can say."""
    result = cut(publish("a/b/c/d", bytes(size)))
    assert [m.payload for m in result.messages] == [bytes(size)]
    assert not result.malformed


@pytest.mark.parametrize("properties", [b"", b"\x01\x01", b"\x26\x00\x01a\x00\x01b" * 30])
def test_what_mqtt_5_says_of_a_message_is_passed_over(properties: bytes) -> None:
    result = cut(publish("t", b"payload", properties=properties), five=True)
    assert [m.payload for m in result.messages] == [b"payload"]


def test_a_message_keeps_topic_flags_and_time_of_receipt() -> None:
    data = publish("冷/证", b"1", retain=True, dup=True) + publish("\udcff", b"2", qos=0)
    result = cut(data)
    assert result.messages == [
        Message("冷/证", b"1", NOW_MS, 1, True, True),
        Message("\udcff", b"2", NOW_MS, 0, False, False),
    ]
    assert result.packet_ids == [b"\x00\x07", b""]


def test_other_packets_come_whole_and_in_their_order() -> None:
    data = packet(0x20, b"\x00\x00") + publish("t", b"x") + packet(0xD0, b"")
    assert cut(data).others == [(0x20, b"\x00\x00"), (0xD0, b"")]


@given(
    payloads=st.lists(st.binary(max_size=300), max_size=6),
    five=st.booleans(),
    data=st.data(),
)
def test_however_the_bytes_arrive_the_same_packets_come_out(
    payloads: list[bytes], five: bool, data: st.DataObject
) -> None:
    properties = b"" if five else None
    stream = b"".join(
        publish("t", payload, packet_id=n + 1, properties=properties) + packet(0xD0, b"")
        for n, payload in enumerate(payloads)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    edges = [0, *cuts, len(stream)]
    cutter = PacketCutter(five=five)
    found = [cutter.cut(stream[a:b], received_ms=NOW_MS) for a, b in pairwise(edges)]
    assert [m.payload for one in found for m in one.messages] == payloads
    assert [len(one.packet_ids) for one in found] == [len(one.messages) for one in found]
    assert sum(len(one.others) for one in found) == len(payloads)
    assert not any(one.malformed for one in found)


@pytest.mark.parametrize(
    "hurt",
    [
        b"\x30\xff\xff\xff\xff\x01",  # a length of five digits
        packet(0x32, b"\x00"),  # too short for a topic's length
        packet(0x32, b"\x00\x09abc"),  # a topic longer than the packet
        packet(0x32, b"\x00\x01a\x00"),  # half a packet id
        publish("t", b"x", qos=2),
        publish("t", b"x", qos=3),
    ],
)
def test_after_something_malformed_nothing_is_cut(hurt: bytes) -> None:
    result = cut(publish("t", b"before") + hurt + publish("t", b"after"))
    assert result.malformed
    assert [m.payload for m in result.messages] == [b"before"]


def test_properties_longer_than_their_packet_are_malformed() -> None:
    assert cut(packet(0x32, b"\x00\x01a\x00\x07\x05ab"), five=True).malformed


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_cut_or_malformed(data: bytes, five: bool) -> None:
    result = cut(data, five=five)
    assert len(result.messages) == len(result.packet_ids)
    assert all(message.qos < 2 for message in result.messages)


def test_a_large_packet_that_comes_in_small_parts_is_joined_once() -> None:
    """Joined at every part, this one would copy 200 GB."""
    payload = bytes(30_000_000)
    whole = publish("a/b", payload) + publish("a/b", b"next")
    cutter, part = PacketCutter(five=False), 2_048
    cuts = [
        cutter.cut(whole[at : at + part], received_ms=NOW_MS) for at in range(0, len(whole), part)
    ]
    assert [m.payload for one in cuts for m in one.messages] == [payload, b"next"]


def test_what_has_a_packet_id_is_acknowledged_in_one_piece() -> None:
    assert pubacks([b"\x00\x07", b"", b"\x01\x00"]) == bytes.fromhex("40020007 40020100")
    assert pubacks([b"", b""]) == b""
