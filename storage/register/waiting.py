"""Shipments that one process stored evidence of and another has to judge.

A row stays until a result that saw the evidence is recorded, so neither process can lose it.
"""

import secrets
from collections.abc import Iterable, Mapping

from sqlalchemy import and_, bindparam, delete, func, select

from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database

_TABLE = schema.to_judge
AT_ONCE = 2000
"""Shipments handed out in one look; the others wait for the next."""


class SqlWaiting:
    """The part of the register about what waits for a judging process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def leave(self, shipments: Iterable[str]) -> None:
        """Have these judged by whatever process judges. Call it after the evidence is stored."""
        # In order of id, so that two writers never wait for each other crosswise.
        mark = secrets.randbits(63)
        rows = [{"shipment": name, "mark": mark} for name in sorted(set(shipments))]
        if not rows:
            return
        insert = self._database.insert(_TABLE)
        statement = insert.on_conflict_do_update(
            index_elements=["shipment"], set_={"mark": insert.excluded.mark}
        )
        with self._database.write() as connection:
            connection.execute(statement, rows)

    def left(self) -> dict[str, int]:
        """Shipments that wait, with the mark of their newest evidence; at most AT_ONCE."""
        query = select(_TABLE).order_by(_TABLE.c.shipment).limit(AT_ONCE)
        with self._database.read() as connection:
            return {row.shipment: row.mark for row in connection.execute(query)}

    def count(self) -> int:
        """How many wait."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(_TABLE)).scalar_one())

    def judged(self, marks: Mapping[str, int]) -> None:
        """These were judged with the evidence of their marks; what came later stays waiting."""
        rows = [{"done": name, "seen": mark} for name, mark in sorted(marks.items())]
        if not rows:
            return
        same = and_(_TABLE.c.shipment == bindparam("done"), _TABLE.c.mark == bindparam("seen"))
        with self._database.write() as connection:
            connection.execute(delete(_TABLE).where(same), rows)
