"""One worker's session with the broker: MQTT 5 where it is spoken, else 3.1.1; QoS 1, persistent,
acknowledged by hand after the journal has the message.

The session is driven by `poll` from one thread. After a lost connection it comes back by
itself, with jitter, and the broker sends again whatever was not acknowledged.
"""

import logging
import random
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from coldwitness.config.settings import MqttSettings
from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.mqtt.health import health_topic
from coldwitness.ingest.mqtt.paho_link import PahoLink
from coldwitness.storage.journal import Message

log = logging.getLogger(__name__)

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 30.0
CONNACK_WITHIN_S = 10.0
GOODBYE_WITHIN_S = 2.0
_REFUSED_VERSION = 0x84
_REFUSED_CREDENTIALS = (0x86, 0x87)


@dataclass(frozen=True)
class Batch:
    """Messages received on one connection; packet ids of another connection mean others."""

    connection: int
    messages: list[Message]
    packet_ids: list[bytes]


class BrokerSession:
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
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._topics = list(topics)
        self._now_ms = now_ms
        self._last_will = last_will
        self._protocol = MQTTProtocolVersion.MQTTv5
        self._five_was_accepted = False
        self._connection = 0
        self._connected = False
        self._subscribed = False
        self._failures = 0
        self._next_try_s = 0.0
        self._connack_by_s = 0.0
        self._answered = False
        self._problem = ""
        self._client = self._new_client()

    @property
    def connected(self) -> bool:
        """Connected and subscribed: messages flow."""
        return self._connected and self._subscribed

    @property
    def connection(self) -> int:
        """Counts connections: another number, another connection."""
        return self._connection

    @property
    def protocol(self) -> str:
        return "5" if self._speaks_five else "3.1.1"

    @property
    def _speaks_five(self) -> bool:
        return self._protocol == MQTTProtocolVersion.MQTTv5

    @property
    def last_problem(self) -> str:
        """Why there is no connection, "" while there is one."""
        return "" if self.connected else self._problem

    @property
    def waiting(self) -> int:
        """Messages received and not taken."""
        return len(self._client.inbox)

    def poll(self, timeout_s: float) -> None:
        """Do what the network wants, for at most about `timeout_s` (longer while connecting)."""
        client = self._client
        if client.socket() is None:
            pause = self._next_try_s - time.monotonic()
            if pause > 0:
                time.sleep(min(pause, timeout_s))
                return
            self._connect()
            return
        rc = client.loop(timeout_s)
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lost(f"connection lost: {rc.name}")
        elif not self._connected and time.monotonic() > self._connack_by_s:
            self._hang_up()
            self._lost("no CONNACK in time")

    def take(self) -> Batch:
        """What was received since the last take."""
        client = self._client
        batch = Batch(self._connection, client.inbox, client.packet_ids)
        client.inbox, client.packet_ids = [], []
        return batch

    def acknowledge(self, batch: Batch) -> None:
        """PUBACK a batch, if the connection it came on still stands; else the broker sends its
        messages again and they are recognised."""
        if self._connected and batch.connection == self._connection:
            self._client.acknowledge(batch.packet_ids)

    def publish_health(self, payload: bytes) -> None:
        if self.connected:
            self._client.publish(health_topic(self._worker), payload, qos=0, retain=True)

    def drop(self, reason: str) -> None:
        """Hang up and throw away what was not taken: unacknowledged, it comes again."""
        self._hang_up()
        self.take()
        self._lost(reason)

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
        self._connected = self._subscribed = False

    def _hang_up(self) -> None:
        if self._client.socket() is not None:
            self._client.disconnect()
        self._connected = False

    def _connect(self) -> None:
        untaken = self._client.inbox
        self._client = self._new_client()
        # What the lost connection had brought still goes to the journal; its packet ids mean
        # nothing any more, and its redelivery is recognised.
        self._client.inbox = untaken
        self._client.packet_ids = [b""] * len(untaken)
        self._answered, self._problem = False, ""
        properties = None
        arguments: dict[str, Any] = {}
        if self._speaks_five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = self._settings.session_expiry_s
            properties.ReceiveMaximum = self._settings.receive_maximum
            arguments = {"clean_start": False, "properties": properties}
        self._connack_by_s = time.monotonic() + CONNACK_WITHIN_S
        try:
            self._client.connect(
                self._settings.host,
                self._settings.port,
                keepalive=self._settings.keepalive_s,
                **arguments,
            )
        except (OSError, ValueError) as error:
            self._lost(f"cannot connect: {error}")

    def _new_client(self) -> PahoLink:
        settings = self._settings
        client = PahoLink(
            f"{settings.client_id}-{self._worker}", protocol=self._protocol, now_ms=self._now_ms
        )
        if settings.username is not None:
            client.username_pw_set(settings.username, password_of(settings))
        if settings.tls:
            client.tls_set_context(tls_context(settings))
        client.will_set(health_topic(self._worker), self._last_will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(
        self, _client: Any, _data: Any, flags: Any, reason: ReasonCode, _p: Any
    ) -> None:
        self._answered = True
        if reason.is_failure:
            self._refused(reason)
            return
        self._connection += 1
        self._connected, self._subscribed = True, False
        self._five_was_accepted = self._speaks_five
        group = self._settings.shared_group
        prefix = f"$share/{group}/" if group else ""
        if self._speaks_five:
            # Retained messages once for a new subscription, not at every reconnect.
            options = SubscribeOptions(qos=1, retainHandling=1)
            self._client.subscribe([(prefix + topic, options) for topic in self._topics])
        else:
            self._client.subscribe([(prefix + topic, 1) for topic in self._topics])
        log.info(
            "broker %s:%d connected, MQTT %s, session %s",
            self._settings.host,
            self._settings.port,
            self.protocol,
            "resumed" if flags.session_present else "new",
        )

    def _refused(self, reason: ReasonCode) -> None:
        if self._speaks_five and reason.value == _REFUSED_VERSION:
            self._speak_311()
            return
        self._problem = f"broker refuses: {reason.getName()}"
        if reason.value in _REFUSED_CREDENTIALS:
            self._problem += " (check mqtt.username, mqtt.password_file or client certificate)"

    def _speak_311(self) -> None:
        log.info("broker does not speak MQTT 5; going on with 3.1.1")
        self._protocol = MQTTProtocolVersion.MQTTv311
        self._failures = -1  # the hang-up that follows is no failure

    def _on_subscribe(
        self, _client: Any, _data: Any, _mid: int, reasons: list[ReasonCode], _p: Any
    ) -> None:
        refused = [
            topic for topic, reason in zip(self._topics, reasons, strict=False) if reason.is_failure
        ]
        if refused:
            self._problem = (
                f"broker refuses to subscribe {', '.join(refused)}: give the worker's user read"
                " rights on it"
            )
            log.error(self._problem)
            return
        self._subscribed = True
        self._failures = 0

    def _on_disconnect(self, *_: Any) -> None:
        self._connected = self._subscribed = False

    def _lost(self, why: str) -> None:
        """Plan the next try. A broker that hangs up on MQTT 5 without a word may be an old one."""
        silent = self._speaks_five and not self._answered and why.startswith("connection lost")
        if silent and self._failures >= 1 and not self._five_was_accepted:
            self._speak_311()
        self._connected = self._subscribed = False
        self._client.abandon()
        self._problem = self._problem or why
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures, 10))
        self._next_try_s = time.monotonic() + wait_s * random.uniform(0.5, 1.0)  # noqa: S311
        self._failures += 1
        level = logging.WARNING if self._failures in (1, 5) else logging.DEBUG
        log.log(level, "broker %s:%d: %s", self._settings.host, self._settings.port, self._problem)


def password_of(settings: MqttSettings) -> str | None:
    """The password of the settings or of the file they name; raises ConfigError."""
    if settings.password is not None:
        return settings.password.get_secret_value()
    if settings.password_file is not None:
        try:
            return settings.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"mqtt.password_file {settings.password_file}: {error}") from error
    return None


def tls_context(settings: MqttSettings) -> ssl.SSLContext:
    """TLS 1.2 or later, server verified, with a client certificate if one is set."""
    try:
        context = ssl.create_default_context(
            cafile=str(settings.ca_file) if settings.ca_file is not None else None
        )
        if settings.certificate_file is not None:
            context.load_cert_chain(settings.certificate_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"mqtt TLS files: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
