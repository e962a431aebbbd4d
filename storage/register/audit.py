"""Who did what: entries are added and read, never changed."""

from dataclasses import dataclass

from sqlalchemy import select

from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean


@dataclass(frozen=True)
class AuditEntry:
    id: int
    at_ms: int
    actor: str
    action: str
    subject: str


class SqlAudit:
    """The part of the register about the audit trail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, *, actor: str, action: str, subject: str, now_ms: int) -> None:
        with self._database.write() as connection:
            connection.execute(
                schema.audit.insert().values(
                    at_ms=now_ms, actor=clean(actor), action=clean(action), subject=clean(subject)
                )
            )

    def entries(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Entries by id, after `after`."""
        table = schema.audit
        query = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
        with self._database.read() as connection:
            return [
                AuditEntry(row.id, row.at_ms, row.actor, row.action, row.subject)
                for row in connection.execute(query)
            ]
