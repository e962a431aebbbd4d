"""Cutting MQTT packets out of what a connection brings: PUBLISH into messages, the rest whole.

Pure: bytes in, packets out, no socket. MQTT 3.1.1 and 5, sections 2 and 3.3 of both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from coldwitness.storage.journal import Message

DISCONNECT = b"\xe0\x00"
_PUBACK_HEAD = b"\x40\x02"
_PUBLISH = 0x30
_TOPICS_CACHED = 200_000
_MORE = -1
_TOO_LONG = -2


@dataclass
class Cut:
    """What one read brought, each kind in the order it came.

    packet_ids : of `messages`, two bytes, b"" for QoS 0.
    others : (first byte, body) of packets that are no PUBLISH.
    malformed : what follows is no MQTT, or QoS 2, which is never subscribed to.
    """

    messages: list[Message] = field(default_factory=list)
    packet_ids: list[bytes] = field(default_factory=list)
    others: list[tuple[int, bytes]] = field(default_factory=list)
    malformed: bool = False


class PacketCutter:
    """Cuts the bytes of one connection; an unfinished packet waits for the next read, at a cost
    that grows with its size and not with its square.

    five : the connection speaks MQTT 5, whose PUBLISH has properties.
    """

    def __init__(self, *, five: bool) -> None:
        self._five = five
        self._parts: list[bytes] = []  # of what waits, joined once the packet is whole
        self._waiting = 0
        self._wanted = 0
        self._topics: dict[bytes, str] = {}

    def cut(self, data: bytes, *, received_ms: int) -> Cut:
        """All whole packets of what waited and `data`. After a malformed one nothing is cut."""
        result = Cut()
        self._parts.append(data)
        self._waiting += len(data)
        if self._waiting < self._wanted:
            return result
        data = b"".join(self._parts) if len(self._parts) > 1 else data
        at, end, self._wanted = 0, len(data), 0
        while end - at >= 2:
            body, length = _remaining_length(data, at + 1, end)
            next_at = body + length
            if length == _MORE or (length >= 0 and next_at > end):
                self._wanted = 0 if length == _MORE else next_at - at
                break
            first = data[at]
            if length < 0:
                result.malformed = True
            elif first & 0xF0 != _PUBLISH:
                result.others.append((first, data[body:next_at]))
            else:
                result.malformed = not self._publish(
                    result, first, data, body, next_at, received_ms
                )
            if result.malformed:
                break
            at = next_at
        self._parts = [data[at:]] if at < end else []
        self._waiting = end - at
        return result

    def _publish(
        self, result: Cut, first: int, data: bytes, at: int, end: int, received_ms: int
    ) -> bool:
        """Take the PUBLISH of that first byte whose body is data[at:end]; False if malformed."""
        if at + 2 > end:
            return False
        topic_end = at + 2 + (data[at] << 8 | data[at + 1])
        qos = first >> 1 & 3
        topic = self._topic(data[at + 2 : topic_end])
        at = topic_end
        packet_id = b""
        if qos:
            packet_id = data[at : at + 2]
            at += 2
        if self._five:
            at, length = _remaining_length(data, at, end)
            if length < 0:
                return False
            at += length
        if at > end or qos > 1:
            return False
        result.messages.append(
            Message(topic, data[at:end], received_ms, qos, bool(first & 1), bool(first & 8))
        )
        result.packet_ids.append(packet_id)
        return True

    def _topic(self, raw: bytes) -> str:
        """Decoded once: a courier's few topics come back with every message."""
        topic = self._topics.get(raw)
        if topic is None:
            if len(self._topics) >= _TOPICS_CACHED:
                self._topics.clear()
            topic = self._topics[raw] = raw.decode("utf-8", "surrogateescape")
        return topic


def pubacks(packet_ids: Sequence[bytes]) -> bytes:
    """PUBACK packets for all of them, in one piece; those of QoS 0 (b"") want none."""
    wanted = [packet_id for packet_id in packet_ids if packet_id]
    return _PUBACK_HEAD + _PUBACK_HEAD.join(wanted) if wanted else b""


def _remaining_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(index after the number, number); _MORE where it is unfinished, _TOO_LONG past 4 bytes."""
    value = shift = 0
    for index in range(at, min(at + 4, end)):
        byte = data[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return index + 1, value
        shift += 7
    return at, (_MORE if end - at < 4 else _TOO_LONG)
