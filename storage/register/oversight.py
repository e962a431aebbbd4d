"""Who did what (audit), what officers decided (reviews), and what runs long (jobs)."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from coldwitness.storage.ports import Review
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean
from coldwitness.storage.register.shipments import make_known

JobState = Literal["running", "done", "failed"]


@dataclass(frozen=True)
class AuditEntry:
    id: int
    at_ms: int
    actor: str
    action: str
    subject: str


@dataclass(frozen=True)
class Job:
    id: str
    kind: str
    state: JobState
    progress: str
    started_ms: int
    updated_ms: int
    error: str | None


class Oversight:
    """The part of the register about audit, reviews and jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def audit(self, *, actor: str, action: str, subject: str, now_ms: int) -> None:
        with self._database.write() as connection:
            connection.execute(
                schema.audit.insert().values(
                    at_ms=now_ms, actor=clean(actor), action=clean(action), subject=clean(subject)
                )
            )

    def audit_trail(self, *, after: int = 0, limit: int = 100) -> list[AuditEntry]:
        """Entries by id, after `after`."""
        table = schema.audit
        query = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
        with self._database.read() as connection:
            return [
                AuditEntry(row.id, row.at_ms, row.actor, row.action, row.subject)
                for row in connection.execute(query)
            ]

    def add_review(self, review: Review) -> None:
        with self._database.write() as connection:
            make_known(self._database, connection, {review.shipment: None})
            connection.execute(
                schema.reviews.insert().values(
                    shipment=review.shipment,
                    result_version=review.result_version,
                    officer=clean(review.officer),
                    decision=clean(review.decision),
                    reason=clean(review.reason),
                    created_ms=review.created_ms,
                )
            )

    def reviews(self, shipment: str) -> list[Review]:
        """Oldest first."""
        table = schema.reviews
        query = select(table).where(table.c.shipment == shipment).order_by(table.c.id)
        with self._database.read() as connection:
            return [
                Review(
                    shipment=row.shipment,
                    result_version=row.result_version,
                    officer=row.officer,
                    decision=row.decision,
                    reason=row.reason,
                    created_ms=row.created_ms,
                )
                for row in connection.execute(query)
            ]

    def put_job(self, job: Job) -> None:
        """Keep a job's state; a later call with its id replaces it."""
        values = {
            "id": job.id,
            "kind": job.kind,
            "state": job.state,
            "progress": clean(job.progress),
            "started_ms": job.started_ms,
            "updated_ms": job.updated_ms,
            "error": clean(job.error),
        }
        insert = self._database.insert(schema.jobs).values(**values)
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))

    def job(self, job_id: str) -> Job | None:
        with self._database.read() as connection:
            row = connection.execute(
                select(schema.jobs).where(schema.jobs.c.id == job_id)
            ).one_or_none()
        return None if row is None else Job(*row)
