"""Orders to take a message away: journalled first, then carried out, and held against the rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from coldwitness.domain.errors import BadInput
from coldwitness.storage.decided.comparing import decided_rows, rows_now
from coldwitness.storage.decided.log import DecisionLog
from coldwitness.storage.decisions import (
    AttachmentAdded,
    ClueStatusSet,
    DrugNameSet,
    EntryPut,
    ManifestPut,
    Redacted,
    ReviewAdded,
    Subject,
    decision_of,
    subject_of,
)
from coldwitness.storage.journal import JournalReader, Row, SegmentReport, Signer, layout
from coldwitness.storage.journal.locking import one_at_a_time
from coldwitness.storage.journal.removing import remove
from coldwitness.storage.journal.rows import Removal

Place = tuple[str, int]
"""Worker and row."""
_REMOVABLE = (ManifestPut, ReviewAdded, EntryPut, ClueStatusSet, AttachmentAdded, DrugNameSet)


def orders(directory: Path) -> dict[Place, tuple[Place, Redacted]]:
    """Of each row that was ordered to be removed the first order and its place. Raises Unavailable,
    BadInput."""
    found: dict[Place, tuple[Place, Redacted]] = {}
    for row, decision in decided_rows(directory, rows_now(directory)):
        if isinstance(decision, Redacted):
            found.setdefault((decision.worker, decision.row), ((row.worker, row.row), decision))
    return found


def removable(reader: JournalReader, worker: str, number: int) -> tuple[Row, Subject | None]:
    """The row, removed already or not, and what it decided about. Raises BadInput where there is
    none, or where it is one that every other rests on."""
    row = reader.row(worker, number)
    where = f"journal: {worker} row {number}"
    if row.removed:
        return row, None
    if not row.salt:
        raise BadInput(
            f"{where}: holds its message itself, as rows did before 2026-11-30: without it the"
            " proofs of its day would not hold"
        )
    if not row.note:
        return row, None
    decision = decision_of(row)
    if not isinstance(decision, _REMOVABLE):
        raise BadInput(f"{where}: {row.topic}: says nothing of a person and is not removed")
    return row, subject_of(decision)


def kept_by(order: Redacted, place: Place) -> Removal:
    """What an order leaves in the message's place. place : the order's."""
    return Removal(
        row=order.row,
        order=place,
        names=order.names,
        readings=order.readings,
        received_ms=order.received_ms,
        events=order.events,
    )


def is_ordered(reader: JournalReader, row: Row) -> bool:
    """Whether what is kept in the place of a removed message is what its order, a row, says: the
    list beside the day is signed by nobody. Raises Unavailable."""
    removal = row.removal
    if removal is None:
        return False
    try:
        order = decision_of(reader.row(*removal.order))
    except BadInput:
        return False
    if not isinstance(order, Redacted) or (order.worker, order.row) != (row.worker, row.row):
        return False
    return kept_by(order, removal.order) == removal


def redact(
    log: DecisionLog, order: Redacted, signer: Signer, *, forget: Callable[[], None]
) -> Place:
    """Journal the order and carry it out; where one stands already (a process was killed in
    between) that one is carried out. Returns the order's place. Raises Unavailable, BadInput.

    forget : takes from the views what they know of the message, while it can still be read.
    """
    # Two at once would each order it, and each write the day's list and file without the other's.
    with _alone(log.directory):
        before = orders(log.directory).get((order.worker, order.row))
        if before is None:
            place = log.decide(order, lambda: (log.worker, log.last_row))
        else:
            place, order = before
        # Each is kept before the next begins: once the bytes are gone nobody knows what to forget.
        forget()
        _carry_out(log.directory, place, order, signer)
    return place


def finish_removal(directory: Path, worker: str, number: int, signer: Signer) -> Place:
    """Carry out what is left of the order to remove a message that is gone from its row already: a
    process that was killed may have left its bytes in a file of before. Returns the order's place.
    Raises BadInput where no order says so."""
    with _alone(directory):
        standing = orders(directory).get((worker, number))
        if standing is None:
            raise BadInput(
                f"journal: {worker} row {number}: its message is gone and no order says so"
            )
        place, order = standing
        _carry_out(directory, place, order, signer)
    return place


def _alone(directory: Path) -> AbstractContextManager[None]:
    return one_at_a_time(directory / "derived", what="journal")


def _carry_out(directory: Path, place: Place, order: Redacted, signer: Signer) -> None:
    for segment in layout.segments(directory, order.worker):
        if order.row in JournalReader(directory).bounds(segment):
            remove(segment, [kept_by(order, place)], signer)


def unlike_orders(directory: Path, reports: Sequence[SegmentReport]) -> list[str]:
    """Messages that are gone without an order, or whose order says otherwise than what is kept of
    them, and orders that were not carried out, a line each.
    reports : of `verify_journal`."""
    gone = {(one.segment.worker, row) for one in reports for row in one.removed}
    ordered = orders(directory)
    return [
        *(
            f"{worker} row {row}: its message is gone and no order says so"
            for worker, row in sorted(gone - ordered.keys())
        ),
        *(
            f"{worker} row {row}: what is kept in the place of its message is not what"
            f" {place[0]} row {place[1]} orders"
            for (worker, row), (place, order) in sorted(ordered.items())
            if (worker, row) in gone and _kept(directory, worker, row) != kept_by(order, place)
        ),
        *_not_carried_out(ordered, gone, {one.segment.worker for one in reports}),
    ]


def _kept(directory: Path, worker: str, row: int) -> Removal | None:
    try:
        return JournalReader(directory).row(worker, row).removal
    except BadInput:
        return None


def _not_carried_out(
    ordered: Mapping[Place, tuple[Place, Redacted]], gone: set[Place], workers: set[str]
) -> Iterator[str]:
    for (worker, row), (place, _) in sorted(ordered.items()):
        if (worker, row) not in gone and worker in workers:
            yield (
                f"{worker} row {row}: {place[0]} row {place[1]} orders its message to be removed,"
                " and it is there: run `coldwitness journal redact` for it again"
            )
