"""Which rows speak of what, so that a report need not read its days: a file a worker and part.

It is derived: a file that is missing, or ends before the rows do, is filled by whoever asks. A name
is kept as 64 bits of its digest; two names that fall together only bring a row too many.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.grouped_insert import GroupedInsert

Named = tuple[int, int]
"""Key of a name, and the row that speaks of it."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS named (
    name INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (name, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS covered (
    id INTEGER PRIMARY KEY CHECK (id = 1), first INTEGER NOT NULL, last INTEGER NOT NULL
) STRICT;
"""
_NAME = GroupedInsert("INSERT OR IGNORE INTO named", columns=2)
_PER_QUERY = 500


@lru_cache(maxsize=20_000)
def key_of(kind: str, name: str) -> int:
    """The key of a name among those of its kind."""
    digest = blake2b(f"{kind}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class RowIndex:
    """One worker's. `part` is a UTC day, or a word for rows of all days."""

    def __init__(self, directory: Path, worker: str) -> None:
        """directory : the journal's; files are <directory>/derived/rows/<worker>/<part>.sqlite."""
        self._folder = directory / "derived" / "rows" / worker
        self._open: tuple[str, sqlite3.Connection] | None = None

    def add(self, part: str, named: Iterable[Named], *, first: int, last: int) -> None:
        """Keep what rows `first` to `last` speak of; the same again changes nothing. Raises
        Unavailable."""
        with self._changing(part) as connection:
            _NAME.put(connection, [*chain.from_iterable(named)])
            begun = connection.execute("SELECT first, last FROM covered").fetchone()
            if begun is not None and first <= begun[1] + 1 and last >= begun[0] - 1:
                first, last = min(first, begun[0]), max(last, begun[1])
            connection.execute("INSERT OR REPLACE INTO covered VALUES (1,?,?)", (first, last))

    def add_early(self, part: str, named: Iterable[Named]) -> None:
        """Keep of what some rows speak before those in front of them were looked at. Raises
        Unavailable."""
        with self._changing(part) as connection:
            _NAME.put(connection, [*chain.from_iterable(named)])

    def covered(self, part: str) -> range:
        """The rows that were looked at; empty for none."""
        with self._failures_named(part), self._reading(part) as connection:
            if connection is None:
                return range(0)
            found = connection.execute("SELECT first, last FROM covered").fetchone()
        return range(0) if found is None else range(found[0], found[1] + 1)

    def rows(self, part: str, keys: Sequence[int]) -> set[int]:
        """Rows that speak of one of these, and now and then of another."""
        found: set[int] = set()
        with self._failures_named(part), self._reading(part) as connection:
            if connection is None:
                return found
            for start in range(0, len(keys), _PER_QUERY):
                some = keys[start : start + _PER_QUERY]
                marks = ",".join("?" * len(some))
                query = f"SELECT row FROM named WHERE name IN ({marks})"  # noqa: S608
                found |= {row for (row,) in connection.execute(query, some)}
        return found

    def is_empty(self, part: str) -> bool:
        """Whether no row speaks of anything."""
        with self._failures_named(part), self._reading(part) as connection:
            return (
                connection is None
                or not connection.execute("SELECT EXISTS (SELECT 1 FROM named)").fetchone()[0]
            )

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def _path(self, part: str) -> Path:
        return self._folder / f"{part}.sqlite"

    def _writing(self, part: str) -> sqlite3.Connection:
        """A connection that stays open: rows come to one part for a day."""
        if self._open is None or self._open[0] != part or not self._path(part).exists():
            self.close()
            self._folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._path(part), isolation_level=None, check_same_thread=False
            )
            self._open = (part, connection)
            connection.execute("PRAGMA busy_timeout = 10000")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_SCHEMA)
        return self._open[1]

    @contextmanager
    def _changing(self, part: str) -> Iterator[sqlite3.Connection]:
        """All of it is kept, or nothing."""
        with self._failures_named(part):
            connection = self._writing(part)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self, part: str) -> Iterator[sqlite3.Connection | None]:
        path = self._path(part)
        if not path.exists():
            yield None
            return
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10.0)) as connection:
            yield connection

    @contextmanager
    def _failures_named(self, part: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"row index {self._path(part)}: {error}") from error
