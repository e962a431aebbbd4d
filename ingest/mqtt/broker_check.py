"""Questions to a broker before evidence depends on it: does it let us in, may we listen, and
does it keep what we have not fetched yet?"""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from coldwitness.config.settings import MqttSettings
from coldwitness.ingest.mqtt.credentials import password_of, tls_context
from coldwitness.ingest.mqtt.health import health_topic

WITHIN_S = 10.0
QUEUED = 1200
"""Messages left waiting for an absent session: stock mosquitto keeps 1,000 of them."""
_REFUSED_VERSION = 0x84
_TOPIC = health_topic("doctor")


@dataclass
class BrokerAnswers:
    """What the broker did. problem: why it went no further, "" if it did.

    worker : the last word of the worker of the settings on its health topic, "" if there is none.
    open : strangers are let in, with neither name nor certificate.
    kept : of QUEUED messages published while a persistent session was away, how many came.
    """

    protocol: str = ""
    problem: str = ""
    refused_topics: list[str] = field(default_factory=list)
    version: str = ""
    kept: int | None = None
    worker: str = ""
    open: bool = False


def question_broker(
    settings: MqttSettings, topics: Sequence[str], *, worker: str = ""
) -> BrokerAnswers:
    """Connect as an ingest worker would (under another client id), subscribe, and leave 1,200
    messages waiting for a session that is away. Leaves nothing behind."""
    answers = BrokerAnswers()
    for protocol in (MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311):
        with _client(settings, protocol) as client:
            refusal = client.connected()
            if refusal == _REFUSED_VERSION:
                continue
            if refusal:
                answers.problem = client.problem
                return answers
            answers.protocol = "5" if protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
            answers.refused_topics = [t for t in topics if not client.subscribes(t)]
            answers.version = client.retained("$SYS/broker/version")
            answers.worker = client.retained(health_topic(worker)) if worker else ""
        answers.kept = _kept_while_away(settings, protocol)
        answers.open = _lets_strangers_in(settings, protocol)
        return answers
    answers.problem = "speaks neither MQTT 5 nor 3.1.1"
    return answers


def _kept_while_away(settings: MqttSettings, protocol: MQTTProtocolVersion) -> int | None:
    name = f"coldwitness-doctor-{os.getpid()}-queue"
    with _client(settings, protocol, name=name, persistent=True) as client:
        if client.connected() or not client.subscribes(_TOPIC):
            return None
    with _client(settings, protocol) as publisher:
        if publisher.connected() or not publisher.publishes(_TOPIC, QUEUED):
            return None
    with _client(settings, protocol, name=name, persistent=True) as client:
        client.connected()
        client.wait(lambda: client.received >= QUEUED, quiet_s=1.5)
        kept = client.received
    with _client(settings, protocol, name=name) as client:
        client.connected()  # a clean start under the same name removes the session
    return kept


def _lets_strangers_in(settings: MqttSettings, protocol: MQTTProtocolVersion) -> bool:
    """Whether somebody without a name, a password or a certificate is let in as we are."""
    nobody = settings.model_copy(
        update={
            "username": None,
            "password": None,
            "password_file": None,
            "certificate_file": None,
            "key_file": None,
        }
    )
    with _client(nobody, protocol) as client:
        return client.connected() == 0


class _Client:
    """A paho client whose answers can be waited for."""

    def __init__(
        self, settings: MqttSettings, protocol: MQTTProtocolVersion, *, name: str, persistent: bool
    ) -> None:
        self.received = 0
        self.problem = ""
        self._settings = settings
        self._answer: ReasonCode | None = None
        self._subscribed: dict[int | None, bool] = {}
        self._last: dict[str, bytes] = {}
        self._published = 0
        self._ended = False
        self._connect: dict[str, Any] = {}
        arguments: dict[str, Any] = {}
        if protocol == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = 600 if persistent else 0
            self._connect = {"clean_start": not persistent, "properties": properties}
        else:
            arguments["clean_session"] = not persistent
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            name,
            protocol=protocol,
            reconnect_on_failure=False,
            **arguments,
        )
        client.max_inflight_messages_set(100)
        if settings.username is not None:
            client.username_pw_set(settings.username, password_of(settings))
        if settings.tls:
            client.tls_set_context(tls_context(settings))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        self.mqtt = client

    def connected(self) -> int:
        """0, or the reason code of the refusal (255: no answer)."""
        settings = self._settings
        try:
            self.mqtt.connect(settings.host, settings.port, keepalive=30, **self._connect)
        except OSError as error:
            self.problem = f"cannot connect: {error}"
            return 255
        self.mqtt.loop_start()
        self.wait(lambda: self._answer is not None or self._ended)
        if self._answer is None:
            self.problem = "no answer to CONNECT (is this an MQTT port? does it want TLS?)"
            return 255
        if self._answer.is_failure:
            self.problem = f"refuses: {self._answer.getName()}"
            return int(self._answer.value)
        return 0

    def subscribes(self, topic: str) -> bool:
        mid = self.mqtt.subscribe(topic, 1)[1]
        return self.wait(lambda: mid in self._subscribed) and self._subscribed[mid]

    def publishes(self, topic: str, count: int) -> bool:
        for _ in range(count):
            self.mqtt.publish(topic, b'{"state":"doctor"}', qos=1)
        return self.wait(lambda: self._published >= count)

    def retained(self, topic: str) -> str:
        """A retained message's text, "" if none comes within a second."""
        if not self.subscribes(topic):
            return ""
        self.wait(lambda: topic in self._last, within_s=1.0)
        return self._last.get(topic, b"").decode("utf-8", "replace")

    def wait(
        self, done: Callable[[], bool], *, within_s: float = WITHIN_S, quiet_s: float | None = None
    ) -> bool:
        """Until `done`, or time is up, or nothing was received for `quiet_s`."""
        end_s = time.monotonic() + within_s
        received, since_s = self.received, time.monotonic()
        while not done():
            now_s = time.monotonic()
            if self.received != received:
                received, since_s = self.received, now_s
            if now_s > end_s or (quiet_s is not None and now_s - since_s > quiet_s):
                return False
            time.sleep(0.01)
        return True

    def _on_connect(
        self, _c: object, _d: object, _f: object, reason: ReasonCode, _p: object
    ) -> None:
        self._answer = reason

    def _on_subscribe(
        self, _c: object, _d: object, mid: int, reasons: Iterable[ReasonCode], _p: object
    ) -> None:
        self._subscribed[mid] = not any(reason.is_failure for reason in reasons)

    def _on_message(self, _c: object, _d: object, message: mqtt.MQTTMessage) -> None:
        self._last[message.topic] = bytes(message.payload)
        self.received += message.topic == _TOPIC and message.payload == b'{"state":"doctor"}'

    def _on_disconnect(self, *_: object) -> None:
        self._ended = True

    def _on_publish(self, *_: object) -> None:
        self._published += 1


@contextlib.contextmanager
def _client(
    settings: MqttSettings,
    protocol: MQTTProtocolVersion,
    *,
    name: str | None = None,
    persistent: bool = False,
) -> Iterator[_Client]:
    name = name if name is not None else f"coldwitness-doctor-{os.getpid()}"
    client = _Client(settings, protocol, name=name, persistent=persistent)
    try:
        yield client
    finally:
        client.mqtt.disconnect()
        client.mqtt.loop_stop()
