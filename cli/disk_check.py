"""What a disk does for a journal that lies, or is to lie, in a folder; nothing is left there."""

import errno
import os
import statistics
import time
from pathlib import Path


def nearest_folder(directory: Path) -> Path:
    """The folder, or the nearest above it that is there. Raises OSError where something else stands
    in its way."""
    for folder in (directory, *directory.parents):
        if folder.is_dir():
            return folder
        if folder.exists():
            break
    raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(directory))


def fsync_ms(directory: Path) -> float:
    """Median of some writes of 4 KB, each forced to the disk [ms]. Raises OSError."""
    path = directory / f".doctor.{os.getpid()}"
    took_ms = []
    try:
        with path.open("wb") as file:
            for _ in range(15):
                file.write(b"x" * 4096)
                file.flush()
                started = time.perf_counter()
                os.fsync(file.fileno())
                took_ms.append((time.perf_counter() - started) * 1000)
    finally:
        path.unlink(missing_ok=True)
    return statistics.median(took_ms)
