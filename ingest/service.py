"""Ingest as a whole: broker → journal → acknowledgement, and journal → readings → stores.

Two threads that share only the journal. `ReceivingSide` never waits for a store; `StoringSide`
follows the journal by its durable cursor. Where one process is not enough they run as two (the
command `ingest` does), and several workers share the topics by `mqtt.shared_group`.
"""

import time
from dataclasses import dataclass
from typing import Self

from coldwitness.config.settings import Settings
from coldwitness.ingest.following import OnTouched
from coldwitness.ingest.formats.drug_names import DrugNames
from coldwitness.ingest.mqtt.health import State
from coldwitness.ingest.sides import ReceivingSide, StoringSide
from coldwitness.storage.ports import CustodyLog, ReadingLog, Shipments


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


class IngestService:
    """Both sides in one process: what `serve` and `demo` run.

    with IngestService(settings, store=…, custody=…, future_tolerance_s=…,
                       on_touched=judge.touch):
        …

    on_touched is called from the storing thread.
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
    ) -> None:
        self.receiving = ReceivingSide(settings)
        try:
            self.storing = StoringSide(
                settings,
                store=store,
                custody=custody,
                future_tolerance_s=future_tolerance_s,
                drug_names=drug_names,
                on_touched=on_touched,
                shipments=shipments,
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
        receiving, follower = self.receiving, self.storing.follower
        received = receiving.receiver.counts
        stored = follower.counts
        return IngestStatus(
            worker=receiving.worker,
            state=receiving.state,
            problem=receiving.problem,
            mqtt=receiving.broker.protocol,
            received=received.received,
            journalled=received.journalled,
            redelivered=received.redelivered,
            commits=received.commits,
            slowest_commit_s=received.slowest_commit_s,
            last_row=receiving.journal.last_row,
            stored_row=follower.cursor,
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
        while self.storing.follower.cursor < self.receiving.journal.last_row:
            if time.monotonic() > end_s:
                return False
            time.sleep(0.01)
        return True
