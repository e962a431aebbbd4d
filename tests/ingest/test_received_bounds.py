"""A shipment takes so many readings and events of one courier, and no more."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from coldwitness.cli.main import main
from coldwitness.cli.rebuild import rebuild_views
from coldwitness.config.settings import QuotaSettings, Settings, StoreSettings
from coldwitness.domain.reading import Reading
from coldwitness.ingest import received_bounds
from coldwitness.ingest.decoded_rows import DecodedRows, decode_rows
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.left_out import LeftOut
from coldwitness.ingest.newcomers import HOUR_MS, Newcomers
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.received_bounds import ReceivedBounds
from coldwitness.ingest.replay import replay_refused
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message, Row
from coldwitness.storage.journal.layout import public_key
from coldwitness.storage.journal.signing import Signer
from coldwitness.storage.opening import stores
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests.storage import evidence
from tests.storage.readings import MINUTE, T0

QUOTA = QuotaSettings(courier_events_per_hour=4)


class Worker:
    """Journal, register and follower of one; `restarted` is another process on the same files."""

    def __init__(self, folder: Path, signer: Signer, register: SqlRegister) -> None:
        self.journal = Journal(folder, worker="w1", signer=signer)
        self.folder, self.register, self.store = folder, register, MemoryTelemetry()
        self.now_ms = T0 + HOUR_MS
        self._follow()

    def _follow(self) -> None:
        self.progress = Progress(self.folder, "w1")
        self.follower = JournalFollower(
            JournalReader(self.folder),
            self.progress,
            Routes(),
            store=self.store,
            custody=self.register.custody,
            future_tolerance_s=300.0,
            newcomers=Newcomers(self.register.shipments, QUOTA, now_ms=lambda: self.now_ms),
        )

    def restarted(self) -> None:
        self.progress.close()
        self._follow()

    def say(self, courier: str, *said: dict[str, object], what: str = "readings") -> None:
        """One message of courier's box BX-1."""
        body = json.dumps(list(said)).encode()
        self.journal.append([Message(f"coldchain/v1/{courier}/BX-1/{what}", body, self.now_ms)])
        while self.follower.step():
            pass

    def read(self, courier: str, shipment: str | None, *minutes: int) -> None:
        self.say(
            courier,
            *(
                {"logger": f"LG-{courier}", "time": T0 + n * MINUTE, "temperature": {"drug": 5.0}}
                | ({"shipment": shipment} if shipment is not None else {})
                for n in minutes
            ),
        )

    def stored(self, shipment: str) -> list[str]:
        """Loggers of the shipment's readings, one each."""
        table = self.store.readings([shipment], self.register.custody.stays([shipment]))
        return [table.loggers[one] for one in table.logger]

    def events(self, shipment: str) -> int:
        return len(self.register.custody.events([shipment]).get(shipment, []))

    def told(self, reason: str) -> list[str]:
        return [one.text for one in self.progress.refusals(reason=reason)]


