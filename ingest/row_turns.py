"""Which journal rows are stored next: in their order, and every sender's in turn while many wait.

A flood stands in the journal before whatever came after it. Were all of it stored first, another
courier's reading would wait for as long as that takes. So where more waits than one batch holds,
rows are looked at ahead, and each sender has an equal share of every batch. One sender's rows keep
their order. What is stored ahead is remembered as a bit a row until all rows before it are stored:
the cursor never passes a row that is not, and after a crash the rows beyond it are stored again,
which changes nothing.
"""

import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from coldwitness.storage.journal import JournalReader, Outline, Row
from coldwitness.storage.journal.rows import utc_day

DAY_MS = 86_400_000
BATCH_BYTES = 8_000_000
"""Payload of a batch, but for its last message: backlog arrays hold 10,000 readings each."""
LOOK_AHEAD_ROWS = 1_000_000
"""Fourteen bytes are kept of each."""
LOOKED_AT_ONCE = 50_000
"""Rows looked at for one batch: it takes some tenths of a second."""
SENDERS = 1024
"""Queues at most. Couriers beyond share some, so that made-up ones cost no memory."""

Covered = tuple[str, int, int]
"""A UTC day, and its first and last row of some that follow each other."""


class _Queue:
    """Rows of one sender that wait, oldest first, with the sizes of their payloads."""

    def __init__(self) -> None:
        self.rows = array("q")
        self.sizes = array("q")
        self._first = 0

    def __len__(self) -> int:
        return len(self.rows) - self._first

    def add(self, row: int, size: int) -> None:
        self.rows.append(row)
        self.sizes.append(size)

    def within(self, rows: int, size: int, *, after: int) -> int:
        """How many behind the first `after` are so many rows and bytes, but for the last's."""
        fit = 0
        for at in range(self._first + after, min(len(self.rows), self._first + after + rows)):
            if size <= 0:
                break
            size -= self.sizes[at]
            fit += 1
        return fit

    def sizes_of(self, after: int, count: int) -> Sequence[int]:
        return self.sizes[self._first + after : self._first + after + count]

    def first(self, count: int) -> Sequence[int]:
        return self.rows[self._first : self._first + count]

    def drop(self, count: int) -> None:
        self._first += count
        if self._first * 2 > len(self.rows):
            del self.rows[: self._first]
            del self.sizes[: self._first]
            self._first = 0


