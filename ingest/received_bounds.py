"""How much is received of one shipment: what comes beyond it stays in the journal alone.

A shipment is judged in one piece, whatever was sent of it, so what is stored of it is bounded. Of
each courier by itself: who fills up another's shipment takes no reading of its own courier away.
Readings that name no shipment are counted by their box and the day they tell. The message that
reaches a bound is stored whole; of later ones nothing is, and their sender is told. From which row
on is kept, so that whoever makes the stores again leaves out the same. Small counts are forgotten
at an end: a made-up name costs nothing here.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from coldwitness.domain.reading import Event, Reading
from coldwitness.ingest.decoded_rows import DecodedRows
from coldwitness.ingest.progress import Progress, Received, ReceivedKey
from coldwitness.storage.journal import Row

RECEIVED_MAX = 1_500_000
"""Readings of one shipment: 17 days of one a second. Read and judged they take a server 400 MB."""
BOX_DAY_MAX = 500_000
"""Readings of a box that name no shipment, of a day: five loggers with one a second."""
EVENTS_MAX = 1_000
"""Events of one shipment, or of a box that name none. A delivery has some twenty."""
REASON = "shipment_full"
TOLD_EVERY_MS = 60_000
KEPT_FROM = 256
"""Counts from here on are kept on the disk."""
_DAY_MS = 86_400_000
_NEVER = 2**62
_REMEMBERED = 20_000
_WHOSE = attrgetter("courier", "shipment")
_SHIPMENT = attrgetter("shipment")
_Spoken = tuple[str | None, str] | tuple[str | None, None, str | None, int]
"""Courier and shipment; of what names no shipment, its box and day too."""


@dataclass
class _Count:
    """How many came in rows up to `last_row`; full: none is stored of later ones."""

    count: int = 0
    last_row: int = 0
    full: bool = False
    told_ms: int | None = None

    def takes_all(self, came: int, most: int, *, first_row: int) -> bool:
        """Whether so many are new and stay below the bound."""
        return not self.full and first_row > self.last_row and self.count + came <= most


@dataclass(frozen=True)
class _Came:
    """How many of one key came together, in rows from the first to the last of them."""

    count: int
    first_row: int
    last_row: int

    def beside(self, other: "_Came") -> "_Came":
        return _Came(
            self.count + other.count,
            min(self.first_row, other.first_row),
            max(self.last_row, other.last_row),
        )


class ReceivedBounds:
    """Of one worker, for one thread. Rows of one sender come in their order; where some come again
    after a failure, they are not counted twice."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._counts: OrderedDict[ReceivedKey, _Count] = OrderedDict()
        self._changed: set[ReceivedKey] = set()

    def keep_within(self, decoded: DecodedRows) -> None:
        """Take out what is beyond, and list it among what was refused. Raises Unavailable."""
        places = self._within(decoded, decoded.readings, decoded.readings_rows)
        if len(places) < len(decoded.readings):
            decoded.keep_readings(places)
        places = self._within(decoded, decoded.events, decoded.events_rows)
        if len(places) < len(decoded.events):
            decoded.keep_events(places)

    def changed(self) -> list[Received]:
        """What is to be kept of the counts, together with the rows."""
        counts = ((key, self._counts[key]) for key in self._changed)
        return [Received(key, one.count, one.last_row, one.full) for key, one in counts]

    def kept(self) -> None:
        """What was given as changed is on the disk."""
        self._changed.clear()
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)

    def _within(
        self, decoded: DecodedRows, said: Sequence[Reading | Event], rows: Sequence[Row]
    ) -> Sequence[int]:
        """Places of those that are stored."""
        if not said:
            return ()
        spoken = [*_spoken_of(said)]
        keys = {mine: _key(said[0], mine) for mine in dict.fromkeys(spoken)}
        came = _came(keys, spoken, rows)
        self._recall(came)
        near: set[ReceivedKey] = set()
        for key, its in came.items():
            one = self._counts[key]
            if one.takes_all(its.count, most_of(key), first_row=its.first_row):
                one.count += its.count
                one.last_row = its.last_row
                if one.count >= KEPT_FROM:
                    self._changed.add(key)
            else:
                near.add(key)
        if not near:
            return range(len(said))
        looked_at = {mine: key for mine, key in keys.items() if key in near}
        return self._one_by_one(decoded, said, rows, [*map(looked_at.get, spoken)])

    def _one_by_one(
        self,
        decoded: DecodedRows,
        said: Sequence[Reading | Event],
        rows: Sequence[Row],
        keys: Sequence[ReceivedKey | None],
    ) -> list[int]:
        """keys : of each, by what it is counted; None: it is stored, and counted already."""
        places: list[int] = []
        fresh: set[ReceivedKey] = set()
        for place, (key, row) in enumerate(zip(keys, rows, strict=True)):
            if key is None:
                places.append(place)
                continue
            one = self._counts[key]
            if row.row > one.last_row:
                one.full = one.full or one.count >= most_of(key)
                if one.full:
                    self._changed.add(key)
                    self._list(decoded, key, row, one, logger=said[place].logger)
                    continue
                one.last_row = row.row
                fresh.add(key)
            one.count += row.row == one.last_row and key in fresh
            places.append(place)
            if one.count >= KEPT_FROM:
                self._changed.add(key)
        return places

    def _recall(self, keys: Iterable[ReceivedKey]) -> None:
        """Have the counts of all of these in hand."""
        unknown = []
        for key in keys:
            if key in self._counts:
                self._counts.move_to_end(key)
            else:
                unknown.append(key)
        kept = self._progress.received(unknown) if unknown else {}
        for key in unknown:
            known = kept.get(key)
            self._counts[key] = (
                _Count() if known is None else _Count(known.count, known.last_row, known.full)
            )

    @staticmethod
    def _list(
        decoded: DecodedRows, key: ReceivedKey, row: Row, one: _Count, *, logger: str | None
    ) -> None:
        """A line a minute: a flood is one mistake."""
        if one.told_ms is not None and row.received_ms - one.told_ms < TOLD_EVERY_MS:
            return
        one.told_ms = row.received_ms
        decoded.list_beside(
            row, REASON, beyond_text(key), courier=key.courier or None, logger=logger
        )


