"""Many decisions about one subject as one digest, by which journal and register are compared."""

from collections.abc import Iterable, Iterator
from functools import reduce
from hashlib import sha256
from typing import NamedTuple

import msgspec

from coldwitness.domain.clues import STATUS_OF
from coldwitness.storage.decisions import (
    AttachmentAdded,
    ClueStatusSet,
    Decision,
    DrugNameSet,
    EntryPut,
    ManifestPut,
)


class Fold(NamedTuple):
    """digest : over all that counts of a subject so far, empty for nothing. last : of what a
    repetition is told by."""

    digest: bytes
    last: bytes


NOTHING = Fold(b"", b"")
_ENCODER = msgspec.json.Encoder(order="sorted")


def fold(before: Fold, decision: Decision) -> Fold:
    """The next one. The same manifest, entry or clue from elsewhere again changes nothing, as in
    the register; of what case systems said of a clue before each act was kept, and of which name is
    a drug's, the last word counts."""
    match decision:
        case ManifestPut():
            last = _digest(b"", _ENCODER.encode(decision.manifest))
        case EntryPut():
            last = _digest(b"", _ENCODER.encode(decision.entry))
        case ClueStatusSet() | DrugNameSet():
            said = _last_word(decision)
            return NOTHING if said is None else Fold(_digest(b"", said), b"")
        case AttachmentAdded():
            last = bytes.fromhex(decision.attachment.sha256)
            if last in _pieces(before.last):
                return before
            return Fold(_digest(before.digest, _ENCODER.encode(decision)), before.last + last)
        case _:
            return Fold(_digest(before.digest, _ENCODER.encode(decision)), b"")
    if before.last == last:
        return before
    return Fold(_digest(before.digest, _ENCODER.encode(decision)), last)


def folded(decisions: Iterable[Decision]) -> Fold:
    """All decisions about one subject, in the order in which they were made."""
    return reduce(fold, decisions, NOTHING)


def _last_word(decision: ClueStatusSet | DrugNameSet) -> bytes | None:
    """None where it takes back what was said."""
    if isinstance(decision, DrugNameSet):
        return _ENCODER.encode(decision)
    status = STATUS_OF[decision.status]
    unsaid = status == "received" and decision.note is None
    return None if unsaid else _ENCODER.encode((status, decision.note))


def _digest(before: bytes, said: bytes) -> bytes:
    return sha256(before + said).digest()


def _pieces(joined: bytes) -> Iterator[bytes]:
    return (joined[at : at + 32] for at in range(0, len(joined), 32))
