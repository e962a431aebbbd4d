"""Does a journal still say what was written? Every row, chain, tree, signature and link.

A problem names file and row. Where one row was edited the chain is taken up again from its
stored value, so each edit is reported once and the rows after it are still checked.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import layout
from coldwitness.storage.journal.heads import SignedHead, breaks_in, read_heads
from coldwitness.storage.journal.key_history import LogKeys, keys_of_log
from coldwitness.storage.journal.merkle import EMPTY_ROOT, Frontier, leaf_hash
from coldwitness.storage.journal.readable_rows import FoundRow, open_rows, sealed_rows
from coldwitness.storage.journal.removal import Removals, read_removals, told_of
from coldwitness.storage.journal.rows import Row, row_bytes
from coldwitness.storage.journal.sealed import Seal, read_seal
from coldwitness.storage.journal.segment import connect_reader
from coldwitness.storage.journal.segment_meta import NO_CHAIN, SegmentMeta, parse_meta
from coldwitness.storage.journal.tally import Tally, row_names

ProblemKind = Literal[
    "edited",
    "missing",
    "removed",
    "unreadable",
    "truncated",
    "time",
    "head",
    "tally",
    "seal",
    "signature",
    "link",
]


@dataclass(frozen=True)
class Problem:
    """Something a journal should not show. row: the (first) row concerned, None for the file."""

    kind: ProblemKind
    file: str
    row: int | None
    text: str


@dataclass
class SegmentReport:
    """What verification of one segment found. chain: hex of the last row's chain as computed.

    proved_row : up to here the rows are those that were signed, 0 where none is proved.
    heads : signed heads of the day that hold, outside ones not among them. removed : rows whose
    message is not there any more.
    """

    segment: layout.Segment
    rows: int = 0
    first_row: int = 0
    last_row: int = 0
    first_received_ms: int = 0
    last_received_ms: int = 0
    previous_chain: str = NO_CHAIN
    chain: str = NO_CHAIN
    merkle_root: str = ""
    proved_row: int = 0
    heads: list[SignedHead] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    def add(self, kind: ProblemKind, row: int | None, text: str, *, file: Path) -> None:
        place = f"{file}: row {row}" if row is not None else str(file)
        self.problems.append(Problem(kind, str(file), row, f"{place}: {text}"))


def verify_journal(
    directory: Path,
    *,
    public: Ed25519PublicKey | None,
    outside: Sequence[SignedHead] = (),
) -> list[SegmentReport]:
    """Verify every segment of every worker, the links between days and those between heads.

    public : key that signatures are checked against, and with it those before and after it by the
    history of keys; None checks everything but signatures.
    outside : signed heads that somebody else kept: the rows must still be those that they sign.
    """
    keys = None if public is None else keys_of_log(directory, public)
    reports = []
    days = {
        (segment.worker, segment.day): segment
        for worker in layout.workers(directory)
        for segment in layout.segments(directory, worker)
    }
    for head in outside:
        known = layout.Segment(head.worker, head.day, layout.worker_folder(directory, head.worker))
        days.setdefault((head.worker, head.day), known)
    for worker in sorted({worker for worker, _ in days}):
        chain, row = NO_CHAIN, 0
        of_worker: list[SegmentReport] = []
        for segment in (days[key] for key in sorted(days) if key[0] == worker):
            kept = [h for h in outside if (h.worker, h.day) == (worker, segment.day)]
            report = verify_segment(segment, keys=keys, outside=kept)
            of_worker.append(report)
            if report.first_row == 0:
                if not kept and all(head.row <= row for head in report.heads):
                    # Killed before the day's first row: its first head signs the day before.
                    report.problems = [p for p in report.problems if p.kind != "missing"]
                continue
            if report.first_row != row + 1 or report.previous_chain != chain:
                report.add(
                    "link",
                    report.first_row,
                    f"does not continue the worker's row {row}: a day before it is missing or"
                    " was exchanged",
                    file=segment.rows if segment.seal.exists() else segment.database,
                )
            if report.last_row >= report.first_row:
                chain, row = report.chain, report.last_row
        reports += of_worker
        _follow_heads(of_worker, keys)
    return reports


def _follow_heads(reports: Sequence[SegmentReport], keys: LogKeys | None) -> None:
    """Say where a head of a worker's days is missing, twice there, not the next one, or signed by a
    key that another one had followed by then."""
    of_day = {report.segment.day: report for report in reports}
    heads = [head for report in reports for head in report.heads]
    for head, text in breaks_in(heads):
        report = of_day[head.day]
        report.add("head", head.row, text, file=report.segment.heads)
    for before, head in pairwise(heads if keys is not None else []):
        if keys is not None and keys.place(head.key_id) < keys.place(before.key_id):
            report = of_day[head.day]
            text = f"signed by key {head.key_id}, which {before.key_id} had followed"
            report.add("signature", head.row, text, file=report.segment.heads)


def _signed(one: SignedHead | Seal, keys: LogKeys) -> bool:
    key = keys.of(one.key_id)
    return key is not None and one.holds(key)


def verify_segment(
    segment: layout.Segment,
    *,
    keys: LogKeys | None,
    outside: Sequence[SignedHead] = (),
) -> SegmentReport:
    """Verify one worker's day."""
    report = SegmentReport(segment)
    # Read before the rows: a writer that goes on may sign rows that we do not see any more.
    report.heads = _heads(segment, report, keys)
    heads = [*report.heads, *_kept_elsewhere(outside, report, keys)]
    heads.sort(key=lambda head: head.row)
    if segment.seal.exists():
        _verify_sealed(segment, report, keys, heads)
    elif segment.database.exists():
        _verify_open(segment, report, heads)
    else:
        report.add("missing", None, "the day's rows and seal are gone", file=segment.database)
    return report


