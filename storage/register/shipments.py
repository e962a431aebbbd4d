"""Shipments, the manifests that declare them, and the list that shows them."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Subquery, and_, func, or_, select, update

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest import Manifest
from coldwitness.storage.ports import ShipmentRow
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.schema import manifests, shipments

_REMEMBERED = 100_000


class Shipments:
    """The part of the register about shipments and manifests."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, str | None] = {}

    def put_manifest(self, manifest: Manifest, *, received_ms: int) -> int:
        body = msgspec.json.encode(manifest, order="sorted").decode()
        digest = hashlib.sha256(body.encode()).hexdigest()
        with self._database.write() as connection:
            make_known(self._database, connection, {manifest.id: None})
            lock(self._database, connection, [manifest.id])
            newest = connection.execute(
                select(manifests.c.version, manifests.c.digest)
                .where(manifests.c.shipment == manifest.id)
                .order_by(manifests.c.version.desc())
                .limit(1)
            ).one_or_none()
            if newest is not None and newest.digest == digest:
                return int(newest.version)
            version = 1 if newest is None else int(newest.version) + 1
            connection.execute(
                manifests.insert().values(
                    shipment=manifest.id,
                    version=version,
                    received_ms=received_ms,
                    digest=digest,
                    body=body,
                )
            )
            connection.execute(
                update(shipments)
                .where(shipments.c.id == manifest.id)
                .values(manifest_version=version, **_declared(manifest))
            )
        return version

    def manifests(self, shipments: Sequence[str]) -> dict[str, Manifest]:
        """The newest manifest of each shipment that has one."""
        newest = _newest_versions()
        found = {}
        with self._database.read() as connection:
            for part in parts(shipments):
                query = select(manifests.c.shipment, manifests.c.body).join(
                    newest,
                    and_(
                        manifests.c.shipment == newest.c.shipment,
                        manifests.c.version == newest.c.version,
                    ),
                )
                for name, body in connection.execute(query.where(newest.c.shipment.in_(part))):
                    found[name] = msgspec.json.decode(body, type=Manifest)
        return found

    def manifest_version(self, shipment: str, version: int) -> Manifest | None:
        """One version as it was put, or None."""
        with self._database.read() as connection:
            body = connection.execute(
                select(manifests.c.body).where(
                    manifests.c.shipment == shipment, manifests.c.version == version
                )
            ).scalar_one_or_none()
        return None if body is None else msgspec.json.decode(body, type=Manifest)

    def note_seen(self, shipments: Mapping[str, str | None]) -> None:
        unknown = {
            shipment: courier
            for shipment, courier in shipments.items()
            if shipment not in self._seen or (courier and self._seen[shipment] is None)
        }
        if not unknown:
            return
        with self._database.write() as connection:
            make_known(self._database, connection, unknown)
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        self._seen.update(unknown)

    def shipment_rows(
        self,
        *,
        verdict: str | None = None,
        courier: str | None = None,
        division: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[ShipmentRow]:
        """By id, after `after`. division: that one and those below it. from_ms/to_ms: journeys
        that overlap the half-open period; one whose times are unknown is in every period."""
        wanted: list[ColumnElement[bool]] = []
        table = shipments
        if verdict is not None:
            wanted.append(table.c.verdict == verdict)
        if courier is not None:
            wanted.append(table.c.courier == courier)
        if division is not None:
            wanted.append(in_division(table.c.division, division))
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

    def shipment_row(self, shipment: str) -> ShipmentRow | None:
        with self._database.read() as connection:
            query = select(shipments).where(shipments.c.id == shipment)
            row = connection.execute(query).one_or_none()
            return None if row is None else _line(row)

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


def in_division(column: ColumnElement[str], division: str) -> ColumnElement[bool]:
    """`370300` and `3703` mean every division that begins 3703, `370305` itself alone."""
    prefix = division
    while len(prefix) > 2 and prefix.endswith("00"):
        prefix = prefix[:-2]
    return column.startswith(prefix, autoescape=True)


def _line(row: Row[Any]) -> ShipmentRow:
    return ShipmentRow(
        id=row.id,
        verdict=row.verdict,
        courier=row.courier,
        division=row.division,
        started_at=None if row.started_ms is None else rfc3339(row.started_ms),
        ended_at=None if row.ended_ms is None else rfc3339(row.ended_ms),
        result_version=row.result_version,
        findings=row.findings,
    )


def _newest_versions() -> Subquery:
    return (
        select(manifests.c.shipment, func.max(manifests.c.version).label("version"))
        .group_by(manifests.c.shipment)
        .subquery()
    )


def _declared(manifest: Manifest) -> dict[str, object]:
    """What the list shows of a manifest before there is a result."""
    courier = manifest.courier
    seller = manifest.seller
    division = (seller.division if seller else None) or (courier.division if courier else None)
    declared: dict[str, object] = {"division": clean(division)}
    if courier is not None and courier.id is not None:
        declared["courier"] = clean(courier.id)
    if manifest.dispatched_ms is not None:
        declared["started_ms"] = func.coalesce(shipments.c.started_ms, manifest.dispatched_ms)
    if manifest.delivered_ms is not None:
        declared["ended_ms"] = func.coalesce(shipments.c.ended_ms, manifest.delivered_ms)
    return declared
