"""The manifests that declare shipments: every differing one kept."""

import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, select, update

from coldwitness.domain.manifest import Manifest
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.schema import manifests, shipments
from coldwitness.storage.register.shipments import lock, make_known


class SqlManifests:
    """The part of the register about manifests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, manifest: Manifest, *, received_ms: int) -> int:
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

    def newest(self, shipments: Sequence[str]) -> dict[str, Manifest]:
        """The newest manifest of each shipment that has one."""
        found: dict[str, Manifest] = {}
        with self._database.read() as connection:
            for part in parts(shipments):
                found |= newest_manifests(connection, part)
        return found

    def version(self, shipment: str, version: int) -> Manifest | None:
        """One version as it was put, or None."""
        with self._database.read() as connection:
            body = connection.execute(
                select(manifests.c.body).where(
                    manifests.c.shipment == shipment, manifests.c.version == version
                )
            ).scalar_one_or_none()
        return None if body is None else msgspec.json.decode(body, type=Manifest)


def newest_manifests(connection: Connection, names: Sequence[str]) -> dict[str, Manifest]:
    """Of those shipments that have one; no more than one IN list holds."""
    query = (
        select(manifests.c.shipment, manifests.c.body)
        .join(
            shipments,
            (shipments.c.id == manifests.c.shipment)
            & (shipments.c.manifest_version == manifests.c.version),
        )
        .where(shipments.c.id.in_(names))
    )
    return {
        name: msgspec.json.decode(body, type=Manifest) for name, body in connection.execute(query)
    }


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
