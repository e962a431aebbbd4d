"""Shipments as the lists show them, and what holds other writers off them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, or_, select, update

from coldwitness.domain.instants import rfc3339_if_any
from coldwitness.domain.manifest_search import SEPARATOR, folded
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.shipment_filter import Asked, Place, Sort
from coldwitness.domain.words import StateWord, Verdict
from coldwitness.storage.ports import ShipmentRow
from coldwitness.storage.register.belongings import (
    couriers_seated_in,
    seen_by,
)
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.schema import shipments
from coldwitness.storage.register.shipment_list import behind, conditions, ordered

_LINE = (
    shipments.c.id,
    shipments.c.verdict,
    shipments.c.state,
    shipments.c.courier,
    shipments.c.division,
    shipments.c.started_ms,
    shipments.c.ended_ms,
    shipments.c.result_version,
    shipments.c.findings,
    shipments.c.min_c,
    shipments.c.max_c,
)
"""What a line says of a shipment, in the order of `ShipmentRow`."""

_UNDECLARED = and_(shipments.c.verdict.is_(None), shipments.c.manifest_version == 0)
_UNDECLARED_MOST = 1000
"""Of those never judged and without a manifest at a start; `Newcomers` hands on the others."""


class SqlShipments:
    """The part of the register about shipments: lists, and legal hold."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(
        self,
        *,
        after: str | Place | None = None,
        sort: Sort = "id",
        limit: int = 50,
        reach: Reach = EVERYTHING,
        **asked: Unpack[Asked],
    ) -> list[ShipmentRow]:
        """In the order of `sort`, behind `after` (of the order by id, the id alone)."""
        wanted = conditions(asked, reach)
        if after is not None:
            wanted.append(behind((0, None, after) if isinstance(after, str) else after, sort))
        found = select(*_LINE).where(*wanted)
        query = ordered(found, sort, searched=bool(asked.get("q"))).limit(limit)
        with self._database.read() as connection:
            return _lines(connection, query)

    def counts(
        self, *, reach: Reach = EVERYTHING, **asked: Unpack[Asked]
    ) -> dict[tuple[Verdict | None, StateWord | None], int]:
        """How many there are, by verdict and state."""
        table = shipments.c
        wanted = conditions(asked, reach)
        # Where every row's texts are read anyway, the order of an index would only scatter them.
        verdict = func.coalesce(table.verdict, "") if asked.get("q") else table.verdict
        query = select(verdict, table.state, func.count()).where(*wanted)
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(verdict, table.state))
            return {(row[0] or None, row[1]): int(row[2]) for row in rows}

    def row(self, shipment: str) -> ShipmentRow | None:
        with self._database.read() as connection:
            found = _lines(connection, select(*_LINE).where(shipments.c.id == shipment))
            return found[0] if found else None

    def rows_of(self, names: Sequence[str]) -> dict[str, ShipmentRow]:
        found: dict[str, ShipmentRow] = {}
        with self._database.read() as connection:
            for part in parts(names):
                query = select(*_LINE).where(shipments.c.id.in_(part))
                found.update((line.id, line) for line in _lines(connection, query))
        return found

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
        settled = select(table.c.id).where(
            or_(
                and_(table.c.verdict.is_(None), table.c.manifest_version > 0),
                and_(table.c.verdict.is_not(None), table.c.ended_ms.is_(None)),
                table.c.ended_ms > since_ms,
                table.c.state.in_(("planned", "in_transit")),
            )
        )
        made_up = select(table.c.id).where(_UNDECLARED).order_by(table.c.id)
        with self._database.read() as connection:
            found = list(connection.execute(settled.order_by(table.c.id)).scalars())
            return found + list(connection.execute(made_up.limit(_UNDECLARED_MOST)).scalars())

    def couriers_of(self, names: Sequence[str]) -> dict[str, str | None]:
        # As one value: a flood asks for thousands that are not there, and a parameter of its own
        # for each took longer than the looking.
        query = select(shipments.c.id, shipments.c.courier)
        among = shipments.c.id.in_(self._database.each_of("names"))
        with self._database.read() as connection:
            given = {"names": msgspec.json.encode(list(names)).decode()}
            rows = connection.execute(query.where(among), given)
            return {row.id: row.courier for row in rows}

    def undeclared(self, names: Sequence[str]) -> frozenset[str]:
        found: set[str] = set()
        query = select(shipments.c.id).where(_UNDECLARED)
        with self._database.read() as connection:
            for part in parts(names):
                found.update(connection.execute(query.where(shipments.c.id.in_(part))).scalars())
        return frozenset(found)

    def undeclared_by_courier(self, *, most: int) -> dict[str | None, list[str]]:
        table = shipments
        whose = select(table.c.courier).where(_UNDECLARED).distinct()
        found: dict[str | None, list[str]] = {}
        with self._database.read() as connection:
            for courier in connection.execute(whose).scalars().all():
                same = table.c.courier.is_(None) if courier is None else table.c.courier == courier
                query = select(table.c.id).where(_UNDECLARED, same).order_by(table.c.id)
                found[courier] = list(connection.execute(query.limit(most)).scalars())
        return found

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
    rows = [
        {
            "id": name,
            "courier": clean(couriers[name]),
            "search": SEPARATOR.join(folded(text) for text in (name, couriers[name]) if text),
        }
        for name in sorted(couriers)
    ]
    insert = database.insert(shipments)
    statement = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "courier": insert.excluded.courier,
            "search": shipments.c.search + SEPARATOR + func.lower(insert.excluded.courier),
        },
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


def _lines(connection: Connection, query: Select[tuple[object, ...]]) -> list[ShipmentRow]:
    return [_line(row) for row in connection.execute(query)]


def _line(row: Row[Any]) -> ShipmentRow:
    """Of `_LINE`, by place: by name took twice the time, of ten thousand as of one."""
    name, verdict, state, courier, division, started_ms, ended_ms, *rest = list(row)
    version, findings, min_c, max_c = rest
    return ShipmentRow(
        id=name,
        verdict=verdict,
        state=state,
        courier=courier,
        division=division,
        started_at=rfc3339_if_any(started_ms),
        ended_at=rfc3339_if_any(ended_ms),
        result_version=version,
        findings=findings,
        min_c=min_c,
        max_c=max_c,
    )
