"""A worker's heads as a log that others can follow: its name, its tree, its newest checkpoint."""

import base64
import logging
from collections.abc import Sequence
from pathlib import Path

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from coldwitness.storage.journal.durable import placed
from coldwitness.storage.journal.head_tree import HeadTree
from coldwitness.storage.journal.heads import SignedHead, read_heads
from coldwitness.storage.journal.signed_note import ED25519, NoteKey, require_name
from coldwitness.storage.journal.signing import Signer

log = logging.getLogger(__name__)


class HeadLog:
    """The writer's side. What is wrong with tree or checkpoint stops neither heads nor rows: it
    is logged, and witnesses get nothing until the heads add up again."""

    def __init__(
        self,
        folder: Path,
        *,
        worker: str,
        origin: str | None,
        signer: Signer,
        last: SignedHead | None,
    ) -> None:
        """last : the worker's head that was signed last."""
        self.checkpoint: SignedCheckpoint | None = None
        self._folder = folder
        self._worker = worker
        self._named = origin
        self._signer = signer
        self._tree: HeadTree | None = None
        if last is not None and last.count():
            self._follow(last)

    def add(self, head: SignedHead) -> None:
        self._follow(head)

    def _follow(self, head: SignedHead) -> None:
        """Bring the tree up to `head` and sign its checkpoint."""
        try:
            if self._tree is None:
                self._tree = head_tree(self._folder, self._worker, upto=head)
            elif self._tree.size + 1 == head.count():
                self._tree.extend([head.leaf()])
            else:
                self._tree = head_tree(self._folder, self._worker, upto=head)
            checkpoint = Checkpoint(
                origin=self._origin(),
                size=self._tree.size,
                root=self._tree.root(self._tree.size),
            )
            key = NoteKey.of(checkpoint.origin, ED25519, self._signer.public)
            signed = sign_checkpoint(checkpoint, key, self._sign)
            _put(layout.checkpoint(self._folder), signed.note.written())
        except (BadInput, Unavailable) as error:
            self._tree = self.checkpoint = None
            log.error("no checkpoint of head %d: %s", head.count(), error)
        else:
            self.checkpoint = signed

    def _origin(self) -> str:
        kept = origin_of(self._folder)
        if kept is None:
            kept = f"{self._named or f'coldwitness/{self._signer.key_id}'}/{self._worker}"
            require_name(kept)
            _put(layout.origin(self._folder), f"{kept}\n")
        return kept

    def _sign(self, message: bytes) -> bytes:
        return base64.b64decode(self._signer.sign(message))


def _put(path: Path, text: str) -> None:
    """Write a small file whole or not at all, without waiting for the disk: both can be made again,
    and a message's acknowledgement waits for its day's first head."""
    try:
        with placed(path, wait_for_disk=False) as file:
            file.write(text.encode())
    except OSError as error:
        raise Unavailable(f"journal {path}: {error.strerror}") from error


def origin_of(folder: Path) -> str | None:
    """The name under which witnesses know the worker's heads, if it has one yet."""
    path = layout.origin(folder)
    try:
        return path.read_text(encoding="utf-8").strip() or None if path.exists() else None
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"journal {path}: {error}") from error


def head_tree(folder: Path, worker: str, *, upto: SignedHead) -> HeadTree:
    """The tree over heads 1 to that of `upto`, brought up to date or made anew from the heads.

    Raises BadInput where a head is missing, Unavailable where the disk refuses."""
    path = layout.head_tree(folder)
    tree = HeadTree(path)
    days = layout.segments(folder.parent.parent, worker)
    if tree.size > upto.count():
        tree = _anew(path)
    missing = _heads_after(days, tree.size, upto)
    if tree.size and (missing[0].leaf() != tree.leaf(tree.size - 1)):
        tree = _anew(path)
        missing = _heads_after(days, 0, upto)
    tree.extend(head.leaf() for head in missing if head.count() > tree.size)
    return tree


def _heads_after(days: Sequence[layout.Segment], size: int, upto: SignedHead) -> list[SignedHead]:
    """Heads number `size` (if that is one) to that of `upto`, by number; only the days that have
    them are read."""
    wanted = range(max(size, 1), upto.count() + 1)
    found: dict[int, SignedHead] = {}
    for day in reversed(days):
        if len(found) == len(wanted):
            break
        for head in read_heads(day.heads)[0]:
            if head.count() in wanted:
                found.setdefault(head.count(), head)
    gone = next((number for number in wanted if number not in found), None)
    if gone is not None:
        raise BadInput(f"journal {days[-1].folder if days else ''}: head {gone} is missing")
    return [found[number] for number in wanted]


def _anew(path: Path) -> HeadTree:
    path.unlink(missing_ok=True)
    return HeadTree(path)
