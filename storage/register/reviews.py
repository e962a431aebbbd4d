"""What officers decided about results."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import RowMapping, func, select

from coldwitness.storage.ports import Review
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.shipments import make_known

OFFICERS_TO_CORRECT = 2
"""Different officers who accept a correction before it counts."""


class SqlReviews:
    """The part of the register about officers' reviews."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, review: Review) -> None:
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
                    manifest_version=review.manifest_version,
                    attachment=review.attachment,
                    signed_in=review.signed_in,
                )
            )

    def of(self, shipment: str) -> list[Review]:
        """Oldest first."""
        table = schema.reviews
        query = select(table).where(table.c.shipment == shipment).order_by(table.c.id)
        with self._database.read() as connection:
            return [review_of_row(row) for row in connection.execute(query).mappings()]

    def isolation_seen(self, shipments: Sequence[str]) -> dict[str, Review]:
        table = schema.reviews
        looks: dict[str, dict[str, Review]] = {}
        with self._database.read() as connection:
            for part in parts(shipments):
                query = select(table).where(
                    table.c.shipment.in_(part),
                    table.c.decision.in_(("isolation_seen", "isolation_withdrawn")),
                )
                query = query.order_by(table.c.created_ms, table.c.id)
                for row in connection.execute(query).mappings():
                    its = looks.setdefault(row["shipment"], {})
                    if row["decision"] == "isolation_withdrawn":
                        its.pop(row["officer"], None)
                    else:
                        its.setdefault(row["officer"], review_of_row(row))
        return {shipment: next(iter(its.values())) for shipment, its in looks.items() if its}

    def corrections_accepted(self, shipments: Sequence[str]) -> dict[str, frozenset[int]]:
        table = schema.reviews
        found: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
        with self._database.read() as connection:
            for part in parts(shipments):
                query = select(table.c.shipment, table.c.manifest_version).where(
                    table.c.shipment.in_(part),
                    table.c.decision == "correction_accepted",
                    table.c.manifest_version.is_not(None),
                )
                query = query.group_by(table.c.shipment, table.c.manifest_version)
                query = query.having(func.count(table.c.officer.distinct()) >= OFFICERS_TO_CORRECT)
                for row in connection.execute(query):
                    found[row.shipment] |= {row.manifest_version}
        return dict(found)


def review_of_row(row: RowMapping) -> Review:
    """A row of the table of reviews."""
    return Review(
        shipment=row["shipment"],
        result_version=row["result_version"],
        officer=row["officer"],
        decision=row["decision"],
        reason=row["reason"],
        created_ms=row["created_ms"],
        manifest_version=row["manifest_version"],
        attachment=row["attachment"],
        signed_in=row["signed_in"],
    )
