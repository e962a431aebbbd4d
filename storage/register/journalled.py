"""What the register knows of the journal: how far decisions are in it, and what the journal tells
of results and clues that are still to be made again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, select, update

from coldwitness.domain.clues import ClueAct, ClueStatus
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.clue_ports import ClueMark
from coldwitness.storage.ports import ResultMark
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean, parts

_RESULTS = schema.journalled_results


class SqlJournalled:
    """The part of the register about the journal's decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def advancing(self, chain: str, *, to_row: int) -> Iterator[None]:
        """What happens inside and that it happened are kept at once, or neither."""
        with self._database.write() as connection:
            yield
            self._say(connection, f"decided/{chain}", str(to_row))

    def row_of(self, chain: str) -> int:
        found = self.said(f"decided/{chain}")
        return 0 if found is None else int(found)

    def said(self, key: str) -> str | None:
        """A small fact kept by `say`."""
        table = schema.state
        with self._database.read() as connection:
            return connection.execute(
                select(table.c.value).where(table.c.key == key)
            ).scalar_one_or_none()

    def said_under(self, prefix: str) -> dict[str, str]:
        """The small facts whose keys begin so."""
        table = schema.state
        begins = table.c.key.startswith(prefix, autoescape=True)
        with self._database.read() as connection:
            rows = connection.execute(select(table.c.key, table.c.value).where(begins))
            return {row.key: row.value for row in rows}

    def say(self, key: str, value: str) -> None:
        with self._database.write() as connection:
            self._say(connection, key, value)

    def leave_results(self, newest: Mapping[str, tuple[int, str]]) -> None:
        rows = [
            {"shipment": name, "version": version, "digest": digest}
            for name, (version, digest) in sorted(newest.items())
        ]
        insert = self._database.insert(_RESULTS)
        statement = insert.on_conflict_do_update(
            index_elements=["shipment"],
            set_={"version": insert.excluded.version, "digest": insert.excluded.digest},
            where=insert.excluded.version >= _RESULTS.c.version,
        )
        with self._database.write() as connection:
            if rows:
                connection.execute(statement, rows)

    def leave_clues(self, marks: Sequence[ClueMark], *, cursor: int) -> None:
        feed = schema.feed
        with self._database.write() as connection:
            for mark in marks:
                self._say(connection, clue_key(mark.clue), msgspec.json.encode(mark).decode())
            # A reader's cursor of before must not lie ahead of what comes.
            further = update(feed).where(feed.c.last < cursor)
            connection.execute(further.values(last=cursor))

    def leave_status(self, clue: str, *, status: ClueStatus, note: str | None, at_ms: int) -> None:
        act = ClueAct(by="", at=rfc3339(at_ms), status=status, note=clean(note))
        row = {"clue": clue, "number": 0, "body": msgspec.json.encode(act).decode()}
        insert = self._database.insert(schema.clue_acts)
        statement = insert.on_conflict_do_update(index_elements=["clue", "number"], set_=row)
        with self._database.write() as connection:
            connection.execute(statement, [row])

    def _say(self, connection: Connection, key: str, value: str) -> None:
        insert = self._database.insert(schema.state)
        statement = insert.on_conflict_do_update(
            index_elements=["key"], set_={"value": insert.excluded.value}
        )
        connection.execute(statement, [{"key": key, "value": value}])


def clue_key(clue: str) -> str:
    """Under which the register keeps what the journal tells of a clue to be found again."""
    return f"clue/{clue}"


def clue_marks_of(connection: Connection, clues: Sequence[str]) -> dict[str, ClueMark]:
    """What the journal told of those of these clues that a rebuild is to find again."""
    table, found = schema.state, {}
    for part in parts([clue_key(clue) for clue in clues]):
        for row in connection.execute(select(table.c.value).where(table.c.key.in_(part))):
            mark = msgspec.json.decode(row.value, type=ClueMark)
            found[mark.clue] = mark
    return found


def journalled_results(connection: Connection, names: list[str]) -> dict[str, ResultMark]:
    """What the journal names as newest of those of these shipments that a rebuild left."""
    found: dict[str, ResultMark] = {}
    for part in parts(names):
        query = select(_RESULTS).where(_RESULTS.c.shipment.in_(part))
        found |= {
            row.shipment: ResultMark(row.version, row.digest) for row in connection.execute(query)
        }
    return found
