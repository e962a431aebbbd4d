"""Made-up shipments: stored, told, and judged no faster than the quota."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coldwitness.config.settings import QuotaSettings
from coldwitness.domain.manifest import Item, Manifest
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.newcomers import HOUR_MS, Allowance, Newcomers
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message
from coldwitness.storage.journal.signing import Signer
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests.storage.readings import T0

QUOTA = QuotaSettings(courier_shipments_per_hour=5, logger_shipments_per_hour=3)


class Worker:
    """Journal, register and follower of one, without a broker."""

    def __init__(self, folder: Path, signer: Signer, register: SqlRegister) -> None:
        self.journal = Journal(folder, worker="w1", signer=signer)
        self.progress = Progress(folder, "w1")
        self.register = register
        self.store = MemoryTelemetry()
        self.now_ms, self.now_s = T0, 0.0
        self.judged: set[str] = set()
        self.follower = JournalFollower(
            JournalReader(folder),
            self.progress,
            Routes(),
            store=self.store,
            custody=register.custody,
            future_tolerance_s=300.0,
            on_touched=self.judged.update,
            newcomers=Newcomers(
                register.shipments, QUOTA, now_ms=lambda: self.now_ms, clock_s=lambda: self.now_s
            ),
        )

    def heard(self, *said: tuple[str, str, str]) -> set[str]:
        """What is told to be judged of messages: courier, logger, shipment."""
        self.judged.clear()
        self.journal.append(
            [
                Message(
                    f"coldchain/v1/{courier}/BX-1/readings",
                    json.dumps({
                        "shipment": shipment, "logger": logger, "time": self.now_ms + n,
                        "temperature": {"drug": 5.0},
                    }).encode(),
                    self.now_ms,
                )
                for n, (courier, logger, shipment) in enumerate(said)
            ]
        )  # fmt: skip
        while self.follower.step():
            pass
        return set(self.judged)


@pytest.fixture
def worker(tmp_path: Path, signer: Signer) -> Iterator[Worker]:
    url = f"sqlite:///{tmp_path / 'register.sqlite'}"
    with closing(open_register(url)) as register:
        made = Worker(tmp_path / "journal", signer, register)
        yield made
        made.progress.close()
        made.journal.close()


def test_of_a_couriers_made_up_shipments_so_many_are_judged_and_all_are_stored(
    worker: Worker,
) -> None:
    flood = [("evil", f"L-{n}", f"X-{n:04d}") for n in range(500)]
    judged = worker.heard(*flood, ("honest", "L-1", "Z-1"))
    assert judged == {*(f"X-{n:04d}" for n in range(5)), "Z-1"}
    names = [shipment for _, _, shipment in flood]
    assert len(worker.store.readings(names, [])) == 500
    (told,) = worker.progress.refusals(reason="quota")
    assert (told.courier, told.logger) == ("evil", "L-5")
    assert "courier evil: 5 shipments without a manifest" in told.text


def test_one_loggers_made_up_shipments_leave_its_courier_room(worker: Worker) -> None:
    flood = [("c", "L-1", f"X-{n}") for n in range(50)]
    assert worker.heard(*flood, ("c", "L-2", "Y-1")) == {"X-0", "X-1", "X-2", "Y-1"}
    (told,) = worker.progress.refusals(reason="quota")
    assert "logger L-1: 3 shipments" in told.text


def test_what_waits_is_judged_as_time_goes_by_or_when_its_manifest_comes(worker: Worker) -> None:
    worker.heard(*(("evil", f"L-{n}", f"X-{n}") for n in range(10)))
    worker.register.manifests.put(
        Manifest(id="X-9", items=(Item(category="drug", storage="refrigerated"),)),
        received_ms=worker.now_ms,
    )
    assert worker.heard(("evil", "L-9", "X-9"), ("evil", "L-8", "X-8")) == {"X-9"}
    worker.now_ms += HOUR_MS * 2 // 5
    worker.now_s += 60.0
    assert len(worker.heard()) == 2
    worker.now_s += 1.0
    assert worker.heard() == set()


def test_an_allowance_fills_again_and_never_beyond_itself() -> None:
    allowance = Allowance(4)
    for _ in range(4):
        allowance.take("a", T0)
    assert [allowance.left("a", T0 + ms) for ms in (0, HOUR_MS // 4, HOUR_MS * 9)] == [0, 1, 4]
    assert allowance.left("b", T0) == 4
