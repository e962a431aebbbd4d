"""What waits at the broker for a worker that is gone, another of its group takes.

A shared subscription goes on giving a worker its part when it is lost or stopped: it waits in the
worker's session until the worker is back. So one of the others, the first by name of those that
run, connects to that session and takes what is in it, and what still comes, into its own journal.
The session is never ended by it: nothing in it can be lost. When the worker is back the broker
gives it its session again. A message that the gone one had journalled and not acknowledged is
then in both journals.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from coldwitness.config.settings import MqttSettings
from coldwitness.ingest.acknowledging import Receiver
from coldwitness.ingest.mqtt.broker import BrokerConnection
from coldwitness.ingest.mqtt.health import HEALTH_PREFIX, State
from coldwitness.storage.journal import Message

log = logging.getLogger(__name__)

AFTER_S = 20.0
"""So long a worker is gone before another takes its session: one that is started again is not."""
GONE: tuple[State, ...] = ("lost", "stopped")
HEARD_WITHIN_S = 30.0
"""A worker says every 10 s that it runs."""


class _Health(msgspec.Struct, frozen=True):
    worker: str
    state: State
    group: str | None = None


@dataclass
class _Other:
    """state, since_s : what another worker said last, and when first. heard_s : when last."""

    state: State
    since_s: float
    heard_s: float


@dataclass(frozen=True)
class _Session:
    """One that was taken over."""

    broker: BrokerConnection
    receiver: Receiver


class Inheriting:
    """For the thread that receives."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        worker: str,
        topics: Sequence[str],
        now_ms: Callable[[], int],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._topics = list(topics)
        self._now_ms = now_ms
        self._now_s = now_s
        self._others: dict[str, _Other] = {}
        self._taken: dict[str, _Session] = {}

    @property
    def of(self) -> tuple[str, ...]:
        """Workers whose sessions it has now."""
        return tuple(sorted(self._taken))

    def hear(self, message: Message) -> None:
        """What a worker says of its health; anything else is not for it."""
        if not message.topic.startswith(HEALTH_PREFIX):
            return
        try:
            said = msgspec.json.decode(message.payload, type=_Health)
        except msgspec.MsgspecError:
            return
        if said.worker == self._worker or said.group != self._settings.shared_group:
            return
        now_s, known = self._now_s(), self._others.get(said.worker)
        since_s = known.since_s if known is not None and known.state == said.state else now_s
        self._others[said.worker] = _Other(said.state, since_s, now_s)

    def step(self, main: Receiver) -> None:
        """One round of every session that was taken, and a look whether one is to be. main : the
        worker's own receiver."""
        for name in list(self._taken):
            session = self._taken[name]
            session.receiver.step()
            if (
                session.broker.nothing_there
                or session.broker.away
                or self._others[name].state not in GONE
            ):
                self._give_back(name)
        for name in self._to_take():
            self._take(name, main)

    def end(self) -> None:
        """Keep what was taken and leave the sessions to others."""
        for name in list(self._taken):
            self._give_back(name)

    def _to_take(self) -> list[str]:
        now_s = self._now_s()
        lost = [
            name
            for name, its in self._others.items()
            if its.state in GONE and now_s - its.since_s >= AFTER_S and name not in self._taken
        ]
        running = [
            name
            for name, its in self._others.items()
            if its.state in ("running", "not_acknowledging")
            and now_s - its.heard_s < HEARD_WITHIN_S
        ]
        return lost if min([self._worker, *running]) == self._worker else []

    def _take(self, name: str, main: Receiver) -> None:
        log.warning("worker %s is gone: taking what waits for it at the broker", name)
        broker = BrokerConnection(
            self._settings,
            worker=name,
            topics=self._topics,
            now_ms=self._now_ms,
            last_will=b"",
            inherits=True,
        )
        self._taken[name] = _Session(broker, main.beside(broker))

    def _give_back(self, name: str) -> None:
        """Its worker is back, or the connection ended: then it is tried anew in a while."""
        session = self._taken.pop(name)
        its = self._others[name]
        if session.broker.nothing_there:
            session.broker.forget_session()
            del self._others[name]  # until it is heard of again
            return
        session.receiver.finish()
        session.broker.close()
        if its.state in GONE:
            its.since_s = self._now_s()
        log.info("the session of worker %s is left", name)
