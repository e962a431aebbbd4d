"""A witness's own memory: of each log it follows the largest tree that it has signed.

It signs only what provably adds to that, and keeps it on disk before anybody has the signature.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal.checkpoint import Checkpoint, read_checkpoint
from coldwitness.storage.journal.merkle import EMPTY_ROOT, verify_consistency
from coldwitness.storage.journal.signed_note import (
    ED25519,
    Note,
    NoteKey,
    NoteSignature,
    Sign,
    cosignature,
)
from coldwitness.storage.witness.protocol import Submission, origin_hash

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS seen (origin_hash TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " note BLOB NOT NULL) STRICT"
)


class UnknownLog(BadInput):
    """Nobody told the witness to follow that log."""


class NotSignedByLog(BadInput):
    """No signature of a key that the witness has for the log, or one that does not hold."""


class Inconsistent(BadInput):
    """The checkpoint does not add to what the witness has signed."""


@dataclass
class OtherSize(Exception):
    """The witness's last checkpoint of the log has another size than the proof begins at."""

    size: int


class SeenCheckpoints:
    """logs : keys of the logs that are followed, by origin; several for one that is changing its
    key. key, sign : the witness's own."""

    def __init__(
        self,
        path: Path,
        *,
        logs: Sequence[NoteKey],
        key: NoteKey,
        sign: Sign,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """Raises BadInput where a log's key is not one that signs checkpoints."""
        self._logs: dict[str, list[NoteKey]] = {}
        for log in logs:
            if log.kind != ED25519:
                raise BadInput(f"log {log.name}: expected the key of a log (kind 1)")
            self._logs.setdefault(log.name, []).append(log)
        self._key = key
        self._sign = sign
        self._now_s = now_s
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as connection:
                connection.execute(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"witness {path}: {error}") from error

    @property
    def logs(self) -> Mapping[str, Sequence[NoteKey]]:
        return self._logs

    def add(self, submission: Submission) -> NoteSignature:
        """The witness's signature over the checkpoint, once it is on disk.

        Raises UnknownLog, NotSignedByLog, OtherSize, Inconsistent; BadInput for an old size
        beyond the new one; Unavailable.
        """
        checkpoint, note = submission.signed.checkpoint, submission.signed.note
        self._require_signed(checkpoint, note)
        if submission.old_size > checkpoint.size:
            raise BadInput(f"old size {submission.old_size} beyond size {checkpoint.size}")
        name = origin_hash(checkpoint.origin)
        try:
            with self._lock, closing(self._connect()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                last = self._last(connection, name)
                if submission.old_size != (last.size if last is not None else 0):
                    raise OtherSize(last.size if last is not None else 0)
                _require_growth(last, submission)
                signature = cosignature(note.text, self._key, self._sign, time_s=int(self._now_s()))
                kept = [one for one in note.signatures if _of(one, self._logs[checkpoint.origin])]
                whole = Note(note.text, (*kept, signature)).written().encode()
                connection.execute(
                    "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (name, checkpoint.size, whole)
                )
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise Unavailable(f"witness {self._path}: {error}") from error
        return signature

    def latest(self, name: str) -> bytes | None:
        """The newest signed checkpoint of the log with that origin hash, with the signatures of
        log and witness."""
        try:
            with closing(self._connect()) as connection:
                row = connection.execute(
                    "SELECT note FROM seen WHERE origin_hash = ?", (name,)
                ).fetchone()
        except sqlite3.Error as error:
            raise Unavailable(f"witness {self._path}: {error}") from error
        return None if row is None else bytes(row[0])

    def _require_signed(self, checkpoint: Checkpoint, note: Note) -> None:
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            raise UnknownLog(f"log {checkpoint.origin!r} is not followed here")
        held = [note.signed_by(key) for key in keys]
        if False in held or True not in held:
            raise NotSignedByLog(f"log {checkpoint.origin!r}: not signed by its key")

    def _last(self, connection: sqlite3.Connection, name: str) -> Checkpoint | None:
        query = "SELECT note FROM seen WHERE origin_hash = ?"
        row = connection.execute(query, (name,)).fetchone()
        if row is None:
            return None
        return read_checkpoint(bytes(row[0]), where=str(self._path)).checkpoint

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=10.0)
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _require_growth(last: Checkpoint | None, submission: Submission) -> None:
    checkpoint, proof = submission.signed.checkpoint, submission.proof
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise Inconsistent("an empty log has the root of the empty tree")
    if last is None or last.size == 0:
        grows = not proof
    else:
        grows = verify_consistency(
            old_size=last.size,
            old_root=last.root,
            size=checkpoint.size,
            root=checkpoint.root,
            proof=proof,
        )
    if not grows:
        raise Inconsistent(f"log {checkpoint.origin!r}: {checkpoint.size} does not add to what"
                           f" was signed")  # fmt: skip


def _of(signature: NoteSignature, keys: Sequence[NoteKey]) -> bool:
    return any((signature.name, signature.key_id) == (key.name, key.key_id) for key in keys)
