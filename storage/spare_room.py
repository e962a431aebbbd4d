"""Some room kept back for a full disk. A SQLite file cannot even be read there: its index in
shared memory is a file too. So a small file is kept beside the data, and is given up when a start
fails. What is read of a shipment stands in the audit trail before it is shown; for these lines
another file is kept, and given up piece by piece.
"""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from coldwitness.domain.errors import Unavailable

T = TypeVar("T")
GiveRoom = Callable[[], bool]
"""Gives more room on a full disk; False where there is none to give."""
ROOM_BYTES = 2_000_000
"""For the indexes of register, telemetry store, progress and the journals' open days, 32 kB each,
and what a start writes."""
_NAME = ".room"
TRAIL_BYTES = 4_000_000
"""For what is written while something is read: a line of the audit trail, some 8 kB in a register
and a journal that grow by pages, and the journal's index in which a report looks its rows up."""
TRAIL_PIECE_BYTES = 250_000
_TRAIL_NAME = ".trail-room"
_PROBE_NAME = ".trail-probe"
_PROBE_BYTES = 100_000
"""A disk that does not take so much is full: the indexes of SQLite grow by 32 kB."""


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


def none_to_give() -> bool:
    """The room of those for whom none is kept."""
    return False


def with_room(do: Callable[[], T], room: GiveRoom) -> T:
    """What `do` gives; it is done again as long as it is Unavailable and `room` gave some."""
    while True:
        try:
            return do()
        except Unavailable:
            if not room():
                raise


class TrailRoom:
    """Room for lines of the audit trail in the folders of register and journals: zeros, which a
    file system that gives space on writing has really kept."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(sorted(folders))
        self._changing = threading.Lock()

    def keep(self) -> None:
        """Fill up what is missing in each folder; where the disk has not all of it, nothing. What
        a start needs is kept first: given up, it is not taken for this."""
        with self._changing:
            if all((folder / _NAME).exists() for folder in self._folders):
                for folder in self._folders:
                    with suppress(OSError):
                        _grow(folder / _TRAIL_NAME)

    def give(self) -> bool:
        """Give up a piece in each folder whose disk is full; False where there is none to give, or
        the disk is not what is missing."""
        with self._changing:
            full = [folder for folder in self._folders if _full(folder)]
            given = [_shrink(folder / _TRAIL_NAME) for folder in full]
        return any(given)

    def problem(self) -> str | None:
        """What is left of it where that is not all, as a sentence; filled up where the disk has
        room again."""
        self.keep()
        return self.told()

    def told(self) -> str | None:
        """The same as it is, without filling up."""
        left = {folder: _size(folder / _TRAIL_NAME) for folder in self._folders}
        told = [f"{size} bytes in {at}" for at, size in left.items() if size < TRAIL_BYTES]
        if not told:
            return None
        return f"of {TRAIL_BYTES} bytes kept for the audit trail there are {', '.join(told)}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _grow(path: Path) -> None:
    before = _size(path)
    if before >= TRAIL_BYTES:
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        missing = TRAIL_BYTES - before
        while missing:
            missing -= os.write(handle, bytes(missing))
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, before)
        raise
    finally:
        os.close(handle)


def _shrink(path: Path) -> bool:
    size = _size(path)
    if not size:
        return False
    handle = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(handle, max(size - TRAIL_PIECE_BYTES, 0))
    finally:
        os.close(handle)
    return True


def _full(folder: Path) -> bool:
    """Whether the folder's disk takes nothing more: asked by writing."""
    probe = folder / _PROBE_NAME
    try:
        handle = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            return os.write(handle, bytes(_PROBE_BYTES)) < _PROBE_BYTES
        finally:
            os.close(handle)
            probe.unlink()
    except OSError:
        return True
