"""The clue feed as others read it, and what the case system says back."""

from sqlalchemy import select, update

from coldwitness.storage.ports import Clue, ClueStatus
from coldwitness.storage.register import schema
from coldwitness.storage.register.clue_making import clue_of
from coldwitness.storage.register.database import Database, clean


class SqlClues:
    """The part of the register about the clue feed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, cursor: int, *, limit: int = 50) -> list[Clue]:
        table = schema.clues
        query = select(table).where(table.c.cursor > cursor).order_by(table.c.cursor).limit(limit)
        with self._database.read() as connection:
            return [clue_of(row) for row in connection.execute(query).mappings()]

    def one(self, clue_id: str) -> Clue | None:
        query = select(schema.clues).where(schema.clues.c.id == clue_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else clue_of(row)

    def set_status(
        self, clue_id: str, *, status: ClueStatus, note: str | None, now_ms: int
    ) -> Clue | None:
        table = schema.clues
        with self._database.write() as connection:
            row = (
                connection.execute(
                    update(table)
                    .where(table.c.id == clue_id)
                    .values(status=status, status_note=clean(note), updated_ms=now_ms)
                    .returning(*table.c)
                )
                .mappings()
                .one_or_none()
            )
        return None if row is None else clue_of(row)
