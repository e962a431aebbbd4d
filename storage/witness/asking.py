"""The journal's way to its witnesses: each new checkpoint to each of them, what they sign is kept.

A thread a witness, so that a slow one holds up nobody. Nothing here can stop ingest: what a
witness does not sign is tried again, and after a while said.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import msgspec

from coldwitness.config.settings import WitnessSettings
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.checkpoint import SignedCheckpoint
from coldwitness.storage.journal.head_tree import HeadTree
from coldwitness.storage.journal.outside import cosigned_checkpoints
from coldwitness.storage.journal.rows import utc_day
from coldwitness.storage.journal.signed_note import COSIGNATURE, Note, note_key, read_note
from coldwitness.storage.witness.protocol import ADD, written

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
ANSWER_WITHIN_S = 20.0
LONGEST_PAUSE_S = 30.0
"""Well within the minute in which a head is to be witnessed once the witness answers again."""
_ANSWER_BYTES = 100_000


class RolledBack(BadInput):
    """The witness has signed more heads than there are here: this journal was put back."""


class Witness:
    """One witness of one worker's journal. `problem` : why it does not sign, "" while it does."""

    def __init__(self, settings: WitnessSettings, folder: Path) -> None:
        """Raises BadInput where its key is none of a witness."""
        self.key = note_key(settings.key)
        if self.key.kind != COSIGNATURE:
            raise BadInput(f"witness {self.key.name}: expected the key of a witness (kind 4)")
        self.problem = ""
        self.size = 0
        """Of the last checkpoint that it signed."""
        self._url = f"{settings.url.rstrip('/')}/{ADD}"
        self._folder = folder
        self._http = httpx.Client(timeout=ANSWER_WITHIN_S, follow_redirects=False)
        for kept in cosigned_checkpoints(folder):
            if kept.note.cosigned_s(self.key) is not None:
                self.size = max(self.size, kept.checkpoint.size)

    def submit(self, signed: SignedCheckpoint) -> None:
        """Have a checkpoint signed and keep it. Raises Unavailable, BadInput, RolledBack."""
        tree = HeadTree(layout.head_tree(self._folder))
        old_size = self.size
        for _ in range(3):
            if old_size > signed.checkpoint.size:
                raise RolledBack(
                    f"has signed {old_size} heads, here are {signed.checkpoint.size}: this"
                    " journal was put back; see `coldwitness journal verify --heads`"
                )
            proof = tree.consistency(old_size, signed.checkpoint.size)
            answer = self._post(written(old_size, proof, signed.note.written()))
            if answer.status_code != httpx.codes.CONFLICT:
                break
            old_size = _size_in(answer)
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise RolledBack(
                "refuses: the heads here do not add to those it has signed; see `coldwitness"
                " journal verify --heads`"
            )
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"answered {answer.status_code}: {answer.text[:200]!r}")
        self._keep(signed, answer)
        self.size = signed.checkpoint.size

    def close(self) -> None:
        self._http.close()

    def _post(self, body: bytes) -> httpx.Response:
        try:
            return self._http.post(self._url, content=body)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._url}: {error}") from error

    def _keep(self, signed: SignedCheckpoint, answer: httpx.Response) -> None:
        """Only the witness's own signature, and only if it holds."""
        text = signed.note.text
        if len(answer.content) > _ANSWER_BYTES:
            raise BadInput(f"answered {len(answer.content)} bytes")
        given = read_note(text.encode() + b"\n" + answer.content, where="its answer")
        mine = tuple(
            one for one in given.signatures
            if (one.name, one.key_id) == (self.key.name, self.key.key_id)
        )  # fmt: skip
        if Note(text, mine).cosigned_s(self.key) is None:
            raise BadInput("answered without a signature by its key")
        whole = Note(text, (*signed.note.signatures, *mine))
        line = msgspec.json.encode({"size": signed.checkpoint.size, "note": whole.written()})
        path = layout.cosigned(self._folder, utc_day(int(time.time() * 1000)))
        try:
            with path.open("ab") as file:
                # One write, so that two witnesses' lines do not run into each other.
                os.write(file.fileno(), line + b"\n")
                os.fsync(file.fileno())
        except OSError as error:
            raise Unavailable(f"{path}: {error.strerror}") from error


class Witnessing:
    """All witnesses of a worker's journal. checkpoint : gives the newest one."""

    def __init__(
        self,
        settings: Sequence[WitnessSettings],
        folder: Path,
        checkpoint: Callable[[], SignedCheckpoint | None],
    ) -> None:
        self.witnesses = [Witness(one, folder) for one in settings]
        self._checkpoint = checkpoint
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._follow, args=(one,), name=f"witness-{one.key.name}", daemon=True
            )
            for one in self.witnesses
        ]

    @property
    def problem(self) -> str:
        """Which witnesses do not sign, and why; "" while all do."""
        return "; ".join(
            f"witness {one.key.name}: {one.problem}" for one in self.witnesses if one.problem
        )

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Have the last checkpoint signed by those that answer, and end."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        for one in self.witnesses:
            one.close()

    def _follow(self, witness: Witness) -> None:
        pause_s = LOOK_EVERY_S
        while not self._stop.wait(pause_s):
            pause_s = LOOK_EVERY_S if self._tried(witness) else min(LONGEST_PAUSE_S, pause_s * 2)
        self._tried(witness)

    def _tried(self, witness: Witness) -> bool:
        signed = self._checkpoint()
        if signed is None or signed.checkpoint.size == witness.size:
            return True
        try:
            witness.submit(signed)
        except (Unavailable, BadInput, ValueError) as error:
            if str(error) != witness.problem:
                level = logging.ERROR if isinstance(error, RolledBack) else logging.WARNING
                log.log(level, "witness %s: %s", witness.key.name, error)
            witness.problem = str(error)
            return False
        if witness.problem:
            log.warning("witness %s signs again", witness.key.name)
        witness.problem = ""
        return True


def _size_in(answer: httpx.Response) -> int:
    text = answer.text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise BadInput(f"answered 409 without a size: {text[:60]!r}")
    return int(text)