class RowTurns:
    """Of one worker's journal, for one thread.

    sender_of : whose a topic is; rows of one sender are given in their order.
    """

    def __init__(
        self, reader: JournalReader, worker: str, *, cursor: int, sender_of: Callable[[str], str]
    ) -> None:
        self.cursor = cursor
        """Last row up to which all are stored."""
        self._reader = reader
        self._worker = worker
        self._sender_of = sender_of
        self._queues: dict[int, _Queue] = {}
        self._looked = cursor
        self._stored = bytearray()
        """A byte for each row after `cursor` that was looked at."""
        self._days: list[tuple[int, str]] = []
        """First row and name of each day of these."""
        self._newest_day = -1
        self._given: list[Row] = []
        self._taken: dict[int, int] = {}

    def next(self, *, most: int) -> list[Row]:
        """The rows to be stored now, in their order; the same again until they are `stored`."""
        self._taken = {}
        if not self._queues:
            self._given = self._following(most)
            size = sum(len(row.payload) for row in self._given)
            if len(self._given) < most and size < BATCH_BYTES:
                return self._given
        self._look()
        self._taken = self._shares(most)
        wanted = [
            row for key, count in self._taken.items() for row in self._queues[key].first(count)
        ]
        self._given = list(self._reader.rows_at(self._worker, wanted))
        if wanted and not self._given:  # their day was taken away meanwhile
            self.stored()
            return self.next(most=most)
        return self._given

    @property
    def in_order(self) -> bool:
        """Whether the rows given last are the next ones."""
        return not self._taken

    def then(self) -> tuple[int, list[Covered]]:
        """The cursor once the rows given last are stored, and the days of what it passes."""
        if self.in_order:
            return (self._given[-1].row if self._given else self.cursor), []
        stored = self._stored_then()
        passed = stored.find(0)
        cursor = self.cursor + (len(stored) if passed < 0 else passed)
        return cursor, list(self._days_of(self.cursor + 1, cursor))

    def stored(self) -> None:
        """What was given last is stored."""
        cursor, _ = self.then()
        if self._taken:
            self._stored = self._stored_then()[cursor - self.cursor :]
            for key, count in self._taken.items():
                queue = self._queues.pop(key)
                queue.drop(count)
                if queue:  # whoever had a share now is the last one the next time
                    self._queues[key] = queue
        self.cursor = cursor
        self._given, self._taken = [], {}
        if not self._queues:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._queues.clear()
        self._looked = self.cursor
        self._stored = bytearray()
        self._days, self._newest_day = [], -1

    def _following(self, most: int) -> list[Row]:
        """Rows after the cursor, until there are enough of them or of their bytes."""
        rows: list[Row] = []
        size = 0
        with closing(self._reader.read(self._worker, after=self.cursor, limit=most)) as following:
            for row in following:
                rows.append(row)
                size += len(row.payload)
                if size >= BATCH_BYTES:
                    break
        return rows

    def _look(self) -> None:
        """Look at more rows, as far as there is room for them."""
        room = min(LOOKED_AT_ONCE, LOOK_AHEAD_ROWS - len(self._stored))
        if room <= 0:
            return
        keys: dict[str, int] = {}
        for outline in self._reader.outlines(self._worker, after=self._looked, limit=room):
            key = keys.get(outline.topic)
            if key is None:
                sender = self._sender_of(outline.topic).encode("utf-8", "surrogateescape")
                key = keys[outline.topic] = zlib.crc32(sender) % SENDERS
            queue = self._queues.get(key)
            if queue is None:
                queue = self._queues[key] = _Queue()
            queue.add(outline.row, outline.payload_bytes)
            self._note_place(outline)

    def _note_place(self, outline: Outline) -> None:
        """That it is looked at, and on which day it was received."""
        missing = outline.row - self._looked - 1
        if missing and not self._stored:
            self.cursor += missing  # days that were taken away
        elif missing:
            self._stored.extend(b"\1" * missing)
        self._stored.append(0)
        self._looked = outline.row
        if outline.received_ms // DAY_MS != self._newest_day:
            self._newest_day = outline.received_ms // DAY_MS
            self._days.append((outline.row, utc_day(outline.received_ms)))

    def _shares(self, most: int) -> dict[int, int]:
        """How many of each sender: as many of each, and what some leave goes to the others."""
        taken: dict[int, int] = {}
        rows_left, bytes_left = most, BATCH_BYTES
        hungry = list(self._queues)
        while hungry and rows_left > 0 and bytes_left > 0:
            share = max(1, rows_left // len(hungry))
            share_bytes = max(1, bytes_left // len(hungry))
            still = []
            for key in hungry:
                if rows_left <= 0 or bytes_left <= 0:
                    break
                queue, before = self._queues[key], taken.get(key, 0)
                fit = queue.within(min(share, rows_left), share_bytes, after=before)
                taken[key] = before + fit
                rows_left -= fit
                bytes_left -= sum(queue.sizes_of(before, fit))
                if taken[key] < len(queue):
                    still.append(key)
            hungry = still
        return taken

    def _stored_then(self) -> bytearray:
        stored = self._stored[:]
        for key, count in self._taken.items():
            for row in self._queues[key].first(count):
                stored[row - self.cursor - 1] = 1
        return stored

    def _days_of(self, first: int, last: int) -> Iterator[Covered]:
        ends = [start - 1 for start, _ in self._days[1:]] + [self._looked]
        for (start, day), end in zip(self._days, ends, strict=True):
            if start <= last and end >= first:
                yield day, max(first, start), min(last, end)
