"""Finding a shipment's rows by the index of the journal, filling it where it is missing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from coldwitness.domain.errors import ColdWitnessError
from coldwitness.ingest.decoded_rows import DecodedRows, decode_rows
from coldwitness.ingest.progress import last_births
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_names import DAY_MS, birth_key, decided_keys, shipment_key
from coldwitness.storage.decided.shards import IMPORTS, deciding_workers
from coldwitness.storage.journal import JournalReader, Row, RowIndex, row_bytes
from coldwitness.storage.journal.merkle import leaf_hash
from coldwitness.storage.journal.row_index import Named
from coldwitness.storage.journal.rows import utc_day
from coldwitness.storage.journal.signed_tallies import SignedTallies
from coldwitness.storage.journal.tally import Tallied, row_names, tallied

DECIDED = "decided"
"""The part of the index about decisions, of all days."""
_FILLED_AT_ONCE = 5000
_BIRTHS_WITHIN_MS = 45 * 86_400_000
"""How long before a row the birth that names its metrics is looked for."""


def index_decoded(index: RowIndex, rows: Sequence[Row], decoded: DecodedRows) -> None:
    """Keep of what these rows, which follow each other, speak. Raises Unavailable."""
    for day, numbers, named in _by_day(rows, decoded):
        index.add(day, named, first=numbers[0], last=numbers[-1])


def index_early(index: RowIndex, rows: Sequence[Row], decoded: DecodedRows) -> None:
    """The same of rows that need not follow each other, and before which some may be missing."""
    for day, _, named in _by_day(rows, decoded):
        index.add_early(day, named)


def _by_day(
    rows: Sequence[Row], decoded: DecodedRows
) -> Iterator[tuple[str, list[int], list[Named]]]:
    named = iter(sorted(decoded.named, key=itemgetter(1)))
    waiting = next(named, None)
    for number, of_day in groupby(rows, key=lambda row: row.received_ms // DAY_MS):
        day, numbers = utc_day(number * DAY_MS), [row.row for row in of_day]
        mine = []
        while waiting is not None and waiting[1] <= numbers[-1]:
            mine.append(waiting)
            waiting = next(named, None)
        yield day, numbers, mine


class RowFinder:
    """Finds rows of all workers by the names of `row_names`.

    routes : makes decoders as ingest has them; one is made for each stretch that nobody indexed.
    tallies : as far as they were looked at before.
    """

    def __init__(
        self,
        directory: Path,
        routes: Callable[[], Routes],
        *,
        future_tolerance_s: float,
        tallies: SignedTallies | None = None,
    ) -> None:
        self._directory = directory
        self._reader = JournalReader(directory)
        self._routes = routes
        self._future_tolerance_s = future_tolerance_s
        # A sealed row costs its whole block: what is asked for again is not read again.
        self._known: defaultdict[str, dict[int, Row]] = defaultdict(dict)
        self._tallies = tallies if tallies is not None else SignedTallies(self._reader)
        self._indexes = {worker: RowIndex(directory, worker) for worker in self._reader.workers()}

    def rows(self, keys: Iterable[int], *, first: str, last: str) -> dict[str, set[int]]:
        """Worker -> its rows of the UTC days from `first` to `last` (of imports: of all days) that
        speak of these. Raises Unavailable, or BadInput where a sealed block is damaged."""
        wanted = list(keys)
        found: dict[str, set[int]] = {}
        for worker, index in self._indexes.items():
            for segment in self._reader.segments(worker):
                # An archive may be brought back years after it was received.
                if worker == IMPORTS or first <= segment.day <= last:
                    there = self._reader.bounds(segment)
                    for part in _uncovered(there, index.covered(segment.day)):
                        self._fill(worker, index, part)
                    found.setdefault(worker, set()).update(index.rows(segment.day, wanted))
        return found

    def complete(
        self, shipment: str, found: dict[str, set[int]], *, first: str, last: str
    ) -> list[str]:
        """Hold the rows that the index gave for a shipment against the tallies that were signed of
        the days from `first` to `last`, and add those that it kept back. Returns the worker and day
        of which the journal's rows themselves are not those that were counted.

        Raises Unavailable, or BadInput where the rows of a day are not those of its tally at all.
        """
        name = b"shipment:" + shipment.encode()
        unlike = []
        for worker, index in self._indexes.items():
            for segment in self._reader.segments(worker):
                if not first <= segment.day <= last:
                    continue
                signed = self._tallies.of(segment, name)
                if signed is None:
                    continue
                there = self._reader.bounds(segment)
                mine = {row for row in found.get(worker, ()) if row in there}
                if _counted(self._read(worker, mine), name, signed[0].row) == signed[1]:
                    continue
                rows = [
                    row
                    for row in self._reader.read_days(worker, first=segment.day, last=segment.day)
                    if name in row_names(row)
                ]
                if _counted(rows, name, signed[0].row) != signed[1]:
                    unlike.append(f"{worker} {segment.day}")
                found.setdefault(worker, set()).update(row.row for row in rows)
                named = [(shipment_key(shipment), row.row) for row in rows]
                index.add(segment.day, named, first=there.start, last=there.stop - 1)
        return unlike

    def decided(self, keys: Iterable[int]) -> dict[str, set[int]]:
        """Worker -> its rows, of all days, that decided something about these. Raises as `rows`."""
        wanted = list(keys)
        found = {}
        for worker in deciding_workers(self._directory):
            index = self._indexes[worker]
            self.index_decided(worker)
            found[worker] = index.rows(DECIDED, wanted)
        return found

    def decisions(self) -> bool:
        """Whether the journal holds any decision, as far as `decided` looked."""
        workers = deciding_workers(self._directory)
        return not all(self._indexes[worker].is_empty(DECIDED) for worker in workers)

    def index_decided(self, worker: str) -> None:
        """Bring the index of a worker's decisions up to its last row."""
        index, after = self._indexes[worker], 0
        covered = index.covered(DECIDED)
        if covered.start <= 1:
            after = max(0, covered.stop - 1)
        following = self._reader.read(worker, after=after)
        for rows in _stretches(following):
            named = [(key, row.row) for row in rows for key in decided_keys(row)]
            index.add(DECIDED, named, first=rows[0].row, last=rows[-1].row)

    def read(self, found: dict[str, set[int]], routes: Routes) -> Iterator[Row]:
        """The rows, a worker after the other in their order; before those of stateful formats come
        the births that name their metrics, of the days they are on."""
        for worker, numbers in found.items():
            rows = self._read(worker, numbers)
            nodes = {routes.birth_node(row.topic) for row in rows if routes.is_stateful} - {None}
            if nodes:
                births = self._births(worker, [birth_key(node) for node in nodes], rows[-1])
                rows = self._read(worker, {*numbers, *births})
            yield from rows

    def _read(self, worker: str, numbers: set[int]) -> list[Row]:
        known = self._known[worker]
        for row in self._reader.rows_at(worker, numbers - known.keys()):
            known[row.row] = row
        return [known[number] for number in sorted(numbers) if number in known]

    def _births(self, worker: str, keys: Sequence[int], last: Row) -> set[int]:
        first = utc_day(max(0, last.received_ms - _BIRTHS_WITHIN_MS))
        found: set[int] = set()
        for segment in self._reader.segments(worker):
            if first <= segment.day <= utc_day(last.received_ms):
                found |= self._indexes[worker].rows(segment.day, keys)
        return found

    def close(self) -> None:
        for index in self._indexes.values():
            index.close()

    def _fill(self, worker: str, index: RowIndex, part: range) -> None:
        routes = self._routes()
        if routes.is_stateful:
            for row in self._reader.rows_at(worker, last_births(self._directory, worker)):
                _see_birth(routes, row)
        following = self._reader.read(worker, after=part.start - 1, limit=len(part))
        for rows in _stretches(following):
            decoded = decode_rows(rows, routes, future_tolerance_s=self._future_tolerance_s)
            index_decoded(index, rows, decoded)


def _counted(rows: Iterable[Row], name: bytes, upto: int) -> Tallied | None:
    """The entry of a name by its rows up to one of them; None without any."""
    leaves = [
        leaf_hash(row_bytes(row)) for row in rows if row.row <= upto and name in row_names(row)
    ]
    return tallied(name, leaves) if leaves else None


def _see_birth(routes: Routes, row: Row) -> None:
    try:
        routes.decode(row)
    except ColdWitnessError:
        return


def _stretches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    stretch: list[Row] = []
    for row in rows:
        stretch.append(row)
        if len(stretch) == _FILLED_AT_ONCE:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _uncovered(there: range, covered: range) -> list[range]:
    """Rows of a day that nobody looked at: before those that somebody did, and after them."""
    if not there:
        return []
    if not covered:
        return [there]
    before = range(there.start, min(covered.start, there.stop))
    after = range(max(covered.stop, there.start), there.stop)
    return [part for part in (before, after) if part]
