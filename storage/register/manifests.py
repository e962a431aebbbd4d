"""The manifests that declare shipments: every differing one kept."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import BigInteger, Connection, Text, bindparam, func, select, update

from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.manifest_search import searchable
from coldwitness.storage.register.belongings import keep_belongings
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.mentions import keep_mentions
from coldwitness.storage.register.schema import manifests
from coldwitness.storage.register.schema import shipments as shipment_rows
from coldwitness.storage.register.shipments import lock, make_known


class SqlManifests:
    """The part of the register about manifests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        manifest: Manifest,
        *,
        received_ms: int,
        sender: str | None = None,
        received_sha256: str | None = None,
    ) -> int:
        said = {} if received_sha256 is None else {manifest.id: received_sha256}
        return self._put([manifest], said, received_ms=received_ms, sender=sender)[0]

    def put_all(
        self, sent: Sequence[Manifest], *, received_ms: int, sender: str | None = None
    ) -> list[int]:
        """Keep manifests of different shipments in one transaction; returns their versions."""
        return self._put(sent, {}, received_ms=received_ms, sender=sender)

    def _put(
        self,
        sent: Sequence[Manifest],
        received_sha256: Mapping[str, str],
        *,
        received_ms: int,
        sender: str | None,
    ) -> list[int]:
        bodies = [msgspec.json.encode(one, order="sorted").decode() for one in sent]
        digests = [hashlib.sha256(body.encode()).hexdigest() for body in bodies]
        names = sorted(one.id for one in sent)
        versions, kept, declared = [], [], []
        with self._database.write() as connection:
            make_known(self._database, connection, dict.fromkeys(names))
            lock(self._database, connection, names)
            newest = _newest_digests(connection, names)
            # Of a manifest kept by a version that knew fewer keys, the same body has another
            # digest today: what it says is compared.
            differing = [
                one.id
                for one, digest in zip(sent, digests, strict=True)
                if one.id in newest and newest[one.id][1] != digest
            ]
            standing: dict[str, Manifest] = {}
            for part in parts(differing):
                standing |= newest_manifests(connection, part)
            for one, body, digest in zip(sent, bodies, digests, strict=True):
                version, known = newest.get(one.id, (0, ""))
                if known != digest and standing.get(one.id) != one:
                    version += 1
                    kept.append(
                        {
                            "shipment": one.id,
                            "version": version,
                            "received_ms": received_ms,
                            "digest": digest,
                            "body": body,
                            "sender": clean(sender),
                            "received_sha256": received_sha256.get(one.id),
                        }
                    )
                    declared.append(_declared(one) | {"its_id": one.id, "its_version": version})
                versions.append(version)
            if kept:
                connection.execute(manifests.insert(), kept)
                connection.execute(_DECLARE, declared)
                changed = {row["shipment"] for row in kept}
                changed_ones = [one for one in sent if one.id in changed]
                keep_mentions(connection, changed_ones)
                keep_belongings(self._database, connection, changed_ones)
        return versions

    def newest(self, shipments: Sequence[str]) -> dict[str, Manifest]:
        """The newest manifest of each shipment that has one."""
        found: dict[str, Manifest] = {}
        with self._database.read() as connection:
            for part in parts(shipments):
                found |= newest_manifests(connection, part)
        return found

    def versions(self, shipments: Sequence[str]) -> dict[str, list[ManifestVersion]]:
        """All versions in order of each shipment that has several."""
        found: dict[str, list[ManifestVersion]] = {}
        with self._database.read() as connection:
            for part in parts(shipments):
                query = (
                    select(manifests)
                    .join(shipment_rows, shipment_rows.c.id == manifests.c.shipment)
                    .where(shipment_rows.c.id.in_(part), shipment_rows.c.manifest_version > 1)
                    .order_by(manifests.c.shipment, manifests.c.version)
                )
                for row in connection.execute(query):
                    found.setdefault(row.shipment, []).append(
                        ManifestVersion(
                            manifest=msgspec.json.decode(row.body, type=Manifest),
                            version=row.version,
                            received_ms=row.received_ms,
                            sender=row.sender,
                        )
                    )
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
        .join(shipment_rows, _IS_NEWEST)
        .where(shipment_rows.c.id.in_(names))
    )
    return {
        name: msgspec.json.decode(body, type=Manifest) for name, body in connection.execute(query)
    }


def _newest_digests(connection: Connection, names: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Version and digest of the newest manifest of each shipment that has one."""
    found: dict[str, tuple[int, str]] = {}
    for part in parts(names):
        query = (
            select(manifests.c.shipment, manifests.c.version, manifests.c.digest)
            .join(shipment_rows, _IS_NEWEST)
            .where(shipment_rows.c.id.in_(part))
        )
        found |= {name: (version, known) for name, version, known in connection.execute(query)}
    return found


def _declared(manifest: Manifest) -> dict[str, object]:
    """What the list shows of a manifest before there is a result."""
    courier, seller = manifest.courier, manifest.seller
    division = (seller.division if seller else None) or (courier.division if courier else None)
    return {
        "its_division": clean(division),
        "its_courier": None if courier is None else clean(courier.id),
        "dispatched_ms": manifest.dispatched_ms,
        "delivered_ms": manifest.delivered_ms,
        "its_search": clean(searchable(manifest)),
    }


_IS_NEWEST = (shipment_rows.c.id == manifests.c.shipment) & (
    shipment_rows.c.manifest_version == manifests.c.version
)
_DECLARE = (
    update(shipment_rows)
    .where(shipment_rows.c.id == bindparam("its_id"))
    .values(
        manifest_version=bindparam("its_version"),
        division=bindparam("its_division"),
        search=bindparam("its_search"),
        courier=func.coalesce(bindparam("its_courier", type_=Text), shipment_rows.c.courier),
        started_ms=func.coalesce(
            shipment_rows.c.started_ms, bindparam("dispatched_ms", type_=BigInteger)
        ),
        ended_ms=func.coalesce(
            shipment_rows.c.ended_ms, bindparam("delivered_ms", type_=BigInteger)
        ),
    )
)
"""A manifest's courier is the shipment's; its times count until readings or events tell others."""
