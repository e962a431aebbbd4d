"""Shipments as the lists show them, and what holds other writers off them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest_search import folded
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.storage.ports import ShipmentRow
from coldwitness.storage.register.belongings import (
    couriers_seated_in,
    of_division,
    seen_by,
)
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.schema import shipments, stays


class SqlShipments:
    """The part of the register about shipments: lists, and legal hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(
        self,
        *,
        verdict: str | None = None,
        state: str | None = None,
        q: str | None = None,
        courier: str | None = None,
        division: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: str | None = None,
        limit: int = 50,
        reach: Reach = EVERYTHING,
    ) -> list[ShipmentRow]:
        """By id, after `after`. q: texts, parted by blanks, that all stand somewhere in its id or
        in what its manifest names, or in the id of a box that held it. division: shipments that
        belong to it or to one below it. from_ms/to_ms: journeys
        that overlap the half-open period; one whose times are unknown is in every period."""
        wanted: list[ColumnElement[bool]] = seen_by(reach)
        table = shipments
        if verdict is not None:
            wanted.append(table.c.verdict == verdict)
        if state is not None:
            wanted.append(table.c.state == state)
        wanted += [_mentions(part) for part in folded(q or "").split()]
        if courier is not None:
            wanted.append(table.c.courier == courier)
        if division is not None:
            wanted.append(of_division(division))
        if from_ms is not None:
            ended = func.coalesce(table.c.ended_ms, table.c.started_ms)
            wanted.append(or_(ended.is_(None), ended >= from_ms))
        if to_ms is not None:
            wanted.append(or_(table.c.started_ms.is_(None), table.c.started_ms < to_ms))
        if after is not None:
            wanted.append(table.c.id > after)
        query = select(table).where(*wanted).order_by(table.c.id).limit(limit)
        with self._database.read() as connection:
            return [_line(row) for row in connection.execute(query)]

    def row(self, shipment: str) -> ShipmentRow | None:
        with self._database.read() as connection:
            query = select(shipments).where(shipments.c.id == shipment)
            row = connection.execute(query).one_or_none()
            return None if row is None else _line(row)

    def seen(self, names: Iterable[str], *, reach: Reach) -> frozenset[str]:
        found: set[str] = set()
        with self._database.read() as connection:
            for part in parts(sorted(set(names))):
                query = select(shipments.c.id).where(shipments.c.id.in_(part), *seen_by(reach))
                found |= set(connection.execute(query).scalars())
        return frozenset(found)

    def couriers_seated_in(self, divisions: Iterable[str]) -> frozenset[str]:
        with self._database.read() as connection:
            return couriers_seated_in(connection, sorted(divisions))

    def unsettled(self, *, since_ms: int) -> list[str]:
        table = shipments
        query = select(table.c.id).where(
            or_(
                table.c.verdict.is_(None),
                table.c.ended_ms.is_(None),
                table.c.ended_ms > since_ms,
                table.c.state.in_(("planned", "in_transit")),
            )
        )
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(table.c.id)).scalars())

    def hold(self, shipment: str, *, held: bool) -> bool:
        """Set or lift the legal hold; False if the shipment is unknown."""
        with self._database.write() as connection:
            changed = connection.execute(
                update(shipments).where(shipments.c.id == shipment).values(held=held)
            )
            return changed.rowcount == 1

    def held(self) -> list[str]:
        """Shipments under legal hold, by id."""
        query = select(shipments.c.id).where(shipments.c.held).order_by(shipments.c.id)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())


def make_known(
    database: Database, connection: Connection, couriers: Mapping[str, str | None]
) -> None:
    """Insert the shipments that are new, and the courier of those that had none. In order of
    id, so that two writers never wait for each other crosswise."""
    rows = [{"id": name, "courier": clean(couriers[name])} for name in sorted(couriers)]
    insert = database.insert(shipments)
    statement = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={"courier": insert.excluded.courier},
        where=and_(shipments.c.courier.is_(None), insert.excluded.courier.is_not(None)),
    )
    if rows:
        connection.execute(statement, rows)


def lock(database: Database, connection: Connection, names: Sequence[str]) -> None:
    """Keep other writers off these shipments until the transaction ends."""
    if database.is_sqlite:
        return
    for part in parts(sorted(names)):
        connection.execute(
            select(shipments.c.id)
            .where(shipments.c.id.in_(part))
            .order_by(shipments.c.id)
            .with_for_update()
        )


def _mentions(part: str) -> ColumnElement[bool]:
    """Whether a folded text stands in a shipment's id, what its manifest names, or a box of its."""
    held = select(stays.c.shipment).where(func.lower(stays.c.box).contains(part, autoescape=True))
    return or_(
        func.lower(shipments.c.id).contains(part, autoescape=True),
        func.lower(shipments.c.courier).contains(part, autoescape=True),
        shipments.c.search.contains(part, autoescape=True),
        shipments.c.id.in_(held),
    )


def _line(row: Row[Any]) -> ShipmentRow:
    return ShipmentRow(
        id=row.id,
        verdict=row.verdict,
        state=row.state,
        courier=row.courier,
        division=row.division,
        started_at=None if row.started_ms is None else rfc3339(row.started_ms),
        ended_at=None if row.ended_ms is None else rfc3339(row.ended_ms),
        result_version=row.result_version,
        findings=row.findings,
    )
