"""One process at a time writes a worker's journal, or works in a folder: a lock on a file."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from coldwitness.domain.errors import ConfigError, Unavailable


class WorkerInUse(ConfigError):
    """Another process writes this worker's journal."""


def worker_lock(folder: Path, worker: str) -> IO[str]:
    """Hold a worker's journal for this process until the file is closed.

    Raises WorkerInUse, naming the process, if another one holds it.
    """
    path = folder / "lock"
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        raise WorkerInUse(
            f"journal worker {worker!r} is in use by process {owner or '?'}: give each worker"
            " its own name (journal.worker)"
        ) from error
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


@contextmanager
def one_at_a_time(folder: Path, *, what: str) -> Iterator[None]:
    """Work alone in a folder, which is made where it is missing; another process waits. what : lies
    there, for the message. Raises Unavailable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("a", encoding="ascii")
    except OSError as error:
        raise Unavailable(f"{what} {folder}: {error.strerror}") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
