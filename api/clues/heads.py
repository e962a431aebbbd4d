"""The newest signed heads of the journal, for whoever reads the feed of clues: a case system that
keeps them is a witness that nobody had to set up."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from coldwitness.storage.journal import layout


class KeptHead(Struct, frozen=True):
    """worker : whose journal. checkpoint : a signed note (C2SP tlog-checkpoint), for
    `coldwitness journal verify --heads`."""

    worker: str
    checkpoint: Annotated[
        str, Meta(description="Signed note (C2SP tlog-checkpoint): keep it, and ask later with it")
    ]


def newest_heads(directory: Path) -> tuple[KeptHead, ...]:
    """Of every worker that has signed one; one that is being written now is left out."""
    found = []
    for worker in layout.workers(directory):
        path = layout.checkpoint(layout.worker_folder(directory, worker))
        try:
            found.append(KeptHead(worker, path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError):
            continue
    return tuple(found)
