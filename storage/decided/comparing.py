"""Does the register still hold what the journal's rows decided? And the way back if it does not.

The journal's decisions are folded into one digest a subject, on disk: there may be millions.
"""

import heapq
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from coldwitness.storage.decided.adoption import KEY
from coldwitness.storage.decided.effects import caught_up
from coldwitness.storage.decided.folding import NOTHING, Fold, fold, folded
from coldwitness.storage.decided.shards import chain_of, deciding_workers
from coldwitness.storage.decisions import (
    AttachmentAdded,
    Audited,
    CluesTold,
    Decision,
    DrugNameSet,
    EntryPut,
    Judged,
    Redacted,
    Subject,
    decision_of,
    subject_of,
)
from coldwitness.storage.journal import JournalReader, Row
from coldwitness.storage.journal.attached import attached_bytes
from coldwitness.storage.register import SqlRegister

_ROUNDS = 3
"""Decisions are made meanwhile: what differs is looked at again, so often at most."""


@dataclass(frozen=True)
class Differences:
    """subjects : of which the register does not hold what the journal says. bytes_gone : SHA-256
    of attachments whose bytes are not beside the rows any more. unwritten : lines of the audit
    trail that stand in no row; lost : rows' lines that the trail lacks. decisions : rows that were
    compared; 0 where nothing was ever journalled."""

    decisions: int = 0
    subjects: tuple[Subject, ...] = ()
    bytes_gone: tuple[str, ...] = ()
    unwritten: tuple[Audited, ...] = ()
    lost: tuple[Audited, ...] = ()
    up_to: Mapping[str, int] = field(default_factory=dict)

    @property
    def none(self) -> bool:
        return not (self.subjects or self.unwritten or self.lost)


def decided_rows(directory: Path, up_to: Mapping[str, int]) -> Iterator[tuple[Row, Decision]]:
    """Decisions of all workers in the order in which they were journalled, each worker's up to a
    row."""
    reader = JournalReader(directory)

    def of(worker: str) -> Iterator[tuple[Row, Decision]]:
        for row in reader.read(worker):
            if row.row > up_to[worker]:
                return
            decision = decision_of(row)
            if decision is not None:
                yield row, decision

    return heapq.merge(*map(of, up_to), key=lambda pair: pair[0].received_ms)


def rows_now(directory: Path) -> dict[str, int]:
    """The last row of each worker that decides."""
    reader = JournalReader(directory)
    return {worker: reader.last_row(worker) for worker in deciding_workers(directory)}


def differences(directory: Path, register: SqlRegister) -> Differences:
    """Compare all that was decided. Decisions that are made meanwhile may show as differences.
    Raises Unavailable or BadInput."""
    up_to = rows_now(directory)
    count = 0
    trail: Counter[bytes] = Counter()
    looked_at: set[str] = set()
    gone: set[str] = set()
    untold: set[Subject | None] = set()
    with TemporaryDirectory(prefix="coldwitness-") as folder, _Folds(Path(folder)) as folds:
        for _, decision in decided_rows(directory, up_to):
            count += 1
            digest = _beside(decision)
            if digest is not None and digest not in looked_at:
                looked_at.add(digest)
                if attached_bytes(directory, digest) is None:
                    gone.add(digest)
            subject = subject_of(decision)
            if isinstance(decision, Redacted):
                untold |= {subject} - {None}
            elif subject is not None:
                folds[subject] = fold(folds.get(subject, NOTHING), decision)
            elif isinstance(decision, Audited):
                trail[msgspec.json.encode(decision)] += 1
        if not count:
            return Differences()
        differing = []
        for subject, standing in _by_subject(register):
            if folds.pop(subject, NOTHING).digest != standing.digest:
                differing.append(subject)
        differing += [subject for subject in folds if folds[subject] != NOTHING]
        # Of what a removed row decided nobody can say any more what it was.
        differing = [subject for subject in differing if subject not in untold]
    trail.subtract(msgspec.json.encode(line) for line in register.standing.audit())
    return Differences(
        count,
        tuple(sorted(differing)),
        tuple(sorted(gone)),
        tuple(_lines(-trail)),
        tuple(_lines(trail)),
        up_to,
    )


