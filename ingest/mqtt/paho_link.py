"""A paho-mqtt client that takes many PUBLISH packets from one read and acknowledges in bulk.

paho reads a packet with four system calls and some seventy Python calls, which is most of the
cost of receiving. Here one read takes up to 256 KB, PUBLISH packets are cut out of it directly
into `inbox`, and everything else (CONNACK, SUBACK, PINGRESP, DISCONNECT, …) goes through paho
as ever. Acknowledgement is always manual. Relies on `_sock_recv`, `_packet_handle`,
`_packet_queue`, `_loop_rc_handle` and `_in_packet` of paho-mqtt 2.x; tests with real brokers
fail if these change.
"""

import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from paho.mqtt import MQTTException
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from coldwitness.storage.journal import Message

log = logging.getLogger(__name__)

READ_BYTES = 262_144
_TOPICS_CACHED = 200_000
_PUBLISH = 0x30
_DISCONNECT = b"\xe0\x00"
_PUBACK_HEAD = b"\x40\x02"
_MALFORMED = MQTTErrorCode.MQTT_ERR_PROTOCOL
_MORE = -1


class BulkClient(mqtt.Client):
    """Received messages wait in `inbox`, their packet ids (two bytes, b"" for QoS 0) in
    `packet_ids`, in the same order. Driven by `loop()` from one thread."""

    def __init__(
        self, client_id: str, *, protocol: MQTTProtocolVersion, now_ms: Callable[[], int]
    ) -> None:
        persistent: dict[str, Any] = {}
        if protocol != MQTTProtocolVersion.MQTTv5:
            persistent["clean_session"] = False
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=protocol,
            reconnect_on_failure=False,
            manual_ack=True,
            **persistent,
        )
        self.inbox: list[Message] = []
        self.packet_ids: list[bytes] = []
        self.inbox_bytes = 0
        self._now_ms = now_ms
        self._rest = b""
        self._topics: dict[bytes, str] = {}
        self._five = protocol == MQTTProtocolVersion.MQTTv5

    def reconnect(self) -> MQTTErrorCode:
        self._rest = b""
        return super().reconnect()

    def acknowledge(self, packet_ids: Sequence[bytes]) -> None:
        """PUBACK all of them with one write."""
        wanted = [packet_id for packet_id in packet_ids if packet_id]
        if wanted:
            packet = _PUBACK_HEAD + _PUBACK_HEAD.join(wanted)
            self._packet_queue(mqtt.PUBACK, packet, 0, 0)

    def abandon(self) -> None:
        """Close the socket without a word."""
        self._sock_close()

    def say_goodbye(self, *, within_s: float) -> None:
        """Send DISCONNECT, wait until the broker hangs up, close.

        Closing at once with something unread in the socket makes the kernel reset the
        connection; the broker may then never see the DISCONNECT and publish the last will.
        """
        if self._sock is None:
            return
        connection = cast("socket.socket", self._sock)
        until_s = time.monotonic() + within_s
        try:
            connection.setblocking(True)
            connection.settimeout(within_s)
            connection.sendall(_DISCONNECT)
            while time.monotonic() < until_s and connection.recv(READ_BYTES):
                pass
        except OSError as error:
            log.debug("goodbye not heard: %s", error)
        self._sock_close()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """One read from the socket and all whole packets in it."""
        if self._sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            data = self._sock_recv(READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        rc = self._take_packets(self._rest + data if self._rest else data)
        return self._loop_rc_handle(rc) if rc else MQTTErrorCode.MQTT_ERR_SUCCESS

    def _take_packets(self, data: bytes) -> MQTTErrorCode:
        """Cut `data` into packets; what is left of an unfinished one waits in `_rest`."""
        at, end, connection = 0, len(data), self._sock
        now_ms = self._now_ms()
        while end - at >= 2:
            body, length = _remaining_length(data, at + 1, end)
            if length == _MORE:
                break
            if length < 0:
                return _MALFORMED
            next_at = body + length
            if next_at > end:
                break
            command = data[at]
            if command & 0xF0 == _PUBLISH:
                if not self._take_publish(command, data, body, next_at, now_ms):
                    return _MALFORMED
            else:
                rc = self._hand_to_paho(command, data[body:next_at])
                if rc or self._sock is not connection:
                    return rc
            at = next_at
        self._rest = data[at:]
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _take_publish(self, command: int, data: bytes, at: int, end: int, now_ms: int) -> bool:
        """False if the packet is malformed (or QoS 2, which is never subscribed to)."""
        start = at
        at += 2
        if at > end:
            return False
        topic_end = at + (data[start] << 8 | data[start + 1])
        qos = command >> 1 & 3
        raw = data[at:topic_end]
        topic = self._topics.get(raw)
        if topic is None:
            if len(self._topics) >= _TOPICS_CACHED:
                self._topics.clear()
            topic = self._topics[raw] = raw.decode("utf-8", "surrogateescape")
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
        payload = data[at:end]
        self.inbox.append(
            Message(topic, payload, now_ms, qos, bool(command & 1), bool(command & 8))
        )
        self.packet_ids.append(packet_id)
        self.inbox_bytes += end - start
        return True

    def _hand_to_paho(self, command: int, packet: bytes) -> MQTTErrorCode:
        self._in_packet = {
            "command": command,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(packet),
            "packet": bytearray(packet),
            "to_process": 0,
            "pos": 0,
        }
        try:
            return self._packet_handle()
        except MQTTException:
            return _MALFORMED


def _remaining_length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(index after the number, number); the number is -1 if it is unfinished, -2 if too long."""
    value = shift = 0
    for index in range(at, min(at + 4, end)):
        byte = data[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return index + 1, value
        shift += 7
    return at, (_MORE if end - at < 4 else -2)
