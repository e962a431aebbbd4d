"""A sealed archive judged again: nothing but the rules changes anything, whoever does the work."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import msgspec
import pytest
from distributed import Client, LocalCluster
from python_calamine import load_workbook

from coldwitness.cli.main import main
from coldwitness.config.settings import load_settings
from coldwitness.judging.archived import rejudged
from coldwitness.judging.changed_results import Whose, changes_between
from coldwitness.judging.on_dask import DaskWorkers
from coldwitness.judging.rejudging import OneProcess
from coldwitness.judging.rulebook import load_rulebook, under_pack
from coldwitness.storage.archive.facts import write_facts
from coldwitness.storage.archive.read_back import ArchivedPart, archived_parts, read_part
from tests.e2e.demo_process import COLDWITNESS, children_of
from tests.servers import child, free_port, wait_until
from tests.unchanged.recorded import MANIFESTS, TELEMETRY, judged

OURS = "cn-retail-delivery"
OTHER = "who-vaccine"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the recorded fleet imported, judged and sealed, and its settings."""
    folder = tmp_path_factory.mktemp("province")
    (folder / "cw.toml").write_text(
        f"""
        journal.directory = "{folder / "journal"}"
        store.embedded_file = "{folder / "telemetry.sqlite"}"
        store.register_url = "sqlite:///{folder / "register.sqlite"}"
        store.archive_directory = "{folder / "archive"}"
        """,
        encoding="utf-8",
    )
    assert run(folder, "import", TELEMETRY, MANIFESTS) == 0
    assert run(folder, "archive", "seal") == 0
    return folder


def run(folder: Path, *words: object) -> int:
    return main(["--config", str(folder / "cw.toml"), *map(str, words)])


def rejudge(folder: Path, *words: object, rules: str = OURS) -> int:
    return run(folder, "rejudge", folder / "archive", "--rules", rules, *words)


def summary(folder: Path, *words: object, rules: str, capfd: pytest.CaptureFixture[str]) -> object:
    capfd.readouterr()
    assert rejudge(folder, "--json", *words, rules=rules) == 0
    return json.loads(capfd.readouterr().out)


