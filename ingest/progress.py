"""How far a worker has brought its journal into the stores, and what it met on the way: what was
refused, how far the loggers' clocks are off, births to see again, names that no mapping knows.
Built again from the journal if it is deleted.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.ingest.clock_offsets import ClockOffset
from coldwitness.ingest.last_seen import LastSeen
from coldwitness.storage.grouped_insert import GroupedInsert

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cursor (id INTEGER PRIMARY KEY CHECK (id = 1), row INTEGER NOT NULL)
    STRICT;
CREATE TABLE IF NOT EXISTS refusal (
    row INTEGER NOT NULL, part INTEGER NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,
    topic TEXT NOT NULL, received_ms INTEGER NOT NULL, courier TEXT, logger TEXT,
    PRIMARY KEY (row, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refusal_reason ON refusal (reason, row);
CREATE TABLE IF NOT EXISTS clock (
    logger TEXT PRIMARY KEY, low_ms INTEGER NOT NULL, high_ms INTEGER NOT NULL,
    messages INTEGER NOT NULL, updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS birth (topic TEXT PRIMARY KEY, row INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS drug_name (logger TEXT PRIMARY KEY, name TEXT NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    courier TEXT NOT NULL, logger TEXT NOT NULL, box TEXT NOT NULL, shipment TEXT,
    time_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, temperature TEXT NOT NULL,
    battery_v REAL, PRIMARY KEY (courier, logger)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
    shipment TEXT NOT NULL, row INTEGER NOT NULL, courier TEXT NOT NULL,
    PRIMARY KEY (shipment, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held_courier ON held (courier, row, shipment);
CREATE TABLE IF NOT EXISTS wanted (shipment TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS received (
    name TEXT NOT NULL, what TEXT NOT NULL, of TEXT NOT NULL, courier TEXT NOT NULL,
    day INTEGER NOT NULL, count INTEGER NOT NULL, last_row INTEGER NOT NULL, full INTEGER NOT NULL,
    PRIMARY KEY (name, what, of, courier, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS left_event (
    row INTEGER NOT NULL, shipment TEXT NOT NULL, PRIMARY KEY (row, shipment)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unmapped (
    logger TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (logger, name)
) STRICT, WITHOUT ROWID;
"""
_SEE = """
INSERT INTO seen VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET box = excluded.box,
    shipment = excluded.shipment, time_ms = excluded.time_ms, received_ms = excluded.received_ms,
    temperature = excluded.temperature, battery_v = excluded.battery_v
    WHERE excluded.time_ms >= seen.time_ms
"""
_HOLD = GroupedInsert("INSERT OR IGNORE INTO held (shipment,row,courier)", columns=3)
_FROM_THE_JOURNAL = (
    "cursor", "refusal", "clock", "birth", "unmapped", "seen", "held", "received", "left_event",
)  # fmt: skip
_REFUSAL = "row, part, reason, text, topic, received_ms, courier, logger"
WHOLE = -1
"""`part` of the first refusal that is about the message and not one element of its array."""


@dataclass(frozen=True)
class Quarantined:
    """Why something of a journalled message is not among the readings.

    part : index in the message's array; -1, -2, … for the message as a whole.
    courier, logger : who sent it, as far as topic and payload tell.
    """

    row: int
    part: int
    reason: str
    text: str
    topic: str
    received_ms: int
    courier: str | None = None
    logger: str | None = None


class Held(NamedTuple):
    """A row of which the readings of a shipment are not in the stores, for the sender's quota is
    used up. courier : "" where none is known."""

    shipment: str
    row: int
    courier: str


class ReceivedKey(NamedTuple):
    """What is counted. what : `reading` or `event`. of : `shipment` or `box`, whose `name` it is.
    day : of the readings of a box, UTC days since 1970; else 0."""

    what: str
    courier: str
    of: str
    name: str
    day: int


@dataclass(frozen=True)
class Received:
    """How many came in rows up to `last_row`; full: none is stored of later ones."""

    key: ReceivedKey
    count: int
    last_row: int
    full: bool


