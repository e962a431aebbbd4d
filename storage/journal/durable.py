"""Small files and renames that survive a power cut, and what a killed process left of them."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from coldwitness.domain.errors import Unavailable

_OWNER_ALONE = 0o600
_ENDING = ".aside"
_LEFT = re.compile(r"\..+(?:\.aside|\.\d+)")
"""Files that are being made; versions of before named them by their process."""


@contextmanager
def placed(path: Path, *, wait_for_disk: bool = True) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its place, whole, when the block ends; where the block fails
    nothing of it stays. Who makes the same file at once waits.

    wait_for_disk : False for what can be made again and must hold nothing up. Raises OSError.
    """
    aside = path.with_name(f".{path.name}{_ENDING}")
    with _locked(aside) as file:
        try:
            file.truncate(0)
            yield file
            file.flush()
            if wait_for_disk:
                os.fsync(file.fileno())
            aside.rename(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    if wait_for_disk:
        force_to_disk(path.parent)


def write_text(path: Path, text: bytes) -> None:
    """Write a small file durably, whole or not at all. Raises Unavailable."""
    try:
        with placed(path) as file:
            file.write(text)
    except OSError as error:
        raise Unavailable(f"journal {path}: {error.strerror}") from error


def sweep(folder: Path) -> None:
    """Take away what killed processes were making in a folder; what is being made stays."""
    found = [entry.path for entry in os.scandir(folder)] if folder.is_dir() else []
    for path in (Path(one) for one in found if _LEFT.fullmatch(os.path.basename(one))):
        with suppress(OSError), path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, file):
                path.unlink()


def force_to_disk(path: Path) -> None:
    """fsync a file, or a folder so that a rename in it survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(aside: Path) -> Iterator[IO[bytes]]:
    """The file, locked until the block ends; made anew where whoever held it put it in place."""
    while True:
        handle = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ALONE)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(aside, file):
                yield file
                return


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
