"""What only the embedded store promises: other processes, crashes, broken files."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.columns import alike
from coldwitness.domain.errors import BadMessage, Unavailable
from coldwitness.storage.telemetry import embedded_read
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from tests.storage.readings import MINUTE, T0, reading, rows

_WRITER = """
import sys
from pathlib import Path
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from tests.storage.readings import reading

store = EmbeddedTelemetry(Path(sys.argv[1]))
batch = 0
while True:
    start = 20 * batch
    store.append([reading(minute) for minute in range(start, start + 20)], [0] * 20)
    print(batch, flush=True)
    batch += 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telemetry.sqlite"


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that appends batches of twenty and says the number of each."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    yield process
    process.kill()
    process.communicate()


def committed(writer: subprocess.Popen[str], batches: int) -> int:
    """Wait until another process has committed so many batches."""
    assert writer.stdout is not None
    last = -1
    while last + 1 < batches:
        last = int(writer.stdout.readline())
    return last + 1


def test_a_second_process_reads_whole_batches_while_one_writes(
    writer: subprocess.Popen[str], path: Path
) -> None:
    committed(writer, 1)
    store = EmbeddedTelemetry(path)
    seen = [len(store.readings(["S-1"], []))]
    while seen[-1] < 400:
        seen.append(len(store.readings(["S-1"], [])))
    store.close()

    assert seen == sorted(seen)
    assert all(count % 20 == 0 for count in seen), "a batch is seen whole or not at all"


def test_threads_see_a_batch_whole_or_not_at_all(path: Path) -> None:
    store = EmbeddedTelemetry(path)
    done = threading.Event()
    seen: list[int] = []

    def watch() -> None:
        while not done.is_set():
            seen.append(len(store.readings(["S-1"], [])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for start in range(0, 2000, 50):
        store.append([reading(minute) for minute in range(start, start + 50)], [T0] * 50)
    done.set()
    watcher.join()
    store.close()

    assert all(count % 50 == 0 for count in seen)


def test_what_was_appended_outlives_a_killed_writer(
    writer: subprocess.Popen[str], path: Path
) -> None:
    batches = committed(writer, 7)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()

    store = EmbeddedTelemetry(path)
    found = len(store.readings(["S-1"], []))
    assert found % 20 == 0
    assert found >= 20 * batches
    store.close()


def test_a_conflict_that_another_process_wrote_is_noticed(path: Path) -> None:
    here, there = EmbeddedTelemetry(path), EmbeddedTelemetry(path)
    here.append([reading(0)], [T0])
    there.append([reading(5, drug=9.0)], [T0])

    appended = here.append([reading(5, drug=5.0), reading(5, drug=9.0)], [T0, T0])

    assert (appended.conflicting, appended.repeated, appended.new) == (1, 1, 0)
    assert len(there.readings(["S-1"], [])) == 3
    here.close()
    there.close()


def test_the_store_is_the_same_after_opening_again(path: Path) -> None:
    store = EmbeddedTelemetry(path)
    store.append([reading(0), reading(1, temperature_c={"x": 1.0})], [T0, T0])
    before = rows(store.readings(["S-1"], []))
    store.close()

    again = EmbeddedTelemetry(path)
    assert rows(again.readings(["S-1"], [])) == before
    assert again.append([reading(0)], [T0]).repeated == 1
    again.close()


def test_a_batch_that_fails_leaves_nothing_behind_and_the_store_goes_on(path: Path) -> None:
    store = EmbeddedTelemetry(path)
    unstorable = reading(1, seq=2**70, shipment="S-new", logger="LG-new")
    with pytest.raises(BadMessage, match="LG-new"):
        store.append([reading(0), unstorable], [T0, T0])

    assert len(store.readings(["S-1", "S-new"], [])) == 0
    store.append([reading(0, shipment="S-new"), reading(1)], [T0, T0])
    assert len(store.readings(["S-1", "S-new"], [])) == 2
    store.close()


def test_a_closed_store_and_a_broken_file_are_unavailable_and_named(
    path: Path, tmp_path: Path
) -> None:
    store = EmbeddedTelemetry(path)
    store.close()
    with pytest.raises(Unavailable, match=r"telemetry\.sqlite"):
        store.append([reading(0)], [T0])
    with pytest.raises(Unavailable, match=r"telemetry\.sqlite"):
        store.readings(["S-1"], [])

    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database at all" * 400)
    with pytest.raises(Unavailable, match=r"broken\.sqlite"):
        EmbeddedTelemetry(broken)


def test_every_commit_is_synced(path: Path) -> None:
    store = EmbeddedTelemetry(path)
    assert isinstance(store, EmbeddedTelemetry)
    with store.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_a_full_disk_is_unavailable_and_heals(path: Path) -> None:
    store = EmbeddedTelemetry(path)
    store.append([reading(0)], [T0])
    with store.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Unavailable, match="full"):
        store.append([reading(minute) for minute in range(1, 500)], [T0] * 499)
    with store.writing() as connection:
        connection.execute("PRAGMA max_page_count=1000000")

    assert store.append([reading(m) for m in range(1, 500)], [T0] * 499).new == 499
    assert len(store.readings(["S-1"], [])) == 500
    store.close()


def test_a_store_that_another_process_keeps_locked_is_unavailable_and_goes_on_after(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldwitness.storage.telemetry.sqlite_files.BUSY_TIMEOUT_S", 0.05)
    store = EmbeddedTelemetry(path)
    store.append([reading(0)], [T0])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match=r"telemetry\.sqlite: .*locked"):
        store.append([reading(1)], [T0])
    assert len(store.readings(["S-1"], [])) == 1
    other.execute("COMMIT")
    other.close()

    assert store.append([reading(1)], [T0]).new == 1
    store.close()


def test_tables_are_without_a_second_index(path: Path) -> None:
    EmbeddedTelemetry(path).close()
    connection = sqlite3.connect(path)
    made = connection.execute("SELECT name FROM sqlite_master WHERE type='index' AND sql NOT NULL")
    assert made.fetchall() == []
    connection.close()


def test_many_rows_assembled_in_pieces_are_the_table_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other loggers, boxes, probes and channels in every piece, and names out of order."""
    said = [
        reading(
            minute,
            shipment=("S-2", "S-1", None)[minute % 3],
            logger=("LG-z", "LG-a", "LG-m")[minute // 5 % 3],
            box=("BX-9", "BX-1")[minute // 20],
            seq=minute,
            temperature_c={"drug": 5.0} | ({"coolant": -1.0} if minute > 25 else {}),
            **({"lid_open": True} if minute == 33 else {}),
        )
        for minute in range(40)
    ]
    with closing(EmbeddedTelemetry(tmp_path / "t.sqlite")) as store:
        store.append(said, [one.time_ms + 100 for one in said])
        asked = (["S-2", "S-1", "none"], [BoxStay("BX-1", "S-1", T0 + 20 * MINUTE, None)])
        whole, between = store.readings(*asked), store.between(T0, T0 + 60 * MINUTE)
        monkeypatch.setattr(embedded_read, "_ASSEMBLED_AT_ONCE", 7)
        monkeypatch.setattr(embedded_read, "_FETCHED_AT_ONCE", 3)
        parted, parted_between = store.readings(*asked), store.between(T0, T0 + 60 * MINUTE)
    assert len(whole) > 30
    assert alike(parted, whole)
    assert alike(parted_between.table, between.table)
    assert parted_between.time_source.tolist() == between.time_source.tolist()
