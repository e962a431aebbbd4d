"""Curves of judged shipments, found again by hash: the archive in which copies are looked for."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from coldwitness.storage.ports import StoredCurves
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, parts
from coldwitness.storage.register.shipments import lock, make_known

CROWD = 30
"""Shipments a key leads to at most: it keeps a look-up short however common a pattern is."""


class Curves:
    """The part of the register about temperature curves and their copies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep_curves(self, curves: Mapping[str, StoredCurves | None]) -> None:
        with self._database.read() as connection:
            if not _differing(connection, curves):
                return
        names = sorted(curves)
        with self._database.write() as connection:
            make_known(self._database, connection, dict.fromkeys(names))
            lock(self._database, connection, names)
            for name, kept in _differing(connection, curves).items():
                self._replace(connection, name, kept, curves[name])

    def similar_curves(
        self, keys: Mapping[str, Sequence[int]], *, partners: int
    ) -> dict[str, bytes]:
        askers: defaultdict[int, list[str]] = defaultdict(list)
        for name, its in keys.items():
            for key in its:
                askers[key].append(name)
        table, owner = schema.curve_keys, schema.curves
        shared: defaultdict[str, Counter[str]] = defaultdict(Counter)
        with self._database.read() as connection:
            for part in parts(list(askers)):
                query = select(table.c.key, owner.c.shipment).join(
                    owner, owner.c.id == table.c.curve
                )
                for key, other in connection.execute(query.where(table.c.key.in_(part))):
                    if other not in keys:
                        for name in askers[key]:
                            shared[name][other] += 1
            chosen: set[str] = set()
            for counted in shared.values():
                ranked = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
                chosen.update(other for other, _ in ranked[:partners])
            found: dict[str, bytes] = {}
            for names in parts(sorted(chosen)):
                bodies = select(owner.c.shipment, owner.c.body).where(owner.c.shipment.in_(names))
                found.update((name, body) for name, body in connection.execute(bodies))
        return found

    def keep_copies(self, named: Mapping[str, frozenset[str]]) -> frozenset[str]:
        table = schema.copies
        with self._database.read() as connection:
            before, by = _copies(connection, list(named))
        changed = [name for name, others in named.items() if before[name] != others]
        if changed:
            rows = [{"shipment": name, "other": other} for name in changed for other in named[name]]
            with self._database.write() as connection:
                for part in parts(changed):
                    connection.execute(delete(table).where(table.c.shipment.in_(part)))
                if rows:
                    again = self._database.insert(table).on_conflict_do_nothing()
                    connection.execute(again, rows)
        return frozenset(other for name, others in named.items() for other in others ^ by[name])

    def _replace(
        self,
        connection: Connection,
        name: str,
        kept: Row[Any] | None,
        curves: StoredCurves | None,
    ) -> None:
        """Write what differs: a curve that grew by a reading has at most one key more."""
        table, index = schema.curves, schema.curve_keys
        old = _unpacked(kept.packed_keys) if kept is not None else frozenset()
        wanted = frozenset(curves.keys) if curves is not None else frozenset()
        added = sorted(wanted - old - _crowded(connection, wanted - old))
        gone = sorted(old - wanted)
        number = kept.id if kept is not None else None
        if curves is not None:
            values = {"keys": _packed([*(old & wanted), *added]), "body": curves.body}
            if number is None:
                row = connection.execute(
                    table.insert().values(shipment=name, **values).returning(table.c.id)
                )
                number = int(row.scalar_one())
            else:
                connection.execute(update(table).where(table.c.id == number).values(**values))
        elif number is not None:
            connection.execute(delete(table).where(table.c.id == number))
        if gone:
            leaving = delete(index).where(
                index.c.key == bindparam("its_key"), index.c.curve == bindparam("its_curve")
            )
            connection.execute(leaving, [{"its_key": k, "its_curve": number} for k in gone])
        if added:
            connection.execute(index.insert(), [{"key": k, "curve": number} for k in added])


def _differing(
    connection: Connection, curves: Mapping[str, StoredCurves | None]
) -> dict[str, Row[Any] | None]:
    """The kept row, None where there is none, of each shipment whose curves are not the kept."""
    table = schema.curves
    columns = (table.c.id, table.c.shipment, table.c["keys"].label("packed_keys"), table.c.body)
    kept: dict[str, Any] = {}
    for part in parts(list(curves)):
        for found in connection.execute(select(*columns).where(table.c.shipment.in_(part))):
            kept[found.shipment] = found
    differing: dict[str, Row[Any] | None] = {}
    for name, its in curves.items():
        row = kept.get(name)
        if (its is None) != (row is None) or (
            its is not None and row is not None and its.body != row.body
        ):
            differing[name] = row
    return differing


def _crowded(connection: Connection, keys: Collection[int]) -> frozenset[int]:
    table = schema.curve_keys
    full: set[int] = set()
    for part in parts(list(keys)):
        query = select(table.c.key).where(table.c.key.in_(part)).group_by(table.c.key)
        full.update(connection.execute(query.having(func.count() >= CROWD)).scalars())
    return frozenset(full)


def _copies(
    connection: Connection, names: Sequence[str]
) -> tuple[defaultdict[str, frozenset[str]], defaultdict[str, frozenset[str]]]:
    """Whom each shipment names, and by whom it is named."""
    table = schema.copies
    naming: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    named_by: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for part in parts(names):
        for row in connection.execute(select(table).where(table.c.shipment.in_(part))):
            naming[row.shipment] |= {row.other}
        for row in connection.execute(select(table).where(table.c.other.in_(part))):
            named_by[row.other] |= {row.shipment}
    return naming, named_by


def _packed(keys: Sequence[int]) -> bytes:
    return array("q", sorted(keys)).tobytes()


def _unpacked(keys: bytes) -> frozenset[int]:
    return frozenset(array("q", keys))
