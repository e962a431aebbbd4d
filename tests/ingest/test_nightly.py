"""The comparison of each day: when it is due, that it runs beside the server, what it tells."""

import time
from multiprocessing import Pipe
from pathlib import Path

import pytest

from coldwitness.cli.nightly import NightlyComparison, answer, seconds_until
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.errors import Unavailable
from tests.api.world import wait_until

AT_S = 1_781_753_400.0
"""2026-06-18T03:30:00Z."""


def settings_of(folder: Path, at: str | None = "03:31") -> Settings:
    return Settings(journal=JournalSettings(directory=folder / "journal", compare_at=at))


def two(settings: Settings) -> list[str]:
    return [str(settings.journal.directory), "another"]


def refused(settings: Settings) -> list[str]:
    raise Unavailable("the register is away")


def endless(settings: Settings) -> list[str]:
    time.sleep(600)
    return []


def killed(settings: Settings) -> list[str]:
    raise SystemExit(9)


@pytest.mark.parametrize(
    ("wanted", "seconds"), [("03:31", 60), ("03:30", 86_400), ("03:29", 86_340), ("00:00", 73_800)]
)
def test_it_is_due_at_the_next_such_time(wanted: str, seconds: int) -> None:
    assert seconds_until(wanted, AT_S) == seconds


@pytest.mark.parametrize("at", ["24:00", "3:30", "03:60", "0330"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, at: str) -> None:
    with pytest.raises(ValueError, match="compare_at"):
        settings_of(tmp_path, at)


def test_what_cannot_be_compared_now_or_ended_early_is_told(tmp_path: Path) -> None:
    found: list[int] = []
    nightly = NightlyComparison(settings_of(tmp_path), on_found=found.append, compare=killed)
    nightly.compare_now()
    assert found == [-1]
    here, there = Pipe(duplex=False)
    answer(refused, settings_of(tmp_path), there)
    assert here.recv() == ([], "the register is away")


def test_it_runs_when_it_is_due_and_is_given_up_at_the_end(tmp_path: Path) -> None:
    found: list[int] = []
    due = NightlyComparison(
        settings_of(tmp_path),
        on_found=found.append,
        compare=two,
        now_s=lambda: AT_S + 59.9 if not found else AT_S,
    )
    due.start()
    wait_until(lambda: found == [2], within_s=60)
    due.stop()
    long = NightlyComparison(
        settings_of(tmp_path), on_found=found.append, compare=endless, now_s=lambda: AT_S + 59.9
    )
    long.start()
    wait_until(lambda: long.running, within_s=60)
    long.stop()
    assert found == [2]


def test_one_that_would_start_after_the_end_was_asked_for_does_not(tmp_path: Path) -> None:
    found: list[int] = []
    late = NightlyComparison(settings_of(tmp_path), on_found=found.append, compare=endless)
    late.stop()
    late.compare_now()
    assert (late.running, found) == (False, [])


def test_without_a_time_nothing_runs(tmp_path: Path) -> None:
    never = NightlyComparison(settings_of(tmp_path, None), on_found=[].append, compare=endless)
    never.start()
    never.stop()
    assert not never.running
