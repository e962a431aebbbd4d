"""Messages in a package that an order removed: it stands beside them, or they do not hold."""

from collections.abc import Iterable, Sequence

import msgspec

from coldwitness.domain.errors import BadInput
from coldwitness.storage.decided.redaction import kept_by
from coldwitness.storage.decisions import Redacted, decision_of
from coldwitness.storage.journal import JournalReader, Row

Problem = tuple[str, str]


def orders_of(reader: JournalReader, worker: str, rows: Iterable[int]) -> dict[str, set[int]]:
    """Worker -> rows of the orders by which messages of these rows were removed."""
    found: dict[str, set[int]] = {}
    if any(segment.removed.exists() for segment in reader.segments(worker)):
        for row in reader.rows_at(worker, rows):
            if row.removal is not None:
                at, number = row.removal.order
                found.setdefault(at, set()).add(number)
    return found


def with_orders(rows: Sequence[Row]) -> tuple[list[Row], list[Redacted], list[Problem]]:
    """The rows, each removed one with what its order, which is among them, says was kept of it;
    these orders; and removed rows without one."""
    ordered = {}
    for row in rows:
        said = _order_in(row)
        if said is not None:
            ordered[said.worker, said.row] = (row, said)
    told, used, problems = [], [], []
    for row in rows:
        if not row.removed:
            told.append(row)
        elif (row.worker, row.row) in ordered:
            at, said = ordered[row.worker, row.row]
            removal = kept_by(said, (at.worker, at.row))
            told.append(msgspec.structs.replace(row, removal=removal))
            used.append(said)
        else:
            problems.append(("removed_without_order", f"{row.worker} {row.row}"))
    return told, used, problems


def _order_in(row: Row) -> Redacted | None:
    try:
        decision = decision_of(row)
    except BadInput:
        return None
    return decision if isinstance(decision, Redacted) else None