@pytest.fixture
def worker(tmp_path: Path, signer: Signer) -> Iterator[Worker]:
    with closing(open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")) as register:
        made = Worker(tmp_path / "journal", signer, register)
        yield made
        made.progress.close()
        made.journal.close()


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a test reaches."""
    monkeypatch.setattr(received_bounds, "RECEIVED_MAX", 4)
    monkeypatch.setattr(received_bounds, "BOX_DAY_MAX", 3)
    monkeypatch.setattr(received_bounds, "EVENTS_MAX", 3)
    monkeypatch.setattr(received_bounds, "KEPT_FROM", 2)


def test_the_message_that_reaches_the_bound_is_whole_and_the_next_stays_in_the_journal(
    worker: Worker, narrow: None
) -> None:
    worker.read("ql", "S-1", 1, 2, 3)
    worker.read("ql", "S-1", 4, 5)
    assert len(worker.stored("S-1")) == 5
    worker.read("ql", "S-1", 6)
    worker.read("ql", "S-1", 7)
    assert len(worker.stored("S-1")) == 5
    (told,) = worker.told("shipment_full")
    assert told.startswith("shipment S-1: 4 readings of one courier are stored")
    assert JournalReader(worker.folder).last_row("w1") == 4


def test_who_fills_up_anothers_shipment_takes_no_reading_of_its_courier_away(
    worker: Worker, narrow: None
) -> None:
    worker.read("evil", "S-1", *range(10, 20))
    worker.read("evil", "S-1", *range(20, 30))
    worker.read("ql", "S-1", 1, 2)
    assert worker.stored("S-1").count("LG-ql") == 2
    assert worker.stored("S-1").count("LG-evil") == 10


def test_a_bound_that_was_reached_holds_after_a_restart_and_counts_no_row_twice(
    worker: Worker, narrow: None
) -> None:
    worker.read("ql", "S-1", 1, 2, 3)
    worker.restarted()
    worker.read("ql", "S-1", 4)
    worker.restarted()
    worker.read("ql", "S-1", 5)
    assert len(worker.stored("S-1")) == 4
    with worker.progress._transaction() as connection:  # the cursor lags after a power cut
        connection.execute("UPDATE cursor SET row = 0")
    worker.restarted()
    while worker.follower.step():
        pass
    assert len(worker.stored("S-1")) == 4


@pytest.mark.parametrize("seed", range(5))
def test_in_batches_or_row_by_row_the_same_are_stored(
    tmp_path: Path, narrow: None, seed: int
) -> None:
    chance = random.Random(seed)
    rows = [
        _row(number, chance.choice("ab"), chance.choice(["S-1", "S-2", None]), chance.randint(1, 3))
        for number in range(1, 60)
    ]
    cuts = sorted(chance.sample(range(1, 59), 12))
    alone = _stored(tmp_path / "alone", [[row] for row in rows])
    batches = [rows[first:end] for first, end in pairwise([0, *cuts, 59])]
    assert _stored(tmp_path / "batches", batches) == alone
    # As fair turns give them: each sender's in order, senders not.
    turned = [sorted(batch, key=lambda row: row.topic) for batch in batches]
    assert _stored(tmp_path / "turned", turned) == alone
    # Whoever begins again has what came before once more.
    again = [rows[max(first - 5, 0) : end] for first, end in pairwise([0, *cuts, 59])]
    assert _stored(tmp_path / "again", again) == alone
    assert len(alone) < sum(row.payload.count(b"logger") for row in rows)


def _stored(folder: Path, batches: Iterable[Sequence[Row]]) -> set[tuple[int, int]]:
    """Row and time of what is stored."""
    stored: set[tuple[int, int]] = set()
    with Progress(folder, "w1") as progress:
        bounds = ReceivedBounds(progress)
        for rows in batches:
            decoded = decode_rows(rows, Routes(), future_tolerance_s=300.0)
            bounds.keep_within(decoded)
            stored |= {(row.row, one.time_ms) for one, row in _kept(decoded)}
    return stored


def _row(number: int, courier: str, shipment: str | None, readings: int) -> Row:
    said = [
        {"logger": f"L-{number}", "time": T0 + n, "temperature": {"drug": 5.0}}
        | ({} if shipment is None else {"shipment": shipment})
        for n in range(readings)
    ]
    topic = f"coldchain/v1/{courier}/BX-{courier}/readings"
    return Row("w1", number, T0, topic, json.dumps(said).encode(), 1, False, False, False)


def _kept(decoded: DecodedRows) -> Iterable[tuple[Reading, Row]]:
    return zip(decoded.readings, decoded.readings_rows, strict=True)


def test_readings_without_a_shipment_are_counted_by_their_box_and_day(
    worker: Worker, narrow: None
) -> None:
    packed = {"shipment": "S-1", "event": "packed", "time": T0}
    worker.say("ql", packed, what="events")
    worker.read("ql", None, 1, 2, 3)
    worker.read("ql", None, 4)
    assert len(worker.stored("S-1")) == 3
    (told,) = worker.told("shipment_full")
    assert told.startswith("box BX-1: 3 readings of one courier that name no shipment, of a day")
    worker.read("ql", None, -24 * 60)
    assert worker.told("shipment_full") == [told]


def test_events_of_one_shipment_are_bounded(worker: Worker, narrow: None) -> None:
    for minute in range(5):
        worker.say(
            "ql",
            {"shipment": "S-1", "event": "opened", "time": T0 - minute * MINUTE},
            what="events",
        )
    assert worker.events("S-1") == 3
    assert worker.told("shipment_full")[0].startswith("shipment S-1: 3 events of one courier")


def test_of_shipments_that_nobody_declared_a_courier_has_so_many_events_an_hour(
    worker: Worker,
) -> None:
    for number in range(9):
        said = {"shipment": f"X-{number}", "event": "packed", "time": T0}
        worker.say("evil", said, what="events")
    worker.say("ql", {"shipment": "Z-1", "event": "packed", "time": T0}, what="events")
    names = [f"X-{number}" for number in range(9)]
    assert len(worker.register.shipments.couriers_of(names)) == 4
    assert worker.events("Z-1") == 1
    (told,) = worker.told("undeclared_events")
    assert "X-4: 4 events an hour" in told
    rows = list(JournalReader(worker.folder).read("w1"))
    again = decode_rows(rows, Routes(), future_tolerance_s=300.0)
    LeftOut(worker.folder, {"w1": range(20)}).take_out(again)
    assert {one.shipment for one in again.events} == {"X-0", "X-1", "X-2", "X-3", "Z-1"}
    worker.now_ms += HOUR_MS
    worker.say("evil", {"shipment": "X-9", "event": "packed", "time": T0}, what="events")
    assert worker.events("X-9") == 1


def test_an_operator_can_have_such_an_event_stored_after_all(worker: Worker) -> None:
    for number in range(6):
        said = {"shipment": f"X-{number}", "event": "packed", "time": T0}
        worker.say("ql", said, what="events")
    assert worker.events("X-4") == 0
    replayed = replay_refused(
        worker.progress,
        JournalReader(worker.folder),
        Routes(),
        store=worker.store,
        custody=worker.register.custody,
        waiting=worker.register.waiting,
        future_tolerance_s=300.0,
        reason="undeclared_events",
    )
    assert (replayed.messages, replayed.events, worker.events("X-4")) == (1, 1, 1)
    assert worker.progress.left_events([5, 6]) == [(6, "X-5")]


def test_what_is_beyond_stays_out_when_the_stores_are_made_again_and_a_report_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(received_bounds, "RECEIVED_MAX", 10)
    monkeypatch.setattr(received_bounds, "BOX_DAY_MAX", 30)
    monkeypatch.setattr(received_bounds, "KEPT_FROM", 1)
    store = StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
    )
    settings = evidence.settings_of(tmp_path, store)
    evidence.journal(settings, evidence.messages())
    with stores(store) as (telemetry, register):
        evidence.store_all(settings, telemetry, register)
        before = evidence.digest(telemetry, register)
        assert before != _unbounded_digest(tmp_path / "other", monkeypatch)
        rebuild_views(settings, telemetry, register, future_tolerance_s=evidence.FUTURE_S)
        assert evidence.digest(telemetry, register) == before
    (tmp_path / "cw.toml").write_text(
        f'[journal]\ndirectory = "{settings.journal.directory}"\n'
        f'[store]\nembedded_file = "{store.embedded_file}"\nregister_url = "{store.register_url}"\n'
    )
    package = str(tmp_path / "r.zip")
    config = ["--config", str(tmp_path / "cw.toml")]
    asked = ["report", "S-1", "--storage", "refrigerated", "--package", package]
    assert main([*config, *asked]) == 0, capsys.readouterr()
    assert main(["verify", package, "--key", str(public_key(tmp_path / "journal"))]) == 0, (
        capsys.readouterr()
    )
    assert main([*config, "doctor", "--deep"]) == 0, capsys.readouterr()


def _unbounded_digest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    store = StoreSettings(
        embedded_file=folder / "telemetry.sqlite",
        register_url=f"sqlite:///{folder / 'register.sqlite'}",
    )
    folder.mkdir()
    settings: Settings = evidence.settings_of(folder, store)
    with monkeypatch.context() as wide:
        wide.setattr(received_bounds, "RECEIVED_MAX", 10**6)
        wide.setattr(received_bounds, "BOX_DAY_MAX", 10**6)
        evidence.journal(settings, evidence.messages())
        with stores(store) as (telemetry, register):
            evidence.store_all(settings, telemetry, register)
            return evidence.digest(telemetry, register)
