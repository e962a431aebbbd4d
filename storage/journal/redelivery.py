"""Which messages were redelivered although the journal already has them.

A worker killed between commit and acknowledgement gets its messages again, with DUP set. The
evidence is kept once: a DUP message whose topic and bytes equal one of the last rows is
acknowledged and not appended again. Messages without DUP are never compared: a logger that
publishes the same bytes twice said it twice.
"""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from coldwitness.storage.journal.reader import JournalReader
from coldwitness.storage.journal.rows import Message

WINDOW_ROWS = 65_536
"""Rows looked back: more than any broker's window of unacknowledged messages (65,535)."""


class RecentMessages:
    """Digests of the last rows, read from the journal only when a DUP message comes."""

    def __init__(self, directory: Path, worker: str) -> None:
        self._reader = JournalReader(directory)
        self._worker = worker
        self._read_row = 0
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def without_repeats(self, messages: Sequence[Message], *, last_row: int) -> list[Message]:
        if not any(message.dup for message in messages):
            return list(messages)
        self._catch_up(last_row)
        kept: list[Message] = []
        in_batch: set[bytes] = set()
        for message in messages:
            digest = _digest(message.topic, message.payload)
            if message.dup and (digest in self._digests or digest in in_batch):
                continue
            in_batch.add(digest)
            kept.append(message)
        return kept

    def _catch_up(self, last_row: int) -> None:
        after = max(self._read_row, last_row - WINDOW_ROWS)
        for row in self._reader.read(self._worker, after=after):
            if not row.note:
                self._digests[_digest(row.topic, row.payload)] = None
            self._read_row = row.row
        while len(self._digests) > WINDOW_ROWS:
            self._digests.popitem(last=False)


def _digest(topic: str, payload: bytes) -> bytes:
    name = topic.encode("utf-8", "surrogateescape")
    return blake2b(payload, digest_size=16, key=blake2b(name, digest_size=32).digest()).digest()