def _verify_sealed(
    segment: layout.Segment,
    report: SegmentReport,
    keys: LogKeys | None,
    heads: list[SignedHead],
) -> None:
    try:
        seal = read_seal(segment.seal)
    except BadInput as error:
        report.problems.append(Problem("seal", str(segment.seal), None, str(error)))
        return
    if keys is not None and not _signed(seal, keys):
        report.add("signature", None, "the seal's signature does not hold", file=segment.seal)
    report.first_row, report.last_row = seal.segment.first_row, seal.last_row
    report.previous_chain, report.chain = seal.segment.previous_chain, seal.chain
    report.last_received_ms = seal.last_received_ms
    if segment.state == "retired":
        return  # deleted by retention: the seal alone carries the link on
    _walk(report, seal.segment, sealed_rows(segment, seal), heads, segment.rows)
    if report.last_row != seal.last_row:
        report.add(
            "truncated",
            report.last_row,
            f"rows end here, sealed up to {seal.last_row}",
            file=segment.rows,
        )
    elif report.merkle_root != seal.merkle_root or report.chain != seal.chain:
        report.add(
            "seal",
            None,
            "rows are not those that were sealed (tree root differs)",
            file=segment.rows,
        )
    else:
        report.proved_row = seal.last_row
    report.last_row, report.chain = seal.last_row, seal.chain


def _verify_open(segment: layout.Segment, report: SegmentReport, heads: list[SignedHead]) -> None:
    file = segment.database
    try:
        with closing(connect_reader(file)) as connection:
            # One transaction: rows and head of the same moment while a writer goes on.
            connection.execute("BEGIN")
            head = connection.execute("SELECT row, chain, peaks FROM head").fetchone()
            meta_row = connection.execute("SELECT json FROM meta").fetchone()
            if head is None or meta_row is None:
                raise BadInput(f"{file}: no description or head")
            meta = parse_meta(meta_row[0], where=str(file))
            report.first_row, report.previous_chain = meta.first_row, meta.previous_chain
            if not heads and head[0] >= meta.first_row:
                report.add(
                    "head",
                    meta.first_row,
                    "no signed head of this day: nothing vouches for its rows",
                    file=segment.heads,
                )
            _walk(report, meta, open_rows(connection, meta, head[0]), heads, file)
            _compare_head(report, head, file)
    except (sqlite3.Error, BadInput) as error:
        report.add("unreadable", report.last_row or None, str(error), file=file)


def _compare_head(report: SegmentReport, head: tuple[int, bytes, bytes], file: Path) -> None:
    row, chain, _ = head
    if report.last_row < row:
        report.add("truncated", report.last_row, f"rows end here, head says {row}", file=file)
    elif report.last_row > row or report.chain != chain.hex():
        report.add("head", report.last_row, "the head is not that of the rows", file=file)


def _heads(
    segment: layout.Segment, report: SegmentReport, keys: LogKeys | None
) -> list[SignedHead]:
    heads, unreadable = read_heads(segment.heads)
    for line in unreadable:
        report.add("head", None, f"line {line} is no signed head", file=segment.heads)
    good = []
    for head in heads:
        if (head.worker, head.day) != (segment.worker, segment.day):
            report.add("head", head.row, "signed for another worker or day", file=segment.heads)
        elif keys is not None and not _signed(head, keys):
            report.add("signature", head.row, "signature does not hold", file=segment.heads)
        else:
            good.append(head)
    return good


