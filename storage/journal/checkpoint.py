"""A log's state as everybody writes it: C2SP checkpoints of the list of a worker's signed heads.

The tree under a checkpoint has one leaf for each numbered head of the worker, in their order; the
leaf's bytes are those that the head is signed over. So one checkpoint holds fast all heads up to
it, and each head all rows up to it. Source: https://c2sp.org/tlog-checkpoint.
"""

import base64
import re
from dataclasses import dataclass

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.signed_note import Note, NoteKey, Sign, read_note, signed_note

_SIZE = re.compile(r"0|[1-9]\d{0,18}")
_ROOT_BYTES = 32


@dataclass(frozen=True)
class Checkpoint:
    """origin : the log's name; size : leaves; root : RFC 9162 tree head of that size."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint and the note that it was read from, whose signatures nobody has checked."""

    checkpoint: Checkpoint
    note: Note


def sign_checkpoint(checkpoint: Checkpoint, key: NoteKey, sign: Sign) -> SignedCheckpoint:
    return SignedCheckpoint(checkpoint, signed_note(checkpoint.text(), key, sign))


def read_checkpoint(data: bytes, *, where: str) -> SignedCheckpoint:
    """Raises BadInput for what is no signed note or no checkpoint. Extension lines are passed
    over, but signed with the rest."""
    note = read_note(data, where=where)
    origin, size, root, *more = note.text.split("\n")[:-1] + [""] * 2
    try:
        hashed = base64.b64decode(root, validate=True)
    except ValueError:
        hashed = b""
    if not origin or _SIZE.fullmatch(size) is None or len(hashed) != _ROOT_BYTES:
        raise BadInput(f"{where}: no checkpoint: expected origin, size and root in three lines")
    if "" in more[:-2]:
        raise BadInput(f"{where}: no checkpoint: an empty extension line")
    return SignedCheckpoint(Checkpoint(origin, int(size), hashed), note)
