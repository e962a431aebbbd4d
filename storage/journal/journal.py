"""The evidence journal of one worker: append, roll over at the UTC day's end, seal.

What `append` returned is on disk, in the hash chain, once. Everything downstream can be built
again from it.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from coldwitness.config.settings import JournalSettings
from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.checkpoint import SignedCheckpoint
from coldwitness.storage.journal.clock import ClockStep, ReceiveClock
from coldwitness.storage.journal.head_log import HeadLog
from coldwitness.storage.journal.heads import SignedHead, add_head, read_heads, sign_head
from coldwitness.storage.journal.locking import worker_lock
from coldwitness.storage.journal.redelivery import RecentMessages
from coldwitness.storage.journal.role_keys import signer_of_journal
from coldwitness.storage.journal.rows import NOTE_TOPIC_PREFIX, Message, utc_day
from coldwitness.storage.journal.sealed import read_seal
from coldwitness.storage.journal.sealing import clear_leftovers, seal_segment
from coldwitness.storage.journal.segment import (
    SegmentWriter,
    chains_at,
    read_head,
)
from coldwitness.storage.journal.segment_meta import NO_CHAIN, SegmentMeta
from coldwitness.storage.journal.signing import Signer


class PartlyKept(Unavailable):
    """The first `kept` messages of a batch over midnight are in the journal, the rest are not."""

    def __init__(self, text: str, kept: int) -> None:
        super().__init__(text)
        self.kept = kept


HEAD_EVERY_S = 60.0
HEAD_EVERY_ROWS = 50_000


class Journal:
    """The writer. One process at a time holds a worker's journal (an advisory file lock).

    clock : gives the receive times of messages; steps of the wall clock become notes in the
    journal. Use it from the thread that appends.
    """

    def __init__(
        self, directory: Path, *, worker: str, signer: Signer, origin: str | None = None
    ) -> None:
        """origin : what witnesses know the journal by (the worker's name is put behind it), where
        it has no name yet.

        Raises ConfigError if another process writes this worker's journal, or if signed heads
        and rows do not fit or were signed by another key; Unavailable if the disk refuses."""
        self.directory = directory
        self.worker = worker
        self._signer = signer
        self._folder = layout.worker_folder(directory, worker)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = worker_lock(self._folder, worker)
        except OSError as error:
            raise Unavailable(f"journal {self._folder}: {error.strerror}") from error
        self._steps: list[ClockStep] = []
        self._sealing: threading.Thread | None = None
        self._segment: SegmentWriter | None = None
        self._recent = RecentMessages(directory, worker)
        self._signed_row = 0
        self._signed_at_s = time.monotonic()
        self._last_head: SignedHead | None = None
        try:
            self._last_row, self._chain, last_ms = self._resume()
            self._head_log = HeadLog(
                self._folder, worker=worker, origin=origin, signer=signer, last=self._last_head
            )
        except BaseException:
            self._lock.close()
            raise
        self.clock = ReceiveClock(not_before_ms=last_ms, on_step=self._steps.append)

    @classmethod
    def open(cls, settings: JournalSettings) -> Self:
        """The journal the settings name, with its signing key (made where there is neither a key
        nor a journal yet)."""
        return cls(
            settings.directory,
            worker=settings.worker,
            signer=signer_of_journal(settings),
            origin=settings.origin,
        )

    @property
    def last_row(self) -> int:
        return self._last_row

    @property
    def last_head(self) -> SignedHead | None:
        """The worker's head that was signed last."""
        return self._last_head

    @property
    def checkpoint(self) -> SignedCheckpoint | None:
        """The newest one of the worker's heads; None before the first head, and where the heads
        do not add up."""
        return self._head_log.checkpoint

    def append(self, messages: Sequence[Message], *, note: bool = False) -> range:
        """Append messages; when this returns they are on disk. Returns the rows' numbers.

        note : they are this program's own words (topics under `$journal/`), no publisher's.
        Messages are taken in the order of receipt; a batch over midnight is split by day.
        Raises Unavailable if the disk refuses; then nothing of the batch is kept, or, where the
        part before midnight was, PartlyKept says how much.
        """
        self._note_clock_steps()
        first = self._last_row + 1
        at = 0
        while at < len(messages):
            day = utc_day(max(messages[at].received_ms, self._last_ms()))
            end = at + 1
            if utc_day(messages[-1].received_ms) == day:
                end = len(messages)
            else:
                while end < len(messages) and utc_day(messages[end].received_ms) <= day:
                    end += 1
            try:
                self._write(day, messages[at:end], note=note)
            except Unavailable as error:
                if at:
                    raise PartlyKept(str(error), at) from error
                raise
            at = end
        return range(first, self._last_row + 1)

    def not_yet_kept(self, messages: Sequence[Message]) -> list[Message]:
        """`messages` without redeliveries (DUP set) whose topic and bytes stand among the last
        rows, or earlier in the batch: the broker sent them again because our acknowledgement
        did not reach it."""
        return self._recent.without_repeats(messages, last_row=self._last_row)

    def tick(self) -> None:
        """Call now and then: closes a day that is over, signs heads that are due."""
        segment = self._segment
        if segment is None:
            return
        if utc_day(self.clock.now_ms()) > segment.meta.day:
            self._roll(segment)
        elif segment.head.row > self._signed_row and (
            time.monotonic() - self._signed_at_s >= HEAD_EVERY_S
            or segment.head.row - self._signed_row >= HEAD_EVERY_ROWS
        ):
            self._sign_head(segment)

    def sign_what_is_there(self) -> None:
        """Sign a head over the last row, if none is yet. Raises Unavailable."""
        if self._segment is not None and self._segment.head.row > self._signed_row:
            self._sign_head(self._segment)

    def close(self) -> None:
        """Sign the last head and let go; the open day goes on at the next start."""
        try:
            if self._segment is not None:
                self.sign_what_is_there()
                self._segment.close()
        finally:
            self._segment = None
            if self._sealing is not None:
                self._sealing.join()
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _resume(self) -> tuple[int, str, int]:
        """Last row, its chain and time; the segment of the last day is opened if unsealed,
        and earlier ones that a killed process left unsealed are sealed."""
        clear_leftovers(self.directory, self.worker, self._signer)
        days = layout.segments(self.directory, self.worker)
        self._last_head = last_signed(days)
        made = [day for day in days if day.seal.exists() or day.database.exists()]
        found = [day for day in made if not _is_empty(day)]
        self._require_signed(found)
        last = found[-1] if found else None
        self._seal_beside([day for day in made[:-1] if day.state == "open" and day != last])
        if last is None:
            return 0, NO_CHAIN, 0
        if last.state != "open":
            return _end_of(last)
        before_row, before_chain = _end_of(found[-2])[:2] if len(found) > 1 else (0, NO_CHAIN)
        meta = SegmentMeta(self.worker, last.day, before_row + 1, before_chain)
        self._segment = SegmentWriter(last.database, meta)
        end = self._segment.head
        self._signed_row = self._last_head.row if self._last_head is not None else end.row
        return end.row, end.chain.hex(), end.received_ms

    def _require_signed(self, found: Sequence[layout.Segment]) -> None:
        """Refuse to sign on where an earlier head speaks against it: that would turn a forged
        history into a signed one. What is there stays for `journal verify`."""
        last = self._last_head
        problem = None
        if last is not None and not self._signer.follows(last.key_id):
            problem = f"signed by key {last.key_id}, the key here is {self._signer.key_id}"
        elif last is not None and (_end_of(found[-1])[0] if found else 0) < last.row:
            problem = f"its rows end before row {last.row}, which is signed"
        for segment in found:
            # What cannot be read is no contradiction: `journal verify` says what it is.
            with suppress(Unavailable, BadInput):
                if problem is None and segment.state == "open":
                    problem = _contradiction(segment)
        if problem is not None:
            raise ConfigError(
                f"journal {self._folder}: {problem}; see `coldwitness journal verify`. Restore the"
                " files (or the key) from the backup, or keep the folder as it is and go on under"
                " another journal.worker (with another key: another journal.directory)"
            )

    def _last_ms(self) -> int:
        return self._segment.head.received_ms if self._segment is not None else 0

    def _write(self, day: str, messages: Sequence[Message], *, note: bool = False) -> None:
        segment = self._segment
        if segment is not None and day > segment.meta.day:
            self._roll(segment)
            segment = None
        if segment is None:
            meta = SegmentMeta(self.worker, day, self._last_row + 1, self._chain)
            path = layout.Segment(self.worker, day, self._folder).database
            segment = SegmentWriter(path, meta)
            try:
                # The first head stands before the first row: rows without one are never honest.
                self._sign_head(segment)
            except Unavailable:
                segment.close()
                raise
            self._segment = segment
        segment.append(messages, note=note)
        self._last_row, self._chain = segment.head.row, segment.head.chain.hex()

    def _note_clock_steps(self) -> None:
        while self._steps:
            step = self._steps[0]
            payload = msgspec.json.encode(
                {
                    "wall_ms": step.wall_ms,
                    "expected_ms": step.expected_ms,
                    "issued_ms": step.issued_ms,
                    "step_ms": step.step_ms,
                }
            )
            message = Message(
                f"{NOTE_TOPIC_PREFIX}clock", payload, max(step.issued_ms, self._last_ms()), qos=0
            )
            self._write(utc_day(message.received_ms), [message], note=True)
            del self._steps[0]

    def _roll(self, segment: SegmentWriter) -> None:
        """Close a day and seal it beside the next one, which must not wait for it."""
        if segment.head.row > self._signed_row:
            self._sign_head(segment)
        segment.close()
        self._segment = None
        self._seal_beside([layout.Segment(self.worker, segment.meta.day, self._folder)])

    def _seal_beside(self, finished: Sequence[layout.Segment]) -> None:
        if finished:
            self._sealing = threading.Thread(
                target=_seal,
                args=(finished, self._signer, self._sealing),
                name="journal-seal",
                daemon=True,
            )
            self._sealing.start()

    def _sign_head(self, segment: SegmentWriter) -> None:
        time_ms = max(self.clock.now_ms(), segment.head.received_ms)
        head = sign_head(
            segment.meta,
            segment.head,
            tally=segment.keep_tally(),
            time_ms=time_ms,
            signer=self._signer,
            after=self._last_head,
        )
        add_head(layout.Segment(self.worker, segment.meta.day, self._folder).heads, head)
        self._last_head = head
        self._head_log.add(head)
        self._signed_row = segment.head.row
        self._signed_at_s = time.monotonic()


def _contradiction(segment: layout.Segment) -> str | None:
    """What the signed heads of an open day say against its rows."""
    meta, head = read_head(segment.database)
    heads, _ = read_heads(segment.heads)
    if not heads and head.row >= meta.first_row:
        return f"no signed head of {segment.day}, though it has rows"
    chains = chains_at(segment.database, [signed.row for signed in heads])
    chains[meta.first_row - 1] = meta.seed()
    for signed in heads:
        if chains.get(signed.row, b"").hex() != signed.chain:
            return f"row {signed.row} of {segment.day} is not the one that was signed"
    return None


def last_signed(days: Sequence[layout.Segment]) -> SignedHead | None:
    """The head that was signed last; of years of days only the newest that has one is read."""
    for day in reversed(days):
        heads, _ = read_heads(day.heads)
        if heads:
            return heads[-1]
    return None


def _is_empty(segment: layout.Segment) -> bool:
    """A day that a killed process had made and written nothing to."""
    if segment.state != "open":
        return False
    try:
        meta, head = read_head(segment.database)
    except (Unavailable, BadInput):
        return False
    return head.row < meta.first_row


def _end_of(segment: layout.Segment) -> tuple[int, str, int]:
    if segment.seal.exists():
        seal = read_seal(segment.seal)
        return seal.last_row, seal.chain, seal.last_received_ms
    head = read_head(segment.database)[1]
    return head.row, head.chain.hex(), head.received_ms


def _seal(
    segments: Sequence[layout.Segment], signer: Signer, before: threading.Thread | None
) -> None:
    """Seal one after the other, when the sealing `before` is done.

    A day that cannot be sealed now (disk full, damaged) stays as it is: it is readable, the
    next start tries again, and `journal verify` says what is wrong with it."""
    if before is not None:
        before.join()
    for segment in segments:
        with suppress(Unavailable, BadInput):
            seal_segment(segment, signer)
