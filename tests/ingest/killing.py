"""Kill the receiving process at random moments under load, and see what the journal says."""

import multiprocessing
import multiprocessing.context
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from coldwitness.storage.journal import JournalReader, verify_journal
from tests.ingest.ingest_process import receive
from tests.ingest.publishing import Publisher, reading, topic


@dataclass(frozen=True)
class Outcome:
    """What was acknowledged to the publisher, against what the journal holds."""

    kills: int
    published: int
    missing: int
    doubled: int
    problems: int
    rows: int


_START = multiprocessing.get_context("forkserver")
"""Processes fork from a server that has the imports done, so that killing is what takes time."""
_START.set_forkserver_preload(["tests.ingest.ingest_process"])


def start_receiving(
    port: int, directory: Path, worker: str = "w1", group: str = ""
) -> "multiprocessing.context.ForkServerProcess":
    process = _START.Process(target=receive, args=(port, directory, worker, group), daemon=True)
    process.start()
    return process


def kill_at_random(
    port: int, directory: Path, *, kills: int, seed: int, rate_per_s: float = 1500.0
) -> Outcome:
    """Publish steadily while the receiving process is killed `kills` times, each time within
    0.4 s of its beginning to journal; then let the last one finish."""
    chance = random.Random(seed)
    stop = threading.Event()
    process = start_receiving(port, directory)
    _wait_for_rows(directory, 0)  # subscribed once it has a folder; the session then stands
    _wait_for_session(port)
    with Publisher(port, client_id="killing") as publisher:
        sender = threading.Thread(target=_publish, args=(publisher, stop, rate_per_s))
        sender.start()
        try:
            for _ in range(kills):
                _wait_for_rows(directory, JournalReader(directory).last_row("w1") + 1)
                time.sleep(chance.uniform(0.0, 0.4))
                process.kill()
                process.join()
                process = start_receiving(port, directory)
        finally:
            stop.set()
            sender.join()
        publisher.wait(within_s=60)
        accepted = publisher.accepted
        _wait_until_quiet(directory, len(accepted))
    process.kill()
    process.join()
    kept = Counter(r.payload for r in JournalReader(directory).read("w1") if not r.note)
    return Outcome(
        kills=kills,
        published=len(accepted),
        missing=sum(1 for payload in accepted if not kept[payload]),
        doubled=sum(1 for payload in accepted if kept[payload] > 1),
        problems=sum(len(r.problems) for r in verify_journal(directory, public=None)),
        rows=sum(kept.values()),
    )


def _publish(publisher: Publisher, stop: threading.Event, rate_per_s: float) -> None:
    number = 0
    while not stop.is_set() and number < 65_000:
        publisher.publish(_some(number, 15))
        number += 15
        time.sleep(15 / rate_per_s)


def _some(first: int, count: int) -> Iterator[tuple[str, bytes]]:
    for number in range(first, first + count):
        yield topic(f"BX-{number % 9}"), reading(number)


def _wait_for_rows(directory: Path, rows: int, *, within_s: float = 60.0) -> None:
    end_s = time.monotonic() + within_s
    while not (directory / "segments").is_dir() or JournalReader(directory).last_row("w1") < rows:
        if time.monotonic() > end_s:
            raise AssertionError(f"the journal did not reach row {rows}")
        time.sleep(0.005)


def _wait_for_session(port: int) -> None:
    """Until the worker's health message says that it is connected and subscribed."""
    heard = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "waiting")
    client.on_connect = lambda c, *_: c.subscribe("coldchain/v1/_workers/w1/health", 1)
    client.on_message = lambda *_: heard.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    if not heard.wait(30):
        raise AssertionError("the worker did not get ready")
    client.disconnect()
    client.loop_stop()


def _wait_until_quiet(directory: Path, wanted: int, *, quiet_s: float = 2.0) -> None:
    """Until the journal has `wanted` rows and no more come (a doubled one would)."""
    reader, last, since_s = JournalReader(directory), -1, time.monotonic()
    end_s = time.monotonic() + 60
    while True:
        row = reader.last_row("w1")
        if row != last:
            last, since_s = row, time.monotonic()
        quiet = time.monotonic() - since_s > quiet_s
        if (row >= wanted and quiet) or time.monotonic() > end_s:
            return
        time.sleep(0.02)
