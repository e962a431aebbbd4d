"""That witnesses saw the heads behind a package: their cosignatures, and the way from head to
checkpoint. Who trusts a witness need not trust the office for what is older than what it signed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import SignedHead, layout
from coldwitness.storage.journal.checkpoint import SignedCheckpoint, read_checkpoint
from coldwitness.storage.journal.head_tree import HeadTree
from coldwitness.storage.journal.merkle import verify_inclusion
from coldwitness.storage.journal.outside import cosigned_checkpoints
from coldwitness.storage.journal.signed_note import ED25519, NoteKey

_DAYS = 3
"""For so many days from a head's on a checkpoint over it that a witness signed is looked for."""


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """note : a checkpoint of the worker's heads that a witness signed. path : that the head is in
    its tree (hex), at the place that its number says."""

    note: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """A head of a worker's day that a witness saw at `at_s` [UTC epoch s], with all before it."""

    witness: str
    worker: str
    day: str
    at_s: int


def witnessed_of(segment: layout.Segment, head: SignedHead) -> tuple[Witnessed, ...]:
    """The first checkpoint over a head that each of the journal's witnesses signed. Raises
    Unavailable where the tree over the heads cannot be read."""
    first: dict[bytes, SignedCheckpoint] = {}
    for signed in _cosigned(segment):
        if signed.checkpoint.size < head.count():
            continue
        for line in signed.note.signatures:
            kept = first.get(line.key_id)
            if line.name != signed.checkpoint.origin and (
                kept is None or signed.checkpoint.size < kept.checkpoint.size
            ):
                first[line.key_id] = signed
    tree = HeadTree(layout.head_tree(segment.folder))
    found = {}
    for signed in first.values():
        if signed.checkpoint.size <= tree.size:
            path = tree.inclusion(head.count() - 1, signed.checkpoint.size)
            note = signed.note.written()
            found[note] = Witnessed(note=note, path=tuple(node.hex() for node in path))
    return tuple(found[note] for note in sorted(found))


def _cosigned(segment: layout.Segment) -> Iterator[SignedCheckpoint]:
    files = sorted(segment.folder.glob("*.cosigned"))
    days = [path.name.removesuffix(".cosigned") for path in files]
    for day in [day for day in days if day >= segment.day][:_DAYS]:
        yield from cosigned_checkpoints(segment.folder, day)


def doubts_about_witnessed(
    said: Sequence[Witnessed], head: SignedHead, trusted: Sequence[Ed25519PublicKey]
) -> list[tuple[str, str]]:
    """Checkpoints that the head is not in, or that none of `trusted` signed (all are taken if it is
    empty)."""
    problems = []
    for one in said:
        where = f"{head.worker} {head.day}: checkpoint"
        try:
            signed = read_checkpoint(one.note.encode(), where=where)
            path = [bytes.fromhex(node) for node in one.path]
        except (BadInput, ValueError) as error:
            problems.append(("head_invalid", f"{where}: {error}"[:200]))
            continue
        checkpoint = signed.checkpoint
        inside = verify_inclusion(
            head.leaf(),
            index=head.count() - 1,
            size=checkpoint.size,
            proof=path,
            root=checkpoint.root,
        )
        by_log = not trusted or any(
            signed.note.signed_by(NoteKey.of(checkpoint.origin, ED25519, key)) for key in trusted
        )
        if not inside or not by_log:
            problems.append(("head_invalid", where))
    return problems


def seen_by(
    said: Sequence[Witnessed], head: SignedHead, witnesses: Sequence[NoteKey]
) -> list[Seen]:
    """Which of these witnesses saw the head, and when first. said : of which nothing is doubted."""
    found = []
    for key in witnesses:
        times = [
            time_s
            for one in said
            if (time_s := read_checkpoint(one.note.encode(), where="").note.cosigned_s(key))
            is not None
        ]
        if times:
            found.append(Seen(key.name, head.worker, head.day, min(times)))
    return found