class Progress:
    """One worker's file. Raises Unavailable when the disk refuses."""

    def __init__(self, directory: Path, worker: str) -> None:
        """directory : the journal's; the file is <directory>/derived/<worker>.sqlite."""
        self.worker = worker
        self.path = directory / "derived" / f"{worker}.sqlite"
        with self._failures_named():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA busy_timeout = 10000")
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A cursor that lags behind after a power cut stores some readings again: harmless.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
            self._add_senders()

    def cursor(self) -> int:
        """Last journal row that is in the stores (or refused)."""
        found = self._query("SELECT row FROM cursor")
        return int(found[0][0]) if found else 0

    def advance(
        self,
        row: int,
        *,
        refused: Sequence[Quarantined] = (),
        clocks: Iterable[ClockOffset] = (),
        births: Iterable[tuple[str, int]] = (),
        unmapped: Iterable[tuple[str, str]] = (),
        seen: Iterable[LastSeen] = (),
        held: Iterable[Held] = (),
        received: Iterable[Received] = (),
        left_events: Iterable[tuple[int, str]] = (),
    ) -> None:
        """Everything up to `row` is stored; all of this in one transaction. left_events : row and
        shipment of events that are not."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO cursor VALUES (1, ?)", (row,))
            self._add(connection, refused)
            connection.executemany(
                "INSERT OR REPLACE INTO clock VALUES (?,?,?,?,?)",
                [(c.logger, c.low_ms, c.high_ms, c.messages, c.updated_ms) for c in clocks],
            )
            connection.executemany("INSERT OR REPLACE INTO birth VALUES (?,?)", births)
            connection.executemany("INSERT OR IGNORE INTO unmapped VALUES (?,?)", unmapped)
            connection.executemany(_SEE, map(_seen_row, seen))
            _HOLD.put(connection, [*chain.from_iterable(held)])
            connection.executemany(
                "INSERT OR REPLACE INTO received VALUES (?,?,?,?,?,?,?,?)",
                map(_count_row, received),
            )
            connection.executemany("INSERT OR IGNORE INTO left_event VALUES (?,?)", left_events)

    def replace(self, row: int, refused: Sequence[Quarantined]) -> None:
        """After a replay: what is still refused of one row."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM refusal WHERE row = ?", (row,))
            connection.execute("DELETE FROM left_event WHERE row = ?", (row,))
            self._add(connection, refused)

    def forget(self) -> None:
        """Start over from the journal's first row (rebuild)."""
        with self._transaction() as connection:
            for table in _FROM_THE_JOURNAL:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def earlier_drug_names(self) -> dict[str, str]:
        """Logger -> the name that is its drug's, as fixed here before the register kept them."""
        found = self._query("SELECT logger, name FROM drug_name ORDER BY logger")
        return {str(logger): str(name) for logger, name in found}

    def unmapped(self) -> set[tuple[str, str]]:
        """Loggers and probes that are no role of ours and were listed once."""
        found = self._query("SELECT logger, name FROM unmapped")
        return {(str(logger), str(name)) for logger, name in found}

    def counts(self) -> dict[str, int]:
        """Refusals by reason."""
        found = self._query("SELECT reason, count(*) FROM refusal GROUP BY reason ORDER BY reason")
        return {str(reason): int(count) for reason, count in found}

    def refusals(
        self, *, reason: str | None = None, row: int | None = None, after: int = 0, limit: int = 100
    ) -> list[Quarantined]:
        """By row; rows after `after`."""
        found = self._query(
            f"SELECT {_REFUSAL} FROM refusal WHERE row > ?1"  # noqa: S608
            " AND (?2 IS NULL OR reason = ?2) AND (?3 IS NULL OR row = ?3)"
            " ORDER BY row, part LIMIT ?4",
            (after, reason, row, limit),
        )
        return [Quarantined(*fields) for fields in found]

    def refused_between(
        self,
        *,
        couriers: frozenset[str] | None = None,
        reason: str | None = None,
        since_ms: int = 0,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Quarantined]:
        """In the order of receipt, from `since_ms` on, inclusive; `newest`: the last first.
        couriers : of these alone; None: of all, and those of which none is known."""
        way = "DESC" if newest else "ASC"
        found = self._query(
            f"SELECT {_REFUSAL} FROM refusal WHERE received_ms >= ?1"  # noqa: S608
            " AND (?2 IS NULL OR courier IN (SELECT value FROM json_each(?2)))"
            " AND (?3 IS NULL OR reason = ?3)"
            f" ORDER BY received_ms {way}, row {way}, part LIMIT ?4",
            (since_ms, None if couriers is None else _listed(couriers), reason, limit),
        )
        return [Quarantined(*fields) for fields in found]

    def counts_by_courier(self) -> dict[tuple[str, str], int]:
        """Refusals by reason and courier ("" where none is known)."""
        found = self._query(
            "SELECT reason, coalesce(courier, ''), count(*) FROM refusal GROUP BY 1, 2"
        )
        return {(str(reason), str(courier)): int(count) for reason, courier, count in found}

    def seen(self, *, courier: str | None = None) -> list[LastSeen]:
        """The newest reading of each logger that this worker stored."""
        found = self._query(
            "SELECT courier, logger, box, shipment, time_ms, received_ms, temperature, battery_v"
            " FROM seen WHERE ?1 IS NULL OR courier = ?1",
            (courier,),
        )
        return [
            LastSeen(
                courier=courier_,
                logger=logger,
                box=box,
                shipment=shipment,
                time_ms=time_ms,
                received_ms=received_ms,
                temperature_c=msgspec.json.decode(probes, type=dict[str, float]),
                battery_v=battery_v,
            )
            for courier_, logger, box, shipment, time_ms, received_ms, probes, battery_v in found
        ]

    def heard(self, *, since_ms: int) -> list[tuple[tuple[str, str], int]]:
        """Courier and logger, and when its newest reading was received, of those since then."""
        found = self._query(
            "SELECT courier, logger, received_ms FROM seen WHERE received_ms >= ?", (since_ms,)
        )
        return [((str(courier), str(logger)), int(at_ms)) for courier, logger, at_ms in found]

    def clocks(self) -> list[ClockOffset]:
        found = self._query("SELECT logger, low_ms, high_ms, messages, updated_ms FROM clock")
        return [ClockOffset(*fields) for fields in found]

    def held_rows(self, shipments: Iterable[str]) -> dict[str, list[int]]:
        """Of those of these shipments that are held, their rows."""
        found: dict[str, list[int]] = {}
        for shipment, row in self._query(
            "SELECT shipment, row FROM held WHERE shipment IN (SELECT value FROM json_each(?))"
            " ORDER BY row",
            (_listed(frozenset(shipments)),),
        ):
            found.setdefault(shipment, []).append(row)
        return found

    def holds_any(self) -> bool:
        return bool(self._query("SELECT EXISTS (SELECT 1 FROM held)")[0][0])

    def held_after(self, shipment: str, *, limit: int) -> list[str]:
        """Shipments that are held, by id, behind one."""
        found = self._query(
            "SELECT DISTINCT shipment FROM held WHERE shipment > ? ORDER BY shipment LIMIT ?",
            (shipment, limit),
        )
        return [str(name) for (name,) in found]

    def held_couriers(self) -> list[str]:
        return [str(name) for (name,) in self._query("SELECT DISTINCT courier FROM held")]

    def longest_held(self, courier: str, *, limit: int) -> list[str]:
        """So many of a courier's shipments that are held, at most, those that came first."""
        found = self._query(
            "SELECT shipment FROM held WHERE courier = ? ORDER BY row LIMIT ?", (courier, limit)
        )
        return list(dict.fromkeys(str(name) for (name,) in found))

    def want(self, shipment: str) -> bool:
        """Ask the worker to store a shipment that is held now; False if it is not held."""
        if not self.held_rows([shipment]):
            return False
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO wanted VALUES (?)", (shipment,))
        return True

    def wanted(self) -> list[str]:
        """Shipments that somebody asked for while they were held."""
        return [str(name) for (name,) in self._query("SELECT shipment FROM wanted")]

    def let_go(
        self, held: Mapping[str, Iterable[int]], *, refused: Sequence[Quarantined] = ()
    ) -> None:
        """These rows of these shipments are in the stores now, but for what they refused."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM held WHERE shipment = ? AND row = ?",
                [(shipment, row) for shipment, rows in held.items() for row in rows],
            )
            connection.executemany(
                "DELETE FROM wanted WHERE shipment = ?", [(shipment,) for shipment in held]
            )
            self._add(connection, refused)

    def received(self, keys: Iterable[ReceivedKey]) -> dict[ReceivedKey, Received]:
        """What is kept of these counts."""
        wanted = frozenset(keys)
        names = _listed(frozenset(key.name for key in wanted))
        where = "name IN (SELECT value FROM json_each(?))"
        return {one.key: one for one in self._counts(where, (names,)) if one.key in wanted}

    def full(self) -> list[Received]:
        """Those of which no more is stored."""
        return self._counts("full")

    def decide_anew(self) -> None:
        """Rows behind the cursor are stored again: whether their events are is open again."""
        if not self._query("SELECT 1 FROM left_event LIMIT 1"):
            return
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM left_event WHERE row > (SELECT coalesce(max(row), 0) FROM cursor)"
            )

    def left_events(self, rows: Iterable[int]) -> list[tuple[int, str]]:
        """Of these rows, row and shipment of events that were not stored."""
        found = self._query(
            "SELECT row, shipment FROM left_event WHERE row IN (SELECT value FROM json_each(?))",
            (_listed(rows),),
        )
        return [(int(row), str(shipment)) for row, shipment in found]

    def _counts(self, where: str, values: Sequence[object] = ()) -> list[Received]:
        found = self._query(
            "SELECT what, courier, of, name, day, count, last_row, full FROM received"  # noqa: S608
            f" WHERE {where}",
            values,
        )
        return [
            Received(ReceivedKey(*key), count, last_row, bool(full))
            for *key, count, last_row, full in found
        ]

    def births(self) -> list[int]:
        """Rows of the last birth message of each topic, in order."""
        return [int(row) for (row,) in self._query("SELECT row FROM birth ORDER BY row")]

    def forget_words(self, row: int) -> None:
        """Of a row whose message was removed the list keeps the reason alone."""
        with self._transaction() as connection:
            connection.execute("UPDATE refusal SET text = 'removed' WHERE row = ?", (row,))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add_senders(self) -> None:
        """Files of before have no columns of who sent it."""
        known = {row[1] for row in self._connection.execute("PRAGMA table_info(refusal)")}
        for column in {"courier", "logger"} - known:
            with suppress(sqlite3.OperationalError):  # another process was faster
                self._connection.execute(f"ALTER TABLE refusal ADD COLUMN {column} TEXT")

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._failures_named():
            return self._connection.execute(sql, tuple(values)).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT, ROLLBACK on any failure. Raises Unavailable."""
        with self._failures_named():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"ingest progress {self.path}: {error}") from error

    def _add(self, connection: sqlite3.Connection, refused: Sequence[Quarantined]) -> None:
        connection.executemany(
            f"INSERT OR REPLACE INTO refusal ({_REFUSAL}) VALUES (?,?,?,?,?,?,?,?)",  # noqa: S608
            [
                (q.row, q.part, q.reason, q.text, q.topic, q.received_ms, q.courier, q.logger)
                for q in refused
            ],
        )


