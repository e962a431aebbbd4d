"""A table of an office, entered into one of its registers: all of it, or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from coldwitness.domain.errors import BadInput
from coldwitness.domain.office import RegisterEntry
from coldwitness.ingest.files.office_tables import read_office_table, typed
from coldwitness.ingest.office_entries import checked_entry
from coldwitness.storage.office_ports import Office


@dataclass(frozen=True)
class Imported:
    """How many entries are new, changed, or stayed. ignored : titles that are no field.
    touched : shipments that the entries bear on, or bore on before."""

    new: int
    changed: int
    same: int
    ignored: tuple[str, ...]
    touched: frozenset[str]


def enter_table(
    office: Office,
    file: Path,
    kind: type[RegisterEntry],
    *,
    classes: Iterable[str],
    by: str,
    now_ms: int,
    called: str | None = None,
) -> Imported:
    """Enter a table: what has no column stays, the same again changes nothing.

    classes : the storage classes there are. called : the file, as whoever brings it calls it.
    Raises BadInput naming row and field of the first mistake; then nothing was entered.
    """
    called = called or str(file)
    table = read_office_table(file, kind, called=called)
    known = office.newest(kind, [one.name for one in table.entries])
    labels = tuple(classes)
    told: list[tuple[str, RegisterEntry]] = []
    for one in table.entries:
        try:
            body = typed(one.over(known.get(one.name)), kind)
            told.append((one.name, checked_entry(body, kind, name=one.name, classes=labels)))
        except (BadInput, msgspec.ValidationError) as error:
            raise BadInput(f"{called}, row {one.row} ({one.name[:80]}): {error}") from error
    differing = [(name, entry) for name, entry in told if known.get(name) != entry]
    office.put_all(differing, by=by, now_ms=now_ms)
    before = [(name, known[name]) for name, _ in differing if name in known]
    touched = office.affected([*differing, *before])
    return Imported(
        new=len(differing) - len(before),
        changed=len(before),
        same=len(told) - len(differing),
        ignored=table.ignored,
        touched=frozenset(touched),
    )
