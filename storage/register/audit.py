"""Who did what, from where and through what: lines are added and read, never changed."""

from sqlalchemy import ColumnElement, RowMapping, or_, select

from coldwitness.domain.reach import Reach
from coldwitness.storage.people_ports import AuditAsked, AuditLine
from coldwitness.storage.register import schema
from coldwitness.storage.register.belongings import about_seen
from coldwitness.storage.register.database import Database, clean

_TABLE = schema.audit


class SqlAudit:
    """The part of the register about the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(
        self,
        *,
        actor: str,
        action: str,
        subject: str,
        now_ms: int,
        shipment: str | None = None,
        address: str | None = None,
        through: str | None = None,
    ) -> None:
        with self._database.write() as connection:
            connection.execute(
                _TABLE.insert().values(
                    at_ms=now_ms,
                    actor=clean(actor),
                    action=clean(action),
                    subject=clean(subject),
                    shipment=clean(shipment),
                    address=clean(address),
                    through=clean(through),
                )
            )

    def entries(self, *, after: int = 0, limit: int = 100) -> list[AuditLine]:
        """Entries by id, after `after`."""
        query = select(_TABLE).where(_TABLE.c.id > after).order_by(_TABLE.c.id).limit(limit)
        with self._database.read() as connection:
            return [_line(row) for row in connection.execute(query).mappings()]

    def lines(
        self,
        asked: AuditAsked,
        *,
        reach: Reach,
        own: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[AuditLine]:
        wanted: list[ColumnElement[bool]] = about_seen(_TABLE.c.shipment, reach)
        if wanted and own is not None:
            wanted = [or_(_TABLE.c.actor == own, *wanted)]
        for column, value in (
            (_TABLE.c.actor, asked.actor),
            (_TABLE.c.action, asked.action),
            (_TABLE.c.shipment, asked.shipment),
        ):
            if value is not None:
                wanted.append(column == value)
        if asked.from_ms is not None:
            wanted.append(_TABLE.c.at_ms >= asked.from_ms)
        if asked.to_ms is not None:
            wanted.append(_TABLE.c.at_ms < asked.to_ms)
        if before is not None:
            wanted.append(_TABLE.c.id < before)
        query = select(_TABLE).where(*wanted).order_by(_TABLE.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [_line(row) for row in connection.execute(query).mappings()]


def _line(row: RowMapping) -> AuditLine:
    return AuditLine(**row)
