"""One engine for SQLite and PostgreSQL: transactions, failures, and what differs."""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    String,
    Table,
    bindparam,
    cast,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.storage.process_names import own_name

_Value = TypeVar("_Value")

PER_QUERY = 10_000
"""Ids in one IN list; both databases allow some 30,000 parameters."""

_BUSY_TIMEOUT_S = 30.0
IDLE_MS = 30_000
"""Who says nothing for so long in the middle of a transaction that writes (a process that was
stopped, a machine without power) has it rolled back by PostgreSQL: others wait for its locks."""


class Database:
    """Where the register lives. Threads and processes may share it; `write()` transactions
    are serial on SQLite and lock what they count on PostgreSQL."""

    def __init__(self, url: str) -> None:
        """url : `sqlite:///path` or `postgresql://user@host/name`. Raises ConfigError where
        it names neither, Unavailable where the database cannot be reached."""
        self.engine = _engine(url)
        self.shown_url = self.engine.url.render_as_string(hide_password=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._writing = _Writing()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction whose queries see one state; inside `write()` that of the writer."""
        if self._writing.connection is not None:
            yield self._writing.connection
            return
        with self._failures_named(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at its end and is rolled back on any failure. One inside
        another of the same thread is part of it: both are kept, or neither."""
        if self._writing.connection is not None:
            yield self._writing.connection
            return
        with (
            self._failures_named(),
            self.engine.connect().execution_options(coldwitness_writes=True) as connection,
            connection.begin(),
        ):
            self._end_if_idle(connection)
            self._writing.connection = connection
            try:
                yield connection
            finally:
                self._writing.connection = None

    def _end_if_idle(self, connection: Connection) -> None:
        """Have PostgreSQL roll this transaction back where nothing is said in it for long."""
        if not self.is_sqlite:
            connection.exec_driver_sql(
                f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS:d}"
            )

    def end_sessions_of(self, connection: Connection, process: str) -> None:
        """Have PostgreSQL end what a process of this name (`process_names`) holds open, and roll
        back what it had begun; its next transaction is in a session of its own."""
        if self.is_sqlite:
            return
        sessions = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"
            " AND usename = current_user AND pid <> pg_backend_pid()"
        )
        connection.execute(sessions, {"name": _shown_in_sessions(process)})

    def take_turn(self, connection: Connection, number: int) -> None:
        """Wait until nobody else has the turn of this number, and have it until the transaction
        ends. On SQLite whoever writes has every turn."""
        if not self.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(number)))

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Of the processes on one PostgreSQL one is in here for `what`; others wait. It holds a
        connection of its own, so that transactions may come and go inside."""
        if self.is_sqlite:
            yield
            return
        with self._failures_named(), self.engine.connect() as connection, connection.begin():
            self._end_if_idle(connection)
            digest = hashlib.sha256(what.encode()).digest()
            self.take_turn(connection, int.from_bytes(digest[:8], "big", signed=True))
            yield

    def server_time_ms(self) -> int | None:
        """What the clock of its server says now, UTC epoch ms; None where it is a file. Raises
        Unavailable."""
        if self.is_sqlite:
            return None
        with self.read() as connection:
            return self.now_ms(connection)

    def now_ms(self, connection: Connection) -> int:
        """By the clock of its server, where it has one: the same for all its clients. UTC epoch
        ms."""
        if self.is_sqlite:
            return time.time_ns() // 1_000_000
        seconds = connection.execute(select(func.extract("epoch", func.clock_timestamp())))
        return round(float(seconds.scalar_one()) * 1000)

    def forget_written(self) -> None:
        """Empty SQLite's log of what was written, in which the values of before still stand."""
        if self.is_sqlite:
            with self._failures_named(), self.engine.connect() as connection:
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def insert(self, table: Table) -> Any:
        """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def each_of(self, parameter: str) -> Select[tuple[str]]:
        """A query of the texts that a parameter, a JSON array, holds."""
        given = bindparam(parameter, type_=String)
        if self.is_sqlite:
            return select(func.json_each(given).table_valued("value").c.value)
        texts = func.jsonb_array_elements_text(cast(given, postgresql.JSONB))
        return select(texts.column_valued())

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            first = str(cause).strip().partition("\n")[0]
            raise Unavailable(f"register {self.shown_url}: {first}") from error


class _Writing(threading.local):
    """The connection of the transaction in which this thread writes, None outside of one."""

    connection: Connection | None = None


def clean(text: str | None) -> str | None:
    """PostgreSQL cannot keep U+0000 in a text; it becomes the replacement sign."""
    return None if text is None else text.replace("\x00", "\ufffd")


def _engine(url: str) -> Engine:
    if url.startswith("postgresql") and url.partition("?")[0].count("@") > 1:
        # The rest of such a password would be taken for the host, and stand in every error.
        raise ConfigError("store.register_url: write an @ in a password as %40")
    try:
        parsed = sqlalchemy.make_url(url)
    except ArgumentError as error:
        raise ConfigError(f"store.register_url: not a database address: {error}") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise ConfigError("store.register_url: expected sqlite:///FILE, got no file")
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = sqlalchemy.create_engine(
            parsed, connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        try:
            named = {"application_name": _shown_in_sessions(own_name())}
            engine = sqlalchemy.create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                connect_args={} if "application_name" in parsed.query else named,
            )
            event.listen(engine, "after_cursor_execute", _watch_again)
            return engine
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            raise ConfigError(
                "store.register_url: PostgreSQL needs the extra: pip install psycopg[binary]"
            ) from error
    raise ConfigError(
        f"store.register_url: expected sqlite:///FILE or postgresql://…, got {backend}"
    )


def _shown_in_sessions(process: str) -> str:
    """As much of a name as PostgreSQL keeps."""
    return process.encode()[:63].decode("ascii", "ignore")


def _watch_again(
    connection: Connection,
    _cursor: object,
    _statement: str,
    _parameters: object,
    _context: object,
    executemany: bool,
) -> None:
    """Many statements go as a pipeline, after which PostgreSQL does not look whether its client is
    idle in the transaction: it does again after one that goes by itself."""
    if executemany and connection.get_execution_options().get("coldwitness_writes", False):
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute("SELECT 1")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("coldwitness_writes", False)
    # A deferred transaction that turns into a writer fails at once where another one wrote
    # since; an immediate one waits its turn.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def parts(values: Sequence[_Value]) -> list[Sequence[_Value]]:
    """The values in as many runs as one IN list each may hold."""
    return [values[start : start + PER_QUERY] for start in range(0, len(values), PER_QUERY)]
