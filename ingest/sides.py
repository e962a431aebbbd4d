"""The two sides of ingest, each with its thread: broker → journal → acknowledgement, and journal →
readings → stores. They share only the journal.
"""

import logging
import threading
import time
from contextlib import suppress

import msgspec

from coldwitness.config.settings import Settings
from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.acknowledging import Receiver
from coldwitness.ingest.following import JournalFollower, OnTouched
from coldwitness.ingest.formats.drug_names import DrugNames
from coldwitness.ingest.inheriting import Inheriting
from coldwitness.ingest.mqtt.broker import BrokerConnection
from coldwitness.ingest.mqtt.health import EVERY_HEALTH, State, health_payload
from coldwitness.ingest.newcomers import Newcomers
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.refusal_notices import RefusalNotices
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message
from coldwitness.storage.journal.layout import worker_folder
from coldwitness.storage.ports import CustodyLog, ReadingLog, Shipments
from coldwitness.storage.witness.asking import Witnessing
from coldwitness.storage.witness.stamping import Stamping

log = logging.getLogger(__name__)

HEALTH_EVERY_S = 10.0
RESTART_S = 1.0


class ReceivingSide:
    """Journal, connection to the broker, and the thread that joins them."""

    def __init__(self, settings: Settings) -> None:
        """Opens the journal; raises ConfigError if another process writes this worker's."""
        worker, group = settings.journal.worker, settings.mqtt.shared_group
        routes = Routes(settings.formats, max_payload_bytes=settings.mqtt.max_payload_bytes)
        self.worker = worker
        self.journal = Journal.open(settings.journal)
        try:
            self.broker = BrokerConnection(
                settings.mqtt,
                worker=worker,
                topics=routes.filters(),
                now_ms=self.journal.clock.now_ms,
                last_will=health_payload(worker=worker, state="lost", group=group),
                unshared=[] if group is None else [EVERY_HEALTH],
            )
            self.witnessing = Witnessing(
                settings.witnesses,
                worker_folder(settings.journal.directory, worker),
                lambda: self.journal.checkpoint,
            )
        except BaseException:
            self.journal.close()
            raise
        self.stamping = Stamping(settings.journal.timestamp_url, settings.journal.directory)
        self._group = group
        self._inheriting = (
            None
            if group is None
            else Inheriting(
                settings.mqtt,
                worker=worker,
                topics=routes.filters(),
                now_ms=self.journal.clock.now_ms,
            )
        )
        self.receiver = Receiver(
            self.broker, self.journal, settings.journal, on_own=self._hear_others
        )
        self._stop = threading.Event()
        self._health_due_s = 0.0
        self._health_said: tuple[State, int] | None = None
        self._checkpoint_said: tuple[str, int] | None = None
        self._notices = RefusalNotices(
            settings.journal.directory, worker, self.broker.publish_notice
        )
        self._thread = threading.Thread(target=self._run, name="ingest-receive", daemon=True)

    @property
    def state(self) -> State:
        if self._stop.is_set():
            return "stopped"
        if self.receiver.refusing:
            return "not_acknowledging"
        return "running" if self.broker.connected else "no_broker"

    @property
    def problem(self) -> str:
        said = self.receiver.counts.last_problem or self.broker.last_problem
        return said or self.broker.taken_over

    def start(self) -> None:
        self._thread.start()
        self.witnessing.start()
        self.stamping.start()

    def stop(self) -> None:
        """End after the round under way; what was taken is journalled and acknowledged, and the
        last head goes to the witnesses."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._inheriting is not None:
            self._inheriting.end()
        with suppress(Unavailable):  # a full disk: closing says so
            self.journal.sign_what_is_there()
        self._say_checkpoint()
        self.broker.close(last_words=self._health("stopped"))
        self.journal.close()
        self.witnessing.stop()
        self.stamping.stop()

    def _hear_others(self, message: Message) -> None:
        if self._inheriting is not None:
            self._inheriting.hear(message)

    def _every_round(self) -> None:
        self._say_health()
        if self._inheriting is not None:
            self._inheriting.step(self.receiver)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.receiver.run(self._stop, every_round=self._every_round)
            except Exception:
                # Unacknowledged, the messages come again; a worker that ended would not.
                log.exception("receiving failed; connecting anew")
                self.broker.drop("receiving failed")
                self._stop.wait(RESTART_S)

    def _say_health(self) -> None:
        """Now and then, and at once when the state or the connection is another: the broker may
        have said `lost` in between."""
        if self.broker.connected:
            self._notices.tell()
        said, now_s = (self.state, self.broker.connection), time.monotonic()
        if self.broker.connected and (now_s >= self._health_due_s or said != self._health_said):
            self.broker.publish_health(self._health(said[0]))
            self._health_said, self._health_due_s = said, now_s + HEALTH_EVERY_S
            self._say_checkpoint()

    def _say_checkpoint(self) -> None:
        signed = self.journal.checkpoint
        if signed is None or not self.broker.connected:
            return
        said = (signed.note.text, self.broker.connection)
        if said != self._checkpoint_said:
            self.broker.publish_checkpoint(signed.note.written())
            self._checkpoint_said = said

    def _health(self, state: State) -> bytes:
        counts = self.receiver.counts
        head, signed = self.journal.last_head, self.journal.checkpoint
        return health_payload(
            worker=self.worker,
            state=state,
            group=self._group,
            problem=self.problem,
            journalled=counts.journalled,
            last_row=self.journal.last_row,
            signed_head=msgspec.to_builtins(head) if head is not None else None,
            checkpoint=signed.note.written() if signed is not None else None,
            witness_problem=self.witnessing.problem,
        )


class StoringSide:
    """The store side and its thread.

    shipments : by which the quota of those that nobody declared is kept; None: there is none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: ReadingLog,
        custody: CustodyLog,
        future_tolerance_s: float,
        drug_names: DrugNames | None = None,
        on_touched: OnTouched | None = None,
        shipments: Shipments | None = None,
        wake: threading.Event | None = None,
    ) -> None:
        self.progress = Progress(settings.journal.directory, settings.journal.worker)
        self.follower = JournalFollower(
            JournalReader(settings.journal.directory),
            self.progress,
            Routes(
                settings.formats,
                max_payload_bytes=settings.mqtt.max_payload_bytes,
                drug_names=drug_names,
            ),
            store=store,
            custody=custody,
            future_tolerance_s=future_tolerance_s,
            on_touched=on_touched,
            newcomers=None if shipments is None else Newcomers(shipments, settings.quota),
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
        self.follower.close()
        self.progress.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.follower.run(self._stop, self._wake)
            except Exception:
                log.exception("storing failed; trying again")
                self._stop.wait(RESTART_S)
