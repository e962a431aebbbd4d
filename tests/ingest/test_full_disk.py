"""A journal on a disk that is really full: a small tmpfs, or a file size limit without root."""

import json
import os
import resource
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from coldwitness.storage.journal import JournalReader, verify_journal
from tests.ingest.conftest import wait_until
from tests.ingest.publishing import publish_all, reading, topic
from tests.journal.conftest import messages

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
from pathlib import Path
from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal import Journal, load_or_create_signer
from tests.journal.conftest import messages

folder, key = Path(sys.argv[1]), Path(sys.argv[2])
with Journal(folder, worker="w1", signer=load_or_create_signer(key)) as journal:
    kept = 0
    while True:
        try:
            journal.append(messages(kept, 200))
            kept += 200
        except Unavailable as error:
            print("refused", kept, journal.last_row, error, flush=True)
            break
    sys.stdin.readline()
    journal.append(messages(kept, 200))
    print("kept", kept + 200, journal.last_row, flush=True)
"""


def small_disk() -> None:
    """In the child: no file may grow beyond 1 MB (SIGXFSZ is ignored by Python)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of 2 MB with 1.2 MB of it taken; None where it cannot be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    )
    if mount.returncode:
        yield None
        return
    (disk / "ballast").write_bytes(b"x" * 1_200_000)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_refuses_keeps_what_was_kept_and_goes_on_when_there_is_room(
    tmpfs: Path | None, tmp_path: Path
) -> None:
    folder = tmpfs if tmpfs is not None else tmp_path / "limited"
    key = tmp_path / "signing.key"
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), str(key)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=None if tmpfs is not None else small_disk,  # noqa: PLW1509
    )
    assert child.stdout is not None
    assert child.stdin is not None
    word, kept, last_row, *why = child.stdout.readline().split()
    assert (word, kept) == ("refused", last_row)
    assert int(kept) > 0
    assert "full" in " ".join(why) or "error" in " ".join(why)
    found = [row.payload for row in JournalReader(folder).read("w1")]
    assert found == [message.payload for message in messages(0, int(kept))]
    if tmpfs is not None:
        (tmpfs / "ballast").unlink()
    else:
        resource.prlimit(
            child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
    child.stdin.write("go on\n")
    child.stdin.close()
    word, kept, last_row = child.stdout.readline().split()
    assert (word, kept) == ("kept", last_row)
    assert child.wait(30) == 0
    child.stdout.close()
    assert sum(1 for _ in JournalReader(folder).read("w1")) == int(kept)
    assert all(not report.problems for report in verify_journal(folder, public=None))


def test_without_a_mount_the_file_size_limit_is_just_as_full(tmp_path: Path) -> None:
    test_a_full_disk_refuses_keeps_what_was_kept_and_goes_on_when_there_is_room(None, tmp_path)


def test_a_worker_whose_disk_is_full_says_so_acknowledges_nothing_and_goes_on_with_room(
    broker: Any, tmp_path: Path
) -> None:
    """The whole worker as a process, against both brokers; its files may not grow over 1 MB."""
    said: list[str] = []
    full = threading.Event()
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, "listener")
    listener.on_connect = lambda c, *_: c.subscribe("coldchain/v1/_workers/w1/health", 1)

    def hear(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        said.append(json.loads(message.payload)["state"])
        if said[-1] == "not_acknowledging":
            full.set()

    listener.on_message = hear
    listener.connect("127.0.0.1", broker.port)
    listener.loop_start()
    directory = tmp_path / "journal"
    settings = {
        "COLDWITNESS_MQTT__PORT": str(broker.port),
        "COLDWITNESS_JOURNAL__DIRECTORY": str(directory),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "coldwitness.cli", "ingest", "--receive-only"],
        cwd=ROOT,
        env=os.environ | settings,
        stderr=subprocess.DEVNULL,
        preexec_fn=small_disk,  # noqa: PLW1509
    )
    try:
        wait_until(lambda: "running" in said, within_s=30)
        sent = [(topic(), reading(n, note="x" * 400)) for n in range(4000)]
        publish_all(broker.port, sent)
        assert full.wait(30)
        kept = JournalReader(directory).last_row("w1")
        assert kept < len(sent)
        resource.prlimit(
            worker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        wait_until(lambda: JournalReader(directory).last_row("w1") == len(sent), within_s=60)
        wait_until(lambda: said[-1] == "running", within_s=30)
    finally:
        worker.terminate()
        worker.wait(30)
        listener.disconnect()
        listener.loop_stop()
    rows = Counter(row.payload for row in JournalReader(directory).read("w1"))
    assert rows == Counter(payload for _, payload in sent)
    assert all(not report.problems for report in verify_journal(directory, public=None))
