"""What of a message a package hands out: without the values that no reading needs, where its row
holds its parts fast one by one."""

from collections.abc import Collection, Sequence

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Event, Reading, event_without_words
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Row
from coldwitness.storage.journal.commitment import part_lengths
from coldwitness.storage.journal.rows import kept_bytes, parse_row, withheld_bytes
from coldwitness.storage.journal.tally import row_names

_Meant = tuple[Sequence[Reading], Sequence[Event], Sequence[bytes]] | str


def handed_out(row: Row, routes: Routes) -> bytes:
    """The row's kept bytes, with digests for values without which the same is read of it.

    Every second part of a message in parts is such a value; what an event says of persons is in no
    package, so it is not needed either.
    """
    values = range(0)
    if row.salt and row.withheld is None and not row.note:
        values = range(1, len(part_lengths(row.salt)) + 1, 2)
    if not values:
        return kept_bytes(row)
    meant = _meant(row, routes)
    hidden = set(values)
    if not _same(row, hidden, routes, meant):
        hidden = {one for one in values if _same(row, {one}, routes, meant)}
        if not _same(row, hidden, routes, meant):
            hidden = set()
    return withheld_bytes(row, hidden) if hidden else kept_bytes(row)


def _same(row: Row, hidden: Collection[int], routes: Routes, meant: _Meant) -> bool:
    return _meant(parse_row(withheld_bytes(row, hidden)), routes) == meant


def _meant(row: Row, routes: Routes) -> _Meant:
    try:
        decoded = routes.decode(row)
    except BadMessage as error:
        return error.reason
    events = [event_without_words(event) for event in decoded.events]
    return tuple(decoded.readings), events, row_names(row)
