"""What `doctor` calls well was written, read back and taken away again."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from coldwitness.cli.write_probes import try_folder, try_key, try_sqlite
from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal import load_or_create_signer
from tests.ingest.test_full_disk import ROOT, tmpfs

__all__ = ["tmpfs"]

FULL = """
import resource, sys
from pathlib import Path
from coldwitness.cli.write_probes import try_folder, try_sqlite

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for probe, path in ((try_sqlite, sys.argv[1]), (try_folder, sys.argv[2])):
    try:
        probe(Path(path))
        print("written")
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_a_probe_leaves_nothing_and_passes_beside_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE t (x)")
        other.execute("CREATE TABLE doctor_probe (probe BLOB)")  # of a doctor that was killed
        try_sqlite(path)
        other.execute("INSERT INTO t VALUES (1)")
        names = other.execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("t",)]
    try_folder(tmp_path / "archive" / "not" / "there")
    assert [one.name for one in tmp_path.iterdir() if one.name[0] == "."] == []
    try_key(load_or_create_signer(tmp_path / "key"))


def test_a_disk_without_room_is_said_though_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE t (x)")
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [line.split()[0] for line in said] == ["Unavailable", "Unavailable"]
    assert f"{path}: cannot be written: " in said[0]


def test_a_store_on_a_full_file_system_is_no_store(tmpfs: Path | None) -> None:
    if tmpfs is None:
        return  # the file size limit above stands for it
    path = tmpfs / "a.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE t (x)")
    free = os.statvfs(tmpfs).f_bavail * os.statvfs(tmpfs).f_bsize
    (tmpfs / "more").write_bytes(b"x" * (free - 8192))
    with pytest.raises(Unavailable, match="full"):
        try_sqlite(path)
