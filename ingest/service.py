"""Ingest as a whole: broker → journal → acknowledgement, and journal → readings → stores.

Two threads that share only the journal. `Receiving` never waits for a store; `Storing` follows
the journal by its durable cursor. Where one process is not enough they run as two (the command
`ingest` does), and several workers share the topics by `mqtt.shared_group`.
"""

import logging
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal, Self

import msgspec

from coldwitness.config.settings import Settings
from coldwitness.ingest.decoding import Decoding
from coldwitness.ingest.index import IngestIndex
from coldwitness.ingest.mqtt.broker import BrokerSession
from coldwitness.ingest.receiving import Receiver
from coldwitness.ingest.storing import OnTouched, Storer
from coldwitness.storage.journal import Journal, JournalReader
from coldwitness.storage.ports import Register, TelemetryStore

log = logging.getLogger(__name__)

HEALTH_EVERY_S = 10.0
RESTART_S = 1.0

State = Literal["running", "no_broker", "not_acknowledging", "stopped", "lost"]


@dataclass(frozen=True)
class IngestStatus:
    """For `/readyz`, `/metrics` and the health topic. stored_row is None if another process
    brings rows into the stores."""

    worker: str
    state: State
    problem: str
    mqtt: str
    received: int
    journalled: int
    redelivered: int
    commits: int
    slowest_commit_s: float
    last_row: int
    stored_row: int | None
    readings: int
    repeated: int
    conflicting: int
    events: int
    refused: dict[str, int]
    store_problem: str


class Receiving:
    """Journal, broker session and the thread that joins them."""

    def __init__(self, settings: Settings) -> None:
        """Opens the journal; raises ConfigError if another process writes this worker's."""
        worker = settings.journal.worker
        decoding = Decoding(settings.formats, max_payload_bytes=settings.mqtt.max_payload_bytes)
        self.worker = worker
        self.journal = Journal.open(settings.journal)
        try:
            self.session = BrokerSession(
                settings.mqtt,
                worker=worker,
                topics=decoding.filters(),
                now_ms=self.journal.clock.now_ms,
                last_will=health_payload(worker=worker, state="lost"),
            )
        except BaseException:
            self.journal.close()
            raise
        self.receiver = Receiver(self.session, self.journal, settings.journal)
        self._stop = threading.Event()
        self._health_due_s = 0.0
        self._health_said: tuple[State, int] | None = None
        self._thread = threading.Thread(target=self._run, name="ingest-receive", daemon=True)

    @property
    def state(self) -> State:
        if self._stop.is_set():
            return "stopped"
        if self.receiver.refusing:
            return "not_acknowledging"
        return "running" if self.session.connected else "no_broker"

    @property
    def problem(self) -> str:
        return self.receiver.counts.last_problem or self.session.last_problem

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the round under way; what was taken is journalled and acknowledged."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.session.close(last_words=self._health("stopped"))
        self.journal.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.receiver.run(self._stop, every_round=self._say_health)
            except Exception:
                # Unacknowledged, the messages come again; a worker that ended would not.
                log.exception("receiving failed; connecting anew")
                self.session.drop("receiving failed")
                self._stop.wait(RESTART_S)

    def _say_health(self) -> None:
        """Now and then, and at once when the state or the connection is another: the broker may
        have said `lost` in between."""
        said, now_s = (self.state, self.session.connection), time.monotonic()
        if self.session.connected and (now_s >= self._health_due_s or said != self._health_said):
            self.session.publish_health(self._health(said[0]))
            self._health_said, self._health_due_s = said, now_s + HEALTH_EVERY_S

    def _health(self, state: State) -> bytes:
        counts = self.receiver.counts
        head = self.journal.last_head
        return health_payload(
            worker=self.worker,
            state=state,
            problem=self.problem,
            journalled=counts.journalled,
            last_row=self.journal.last_row,
            signed_head=msgspec.to_builtins(head) if head is not None else None,
        )


class Storing:
    """The store side and its thread."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: TelemetryStore,
        register: Register,
        future_tolerance_s: float,
        on_touched: OnTouched | None = None,
        wake: threading.Event | None = None,
    ) -> None:
        self.index = IngestIndex(settings.journal.directory, settings.journal.worker)
        self.storer = Storer(
            JournalReader(settings.journal.directory),
            self.index,
            Decoding(settings.formats, max_payload_bytes=settings.mqtt.max_payload_bytes),
            store=store,
            register=register,
            future_tolerance_s=future_tolerance_s,
            on_touched=on_touched,
        )
        self._stop = threading.Event()
        self._wake = wake if wake is not None else threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest-store", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the batch under way; the rest is stored at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self.index.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.storer.run(self._stop, self._wake)
            except Exception:
                log.exception("storing failed; trying again")
                self._stop.wait(RESTART_S)


class IngestService:
    """Both sides in one process: what `serve` and `demo` run.

    with IngestService(settings, store=…, register=…, future_tolerance_s=…,
                       on_touched=judge.touch):
        …

    on_touched is called from the storing thread.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: TelemetryStore,
        register: Register,
        future_tolerance_s: float,
        on_touched: OnTouched | None = None,
    ) -> None:
        self.receiving = Receiving(settings)
        try:
            self.storing = Storing(
                settings,
                store=store,
                register=register,
                future_tolerance_s=future_tolerance_s,
                on_touched=on_touched,
                wake=self.receiving.receiver.journalled,
            )
        except BaseException:
            self.receiving.stop()
            raise

    def start(self) -> None:
        self.storing.start()
        self.receiving.start()

    def stop(self) -> None:
        self.receiving.stop()
        self.storing.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def status(self) -> IngestStatus:
        receiving, storer = self.receiving, self.storing.storer
        received = receiving.receiver.counts
        stored = storer.counts
        return IngestStatus(
            worker=receiving.worker,
            state=receiving.state,
            problem=receiving.problem,
            mqtt=receiving.session.protocol,
            received=received.received,
            journalled=received.journalled,
            redelivered=received.redelivered,
            commits=received.commits,
            slowest_commit_s=received.slowest_commit_s,
            last_row=receiving.journal.last_row,
            stored_row=storer.cursor,
            readings=stored.readings,
            repeated=stored.repeated,
            conflicting=stored.conflicting,
            events=stored.events,
            refused=dict(stored.refused),
            store_problem=stored.last_problem,
        )

    def wait_until_stored(self, timeout_s: float) -> bool:
        """True once every journalled row is in the stores; False if that takes longer."""
        end_s = time.monotonic() + timeout_s
        while self.storing.storer.cursor < self.receiving.journal.last_row:
            if time.monotonic() > end_s:
                return False
            time.sleep(0.01)
        return True


def health_payload(*, worker: str, state: State, **more: Any) -> bytes:
    """What stands, retained, on the worker's health topic."""
    software = f"coldwitness {metadata.version('coldwitness')}"
    return msgspec.json.encode({"worker": worker, "state": state, "software": software, **more})