def test_the_same_rules_find_what_was_recorded(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Copies, strangers' messages, carried probes and all: from the archive alone."""
    told = summary(place, "--processes", 1, rules=OURS, capfd=capfd)
    shipments = sum(len(group.results) for group in judged().groups)
    assert told == {
        "shipments": shipments,
        "readings": 4175,
        "changed": 0,
        "not_ended": 0,
        "unrecorded": 0,
        "changes": [],
        "couriers": {},
        "divisions": {},
    }


def test_parts_change_nothing(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    parts = archived_parts(place / "archive", shipments=20)
    assert [(one.first, one.rows) for one in parts] == [(0, 20), (20, 20), (40, 9)]
    told = summary(place, "--processes", 1, "--part", 20, rules=OURS, capfd=capfd)
    assert isinstance(told, dict)
    assert (told["shipments"], told["changed"]) == (49, 0)


class Alone(NamedTuple):
    """What one process tells that judges all in one part: summary, and the table in each form."""

    summary: dict[str, Any]
    csv: Path
    parquet: Path
    xlsx: Path


@pytest.fixture(scope="module")
def alone(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    folder = tmp_path_factory.mktemp("alone")
    paths = [folder / f"changes{ending}" for ending in (".csv", ".parquet", ".xlsx")]
    words = [word for path in paths for word in ("-o", path)]
    said = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(said):
        assert rejudge(place, "--processes", 1, "--json", *words, rules=OTHER) == 0
    return Alone(json.loads(said.buffer.getvalue()), *paths)


def test_the_table_is_the_same_in_every_form(alone: Alone) -> None:
    told = alone.summary
    with alone.csv.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    table = duckdb.read_parquet(str(alone.parquet))
    assert [table.columns, *map(list, table.fetchall())] == rows
    assert load_workbook(alone.xlsx).get_sheet_by_index(0).to_python() == rows

    changes = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert len(changes) > 100
    verdicts = [one for one in changes if one["matter"] == "verdict"]
    assert sum(told["couriers"].values()) == sum(told["divisions"].values()) == len(verdicts)
    assert told["changed"] == len({one["shipment"] for one in changes})
    assert sum(one["shipments"] for one in told["changes"]) == len(changes)
    assert {one["rules"] for one in changes} == {"who-vaccine 2023.1"}


def test_workers_of_a_cluster_tell_what_one_process_tells(place: Path) -> None:
    """Two workers in threads: that they may be processes, and die, is the soak's to see."""
    settings = load_settings(place / "cw.toml").judging
    rulebook = under_pack(load_rulebook(settings), OTHER)
    work = partial(rejudged, rulebook=rulebook, assumed_storage=settings.default_storage)
    parts = archived_parts(place / "archive", shipments=25)
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as made,
        Client(made) as client,  # type: ignore[no-untyped-call]
    ):
        told = list(DaskWorkers(client).each(work, parts))
    assert told == list(OneProcess().each(work, parts))
    assert [one.shipments for one in told] == [25, 24]


def tell_the_same_with_one_killed(
    place: Path, alone: Alone, *words: object, worker: Callable[[int], int]
) -> None:
    """The command, in small parts and as a process of its own, for it starts some itself; worker :
    its process id -> that of a worker, which is killed when the first part is done."""
    table = alone.csv.with_name("spread.csv")
    said = ("rejudge", place / "archive", "--rules", OTHER, "--part", 13, "--json", "-o", table)
    with subprocess.Popen(
        [COLDWITNESS, "--config", place / "cw.toml", *map(str, (*said, *words))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr is not None
        assert command.stderr.readline() == "1 of 4 parts, 13 shipments, 13 changed\n"
        os.kill(worker(command.pid), signal.SIGKILL)
        told, errors = command.communicate()
    assert (command.returncode, errors.splitlines()[-1:]) == (
        0,
        ["4 of 4 parts, 49 shipments, 49 changed"],
    )
    assert json.loads(told) == alone.summary
    assert table.read_bytes() == alone.csv.read_bytes()


@pytest.mark.soak
def test_several_processes_tell_what_one_tells_also_if_one_is_killed(
    place: Path, alone: Alone
) -> None:
    def worker(command: int) -> int:
        return next(
            pid
            for pid in children_of(command)
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )

    tell_the_same_with_one_killed(place, alone, "--processes", 2, worker=worker)


def test_what_is_missing_is_said_in_one_line(
    place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    nowhere = run(place, "rejudge", tmp_path / "none", "--rules", OURS)
    empty = run(place, "rejudge", tmp_path, "--rules", OURS)
    table = rejudge(place, "-o", tmp_path / "changes.ods")
    both = rejudge(place, "--scheduler", "tcp://127.0.0.1:9", "--processes", 2)
    rules = rejudge(place, rules="none")
    assert [nowhere, empty, table, both, rules] == [2] * 5
    said = capfd.readouterr().err.splitlines()
    assert [line.partition(": expected")[0].partition(";")[0] for line in said] == [
        f"coldwitness: {tmp_path / 'none'}: no such folder",
        f"coldwitness: {tmp_path}: no sealed day that holds a shipment",
        f"coldwitness: {tmp_path / 'changes.ods'}",
        "coldwitness: --processes: the cluster at --scheduler has its own",
        "coldwitness: rules: unknown rule pack 'none'",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_day_is_named_and_no_table_is_left(
    place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive"
    for path in sorted((place / "archive").rglob("*.*")):
        copy = archive / path.relative_to(place / "archive")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (broken,) = archive.glob("day=*/readings.parquet")
    broken.write_bytes(broken.read_bytes()[:500])
    words = ("--rules", OURS, "--processes", 1, "-o", tmp_path / "changes.csv")
    assert run(place, "rejudge", archive, *words) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"coldwitness: {broken.parent}: cannot be read: ")
    assert list(tmp_path.iterdir()) == [archive]


def test_a_result_that_says_the_same_has_no_changes() -> None:
    result = judged().groups[0].results[0]
    whose = Whose(day="2026-06-18", courier=None, division=None)
    other = msgspec.structs.replace(result, verdict="insufficient_evidence", findings=())
    assert list(changes_between(result, result, whose)) == []
    told = list(changes_between(result, other, whose))
    assert told[0].matter == "verdict"
    assert (told[0].recorded, told[0].now) == (result.verdict, "insufficient_evidence")
    assert {one.now for one in told[1:]} <= {"absent"}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A scheduler's address, and the process of one of its two workers."""
    address = f"tcp://127.0.0.1:{free_port()}"
    common = ("--host", "127.0.0.1", "--no-dashboard")
    one, other, scheduler = (tmp_path / name for name in ("one", "other", "scheduler"))
    with ExitStack() as stack:

        def dask(log: Path, *words: str) -> int:
            command = [sys.executable, "-m", "dask", *words, *common]
            return stack.enter_context(child(command, log=log))

        dask(scheduler, "scheduler", "--port", address.rpartition(":")[2])
        worker = ("worker", address, "--nthreads", "1", "--no-nanny", "--local-directory")
        pids = [dask(log, *worker, str(log.with_suffix(".d"))) for log in (one, other)]
        for log in (one, other):
            wait_until(lambda log=log: "Registered to" in log.read_text(), what="worker", log=log)
        yield address, pids[0]


@pytest.mark.soak
def test_a_cluster_at_an_address_tells_the_same_also_if_a_worker_is_killed(
    place: Path, alone: Alone, cluster: tuple[str, int]
) -> None:
    address, worker = cluster
    tell_the_same_with_one_killed(place, alone, "--scheduler", address, worker=lambda _: worker)


def test_a_shipment_over_midnight_stands_in_its_first_day_and_is_read_whole(
    place: Path, tmp_path: Path
) -> None:
    """The recorded fleet again, its readings spread over two sealed days."""
    (part,) = archived_parts(place / "archive")
    whole = read_part(part)
    archive = tmp_path / "archive"
    later = archive / "day=2026-06-19"
    first = archive / "day=2026-06-18"
    first.mkdir(parents=True)
    later.mkdir()
    source = place / "archive" / "day=2026-06-18"
    middle = int((whole.readings.time_ms.min() + whole.readings.time_ms.max()) // 2)
    for name in ("readings.parquet", "events.parquet"):
        for folder, side in ((first, "<"), (later, ">=")):
            duckdb.execute(
                f"COPY (SELECT * FROM '{source / name}' WHERE epoch_ms(time) {side} {middle})"  # noqa: S608
                f" TO '{folder / name}'"
            )
    (first / "shipments.parquet").write_bytes((source / "shipments.parquet").read_bytes())
    again = read_part(ArchivedPart(str(archive), "2026-06-18", part.first, part.rows))
    assert len(again.readings) < len(whole.readings)  # nothing of them was said to reach so far

    facts = [msgspec.structs.replace(one, last_ms=one.last_ms + 86_400_000) for one in whole.facts]
    write_facts(facts, first / "shipments.parquet")
    again = read_part(ArchivedPart(str(archive), "2026-06-18", part.first, part.rows))
    assert again.readings.time_ms.tolist() == whole.readings.time_ms.tolist()
    assert again.events == whole.events
