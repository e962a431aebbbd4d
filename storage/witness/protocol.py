"""What a log and a witness say to each other (C2SP tlog-witness): bodies of `add-checkpoint`."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.checkpoint import SignedCheckpoint, read_checkpoint

ADD = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
"""Content type of the answer that names the size a witness knows."""
MOST_PROOF_LINES = 63
_OLD = re.compile(r"old (0|[1-9]\d{0,18})")
_HASH_BYTES = 32


@dataclass(frozen=True)
class Submission:
    """A checkpoint, and the proof that it only adds to the one of `old_size`."""

    old_size: int
    proof: tuple[bytes, ...]
    signed: SignedCheckpoint


def written(old_size: int, proof: Sequence[bytes], note: str) -> bytes:
    hashes = "".join(f"{base64.b64encode(one).decode('ascii')}\n" for one in proof)
    return f"old {old_size}\n{hashes}\n{note}".encode()


def read_submission(body: bytes) -> Submission:
    """Raises BadInput for what is not exactly such a body."""
    head, empty, note = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    old = _OLD.fullmatch(first.decode("ascii", "replace"))
    if old is None or not empty or len(lines) > MOST_PROOF_LINES:
        raise BadInput("add-checkpoint: expected `old SIZE`, at most 63 hashes, an empty line")
    try:
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except ValueError as error:
        raise BadInput(f"add-checkpoint: proof: {error}") from error
    if any(len(one) != _HASH_BYTES for one in proof):
        raise BadInput("add-checkpoint: proof: a hash has 32 bytes")
    return Submission(int(old[1]), proof, read_checkpoint(note, where="add-checkpoint"))


def origin_hash(origin: str) -> str:
    """Under which a witness hands out what it last signed of a log."""
    return sha256(origin.encode()).hexdigest()
