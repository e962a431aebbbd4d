"""Many files made in an empty folder, with a mark in it until they are whole: a run that was killed
is begun anew by the next, and nobody takes half of them for the whole."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.durable import force_to_disk
from coldwitness.storage.journal.layout import unfinished_mark

_BESIDE = ("", "-wal", "-shm", "-journal")
"""Files of one SQLite database."""


@contextmanager
def begun(folder: Path, *, what: str, elsewhere: Sequence[Path] = ()) -> Iterator[None]:
    """An empty folder to fill; forced to the disk when the block ends well. Where the block fails
    or its process is killed the mark stays, and the next one clears what this one made.

    what : is made, for whoever comes at once. elsewhere : databases that are made besides.
    Raises BadInput where something is there already or another process is at it, OSError.
    """
    mark = unfinished_mark(folder)
    if folder.exists() and (not folder.is_dir() or (os.listdir(folder) and not mark.exists())):
        raise BadInput(f"{folder}: not empty; expected a new or empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    with mark.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(f"{folder}: {what} is on its way there already") from error
        file.seek(0)
        said = file.read()
        if not said.endswith("\n"):
            _require_free(elsewhere, mark)
            file.truncate(0)
            file.write(json.dumps([str(one.absolute()) for one in elsewhere]) + "\n")
            file.flush()
            os.fsync(file.fileno())
            force_to_disk(folder)
        else:
            _clear(folder, mark, [Path(one) for one in json.loads(said)])
        yield
        for path in (folder, *folder.rglob("*")):
            force_to_disk(path)
        mark.unlink()
        force_to_disk(folder)


def _require_free(places: Sequence[Path], mark: Path) -> None:
    for place in places:
        if place.exists():
            mark.unlink()
            raise BadInput(f"{place}: is there already")


def _clear(folder: Path, mark: Path, elsewhere: Sequence[Path]) -> None:
    for path in folder.iterdir():
        if path == mark:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for place in elsewhere:
        for ending in _BESIDE:
            place.with_name(place.name + ending).unlink(missing_ok=True)