def _count_row(one: Received) -> tuple[object, ...]:
    key = one.key
    where = (key.name, key.what, key.of, key.courier, key.day)
    return (*where, one.count, one.last_row, int(one.full))


def _seen_row(one: LastSeen) -> tuple[object, ...]:
    probes = msgspec.json.encode(one.temperature_c).decode()
    where = (one.courier, one.logger, one.box, one.shipment)
    return (*where, one.time_ms, one.received_ms, probes, one.battery_v)


def workers_followed(directory: Path) -> list[str]:
    """The workers of this journal that have brought rows into the stores."""
    return sorted(path.stem for path in (directory / "derived").glob("*.sqlite"))


def rows_followed(directory: Path) -> dict[str, int]:
    """The last row of each worker that is in the stores. A worker whose file cannot be read now
    is left out."""
    rows = {}
    for worker in workers_followed(directory):
        path = directory / "derived" / f"{worker}.sqlite"
        with suppress(sqlite3.Error), closing(_connect_reader(path)) as connection:
            found = connection.execute("SELECT row FROM cursor").fetchone()
            rows[worker] = 0 if found is None else int(found[0])
    return rows


def last_births(directory: Path, worker: str) -> list[int]:
    """Rows of the last birth message of each topic that a worker met; none before it has run."""
    if worker not in workers_followed(directory):
        return []
    with Progress(directory, worker) as progress:
        return progress.births()


def _connect_reader(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)


def earlier_drug_names(directory: Path) -> dict[str, str]:
    """Logger -> the name that is its drug's, as the workers of this journal fixed it before the
    register kept these names: it adopts them once."""
    names: dict[str, str] = {}
    for worker in workers_followed(directory):
        with Progress(directory, worker) as progress:
            names = progress.earlier_drug_names() | names
    return names


def open_progress(directory: Path) -> list[Progress]:
    """The progress of all workers that have some; raises BadInput if there is none."""
    workers = workers_followed(directory)
    if not workers:
        raise BadInput(
            f"{directory / 'derived'}: nothing ingested yet: no worker has run with this journal"
        )
    return [Progress(directory, worker) for worker in workers]


def _listed(wanted: Iterable[str] | Iterable[int]) -> str:
    """Names or rows as one parameter of a query."""
    return msgspec.json.encode(sorted(wanted)).decode()
