"""The link to the broker: a paho-mqtt client that takes many PUBLISH packets from one read and
acknowledges in bulk.

paho reads a packet with four system calls and some seventy Python calls, which is most of the
cost of receiving. Here one read takes up to 256 KB, `packets` cuts the PUBLISH packets out of it,
and everything else (CONNACK, SUBACK, PINGRESP, DISCONNECT, …) goes through paho as ever.
Acknowledgement is always manual. All that relies on paho's private members stands in this file:
`_sock`, `_sock_recv`, `_sock_close`, `_packet_handle`, `_packet_queue`, `_loop_rc_handle`,
`_in_packet`, `_msgtime_mutex` and `_last_bytes_received` of paho-mqtt 2.1 and 2.2.
"""

import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from paho.mqtt import MQTTException
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from coldwitness.ingest.mqtt.packets import DISCONNECT, PacketCutter, pubacks
from coldwitness.storage.journal import Message

log = logging.getLogger(__name__)

READ_BYTES = 262_144
_MALFORMED = MQTTErrorCode.MQTT_ERR_PROTOCOL


class PahoLink(mqtt.Client):
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
        self._now_ms = now_ms
        self._five = protocol == MQTTProtocolVersion.MQTTv5
        self._cutter = PacketCutter(five=self._five)

    def reconnect(self) -> MQTTErrorCode:
        self._cutter = PacketCutter(five=self._five)
        return super().reconnect()

    def acknowledge(self, packet_ids: Sequence[bytes]) -> None:
        """PUBACK all of them with one write."""
        packets = pubacks(packet_ids)
        if packets:
            self._packet_queue(mqtt.PUBACK, packets, 0, 0)

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
            connection.sendall(DISCONNECT)
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
            data = b""
        rc = self._take(data) if data else MQTTErrorCode.MQTT_ERR_CONN_LOST
        return self._loop_rc_handle(rc) if rc else MQTTErrorCode.MQTT_ERR_SUCCESS

    def _take(self, data: bytes) -> MQTTErrorCode:
        """Messages into the inbox, everything else to paho."""
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        cut = self._cutter.cut(data, received_ms=self._now_ms())
        self.inbox += cut.messages
        self.packet_ids += cut.packet_ids
        connection = self._sock
        for first, body in cut.others:
            rc = self._hand_to_paho(first, body)
            if rc or self._sock is not connection:
                return rc
        return _MALFORMED if cut.malformed else MQTTErrorCode.MQTT_ERR_SUCCESS

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
