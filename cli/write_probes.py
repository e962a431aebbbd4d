"""Whether what evidence is kept in can be written now: a probe each, written, forced to the disk,
read back and taken away."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from coldwitness.cli.disk_check import fsync_ms, nearest_folder
from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal import Signer
from coldwitness.storage.journal.signing import signature_holds

_PROBE_BYTES = 65_536
"""More than what a file may have left of its last block."""
_TABLE = "doctor_probe"
_BUSY_S = 10.0


def try_sqlite(path: Path) -> None:
    """Write to a database beside whoever works with it; raises Unavailable with SQLite's words. A
    table that a probe left which was killed goes with the next."""
    probe = os.urandom(_PROBE_BYTES)
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} (probe BLOB)")
            try:
                connection.execute(f"INSERT INTO {_TABLE} VALUES (?)", (probe,))  # noqa: S608
                found = connection.execute(f"SELECT probe FROM {_TABLE}").fetchall()  # noqa: S608
            finally:
                connection.execute(f"DROP TABLE {_TABLE}")
    except sqlite3.Error as error:
        raise Unavailable(f"{path}: cannot be written: {error}") from error
    if (probe,) not in found:
        raise Unavailable(f"{path}: a probe was written and something else read back")


def try_folder(folder: Path) -> None:
    """Write to a folder, or to the nearest that is there; raises Unavailable."""
    try:
        fsync_ms(nearest_folder(folder))
    except OSError as error:
        raise Unavailable(f"{folder}: cannot be written: {error.strerror or error}") from error


def try_key(signer: Signer) -> None:
    """Sign a probe; raises Unavailable where the signature does not hold."""
    probe = b"coldwitness doctor " + os.urandom(16)
    if not signature_holds(signer.public, probe, signer.sign(probe)):
        raise Unavailable(f"key {signer.key_id}: its public half does not hold what it signs")