def _kept_elsewhere(
    outside: Sequence[SignedHead], report: SegmentReport, keys: LogKeys | None
) -> Iterator[SignedHead]:
    for head in outside:
        if keys is not None and not _signed(head, keys):
            text = "a head kept elsewhere was not signed by this key"
            report.add("signature", head.row, text, file=report.segment.heads)
        else:
            yield head


def _walk(
    report: SegmentReport,
    meta: SegmentMeta,
    rows: Iterator[FoundRow],
    heads: list[SignedHead],
    file: Path,
) -> None:
    """Follow chain and tree over the rows, and compare them with the signed heads passed."""
    chain: bytes | None = meta.seed()
    expected, time_ms = meta.first_row, 0
    frontier, pending, good_until = Frontier(), list(heads), meta.first_row - 1
    tally = _SignedTally(heads, _removals(report))
    whole = True
    while pending and pending[0].row < meta.first_row:
        head = pending.pop(0)
        start = (meta.first_row - 1, meta.seed().hex(), EMPTY_ROOT.hex())
        if (head.row, head.chain, head.merkle_root) != start:
            text = "the day does not begin as it was signed"
            report.add("head", meta.first_row, text, file=file)
    for found in rows:
        if found.row != expected and found.whole is not None:
            whole = False
            report.add("missing", expected, f"missing up to row {found.row - 1}", file=file)
        if found.whole is None:
            whole = False
            report.add("unreadable", expected, found.text, file=file)
        else:
            leaf = leaf_hash(row_bytes(found.whole))
            chained = chain is None or sha256(chain + leaf).digest() == found.chain
            if not chained and found.row == expected:
                report.add("edited", found.row, "is not the row that was chained", file=file)
            if found.whole.received_ms < time_ms:
                report.add("time", found.row, "received before the row above it", file=file)
            frontier.push(leaf)
            tally.add(found.whole, leaf)
            time_ms = found.whole.received_ms
            report.first_received_ms = report.first_received_ms or time_ms
            report.rows += 1
        expected = found.row + 1
        chain = found.chain if found.whole is not None else None
        while pending and pending[0].row <= found.row:
            head = pending.pop(0)
            if whole and (
                head.row != found.row
                or head.chain != found.chain.hex()
                or head.merkle_root != frontier.root().hex()
            ):
                text = f"rows {good_until + 1} to {head.row} are not those that were signed"
                report.add("head", head.row, text, file=file)
            elif whole:
                good_until = report.proved_row = head.row
    tally.compare(report, file)
    report.removed = tally.removed
    report.last_row, report.last_received_ms = expected - 1, time_ms
    report.chain = chain.hex() if chain is not None else NO_CHAIN
    report.merkle_root = frontier.root().hex()
    if pending:
        report.add(
            "truncated",
            expected - 1,
            f"rows end here, signed up to row {pending[-1].row}",
            file=file,
        )


def _removals(report: SegmentReport) -> Removals:
    try:
        return read_removals(report.segment.removed)
    except BadInput as error:
        report.add("unreadable", None, str(error), file=report.segment.removed)
        return {}


class _SignedTally:
    """The tally of a day worked out again, up to the last head that signed one: one a day, for a
    tally is as long as its day. upto : that head's row."""

    def __init__(self, heads: Sequence[SignedHead], removals: Removals) -> None:
        self.removed: list[int] = []
        self._removals = removals
        signed = [one for one in heads if one.tally_root is not msgspec.UNSET]
        self._head = signed[-1] if signed else None
        self._tally = Tally()
        self.upto = self._head.row if self._head is not None else 0

    def add(self, row: Row, leaf: bytes) -> None:
        if row.removed:
            self.removed.append(row.row)
        if row.row <= self.upto:
            (told,) = told_of([row], self._removals)
            self._tally.add(row_names(told), leaf)

    def compare(self, report: SegmentReport, file: Path) -> None:
        """Only where the rows are those that were signed: else that has been said."""
        head = self._head
        if head is None or report.proved_row < head.row:
            return
        made = self._tally.head()
        if (head.tally_size, head.tally_root) != (made.size, made.root.hex()):
            report.add("tally", head.row, "the signed tally is not that of the rows", file=file)
