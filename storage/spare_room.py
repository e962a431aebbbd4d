"""Some room kept back for a full disk. A SQLite file cannot even be read there: its index in
shared memory is a file too. So a small file is kept beside the data, and is given up when a start
fails.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

ROOM_BYTES = 2_000_000
"""For the indexes of register, telemetry store, progress and the journals' open days, 32 kB each,
and what a start writes."""
_NAME = ".room"


def keep_room(folders: Iterable[Path]) -> None:
    """Keep room in each folder where none is kept yet; where the disk has none to give, none is."""
    for folder in folders:
        path = folder / _NAME
        with suppress(OSError):
            if not path.exists():
                _fill(path)


def room_problem(folders: Iterable[Path]) -> str | None:
    """Where no room could be kept, as a sentence; kept anew where the disk has some again."""
    folders = sorted(folders)
    keep_room(folders)
    full = [str(folder) for folder in folders if not (folder / _NAME).exists()]
    return f"less than {ROOM_BYTES} bytes left for {', '.join(full)}" if full else None


def give_room(folders: Iterable[Path]) -> bool:
    """Give up what is kept; False where nothing was."""
    given = False
    for folder in folders:
        with suppress(OSError):
            (folder / _NAME).unlink()
            given = True
    return given


def _fill(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.posix_fallocate(handle, 0, ROOM_BYTES)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(handle)
