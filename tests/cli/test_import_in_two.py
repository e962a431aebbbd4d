"""An import of many shipments has half of them judged by a second process, to the same end."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from coldwitness.cli import importing
from coldwitness.cli.importing import import_all
from coldwitness.config.settings import JournalSettings, JudgingSettings, Settings, StoreSettings
from coldwitness.judging import companion as beside
from coldwitness.judging.batch import Batch
from coldwitness.judging.companion import Companion
from coldwitness.storage.journal.clock import ReceiveClock
from coldwitness.storage.opening import stores
from coldwitness.storage.register.bodies import encoded
from tests.unchanged.recorded import MANIFESTS, TELEMETRY

HOUR_MS = 1_782_000_000_000
TWO_CORES = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="one core has no second process"
)


@dataclass(frozen=True)
class Kept:
    """What an import of the recorded fleet left in the register."""

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
    with stores(settings.store, sole_writer=False) as (_, register):
        names = [row.id for row in register.shipments.rows(limit=1000)]
        assert done.judged == len(names)
        results = register.results.newest(names)
        return Kept(
            {name: encoded(one).body for name, one in results.items()},
            sorted(entry.clue.id for entry in register.clues.after(0, limit=1000)),
            {name: sorted(its) for name, its in register.copies.alike(names, partners=9).items()},
        )


@pytest.fixture(autouse=True)
def same_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results tell when what they rest on was received."""
    monkeypatch.setattr(ReceiveClock, "now_ms", lambda _: HOUR_MS)


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


@TWO_CORES
def test_two_processes_leave_what_one_leaves(
    tmp_path: Path, judged_by: list[int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_SHIPMENTS_AT_ONCE", 30)
    alone = imported(tmp_path / "one", processes=1)
    assert not judged_by
    assert imported(tmp_path / "two", processes=2) == alone
    assert len(judged_by) == 2
    assert None not in judged_by
    assert alone.clues
    assert any(alone.copies.values())
    assert not [one for one in judged_by if one and Path(f"/proc/{one}").exists()]


@TWO_CORES
def test_a_killed_second_process_costs_nothing(
    tmp_path: Path, judged_by: list[int | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = imported(tmp_path / "one", processes=1)
    asked = Companion.judged

    def killed(second: Companion, *rest: object, **more: object) -> Batch:
        assert second.process_id is not None
        os.kill(second.process_id, signal.SIGKILL)
        return asked(second, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Companion, "judged", killed)
    assert imported(tmp_path / "two", processes=2) == alone
    assert judged_by == [None]


def test_a_few_shipments_are_judged_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*rest: object) -> None:
        raise AssertionError(rest)

    monkeypatch.setattr(Companion, "__init__", started)
    assert imported(tmp_path, processes=2).results
