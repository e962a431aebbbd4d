"""The wall clock of a running worker is set, truly: libfaketime moves it under the process."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coldwitness.storage.journal import JournalReader, verify_journal
from tests.ingest.conftest import wait_until
from tests.ingest.publishing import publish_all, reading, topic
from tests.ingest.wall_clock import Wall

ROOT = Path(__file__).parents[2]
HOUR_MS = 3_600_000


@contextmanager
def worker(port: int, folder: Path, wall: Wall) -> Iterator[None]:
    settings = {
        "COLDWITNESS_MQTT__PORT": str(port),
        "COLDWITNESS_JOURNAL__DIRECTORY": str(folder / "journal"),
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "coldwitness.cli", "ingest", "--receive-only"],
            cwd=ROOT,
            env=os.environ | settings | wall.environment() | {"PYTHONFAULTHANDLER": "1"},
            stderr=log,
        )
    try:
        wait_until(lambda: "connected" in said(folder), within_s=30, saying=lambda: said(folder))
        yield
        process.send_signal(signal.SIGTERM)
        assert ended(process) == 0, said(folder)
    finally:
        process.kill()
        process.wait()
    (folder / "log").unlink()


def ended(process: subprocess.Popen[bytes]) -> int:
    """Its exit code; one that does not end is made to say in the log where its threads stand."""
    try:
        return process.wait(60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        return process.wait(30)


def said(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8", errors="replace")


def test_a_clock_set_back_and_forth_under_a_running_worker_loses_and_reorders_nothing(
    broker: Any, tmp_path: Path
) -> None:
    wall, reader = Wall(tmp_path), JournalReader(tmp_path / "journal")
    sent: list[bytes] = []

    def some_more() -> None:
        new = [reading(n) for n in range(len(sent), len(sent) + 60)]
        publish_all(broker.port, [(topic(), payload) for payload in new])
        sent.extend(new)
        wait_until(lambda: kept(reader) == len(sent), within_s=30)

    with worker(broker.port, tmp_path, wall):
        some_more()
        wall.set("-7200")  # two hours back
        some_more()
        wall.set("+93600")  # 26 hours ahead: another day begins
        some_more()
        wall.set("+0")  # and back: that day goes on
        some_more()
    wall.set("-172800")  # two days back while no worker runs
    with worker(broker.port, tmp_path, wall):
        some_more()

    rows = list(reader.read("w1"))
    assert Counter(row.payload for row in rows if not row.note) == Counter(sent)
    times = [row.received_ms for row in rows]
    assert times == sorted(times)
    notes = [json.loads(row.payload) for row in rows if row.note]
    assert {row.topic for row in rows if row.note} == {"$journal/clock"}
    hours = [round(note["step_ms"] / HOUR_MS) for note in notes]
    assert hours[:3] == [-2, 28, -26]
    assert hours[3] in (-75, -74, -73)  # against the time that stood in the journal
    assert len(hours) == 4
    assert len({segment.day for segment in reader.segments("w1")}) == 2
    assert all(not report.problems for report in verify_journal(tmp_path / "journal", public=None))


def kept(reader: JournalReader) -> int:
    return sum(1 for row in reader.read("w1") if not row.note)
