"""Made-up shipments: kept, told, and stored and judged no faster than the quota."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coldwitness.config.settings import QuotaSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.manifest import Item, Manifest
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.following import BATCH_ROWS, JournalFollower
from coldwitness.ingest.held_shipments import brought_in, leave_held
from coldwitness.ingest.newcomers import HOUR_MS, KNOWN_EVERY_S, Allowance, Newcomers
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

    def known(self, names: list[str]) -> set[str]:
        """Those of these that cost the register something."""
        return set(self.register.shipments.couriers_of(names))

    def stored(self, *names: str) -> int:
        return len(self.store.readings(names, self.register.custody.stays(names)))

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

    def say(self, courier: str, what: str, said: dict[str, object]) -> None:
        topic = f"coldchain/v1/{courier}/BX-1/{what}"
        self.journal.append([Message(topic, json.dumps(said).encode(), self.now_ms)])
        while self.follower.step():
            pass


@pytest.fixture
def worker(tmp_path: Path, signer: Signer) -> Iterator[Worker]:
    url = f"sqlite:///{tmp_path / 'register.sqlite'}"
    with closing(open_register(url)) as register:
        made = Worker(tmp_path / "journal", signer, register)
        yield made
        made.progress.close()
        made.journal.close()


def declare(worker: Worker, shipment: str) -> None:
    worker.register.manifests.put(
        Manifest(id=shipment, items=(Item(category="drug", storage="refrigerated"),)),
        received_ms=worker.now_ms,
    )


def test_of_a_couriers_made_up_shipments_so_many_are_judged_and_the_others_are_held(
    worker: Worker,
) -> None:
    flood = [("evil", f"L-{n}", f"X-{n:04d}") for n in range(500)]
    judged = worker.heard(*flood, ("honest", "L-1", "Z-1"))
    assert judged == {*(f"X-{n:04d}" for n in range(5)), "Z-1"}
    names = [shipment for _, _, shipment in flood]
    assert len(worker.store.readings(names, [])) == len(worker.known(names)) == 5
    assert len(worker.progress.held_rows(names)) == 495
    (told,) = worker.progress.refusals(reason="quota")
    assert (told.courier, told.logger) == ("evil", "L-5")
    assert "courier evil: 5 shipments without a manifest" in told.text


def test_behind_a_flood_an_honest_reading_is_stored_within_a_few_thousand_rows(
    worker: Worker,
) -> None:
    """Of the flood all but what the quota admits is held, each row once."""
    said = {"logger": "EV", "time": T0, "temperature": {"drug": 5.0}}
    flood = [
        Message(
            "coldchain/v1/evil/BX-1/readings",
            json.dumps({"shipment": f"X-{n}", **said}).encode(),
            T0,
        )
        for n in range(6000)
    ]
    declare(worker, "H")
    honest = json.dumps({"shipment": "H", **said}).encode()
    worker.journal.append([*flood, Message("coldchain/v1/ql/BX-2/readings", honest, T0)])
    rows = 0
    while "H" not in worker.judged:
        rows += worker.follower.step()
    assert rows <= 2 * BATCH_ROWS <= 4000
    while worker.follower.step():
        pass
    held = worker.progress.held_rows(f"X-{n}" for n in range(6000))
    assert len(held) == 6000 - QUOTA.logger_shipments_per_hour
    assert sorted(row for rows in held.values() for row in rows) == [*range(4, 6001)]


def test_one_loggers_made_up_shipments_leave_its_courier_room(worker: Worker) -> None:
    flood = [("c", "L-1", f"X-{n}") for n in range(50)]
    assert worker.heard(*flood, ("c", "L-2", "Y-1")) == {"X-0", "X-1", "X-2", "Y-1"}
    (told,) = worker.progress.refusals(reason="quota")
    assert "logger L-1: 3 shipments" in told.text


def test_what_waits_is_judged_as_time_goes_by_or_when_its_manifest_comes(worker: Worker) -> None:
    worker.heard(*(("evil", f"L-{n}", f"X-{n}") for n in range(10)))
    declare(worker, "X-9")
    assert worker.heard(("evil", "L-9", "X-9"), ("evil", "L-8", "X-8")) == {"X-9"}
    worker.now_ms += HOUR_MS * 2 // 5
    worker.now_s += 60.0
    assert len(worker.heard()) == 2
    worker.now_s += 1.0
    assert worker.heard() == set()


def test_all_that_was_held_of_one_is_stored_when_it_is_declared(worker: Worker) -> None:
    worker.heard(*(("evil", f"L-{n}", f"X-{n % 10}") for n in range(30)))
    assert (worker.stored("X-7"), worker.progress.held_rows(["X-7"])["X-7"]) == (0, [8, 18, 28])
    declare(worker, "X-7")
    assert worker.heard(("evil", "L-7", "X-7")) == {"X-7"}
    assert worker.stored("X-7") == 4
    assert not worker.progress.held_rows(["X-7"])


def test_a_held_shipment_is_stored_soon_after_its_manifest_and_without_a_further_reading(
    worker: Worker,
) -> None:
    worker.heard(*(("evil", f"L-{n}", f"X-{n}") for n in range(10)))
    declare(worker, "X-8")
    worker.now_s += KNOWN_EVERY_S
    assert worker.heard() == {"X-8"}
    assert worker.stored("X-8") == 1


def test_a_held_shipment_is_stored_at_once_when_somebody_asks(worker: Worker) -> None:
    worker.heard(*(("evil", f"L-{n}", f"X-{n}") for n in range(10)))
    folder = worker.progress.path.parent.parent
    assert not brought_in(folder, "nobody heard of it")
    with pytest.raises(Unavailable, match="X-9: its readings waited"):
        brought_in(folder, "X-9", within_s=0.0)
    assert worker.heard() == {"X-9"}
    assert worker.stored("X-9") == 1
    assert not brought_in(folder, "X-9")
    assert worker.heard() == set()


def test_whoever_makes_the_stores_again_leaves_out_what_is_held(worker: Worker) -> None:
    worker.heard(*(("evil", f"L-{n}", f"X-{n}") for n in range(10)))
    folder = worker.progress.path.parent.parent
    decoded = decode_rows(JournalReader(folder).read("w1"), Routes(), future_tolerance_s=300.0)
    assert len(decoded.readings) == 10
    leave_held(decoded, folder)
    stored = {f"X-{n}" for n in range(5)}
    assert (
        {reading.shipment for reading in decoded.readings}
        == stored
        == worker.known([f"X-{n}" for n in range(10)])
    )


def test_an_event_of_a_held_shipment_is_stored_and_what_was_held_with_it(worker: Worker) -> None:
    worker.heard(*(("evil", f"L-{n}", f"X-{n}") for n in range(10)))
    worker.say("evil", "events", {"shipment": "X-9", "event": "packed", "time": T0 - 60_000})
    assert worker.stored("X-9") == 1
    assert worker.register.custody.stays(["X-9"])[0].box == "BX-1"


def test_an_allowance_fills_again_and_never_beyond_itself() -> None:
    allowance = Allowance(4)
    for _ in range(4):
        allowance.take("a", T0)
    assert [allowance.left("a", T0 + ms) for ms in (0, HOUR_MS // 4, HOUR_MS * 9)] == [0, 1, 4]
    assert allowance.left("b", T0) == 4
