"""Shipments that one process stored evidence of and another has to judge.

A row stays until a result that saw the evidence is recorded, so neither process can lose it.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import and_, bindparam, delete, func, select

from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean
from coldwitness.storage.share_ports import NEW_READINGS, LeftToJudge, share_of

_TABLE = schema.to_judge
AT_ONCE = 2000
"""Shipments handed out in one look; the others wait for the next."""


class SqlWaiting:
    """The part of the register about what waits for a judging process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def leave(
        self, shipments: Iterable[str], *, reason: str = NEW_READINGS, again: bool = True
    ) -> None:
        # In order of id, so that two writers never wait for each other crosswise.
        mark = secrets.randbits(63)
        why = clean(reason)
        messages = shipments if isinstance(shipments, Mapping) else {}
        rows = [
            {
                "shipment": name,
                "mark": mark,
                "share": share_of(name),
                "reason": why,
                "message": messages.get(name),
            }
            for name in sorted(set(shipments))
        ]
        if not rows:
            return
        insert = self._database.insert(_TABLE)
        newer = {
            "mark": insert.excluded.mark,
            "message": func.coalesce(insert.excluded.message, _TABLE.c.message),
        }
        if again:
            newer["reason"] = insert.excluded.reason
        statement = insert.on_conflict_do_update(index_elements=["shipment"], set_=newer)
        with self._database.write() as connection:
            connection.execute(statement, rows)

    def left(self, *, shares: Collection[int] | None = None) -> dict[str, LeftToJudge]:
        query = select(_TABLE).order_by(_TABLE.c.shipment).limit(AT_ONCE)
        if shares is not None:
            query = query.where(_TABLE.c.share.in_(sorted(shares)))
        with self._database.read() as connection:
            return {
                row.shipment: LeftToJudge(row.mark, row.reason, row.message)
                for row in connection.execute(query)
            }

    def count(self) -> int:
        """How many wait."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(_TABLE)).scalar_one())

    def still_left(self, shipments: Collection[str]) -> frozenset[str]:
        query = select(_TABLE.c.shipment).where(_TABLE.c.shipment.in_(sorted(shipments)))
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def judged(self, left: Mapping[str, LeftToJudge]) -> None:
        rows = [{"done": name, "seen": its.mark} for name, its in sorted(left.items())]
        if not rows:
            return
        same = and_(_TABLE.c.shipment == bindparam("done"), _TABLE.c.mark == bindparam("seen"))
        with self._database.write() as connection:
            connection.execute(delete(_TABLE).where(same), rows)
