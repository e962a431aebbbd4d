"""What is kept in the place of messages that an order removed: a list beside the day.

The order itself is a row of the journal; the list says the same again, so that whoever reads the
day need not look for it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal.rows import Removal, Row

Removals = dict[int, Removal]
"""By row."""


def read_removals(path: Path) -> Removals:
    """Of the list at `path`; nothing where there is none. Raises BadInput, Unavailable."""
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
        found = [msgspec.json.decode(line, type=Removal) for line in lines]
    except OSError as error:
        raise Unavailable(f"journal {path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path}: no list of removed messages: {error}") from error
    return {one.row: one for one in found}


def told_of(rows: Iterable[Row], removals: Removals) -> Iterator[Row]:
    """The rows, each removed one with what is kept in its place."""
    if not removals:
        yield from rows
        return
    for row in rows:
        told = removals.get(row.row) if row.removed else None
        yield row if told is None else msgspec.structs.replace(row, removal=told)