def key_of(said: Reading | Event) -> ReceivedKey | None:
    """By what it is counted; None for what can belong to no shipment."""
    (mine,) = _spoken_of((said,))
    return _key(said, mine)


def _spoken_of(said: Sequence[Reading | Event]) -> Iterable[_Spoken]:
    """Of each what makes its key. Every reading passes here."""
    if all(map(_SHIPMENT, said)):
        return map(_WHOSE, said)
    days = _NEVER if isinstance(said[0], Event) else _DAY_MS
    return (
        (one.courier, one.shipment)
        if one.shipment is not None
        else (one.courier, None, one.box, one.time_ms // days)
        for one in said
    )


def _key(like: Reading | Event, spoken: _Spoken) -> ReceivedKey | None:
    """like : one of the same kind."""
    what = "event" if isinstance(like, Event) else "reading"
    if len(spoken) == 2:
        courier, shipment = spoken
        return ReceivedKey(what, courier or "", "shipment", shipment, 0)
    courier, _, box, day = spoken
    return None if box is None else ReceivedKey(what, courier or "", "box", box, max(day, 0))


def _came(
    keys: Mapping[_Spoken, ReceivedKey | None], spoken: Sequence[_Spoken], rows: Sequence[Row]
) -> dict[ReceivedKey, _Came]:
    """How many of each key, and in which rows."""
    last = dict(zip(spoken, rows, strict=True))
    first = dict(zip(reversed(spoken), reversed(rows), strict=True))
    found: dict[ReceivedKey, _Came] = {}
    for mine, count in Counter(spoken).items():
        key = keys[mine]
        if key is not None:
            its = _Came(count, first[mine].row, last[mine].row)
            found[key] = its.beside(found[key]) if key in found else its
    return found


def most_of(key: ReceivedKey) -> int:
    """How many are stored."""
    if key.what == "event":
        return EVENTS_MAX
    return RECEIVED_MAX if key.of == "shipment" else BOX_DAY_MAX


def beyond_text(key: ReceivedKey) -> str:
    """What its sender is told, with the bound."""
    of_day = " that name no shipment, of a day" if key.of == "box" and key.what == "reading" else ""
    return (
        f"{key.of} {key.name}: {most_of(key):,} {key.what}s of one courier{of_day} are stored and"
        " judged; what comes beyond them stays in the journal alone"
    )
