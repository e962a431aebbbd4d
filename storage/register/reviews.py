"""What officers decided about results."""

from sqlalchemy import select

from coldwitness.storage.ports import Review
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean
from coldwitness.storage.register.shipments import make_known


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
                )
            )

    def of(self, shipment: str) -> list[Review]:
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
