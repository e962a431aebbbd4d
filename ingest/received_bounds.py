"""How much is received of one shipment: what comes beyond it stays in the journal alone.

A shipment is judged in one piece, whatever was sent of it, so what is stored of it is bounded. Of
each courier by itself: who fills up another's shipment takes no reading of its own courier away.
Readings that name no shipment are counted by their box and the day they tell. The message that
reaches a bound is stored whole; of later ones nothing is, and their sender is told. From which row
on is kept, so that whoever makes the stores again leaves out the same. Small counts are forgotten
at an end: a made-up name costs nothing here.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
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


class ReceivedBounds:
    """Of one worker, for one thread. Rows of one sender come in their order; where some come again
    after a failure, they are not counted twice."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._counts: OrderedDict[ReceivedKey, _Count] = OrderedDict()
        self._changed: set[ReceivedKey] = set()

    def keep_within(self, decoded: DecodedRows, *, in_order: bool = False) -> None:
        """Take out what is beyond, and list it among what was refused. in_order : no row between
        the first and the last of these comes later. Raises Unavailable."""
        places = self._within(decoded, decoded.readings, decoded.readings_rows, in_order)
        if len(places) < len(decoded.readings):
            decoded.keep_readings(places)
        places = self._within(decoded, decoded.events, decoded.events_rows, in_order)
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
        self,
        decoded: DecodedRows,
        said: Sequence[Reading | Event],
        rows: Sequence[Row],
        in_order: bool,
    ) -> Sequence[int]:
        """Places of those that are stored."""
        if not said:
            return ()
        came = _came(said)
        self._recall(came)
        first_row, counts = rows[0].row, self._counts
        if not in_order or not all(
            counts[key].takes_all(count, most_of(key), first_row=first_row)
            for key, count in came.items()
        ):
            return self._one_by_one(decoded, said, rows)
        for key, count in came.items():
            one = counts[key]
            one.count += count
            one.last_row = rows[-1].row
            if one.count >= KEPT_FROM:
                self._changed.add(key)
        return range(len(said))

    def _one_by_one(
        self, decoded: DecodedRows, said: Sequence[Reading | Event], rows: Sequence[Row]
    ) -> list[int]:
        places: list[int] = []
        fresh: set[ReceivedKey] = set()
        for place, (one_said, row) in enumerate(zip(said, rows, strict=True)):
            key = key_of(one_said)
            if key is None:
                places.append(place)
                continue
            one = self._counts[key]
            if row.row > one.last_row:
                one.full = one.full or one.count >= most_of(key)
                if one.full:
                    self._changed.add(key)
                    self._list(decoded, key, row, one, logger=one_said.logger)
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
    (key,) = _came((said,)) or (None,)
    return key


def _came(said: Sequence[Reading | Event]) -> dict[ReceivedKey, int]:
    """How many of each key, all of them readings or all events. Every reading passes here."""
    what = "event" if isinstance(said[0], Event) else "reading"
    found: dict[ReceivedKey, int] = {}
    nameless = False
    for (courier, shipment), count in Counter(map(_WHOSE, said)).items():
        if shipment is None:
            nameless = True
        else:
            found[ReceivedKey(what, courier or "", "shipment", shipment, 0)] = count
    if nameless:
        days = _DAY_MS if what == "reading" else _NEVER
        boxes = Counter(
            (one.courier, one.box, one.time_ms // days) for one in said if one.shipment is None
        )
        for (courier, box, day), count in boxes.items():
            if box is not None:
                found[ReceivedKey(what, courier or "", "box", box, max(day, 0))] = count
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
