"""Small files and renames that survive a power cut."""

import os
from pathlib import Path

from coldwitness.domain.errors import Unavailable


def write_text(path: Path, text: bytes) -> None:
    """Write a small file durably, whole or not at all."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise Unavailable(f"journal {path}: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that a rename in it survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
