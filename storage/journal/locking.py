"""One process at a time writes a worker's journal: an advisory lock on a file."""

import fcntl
import os
from pathlib import Path
from typing import IO

from coldwitness.domain.errors import ConfigError


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
