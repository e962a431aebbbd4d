"""One worker's connection to the broker: QoS 1, persistent, acknowledged by hand after the journal
has the message.

It is driven by `poll` from one thread. After a lost connection it comes back by itself, and the
broker sends again whatever was not acknowledged. What follows from what, `session` says.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from coldwitness.config.settings import MqttSettings
from coldwitness.ingest.mqtt.credentials import password_of, tls_context
from coldwitness.ingest.mqtt.health import heads_topic, health_topic
from coldwitness.ingest.mqtt.paho_link import PahoLink
from coldwitness.ingest.mqtt.session import (
    FAILURES,
    GUESSED,
    SAID,
    TAKEN_OVER,
    Action,
    Event,
    Session,
    State,
    hung_up,
    refusal,
    taken_over_by,
)
from coldwitness.storage.journal import Message

log = logging.getLogger(__name__)

GOODBYE_WITHIN_S = 2.0
_PACKET_HEAD_BYTES = 5 + 2 + 65_535 + 2 + 8_192
"""Fixed header, topic, packet id, and more properties than any sender has use for."""
_WARNED_AT = (1, 5)
"""Failures in a row that are told as warnings; those between and after are the same story."""


@dataclass(frozen=True)
class Batch:
    """Messages received on one connection; packet ids of another connection mean others."""

    connection: int
    messages: list[Message]
    packet_ids: list[bytes]


TOLD_FOR_S = 600.0
"""How long a session that was taken over is told."""
LOST_OFTEN, LOST_WITHIN_S = 4, 60.0
"""A connection on which messages flowed that is lost so often in so long, and made again each time,
is taken by somebody."""


class BrokerConnection:
    """topics : filters to subscribe at QoS 1. now_ms : receive clock.
    last_will : payload the broker publishes on the health topic when this worker is lost."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        worker: str,
        topics: Sequence[str],
        now_ms: Callable[[], int],
        last_will: bytes,
        unshared: Sequence[str] = (),
        inherits: bool = False,
    ) -> None:
        """unshared : filters of which every worker hears all. inherits : it is another's session,
        which is taken as it is, without a word of its own."""
        self._unshared = list(unshared)
        self._inherits = inherits
        self.nothing_there = False
        """The broker keeps no session to inherit."""
        self._settings = settings
        self._worker = worker
        self._topics = list(topics)
        self._now_ms = now_ms
        self._last_will = last_will
        self._session = Session()
        self._taken_over_s = -math.inf
        self._lost_s: deque[float] = deque(maxlen=LOST_OFTEN)
        self._client = self._new_client()

    @property
    def connected(self) -> bool:
        """Connected and subscribed: messages flow."""
        return self._session.state is State.FLOWING and self._client.socket() is not None

    @property
    def connection(self) -> int:
        """Counts connections: another number, another connection."""
        return self._session.connection

    @property
    def client_id(self) -> str:
        """Whose session it is at the broker."""
        return f"{self._settings.client_id}-{self._worker}"

    @property
    def away(self) -> bool:
        """Neither connected nor about to be: what was tried failed, or ended."""
        return self._session.state is State.AWAY and (
            self._session.failures > 0 or self._session.connection > 0
        )

    @property
    def protocol(self) -> str:
        return "5" if self._session.speaks_five else "3.1.1"

    @property
    def last_problem(self) -> str:
        """Why there is no connection, "" while there is one."""
        return "" if self.connected else self._session.problem

    @property
    def taken_over(self) -> str:
        """Whether somebody came with our client id in the last minutes, "" if nobody did: each of
        the two takes the session from the other again, so that one is mostly connected. Brokers
        that do not say so hang up without a word, again and again."""
        now_s = time.monotonic()
        if now_s - self._taken_over_s <= TOLD_FOR_S:
            return f"{taken_over_by(SAID)} (last {now_s - self._taken_over_s:.0f} s ago)"
        lost_s = self._lost_s
        often = len(lost_s) == LOST_OFTEN and lost_s[-1] - lost_s[0] <= LOST_WITHIN_S
        return taken_over_by(GUESSED) if often and now_s - lost_s[-1] <= TOLD_FOR_S else ""

    @property
    def waiting(self) -> int:
        """Messages received and not taken."""
        return len(self._client.inbox)

    def poll(self, timeout_s: float) -> None:
        """Do what the network wants, for at most about `timeout_s` (longer while connecting)."""
        if self._client.socket() is None:
            self._await_the_next_try(timeout_s)
            return
        rc = self._client.loop(timeout_s)
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS and self._session.state is not State.AWAY:
            self._on(Event.LOST, f"connection lost: {rc.name}")
        elif self._session.is_overdue(time.monotonic()):
            self._on(Event.OVERDUE, "no CONNACK in time")

    def take(self) -> Batch:
        """What was received since the last take."""
        client = self._client
        batch = Batch(self._session.connection, client.inbox, client.packet_ids)
        client.inbox, client.packet_ids = [], []
        return batch

    def acknowledge(self, batch: Batch) -> None:
        """PUBACK a batch, if the connection it came on still stands; else the broker sends its
        messages again and they are recognised."""
        stands = self._session.is_let_in and self._client.socket() is not None
        if stands and batch.connection == self._session.connection:
            self._client.acknowledge(batch.packet_ids)

    def publish_health(self, payload: bytes) -> None:
        if self.connected:
            self._client.publish(health_topic(self._worker), payload, qos=0, retain=True)

    def publish_notice(self, topic: str, payload: bytes) -> None:
        """A retained message that somebody else may read; lost where there is no connection."""
        if self.connected:
            self._client.publish(topic, payload, qos=0, retain=True)

    def publish_checkpoint(self, note: str) -> None:
        if self.connected:
            self._client.publish(heads_topic(self._worker), note.encode(), qos=0, retain=True)

    def drop(self, reason: str) -> None:
        """Hang up and throw away what was not taken: unacknowledged, it comes again."""
        self._on(Event.DROPPED, reason)
        self.take()

    def close(self, *, last_words: bytes | None = None) -> None:
        """Say goodbye (the session stays at the broker). last_words : payload for the health
        topic, waited for until the broker has it, for at most GOODBYE_WITHIN_S."""
        if self.connected and last_words is not None:
            until_s = time.monotonic() + GOODBYE_WITHIN_S
            said = self._client.publish(health_topic(self._worker), last_words, 1, retain=True)
            while time.monotonic() < until_s and not (said.rc or said.is_published()):
                if self._client.loop(0.05) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    break
        self._client.say_goodbye(within_s=GOODBYE_WITHIN_S)
        self._on(Event.ENDED)

    def forget_session(self) -> None:
        """Hang up and have the broker keep nothing of the session: for one with nothing in it."""
        properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        self._client.disconnect(properties=properties)
        self._client.abandon()
        self._on(Event.ENDED)

    def _await_the_next_try(self, timeout_s: float) -> None:
        if self._session.state is not State.AWAY:
            self._on(Event.ENDED)
        pause_s = self._session.next_try_s - time.monotonic()
        if pause_s > 0:
            time.sleep(min(pause_s, timeout_s))
        else:
            self._on(Event.DUE)

    def _on(self, event: Event, why: str = "") -> None:
        """Tell the session, and do what it says."""
        session, spoke_five = self._session, self._session.speaks_five
        if event is Event.LOST and session.state is State.FLOWING:
            self._lost_s.append(time.monotonic())
        actions = session.on(event, now_s=time.monotonic(), why=why)
        if session.speaks_five != spoke_five:
            log.info("broker does not speak MQTT 5; going on with 3.1.1")
        if event in FAILURES:
            level = logging.WARNING if session.failures in _WARNED_AT else logging.DEBUG
            log.log(
                level, "broker %s:%d: %s", self._settings.host, self._settings.port, session.problem
            )
        for action in actions:
            self._do(action)

    def _do(self, action: Action) -> None:
        if action is Action.CONNECT:
            self._connect()
        elif action is Action.SUBSCRIBE:
            self._subscribe()
        elif action is Action.ABANDON:
            self._client.abandon()
        elif self._client.socket() is not None:
            self._client.disconnect()

    def _connect(self) -> None:
        untaken = self._client.inbox
        self._client = self._new_client()
        # What the lost connection had brought still goes to the journal; its packet ids mean
        # nothing any more, and its redelivery is recognised.
        self._client.inbox = untaken
        self._client.packet_ids = [b""] * len(untaken)
        arguments: dict[str, Any] = {}
        if self._session.speaks_five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._settings.session_expiry_s
            properties.ReceiveMaximum = self._settings.receive_maximum
            properties.MaximumPacketSize = self._settings.max_payload_bytes + _PACKET_HEAD_BYTES
            arguments = {"clean_start": False, "properties": properties}
        try:
            self._client.connect(
                self._settings.host,
                self._settings.port,
                keepalive=self._settings.keepalive_s,
                **arguments,
            )
        except (OSError, ValueError) as error:
            self._on(Event.UNREACHABLE, f"cannot connect: {error}")

    def _new_client(self) -> PahoLink:
        settings = self._settings
        five = self._session.speaks_five
        client = PahoLink(
            self.client_id,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            now_ms=self._now_ms,
        )
        if settings.username is not None:
            client.username_pw_set(settings.username, password_of(settings))
        if settings.tls:
            client.tls_set_context(tls_context(settings))
        if not self._inherits:
            client.will_set(health_topic(self._worker), self._last_will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        return client

    def _on_connect(
        self, _client: Any, _data: Any, flags: Any, reason: ReasonCode, _p: Any
    ) -> None:
        if reason.is_failure:
            speaks_five = self._session.speaks_five
            self._on(*refusal(reason.value, reason.getName(), speaks_five=speaks_five))
            return
        self.nothing_there = self._inherits and not flags.session_present
        self._on(Event.ACCEPTED)
        log.info(
            "broker %s:%d connected, MQTT %s, session %s",
            self._settings.host,
            self._settings.port,
            self.protocol,
            "resumed" if flags.session_present else "new",
        )

    def _on_disconnect(
        self, client: object, _data: object, flags: DisconnectFlags, reason: ReasonCode, _p: object
    ) -> None:
        """The broker hung up; what we ended ourselves, or lost, is told elsewhere."""
        if client is not self._client or not flags.is_disconnect_packet_from_server:
            return
        why = hung_up(reason.value, reason.getName())
        if reason.value == TAKEN_OVER:
            self._taken_over_s = time.monotonic()
            log.error("broker %s:%d: %s", self._settings.host, self._settings.port, why)
            self._on(Event.TAKEN_OVER, why or "")
        elif why is not None:
            self._on(Event.LOST, why)

    def _subscribe(self) -> None:
        if self._inherits:  # the session has what its owner subscribed
            self._on(Event.SUBSCRIBED)
            return
        group = self._settings.shared_group
        prefix = f"$share/{group}/" if group else ""
        topics = [*(prefix + topic for topic in self._topics), *self._unshared]
        if self._session.speaks_five:
            # Retained messages once for a new subscription, not at every reconnect.
            options = SubscribeOptions(qos=1, retainHandling=1)
            self._client.subscribe([(topic, options) for topic in topics])
        else:
            self._client.subscribe([(topic, 1) for topic in topics])

    def _on_subscribe(
        self, _client: Any, _data: Any, _mid: int, reasons: list[ReasonCode], _p: Any
    ) -> None:
        topics = [*self._topics, *self._unshared]
        refused = [
            topic for topic, reason in zip(topics, reasons, strict=False) if reason.is_failure
        ]
        if not refused:
            self._on(Event.SUBSCRIBED)
            return
        problem = (
            f"broker refuses to subscribe {', '.join(refused)}: give the worker's user read"
            " rights on it"
        )
        self._on(Event.TOPIC_REFUSED, problem)
        log.error(problem)
