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


class SqlCopies:
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
            now_ms = self._database.now_ms(connection)
            _replace(connection, _differing(connection, curves), curves, now_ms=now_ms)

    def similar_curves(
        self, keys: Mapping[str, Sequence[int]], *, partners: int
    ) -> dict[str, bytes]:
        with self._database.read() as connection:
            chosen = _partners(connection, keys, partners=partners, without=keys)
            return _bodies(connection, {other for its in chosen.values() for other in its})

    def alike(self, shipments: Sequence[str], *, partners: int) -> dict[str, dict[str, bytes]]:
        with self._database.read() as connection:
            chosen = _partners(connection, _kept_keys(connection, shipments), partners=partners)
            bodies = _bodies(connection, {other for its in chosen.values() for other in its})
        return {name: {other: bodies[other] for other in its} for name, its in chosen.items()}

    def now_ms(self) -> int:
        with self._database.read() as connection:
            return self._database.now_ms(connection)

    def kept_beside(
        self, shipments: Sequence[str], *, since_ms: int, partners: int
    ) -> dict[str, dict[str, int]]:
        table = schema.curves
        found: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            chosen = _partners(connection, _kept_keys(connection, shipments), partners=partners)
            others = sorted({other for its in chosen.values() for other in its})
            kept: dict[str, int] = {}
            for part in parts(others):
                query = select(table.c.shipment, table.c.kept_ms)
                query = query.where(table.c.shipment.in_(part), table.c.kept_ms >= since_ms)
                kept.update((row.shipment, row.kept_ms) for row in connection.execute(query))
        for name, its in chosen.items():
            lately = {other: kept[other] for other in its if other in kept}
            if lately:
                found[name] = lately
        return found

    def keep_named(self, named: Mapping[str, frozenset[str]]) -> frozenset[str]:
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


def _kept_keys(connection: Connection, shipments: Sequence[str]) -> dict[str, tuple[int, ...]]:
    table = schema.curves
    keys: dict[str, tuple[int, ...]] = {}
    for part in parts(shipments):
        kept = select(table.c.shipment, table.c["keys"]).where(table.c.shipment.in_(part))
        keys.update((name, tuple(_unpacked(its))) for name, its in connection.execute(kept))
    return keys


def _partners(
    connection: Connection,
    keys: Mapping[str, Sequence[int]],
    *,
    partners: int,
    without: Collection[str] = (),
) -> dict[str, list[str]]:
    """Of each shipment the others that share most of its keys; none where nobody does. without :
    who is nobody's partner."""
    table, owner = schema.curve_keys, schema.curves
    askers: defaultdict[int, list[str]] = defaultdict(list)
    for name, its in keys.items():
        for key in its:
            askers[key].append(name)
    shared: defaultdict[str, Counter[str]] = defaultdict(Counter)
    query = select(table.c.key, owner.c.shipment).join(owner, owner.c.id == table.c.curve)
    if len(keys) == 1:  # nearly all that a long one's keys lead to is itself
        query = query.where(owner.c.shipment.not_in(list(keys)))
    for part in parts(list(askers)):
        for key, other in connection.execute(query.where(table.c.key.in_(part))):
            if other not in without:
                for name in askers[key]:
                    if name != other:
                        shared[name][other] += 1
    return {
        name: [other for other, _ in sorted(its.items(), key=_most_first)[:partners]]
        for name, its in shared.items()
    }


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return -counted[1], counted[0]


def _bodies(connection: Connection, names: Collection[str]) -> dict[str, bytes]:
    table = schema.curves
    found: dict[str, bytes] = {}
    for part in parts(sorted(names)):
        query = select(table.c.shipment, table.c.body).where(table.c.shipment.in_(part))
        found.update((name, body) for name, body in connection.execute(query))
    return found


def _replace(
    connection: Connection,
    kept: Mapping[str, Row[Any] | None],
    curves: Mapping[str, StoredCurves | None],
    *,
    now_ms: int,
) -> None:
    """Write what differs: a curve that grew by a reading has at most one key more. A statement of
    each kind for all shipments; a key's crowd is counted as if they were written in turn."""
    table, index = schema.curves, schema.curve_keys
    old = {
        name: frozenset[int]() if row is None else _unpacked(row.packed_keys)
        for name, row in kept.items()
    }
    wanted = {
        name: frozenset[int]() if (its := curves[name]) is None else frozenset(its.keys)
        for name in kept
    }
    crowd = _crowds(connection, {key for name in kept for key in wanted[name] - old[name]})
    written: dict[str, dict[str, object]] = {}
    added: dict[str, list[int]] = {}
    leaving: list[dict[str, int]] = []
    emptied: list[int] = []
    for name, row in kept.items():
        added[name] = sorted(key for key in wanted[name] - old[name] if crowd[key] < CROWD)
        gone = sorted(old[name] - wanted[name])
        crowd.update(added[name])
        crowd.subtract(gone)
        its = curves[name]
        if its is not None:
            packed = _packed([*(old[name] & wanted[name]), *added[name]])
            written[name] = {"keys": packed, "body": its.body, "kept_ms": now_ms}
        if row is not None:
            leaving += [{"its_key": key, "its_curve": row.id} for key in gone]
            emptied += [row.id] if its is None else []
    if leaving:
        its_row = (index.c.key == bindparam("its_key"), index.c.curve == bindparam("its_curve"))
        connection.execute(delete(index).where(*its_row), leaving)
    for part in parts(emptied):
        connection.execute(delete(table).where(table.c.id.in_(part)))
    numbers = {name: row.id for name, row in kept.items() if row is not None}
    grown = [{"its_id": numbers[name], **row} for name, row in written.items() if name in numbers]
    if grown:
        connection.execute(update(table).where(table.c.id == bindparam("its_id")), grown)
    new = [{"shipment": name, **row} for name, row in written.items() if name not in numbers]
    if new:
        inserted = table.insert().returning(table.c.shipment, table.c.id)
        numbers.update((name, id_) for name, id_ in connection.execute(inserted, new))
    keys = [{"key": key, "curve": numbers[name]} for name in written for key in added[name]]
    if keys:
        connection.execute(index.insert(), keys)


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


def _crowds(connection: Connection, keys: Collection[int]) -> Counter[int]:
    """To how many curves each of these keys leads."""
    table = schema.curve_keys
    crowds: Counter[int] = Counter()
    for part in parts(list(keys)):
        query = select(table.c.key, func.count().label("curves")).where(table.c.key.in_(part))
        crowds.update(
            {row.key: row.curves for row in connection.execute(query.group_by(table.c.key))}
        )
    return crowds


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
