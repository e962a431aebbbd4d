"""Whatever is stopped between two steps on the disk goes on when it is started again: same end,
no hand, nothing left. `benchmarks/stopped_steps.py` stops at every step; here at those that put
something in its place, and at three drawn ones, each in a drawn way."""

import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.stopped.stops import Stops
from tests.stopped.trials import KILLED, Mode, Trials, counted, trials
from tests.stopped.works import WORKS, Work, files, open_to_others, work_named

SERVICES = ("ingest", "serve", "demo")
"""Take their turn in a soak: each start of one takes seconds."""
EACH = [
    pytest.param(work, id=work.name, marks=pytest.mark.soak if work.name in SERVICES else ())
    for work in WORKS
]
WAYS = [mode for mode in Mode if mode is not Mode.COUNT]
DRAWN = 3
FILES_OPEN = 128


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    folder = tmp_path_factory.mktemp("stopped")
    with trials(folder / "scratch", folder / "world") as opened:
        yield opened


@pytest.fixture(scope="module")
def stops_of(runs: Trials, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Stops]:
    """The stops of a work by its name; its world is made and run through once."""
    folder = tmp_path_factory.mktemp("worlds")
    return cache(lambda name: Stops(runs, work_named(name), folder))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("work", EACH)
def test_a_command_that_was_stopped_ends_alike_when_started_again(
    work: Work, stops_of: Callable[[str], Stops]
) -> None:
    stops = stops_of(work.name)
    draw = random.Random(work.name)
    found = list(stops.wrong_before_placing())
    for mode in draw.sample(WAYS, DRAWN):
        found += stops.wrong(mode, [draw.choice(stops.all_steps())])
    assert found == []


@pytest.mark.parametrize("name", ["redact of a sealed day", "archive seal", "backup"])
def test_two_of_the_same_at_once_come_to_the_same_end(
    name: str, stops_of: Callable[[str], Stops]
) -> None:
    """One waits, or is refused in one line; `benchmarks/stopped_steps.py` has every command."""
    assert stops_of(name).together() == ""


def test_whatever_a_command_makes_is_its_users_alone(runs: Trials) -> None:
    shutil.rmtree(runs.folder, ignore_errors=True)
    work_named("import").prepare(runs.folder)
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
    seal = work_named("journal seal")
    stops = Stops(runs, seal, tmp_path)
    template = tmp_path / seal.name.replace(" ", "_")
    (template / "journal" / "left").write_text("of before")
    (wrong,) = stops.wrong(Mode.BEFORE, [1])
    assert "journal/left" in wrong.text


def test_a_copy_before_a_step_is_the_world_that_a_kill_there_leaves(
    runs: Trials, stops_of: Callable[[str], Stops]
) -> None:
    """The harness itself: of one run all those worlds are kept."""
    stops = stops_of("archive prune")
    placing = stops.whole.placing()
    assert [int(copy.name) for copy in stops.copies()] == placing
    middle = placing[len(placing) // 2]
    stops.stopped(Mode.BEFORE, middle)
    (copy,) = (copy for copy in stops.copies() if copy.name == str(middle))
    assert _bytes_of(copy) == _bytes_of(runs.folder)


@pytest.mark.soak
def test_a_fork_takes_the_steps_of_a_command_that_is_started_by_its_name(
    runs: Trials, stops_of: Callable[[str], Stops], tmp_path: Path
) -> None:
    """The harness itself: what was imported and read before is nothing of the disk."""
    work, stops = work_named("rebuild"), stops_of("rebuild")
    log = tmp_path / "steps"
    program = [sys.executable, "-m", "coldwitness.cli", *work.arguments(runs.folder)]
    with stops.fresh():
        subprocess.run(program, env=counted(tmp_path, runs.folder, log=log), check=True)
    assert _unnumbered(log.read_text().splitlines()) == _unnumbered(stops.whole.log)


def _unnumbered(log: Sequence[str]) -> list[str]:
    """Kind and path of each step; threads take theirs in an order that is nobody's."""
    return sorted(line.partition(" ")[2] for line in log)


def _bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_what_was_not_forced_to_the_disk_is_lost_in_a_power_cut(
    runs: Trials, stops_of: Callable[[str], Stops]
) -> None:
    """The harness itself: killed when a file was written and not yet forced, it is not there."""
    stops = stops_of("journal seal")
    written = [line for line in stops.whole.log if line.endswith(".rows.gz.aside")]
    forced = next(int(line.split()[0]) for line in written if line.split()[1] == "fsync")
    aside = runs.folder / written[0].split()[2].lstrip("/")
    stops.stopped(Mode.BEFORE, forced)
    assert aside.stat().st_size > 0
    stops.stopped(Mode.LOST, forced)
    assert not aside.exists()


def test_a_power_cut_takes_back_more_writes_than_files_may_be_open(
    runs: Trials, stops_of: Callable[[str], Stops]
) -> None:
    """The harness itself: a service writes some ten thousand times."""
    stops = stops_of("import")
    assert stops.whole.steps > 2 * FILES_OPEN
    files, hard = resource.prlimit(runs.process_id, resource.RLIMIT_NOFILE)
    resource.prlimit(runs.process_id, resource.RLIMIT_NOFILE, (FILES_OPEN, hard))
    try:
        ended = stops.stopped(Mode.LOST, stops.whole.steps)
    finally:
        resource.prlimit(runs.process_id, resource.RLIMIT_NOFILE, (files, hard))
    assert ended.code == KILLED, ended.said
