"""Live judging without a server: what it tells, and what it judges after a restart."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coldwitness.config.settings import Settings
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.result import CheckResult
from coldwitness.judging.batch import Batch
from coldwitness.judging.live import REOPEN_WITHIN_MS, LiveJudge
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.clue_ports import ClueEntry
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests.registers import new_register
from tests.storage.readings import T0
from tests.storage.results import finding, record, result

NOW_MS = T0 + 10 * REOPEN_WITHIN_MS


class Heard(JudgingObserver):
    def __init__(self) -> None:
        self.judged: list[tuple[list[str], int, list[str]]] = []
        self.failed = 0
        self.waiting: list[int] = []
        self.ticks = 0

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        self.judged.append(([one.shipment for one in results], len(entries), [*newest]))

    def on_failed(self) -> None:
        self.failed += 1

    def on_waiting(self, shipments: int) -> None:
        self.waiting.append(shipments)

    def on_tick(self, took_s: float) -> None:
        assert took_s >= 0
        self.ticks += 1


@pytest.fixture
def heard() -> Heard:
    return Heard()


def judging(
    _: object, __: object, ___: object, ____: object, names: Sequence[str], _____: int
) -> Batch:
    """A run that finds the same of every shipment but S-bad."""
    if "S-bad" in names:
        raise KeyError("a fault of this program")
    newest = {names[0]: NewestReading(time="2026-11-21T08:00:00Z", temperature={}, readings=1)}
    return Batch([result(finding(), shipment=name) for name in names], newest)


@pytest.fixture
def judge(tmp_path: Path, heard: Heard) -> Any:
    settings = Settings()
    with closing(new_register(tmp_path / "register.sqlite")) as register:
        yield LiveJudge(
            MemoryTelemetry(),
            register,
            load_rulebook(settings.judging),
            settings,
            lambda: NOW_MS,
            observers=[heard],
            judge=judging,
        )


def test_who_listens_hears_what_waits_what_was_judged_and_how_long_it_took(
    judge: LiveJudge, heard: Heard
) -> None:
    judge.touch(["S-1", "S-2"])
    assert judge.tick() == 2
    assert heard.judged == [(["S-1", "S-2"], 2, ["S-1"])]
    assert (heard.waiting, heard.failed, heard.ticks) == ([2, 0], 0, 1)


def test_who_listens_hears_of_every_run_that_failed(judge: LiveJudge, heard: Heard) -> None:
    judge.touch(["S-1", "S-bad"])
    assert judge.tick() == 1
    assert heard.failed == 2, "the run of both, and that of the one alone"
    assert [names for names, _, _ in heard.judged] == [["S-1"]]
    assert heard.waiting[-1] == 1


def test_a_tick_without_work_is_not_heard(judge: LiveJudge, heard: Heard) -> None:
    assert judge.tick() == 0
    assert heard.ticks == 0


@pytest.mark.parametrize(
    ("ended_ms", "again"),
    [
        (None, True),
        (NOW_MS - REOPEN_WITHIN_MS, False),
        (NOW_MS - REOPEN_WITHIN_MS + 1, True),
    ],
)
def test_a_restart_judges_what_is_under_way_or_ended_less_than_a_day_ago(
    tmp_path: Path, heard: Heard, judge: LiveJudge, ended_ms: int | None, again: bool
) -> None:
    with closing(new_register(tmp_path / "register.sqlite")) as register:
        end = None if ended_ms is None else rfc3339(ended_ms)
        record(register, result(end=end))
        register.custody.note_seen({"S-never": None})
    judge.start()
    judge.stop()
    judged = {name for names, _, _ in heard.judged for name in names}
    assert judged == ({"S-1", "S-never"} if again else {"S-never"})


def test_another_couriers_shipment_is_judged_in_the_first_run_beside_a_flood(
    tmp_path: Path, heard: Heard, judge: LiveJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldwitness.judging.live.CHUNK_SHIPMENTS", 50)
    flood = {f"A-{n:05d}": "flooding" for n in range(150)}
    with closing(new_register(tmp_path / "register.sqlite")) as register:
        register.custody.note_seen({**flood, "Z-1": "other"})
    judge.touch(flood)
    judge.touch(["Z-1"])
    assert judge.tick() == 151
    assert "Z-1" in heard.judged[0][0]
    assert heard.waiting[2:] == [101, 51, 1, 0]


def test_one_that_ends_judges_no_longer_than_it_may_and_the_rest_at_the_next_start(
    heard: Heard, judge: LiveJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldwitness.judging.live.STOP_WITHIN_S", 0.0)
    judge.touch(f"A-{n}" for n in range(10))
    judge._stopping.set()
    judge._tick_for_ever()
    assert heard.judged == []
    assert not judge.idle
