"""Signed heads of an open day: from time to time the chain and tree root, signed, in a file.

Without them a tail that was cut off an unsealed segment, or a rewritten chain, could not be
told from an honest shorter one. Each names the head before it and counts on from it, over the
worker's days, so that none can be left out or put back. They also go out with the worker's
health messages, so that a witness elsewhere holds them.
"""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal.merkle import leaf_hash
from coldwitness.storage.journal.segment import Head
from coldwitness.storage.journal.segment_meta import SegmentMeta
from coldwitness.storage.journal.signing import Signer, signature_holds
from coldwitness.storage.journal.tally import TallyHead

HEAD_SCHEMA = "coldwitness.head/3"
NO_HEAD = "0" * 64


class SignedHead(msgspec.Struct, frozen=True):
    """The segment of `worker` and `day` as of `row`, signed over its canonical JSON without
    `signature`.

    number, previous : the how manieth head of the worker this is, from 1, and SHA-256 (hex) of the
    signed bytes of the one before, NO_HEAD for none. Heads of schema `coldwitness.head/1`, which
    were written before 2026-11-29, have neither.
    tally_size, tally_root : entries and tree head (hex) of the day's tally over the rows up to
    `row`; heads before `coldwitness.head/3` have none.
    """

    worker: str
    day: str
    row: int
    chain: str
    merkle_root: str
    time_ms: int
    key_id: str
    signature: str = ""
    schema: str = HEAD_SCHEMA
    number: int | msgspec.UnsetType = msgspec.UNSET
    previous: str | msgspec.UnsetType = msgspec.UNSET
    tally_size: int | msgspec.UnsetType = msgspec.UNSET
    tally_root: str | msgspec.UnsetType = msgspec.UNSET

    def signed_bytes(self) -> bytes:
        fields = msgspec.to_builtins(self)
        del fields["signature"]
        return rfc8785.dumps(fields)

    def digest(self) -> str:
        """What the next head names as `previous`."""
        return sha256(self.signed_bytes()).hexdigest()

    def leaf(self) -> bytes:
        """Its leaf in the tree over the worker's heads."""
        return leaf_hash(self.signed_bytes())

    @property
    def has_tally(self) -> bool:
        """Heads before `coldwitness.head/3` have none."""
        return self.tally_root is not msgspec.UNSET

    def count(self) -> int:
        """`number`, 0 for a head that has none."""
        return 0 if self.number is msgspec.UNSET else self.number

    def holds(self, public: Ed25519PublicKey) -> bool:
        return signature_holds(public, self.signed_bytes(), self.signature)


def sign_head(
    meta: SegmentMeta,
    head: Head,
    *,
    tally: TallyHead,
    time_ms: int,
    signer: Signer,
    after: SignedHead | None,
) -> SignedHead:
    """after : the worker's head before this one."""
    unsigned = SignedHead(
        worker=meta.worker,
        day=meta.day,
        row=head.row,
        chain=head.chain.hex(),
        merkle_root=head.frontier.root().hex(),
        time_ms=time_ms,
        key_id=signer.key_id,
        number=1 if after is None else after.count() + 1,
        previous=NO_HEAD if after is None else after.digest(),
        tally_size=tally.size,
        tally_root=tally.root.hex(),
    )
    return msgspec.structs.replace(unsigned, signature=signer.sign(unsigned.signed_bytes()))


def is_tallied(head: SignedHead, made: TallyHead) -> bool:
    """Whether this is the tally that the head signed."""
    return (head.tally_size, head.tally_root) == (made.size, made.root.hex())


def add_head(path: Path, head: SignedHead) -> None:
    """Append one line durably, in place of a last one that a power cut left half-written."""
    try:
        with path.open("a+b") as file:
            file.seek(0)
            kept, torn = _lines_and_torn(file.read())
            if torn:
                file.truncate(sum(map(len, kept)))
            elif kept and not kept[-1].endswith(b"\n"):
                file.write(b"\n")
            file.write(msgspec.json.encode(head) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Unavailable(f"journal {path}: {error.strerror}") from error


def read_heads(path: Path) -> tuple[list[SignedHead], list[int]]:
    """Heads of a file in their order, and the numbers of lines that are none; nothing if no file.

    By row, heads of one row by number: the order in which they were signed.
    """
    heads: list[SignedHead] = []
    unreadable: list[int] = []
    if path.exists():
        lines, _ = _lines_and_torn(path.read_bytes())
        for number, line in enumerate(lines, start=1):
            head = _head_in(line)
            if head is None:
                unreadable.append(number)
            else:
                heads.append(head)
    return sorted(heads, key=lambda head: (head.row, head.count())), unreadable


def _lines_and_torn(data: bytes) -> tuple[list[bytes], bool]:
    """The lines with their ends, without a last one that has none and is no head: it was being
    written when the power failed, so nobody was told of it."""
    lines = data.splitlines(keepends=True)
    torn = bool(lines) and not lines[-1].endswith(b"\n") and _head_in(lines[-1]) is None
    return (lines[:-1] if torn else lines), torn


def _head_in(line: bytes) -> SignedHead | None:
    try:
        return msgspec.json.decode(line, type=SignedHead)
    except msgspec.MsgspecError:
        return None


def breaks_in(heads: Sequence[SignedHead]) -> list[tuple[SignedHead, str]]:
    """Heads of one worker, in the order of days and rows, that do not follow the one before."""
    found = []
    before: SignedHead | None = None
    for head in heads:
        expected = 1 if before is None else before.count() + 1
        previous = NO_HEAD if before is None else before.digest()
        if head.number is msgspec.UNSET:
            if before is not None and before.count():
                found.append((head, f"a head without a number after head {before.count()}"))
        elif head.number > expected:
            found.append((head, f"heads {expected} to {head.number - 1} are missing"))
        elif head.number < expected:
            found.append((head, f"a second head {head.number}"))
        elif head.previous != previous:
            found.append((head, f"head {head.number} does not follow the head before it"))
        before = head
    return found
