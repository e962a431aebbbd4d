"""A journal on a disk that is really full: a small tmpfs, or a file size limit without root."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.journal import JournalReader, verify_journal
from tests.journal.conftest import messages

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
from pathlib import Path
from domain.errors import Unavailable
from storage.journal import Journal, load_or_create_signer
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
