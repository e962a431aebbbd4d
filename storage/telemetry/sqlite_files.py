"""How the SQLite files of the embedded store are opened, and what their failures mean."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coldwitness.domain.errors import Unavailable

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another process's commit before it says Unavailable."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL mode that syncs every commit and never opens transactions itself.

    synchronous=FULL although the journal is the evidence: ingest moves its mark in the
    journal once a batch is stored, so a commit lost to a power cut would leave a hole that
    nothing notices until the next rebuild. Batches make the sync cheap.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-32768")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


@contextmanager
def failures_named(path: Path) -> Iterator[None]:
    """Turn SQLite's errors (locked, full, broken file) into Unavailable naming the file."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise Unavailable(f"telemetry store {path}: closed: {error}") from error
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"telemetry store {path}: {error}") from error


class Readers:
    """Connections for reading threads: each is used by one thread at a time and kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._lock = threading.Lock()

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection in a read transaction: all its queries see the same state."""
        with self._lock:
            if self._closed:
                raise Unavailable(f"telemetry store {self._path}: closed")
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = connect(self._path)
            connection.execute("PRAGMA query_only=ON")
        try:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()
