"""When a message is acknowledged: once the journal has it on disk. It knows no store."""

import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

from coldwitness.config.settings import JournalSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.log_ids import follow, followed, message_id
from coldwitness.ingest.mqtt.broker import Batch, BrokerConnection
from coldwitness.ingest.mqtt.health import is_own
from coldwitness.storage.journal import Journal, Message, PartlyKept

log = logging.getLogger(__name__)

IDLE_POLL_S = 0.2
QUIET_PART = 0.2
"""A group is committed early when nothing more came for this part of commit_ms."""
MOST_WAITING = 20_000
MOST_WAITING_BYTES = 128_000_000
RETRY_S = 1.0
COMMIT_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds, inclusive, by which commits are counted: a good disk takes 1 ms, and a second is
when loggers begin to wait."""


@dataclass
class ReceiveCounts:
    """Since this process started."""

    received: int = 0
    journalled: int = 0
    redelivered: int = 0
    own: int = 0
    commits: int = 0
    commit_s: float = 0.0
    slowest_commit_s: float = 0.0
    commits_by_time: list[int] = field(default_factory=lambda: [0] * (len(COMMIT_BOUNDS_S) + 1))
    """By COMMIT_BOUNDS_S; the last are those that took longer."""
    refusing_since_s: float | None = None
    last_problem: str = ""


class Receiver:
    """Takes what the broker brings, appends it in groups, acknowledges what is on disk.

    When the journal cannot take more (disk full), nothing is acknowledged, the group is kept
    and tried again; when more than a bounded amount waits, the connection is given up, and the
    broker keeps the rest until there is room.
    """

    def __init__(
        self,
        broker: BrokerConnection,
        journal: Journal,
        settings: JournalSettings,
        *,
        on_own: Callable[[Message], None] = lambda _: None,
    ) -> None:
        """on_own : hears what workers say themselves, which is no evidence."""
        self.counts = ReceiveCounts()
        self.journalled = threading.Event()
        """Set after every commit; the store side clears it."""
        self._settings = settings
        self._on_own = on_own
        self._idle_poll_s = IDLE_POLL_S
        self._broker = broker
        self._journal = journal
        self._commit_s = settings.commit_ms / 1000.0
        self._commit_rows = settings.commit_rows
        self._held: list[Batch] = []
        self._kept_before: set[int] = set()
        """Identities of held messages that a partly failed append had kept."""
        self._retry_at_s = 0.0

    def beside(self, broker: BrokerConnection) -> "Receiver":
        """Another connection into the same journal, stepped by the same thread between the steps of
        this one, and counted with it."""
        other = Receiver(broker, self._journal, self._settings)
        other.counts, other.journalled, other._idle_poll_s = self.counts, self.journalled, 0.0
        return other

    @property
    def refusing(self) -> bool:
        """True while the journal cannot take messages and none are acknowledged."""
        return self.counts.refusing_since_s is not None

    def run(self, stop: threading.Event, *, every_round: Callable[[], None]) -> None:
        """Receive until `stop`; what was taken is then appended and acknowledged.
        every_round : called between rounds, at least about every 0.2 s."""
        while not stop.is_set():
            self.step()
            every_round()
        self.finish()

    def finish(self) -> None:
        """Append and acknowledge what was taken."""
        self._take_all()
        self._commit()

    def step(self) -> None:
        """One round: wait for messages, gather a group, commit it, acknowledge it."""
        broker = self._broker
        if self.refusing:
            self._wait_for_room()
            return
        broker.poll(self._idle_poll_s)
        if broker.waiting:
            self._gather()
            self._take_all()
            self._commit()
        else:
            self._tick()

    def _gather(self) -> None:
        """Let a group grow for at most commit_ms, or until nothing more comes."""
        broker = self._broker
        end_s = time.monotonic() + self._commit_s
        quiet_s = self._commit_s * QUIET_PART
        while broker.waiting < self._commit_rows:
            before = broker.waiting
            left_s = end_s - time.monotonic()
            if left_s <= 0 or not broker.connected:
                return
            broker.poll(min(left_s, quiet_s))
            if broker.waiting == before:
                return

    def _take_all(self) -> None:
        if self._broker.waiting:
            self._held.append(self._broker.take())

    def _commit(self) -> None:
        if not self._held:
            return
        messages: list[Message] = []
        for batch in self._held:
            messages += batch.messages
        theirs = []
        for message in messages:
            if is_own(message.topic):
                self._on_own(message)
            else:
                theirs.append(message)
        started_s = time.monotonic()
        try:
            kept = self._journal.not_yet_kept(theirs)
            kept = [m for m in kept if id(m) not in self._kept_before]
            rows = self._journal.append(kept) if kept else range(0)
        except Unavailable as error:
            if isinstance(error, PartlyKept):
                self._kept_before |= {id(message) for message in kept[: error.kept]}
            self._refuse(error)
            return
        took_s = time.monotonic() - started_s
        for batch in self._held:
            self._broker.acknowledge(batch)
        self._let_go()
        self.journalled.set()
        if followed():
            for row in rows:
                follow("journalled", message_id(self._journal.worker, row))
        self._count(len(messages), len(theirs), len(kept), took_s)

    def _let_go(self) -> None:
        self._held.clear()
        self._kept_before.clear()

    def _count(self, received: int, theirs: int, kept: int, took_s: float) -> None:
        counts = self.counts
        counts.received += received
        counts.own += received - theirs
        counts.redelivered += theirs - kept
        counts.journalled += kept
        counts.commits += 1
        counts.commit_s += took_s
        counts.commits_by_time[bisect_left(COMMIT_BOUNDS_S, took_s)] += 1
        counts.slowest_commit_s = max(counts.slowest_commit_s, took_s)
        if self.refusing:
            log.warning("journal takes messages again")
            counts.refusing_since_s, counts.last_problem = None, ""

    def _refuse(self, error: Unavailable) -> None:
        counts = self.counts
        if not self.refusing:
            counts.refusing_since_s = time.time()
            log.error("%s; acknowledging nothing until the journal takes messages again", error)
        counts.last_problem = str(error)
        self._retry_at_s = time.monotonic() + RETRY_S

    def _wait_for_room(self) -> None:
        """Stay connected while little waits (the broker's window holds it back), try again."""
        self._broker.poll(min(IDLE_POLL_S, RETRY_S))
        self._take_all()
        waiting = sum(len(batch.messages) for batch in self._held)
        size = sum(len(m.payload) for batch in self._held for m in batch.messages)
        if waiting > MOST_WAITING or size > MOST_WAITING_BYTES:
            self._broker.drop("the journal takes no messages")
            self._let_go()
        if time.monotonic() >= self._retry_at_s:
            if self._held:
                self._commit()
            else:
                self._tick_while_refusing()

    def _tick(self) -> None:
        try:
            self._journal.tick()
        except Unavailable as error:
            self._refuse(error)

    def _tick_while_refusing(self) -> None:
        self.counts.refusing_since_s = None
        self._tick()