def _beside(decision: Decision) -> str | None:
    """SHA-256 of the bytes that lie beside the journal for a decision: a file of a shipment, the
    frame of a spot check, the package that answered a request."""
    if isinstance(decision, AttachmentAdded):
        return decision.attachment.sha256
    if isinstance(decision, EntryPut):
        for key in ("frame_sha256", "package_sha256"):
            if isinstance(digest := decision.entry.get(key), str):
                return digest
    return None


def bring_drug_names(directory: Path, register: SqlRegister) -> None:
    """What people said of the names of drugs, before anything is decoded by it. Raises Unavailable
    or BadInput."""
    said: dict[Subject, Decision] = {
        ("drug_name", decision.logger): decision
        for _, decision in decided_rows(directory, rows_now(directory))
        if isinstance(decision, DrugNameSet)
    }
    for subject, decision in said.items():
        if folded(register.standing.about(subject)) != folded([decision]):
            caught_up(decision, register, directory=directory)


def make_again(directory: Path, register: SqlRegister) -> Differences:
    """Bring the register to what the journal says of all that was decided; returns what differed
    at first. An attachment whose bytes are gone here as well stays so. Does nothing where no
    decision was ever journalled. Raises Unavailable or BadInput."""
    found = first = differences(directory, register)
    if not first.decisions:
        return first
    if register.journalled.said(KEY) is None:
        _leave_results(directory, register, first.up_to)
    for _ in range(_ROUNDS):
        if found.none:
            break
        _mend(directory, register, found)
        found = differences(directory, register)
    for worker, row in first.up_to.items():
        chain = chain_of(directory, worker)
        if register.journalled.row_of(chain) < row:
            with register.journalled.advancing(chain, to_row=row):
                register.journalled.say(KEY, "made again from the journal")
    return first


def _leave_results(directory: Path, register: SqlRegister, up_to: Mapping[str, int]) -> None:
    """Let results that will be judged again, and clues that will be found again, have the numbers
    and days that the journal gave them."""
    for _, decision in decided_rows(directory, up_to):
        if isinstance(decision, Judged | CluesTold):
            caught_up(decision, register, directory=directory)


def _mend(directory: Path, register: SqlRegister, found: Differences) -> None:
    told: dict[Subject, list[Decision]] = {subject: [] for subject in found.subjects}
    for _, decision in decided_rows(directory, rows_now(directory)):
        subject = subject_of(decision)
        if subject is not None and subject in told:
            told[subject].append(decision)
    for subject, decisions in told.items():
        with register.database.write():
            register.standing.forget(subject)
            for decision in decisions:
                caught_up(decision, register, directory=directory)
    register.standing.forget_audit(found.unwritten)
    for line in found.lost:
        caught_up(line, register, directory=directory)


def _by_subject(register: SqlRegister) -> Iterator[tuple[Subject, Fold]]:
    for subject, decisions in groupby(register.standing.every(), key=subject_of):
        if subject is not None:
            yield subject, folded(decisions)


def _lines(trail: Counter[bytes]) -> Iterator[Audited]:
    for line in (+trail).elements():
        yield msgspec.json.decode(line, type=Audited)


class _Folds(MutableMapping[Subject, Fold]):
    """Folds by subject in a file that is thrown away."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "folds.sqlite", isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE fold (kind TEXT,"
            " name TEXT, digest BLOB, last BLOB, PRIMARY KEY (kind, name)) WITHOUT ROWID"
        )

    def __getitem__(self, subject: Subject) -> Fold:
        query = "SELECT digest, last FROM fold WHERE kind = ? AND name = ?"
        found = self._connection.execute(query, subject).fetchone()
        if found is None:
            raise KeyError(subject)
        return Fold(*found)

    def __setitem__(self, subject: Subject, its: Fold) -> None:
        self._connection.execute("INSERT OR REPLACE INTO fold VALUES (?,?,?,?)", (*subject, *its))

    def __delitem__(self, subject: Subject) -> None:
        self._connection.execute("DELETE FROM fold WHERE kind = ? AND name = ?", subject)

    def __iter__(self) -> Iterator[Subject]:
        yield from self._connection.execute("SELECT kind, name FROM fold").fetchall()

    def __len__(self) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM fold").fetchone()
        return int(count)

    def __enter__(self) -> "_Folds":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
