"""Photographs, certificates and statements to a shipment, kept by their digest."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import RowMapping, select

from coldwitness.storage.office_ports import Attachment, AttachmentKind
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean
from coldwitness.storage.register.shipments import make_known

_TABLE = schema.attachments


class SqlAttachments:
    """The part of the register about attachments; none is ever replaced."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        shipment: str,
        body: bytes,
        *,
        kind: AttachmentKind,
        name: str | None,
        media_type: str,
        by: str,
        now_ms: int,
    ) -> tuple[Attachment, bool]:
        sha256 = hashlib.sha256(body).hexdigest()
        row = {
            "shipment": shipment,
            "sha256": sha256,
            "kind": kind,
            "name": clean(name),
            "media_type": media_type,
            "at_ms": now_ms,
            "by_whom": clean(by),
            "body": body,
        }
        insert = self._database.insert(_TABLE).values(**row).on_conflict_do_nothing()
        with self._database.write() as connection:
            make_known(self._database, connection, {shipment: None})
            new = connection.execute(insert.returning(_TABLE.c.sha256)).one_or_none() is not None
            its = select(*TOLD).where(_TABLE.c.shipment == shipment, _TABLE.c.sha256 == sha256)
            kept = connection.execute(its).mappings().one()
        return attachment_of_row(kept), new

    def of(self, shipment: str) -> list[Attachment]:
        query = select(*TOLD).where(_TABLE.c.shipment == shipment)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_TABLE.c.at_ms, _TABLE.c.sha256))
            return [attachment_of_row(row) for row in rows.mappings()]

    def bodies(self) -> Iterator[bytes]:
        """The bytes of every file, one after the other."""
        with self._database.read() as connection:
            keys = connection.execute(select(_TABLE.c.shipment, _TABLE.c.sha256)).all()
        for shipment, sha256 in keys:
            found = self.body(shipment, sha256)
            if found is not None:
                yield found[1]

    def body(self, shipment: str, sha256: str) -> tuple[Attachment, bytes] | None:
        query = select(*TOLD, _TABLE.c.body)
        query = query.where(_TABLE.c.shipment == shipment, _TABLE.c.sha256 == sha256)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else (attachment_of_row(row), row["body"])


TOLD = [column for column in _TABLE.c if column.name != "body"]
"""All but the bytes."""


def attachment_of_row(row: RowMapping) -> Attachment:
    """A row of the table of attachments, with or without its bytes."""
    return Attachment(
        shipment=row["shipment"],
        sha256=row["sha256"],
        kind=row["kind"],
        name=row["name"],
        media_type=row["media_type"],
        at_ms=row["at_ms"],
        by=row["by_whom"],
    )
