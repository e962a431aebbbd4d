"""An import of many shipments has processes beside it that store and judge, to the same end."""

import os
import signal
import threading
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from coldwitness.cli import importing, stored_beside
from coldwitness.cli.importing import import_all
from coldwitness.cli.stored_beside import StoringBeside, storing_beside
from coldwitness.config.settings import JournalSettings, JudgingSettings, Settings, StoreSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.following import JournalFollower
from coldwitness.judging import companion as beside
from coldwitness.judging import in_parts
from coldwitness.judging.batch import Batch
from coldwitness.judging.companion import Companion, companion
from coldwitness.storage.archive.canonical import canonical_lines
from coldwitness.storage.journal.clock import ReceiveClock
from coldwitness.storage.opening import stores
from coldwitness.storage.register.bodies import encoded
from tests.unchanged.recorded import MANIFESTS, TELEMETRY

HOUR_MS = 1_782_000_000_000


@dataclass(frozen=True)
class Kept:
    """What an import of the recorded fleet left in the stores."""

    readings: str
    results: dict[str, bytes]
    clues: list[str]
    copies: dict[str, list[str]]


def imported(folder: Path, *, processes: int) -> Kept:
    settings = Settings(
        journal=JournalSettings(directory=folder / "journal"),
        store=StoreSettings(
            embedded_file=folder / "telemetry.sqlite",
            register_url=f"sqlite:///{folder / 'register.sqlite'}",
            archive_directory=folder / "archive",
        ),
        judging=JudgingSettings(processes=processes),
    )
    done = import_all(settings, [MANIFESTS, TELEMETRY], timezone=None, reader=None, judge=True)
    with stores(settings.store, sole_writer=False) as (store, register):
        names = [row.id for row in register.shipments.rows(limit=1000)]
        assert done.judged == len(names)
        results = register.results.newest(names)
        return Kept(
            sha256(b"".join(canonical_lines(store, register))).hexdigest(),
            {name: encoded(one).body for name, one in results.items()},
            sorted(entry.clue.id for entry in register.clues.after(0, limit=1000)),
            {name: sorted(its) for name, its in register.copies.alike(names, partners=9).items()},
        )


@pytest.fixture(autouse=True)
def same_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results tell when what they rest on was received."""
    monkeypatch.setattr(ReceiveClock, "now_ms", lambda _: HOUR_MS)


@pytest.fixture(autouse=True)
def two_cores_and_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes do as well on one core, only not sooner. The browser that other tests of this
    process drive has threads; an import has none."""
    monkeypatch.setattr(in_parts, "cores", lambda: 2)
    monkeypatch.setattr(threading, "active_count", lambda: 1)


@pytest.fixture
def judged_by(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The second process of each run of judging, once it is over. Few are enough to be parted."""
    for module in (importing, beside):
        monkeypatch.setattr(module, "SHIPMENTS_MIN", 10)
    found: list[int | None] = []
    judged = Companion.judge_batch

    def noted(second: Companion, *rest: object) -> Batch:
        batch = judged(second, *rest)  # type: ignore[arg-type]
        found.append(second.process_id)
        return batch

    monkeypatch.setattr(Companion, "judge_batch", noted)
    return found


def test_two_processes_leave_what_one_leaves(
    tmp_path: Path,
    left_alone: Kept,
    judged_by: list[int | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importing, "_SHIPMENTS_AT_ONCE", 30)
    assert imported(tmp_path / "one", processes=1) == left_alone
    assert not judged_by
    assert imported(tmp_path / "two", processes=2) == left_alone
    assert len(judged_by) == 2
    assert None not in judged_by
    assert left_alone.clues
    assert any(left_alone.copies.values())
    assert not [one for one in judged_by if one and Path(f"/proc/{one}").exists()]


def test_a_killed_second_process_costs_nothing(
    tmp_path: Path,
    left_alone: Kept,
    judged_by: list[int | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Companion.judged

    def killed(second: Companion, *rest: object, **more: object) -> Batch:
        assert second.process_id is not None
        os.kill(second.process_id, signal.SIGKILL)
        return asked(second, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Companion, "judged", killed)
    assert imported(tmp_path / "two", processes=2) == left_alone
    assert judged_by == [None]


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """What one process leaves of so few."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(ReceiveClock, "now_ms", lambda _: HOUR_MS)
        return imported(tmp_path_factory.mktemp("one"), processes=1)


@pytest.fixture
def alone(left_alone: Kept, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """What one process leaves. From now on few are enough for others beside it, and the journal is
    written in many turns."""
    monkeypatch.setattr(importing, "SHIPMENTS_MIN", 10)
    monkeypatch.setattr(importing, "_OBJECTS_PER_MESSAGE", 100)
    monkeypatch.setattr(importing, "_MESSAGES_PER_COMMIT", 2)
    return left_alone


class Turns:
    """How many rows each process stored, and what becomes of the one beside at its turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, number: signal.Signals) -> None:
        self.here = 0
        self.beside: StoringBeside | None = None
        self._at, self._number, self._turn = at, number, 0
        step, go_on = JournalFollower.step, StoringBeside.go_on

        def stepped(follower: JournalFollower) -> int:
            rows = step(follower)
            self.here += rows
            return rows

        def gone_on(beside: StoringBeside) -> None:
            go_on(beside)
            self.beside = beside
            self._turn += 1
            if self._turn == self._at and beside.process_id is not None:
                os.kill(beside.process_id, self._number)

        monkeypatch.setattr(JournalFollower, "step", stepped)
        monkeypatch.setattr(StoringBeside, "go_on", gone_on)


def test_all_is_stored_by_the_process_beside(
    tmp_path: Path, alone: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(monkeypatch, at=0, number=signal.SIGKILL)
    assert imported(tmp_path / "two", processes=2) == alone
    assert turns.beside is not None
    assert turns.here == 0, "in this process"


@pytest.mark.parametrize("at", [1, 5, 20])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_what_a_process_that_is_lost_left_is_stored_here(
    at: int,
    number: signal.Signals,
    tmp_path: Path,
    alone: Kept,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stored_beside, "SILENT_S", 0.5)
    turns = Turns(monkeypatch, at=at, number=number)
    assert imported(tmp_path / "two", processes=2) == alone
    assert turns.here > 0
    assert turns.beside is not None
    assert not Path(f"/proc/{turns.beside.process_id}").exists()


def test_stores_that_are_away_for_the_process_beside_are_told_by_this_one(
    tmp_path: Path, alone: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getpid()
    step = JournalFollower.step

    def away(follower: JournalFollower) -> int:
        if os.getpid() != here:
            raise Unavailable("the store beside")
        return step(follower)

    monkeypatch.setattr(JournalFollower, "step", away)
    assert imported(tmp_path / "two", processes=2) == alone


@pytest.mark.parametrize(("threads", "forked"), [(1, True), (2, False)])
def test_a_process_with_threads_is_not_forked(
    threads: int, forked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    with storing_beside(lambda turns, tell: None) as process, companion(JudgingSettings()) as judge:
        assert (process is not None, judge is not None) == (forked, forked)


def test_a_few_shipments_are_imported_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*rest: object) -> None:
        raise AssertionError(rest)

    monkeypatch.setattr(Companion, "__init__", started)
    monkeypatch.setattr(StoringBeside, "__init__", started)
    assert imported(tmp_path, processes=2).results
