"""The newest signed head of each worker, kept in the register too: whoever puts a journal back to
an earlier state, or takes it away, has to change the register as well."""

from hashlib import sha256
from pathlib import Path

import msgspec

from coldwitness.storage.journal import SignedHead, layout
from coldwitness.storage.journal.journal import last_signed
from coldwitness.storage.ports import Journalled


def keep_heads(directory: Path, journalled: Journalled) -> None:
    """Keep the newest head of every worker of this journal; never an earlier one than is kept.
    Raises Unavailable."""
    kept = heads_kept(directory, journalled)
    for worker in layout.workers(directory):
        head = last_signed(layout.segments(directory, worker))
        if head is not None and (worker not in kept or head.count() > kept[worker].count()):
            said = msgspec.json.encode(head).decode()
            journalled.say(f"{_prefix(directory)}{worker}", said)


def heads_kept(directory: Path, journalled: Journalled) -> dict[str, SignedHead]:
    """Worker -> the newest of its heads that the register knows of. Raises Unavailable."""
    prefix = _prefix(directory)
    return {
        key.removeprefix(prefix): msgspec.json.decode(value, type=SignedHead)
        for key, value in journalled.said_under(prefix).items()
    }


def _prefix(directory: Path) -> str:
    """Of this folder's heads: a journal in another place is another one."""
    return f"head/{sha256(str(directory.resolve()).encode()).hexdigest()[:16]}/"
