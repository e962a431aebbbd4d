"""Whatever is stopped between two steps on the disk goes on when it is started again: same end,
no hand, nothing left. `benchmarks/stopped_steps.py` stops at every step; here at those that put
something in its place, and at three drawn ones, each in a drawn way."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stopped.stops import Stops
from tests.stopped.trials import Mode, Trials, trials
from tests.stopped.works import WORKS, Work, files, open_to_others

USUAL = ("journal seal", "archive seal", "backup", "restore", "rebuild", "upgrade")
"""Of the usual tests; the others take their turn in a soak."""
EACH = [
    pytest.param(work, id=work.name, marks=() if work.name in USUAL else pytest.mark.soak)
    for work in WORKS
]
WAYS = [mode for mode in Mode if mode is not Mode.COUNT]
DRAWN = 3


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    folder = tmp_path_factory.mktemp("stopped")
    with trials(folder / "scratch", folder / "world") as opened:
        yield opened


@pytest.mark.timeout(600)
@pytest.mark.parametrize("work", EACH)
def test_a_command_that_was_stopped_ends_alike_when_started_again(
    work: Work, runs: Trials, tmp_path: Path
) -> None:
    stops = Stops(runs, work, tmp_path)
    draw = random.Random(work.name)
    found = list(stops.wrong(Mode.BEFORE, stops.chosen()))
    for mode in draw.sample(WAYS, DRAWN):
        found += stops.wrong(mode, [draw.choice(stops.all_steps())])
    assert found == []


@pytest.mark.parametrize("name", ["redact of a sealed day", "archive seal", "backup"])
def test_two_of_the_same_at_once_come_to_the_same_end(
    name: str, runs: Trials, tmp_path: Path
) -> None:
    """One waits, or is refused in one line; `benchmarks/stopped_steps.py` has every command."""
    (work,) = (work for work in WORKS if work.name == name)
    assert Stops(runs, work, tmp_path).together() == ""


def test_whatever_a_command_makes_is_its_users_alone(runs: Trials) -> None:
    (work,) = (work for work in WORKS if work.name == "import")
    shutil.rmtree(runs.folder, ignore_errors=True)
    work.prepare(runs.folder)
    for words in (
        "import manifest.json readings.ndjson",
        "rebuild",
        "archive seal",
        "journal seal",
        "report S-0 -o r.json -o r.html --package p.zip",
        "backup --with-keys copy",
        "journal key rotate package",
    ):
        ended = runs.run(["--config", "cw.toml", *words.split()])
        assert ended.code == 0, ended.said
    assert len(files(runs.folder)) > 40
    assert open_to_others(runs.folder) == []


def test_a_stop_that_leaves_something_is_found(runs: Trials, tmp_path: Path) -> None:
    """The harness itself: a world in which a file is left that no start clears."""
    seal = WORKS[0]
    stops = Stops(runs, seal, tmp_path)
    template = tmp_path / seal.name.replace(" ", "_")
    (template / "journal" / "left").write_text("of before")
    (wrong,) = stops.wrong(Mode.BEFORE, [1])
    assert "journal/left" in wrong.text


def test_what_was_not_forced_to_the_disk_is_lost_in_a_power_cut(
    runs: Trials, tmp_path: Path
) -> None:
    """The harness itself: killed when a file was written and not yet forced, it is not there."""
    seal = WORKS[0]
    stops = Stops(runs, seal, tmp_path)
    written = [line for line in stops.whole.log if line.endswith(".rows.gz.aside")]
    forced = next(int(line.split()[0]) for line in written if line.split()[1] == "fsync")
    aside = runs.folder / written[0].split()[2].lstrip("/")
    stops.stopped(Mode.BEFORE, forced)
    assert aside.stat().st_size > 0
    stops.stopped(Mode.LOST, forced)
    assert not aside.exists()
