"""Which rows a package has to hold to be complete, and the signed tallies that show it.

Nothing is packed where the rows are not those that were counted: somebody took one away.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from coldwitness.api.reports.made.model import Evidenced
from coldwitness.api.reports.packed.completeness import Completeness, DayTally, Placed, names_of
from coldwitness.api.reports.packed.witnessed import witnessed_of
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import JournalReader, Row, SignedHead, layout, row_bytes
from coldwitness.storage.journal.heads import read_heads
from coldwitness.storage.journal.merkle import consistency_proof, leaf_hash
from coldwitness.storage.journal.signed_tallies import signed_tally
from coldwitness.storage.journal.tally import Tallied, place, row_names, tallied


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    segment: layout.Segment
    first: SignedHead
    head: SignedHead
    counted: bool
    entries: list[Tallied] = []


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """rows : numbers by worker, of all rows that have one of `names` on the days."""

    names: frozenset[bytes]
    first_day: str
    last_day: str
    rows: dict[str, list[int]]
    shown: dict[str, list[_Shown]]

    def open_days(self, worker: str, also: set[int]) -> dict[str, int]:
        """Open days -> the row of the head that counts them, where none of `also` came after it: in
        the head's own tree their rows are proved at once."""
        return {
            one.segment.day: one.head.row
            for one in self.shown[worker]
            if one.segment.state == "open" and max(also, default=0) <= one.head.row
        }


def select(
    report: Evidenced,
    reader: JournalReader,
    carrying: Mapping[str, Sequence[int]],
    *,
    first_day: str,
    last_day: str,
) -> Selection | None:
    """All rows of the report's names, counted by signed tallies; None where no day of these has a
    tally. carrying : rows by worker that the report's readings were found in.

    Raises BadInput (`record_altered`) where the rows are not those that were counted.
    """
    shown = {worker: _shown(reader, worker, first_day, last_day) for worker in reader.workers()}
    within = [
        one for days in shown.values() for one in days if first_day <= one.segment.day <= last_day
    ]
    untallied = [one.segment.day for one in within if not one.counted]
    days_with = [one.segment.day for one in within if one.segment.day > max(untallied, default="")]
    if not days_with:
        return None
    first_day = max(first_day, min(days_with)) if untallied else first_day
    own = [row for worker, rows in carrying.items() for row in reader.rows_at(worker, rows)]
    names = names_of(report, own)
    while True:
        found = {
            worker: [
                row
                for one in days
                if first_day <= one.segment.day <= last_day
                for row in _naming(reader, one, names)
            ]
            for worker, days in shown.items()
        }
        more = names_of(report, [*own, *(row for rows in found.values() for row in rows)])
        if more <= names:
            break
        names |= more
    for worker, days in shown.items():
        for one in days:
            if first_day <= one.segment.day <= last_day:
                rows = [row for row in found[worker] if _within(row, one)]
                _require_counted(one, names, rows)
    return Selection(
        names=frozenset(names),
        first_day=first_day,
        last_day=last_day,
        rows={worker: [row.row for row in rows] for worker, rows in found.items() if rows},
        shown=shown,
    )


def completeness(
    selection: Selection, reader: JournalReader, sizes: Mapping[tuple[str, str], int]
) -> Completeness:
    """sizes : by worker and day the size of the day's tree that the package's rows lead to."""
    tallies = []
    for worker, days in selection.shown.items():
        for one in days:
            day, size = one.segment.day, one.head.row - one.first.row
            inside = selection.first_day <= day <= selection.last_day
            shown_size = sizes.get((worker, day), size)
            proof: list[bytes] = []
            if inside and shown_size != size and size:
                rows = reader.read_days(worker, first=day, last=day)
                leaves = [leaf_hash(row_bytes(row)) for row in rows][:shown_size]
                proof = consistency_proof(leaves, size)
            tallies.append(
                DayTally(
                    worker=worker,
                    day=day,
                    first=one.first,
                    head=one.head,
                    consistency=tuple(node.hex() for node in proof),
                    entries=_placed(one.entries, selection.names) if inside else (),
                    witnessed=(inside and witnessed_of(one.segment, one.head)) or msgspec.UNSET,
                )
            )
    return Completeness(
        first_day=selection.first_day, last_day=selection.last_day, tallies=tuple(tallies)
    )


def _shown(reader: JournalReader, worker: str, first_day: str, last_day: str) -> list[_Shown]:
    """The worker's days that have heads, from that before the first to that after the last."""
    days: list[_Shown] = []
    for segment in reader.segments(worker):
        within = first_day <= segment.day <= last_day
        found = _heads_of(reader, segment, within=within)
        if found is not None and segment.day < first_day:
            days = [found]
        elif found is not None:
            days.append(found)
        if segment.day > last_day:
            break
    return days


def _heads_of(reader: JournalReader, segment: layout.Segment, *, within: bool) -> _Shown | None:
    """None for a day whose heads have no numbers, as they were before 2026-11-29."""
    heads = [head for head in read_heads(segment.heads)[0] if head.count()]
    if not heads:
        return None
    last = heads[-1]
    untold = not last.has_tally or segment.state == "retired"
    if not within or untold:
        return _Shown(segment=segment, first=heads[0], head=last, counted=False)
    entries = signed_tally(reader, segment, last)
    return _Shown(segment=segment, first=heads[0], head=last, counted=True, entries=entries)


def _naming(reader: JournalReader, shown: _Shown, names: set[bytes]) -> Iterator[Row]:
    """Rows of the day up to its head that have one of the names."""
    day = shown.segment.day
    for row in reader.read_days(shown.segment.worker, first=day, last=day):
        if row.row > shown.head.row:
            return
        if not names.isdisjoint(row_names(row)):
            yield row


def _require_counted(shown: _Shown, names: Iterable[bytes], rows: Sequence[Row]) -> None:
    counted = {one.name: one for one in shown.entries}
    named = [(set(row_names(row)), leaf_hash(row_bytes(row))) for row in rows]
    for name in sorted(names):
        leaves = [leaf for of_row, leaf in named if name in of_row]
        expected = counted.get(name)
        if (expected is None and leaves) or (
            expected is not None and expected != tallied(name, leaves)
        ):
            where = f"{shown.segment.worker} {shown.segment.day}"
            raise BadInput(
                f"record_altered: the journal's rows of {where} that name"
                f" {name.decode('utf-8', 'replace')!r} are not those that were signed; nothing is"
                " signed. See `coldwitness journal verify`"
            )


def _placed(entries: Sequence[Tallied], names: Iterable[bytes]) -> tuple[Placed, ...]:
    found = {one.index: one for group in place(entries, names).values() for one in group}
    return tuple(
        Placed(
            entry=base64.b64encode(found[index].tallied.entry()).decode("ascii"),
            index=index,
            path=tuple(node.hex() for node in found[index].path),
        )
        for index in sorted(found)
    )


def _within(row: Row, shown: _Shown) -> bool:
    return shown.first.row < row.row <= shown.head.row
