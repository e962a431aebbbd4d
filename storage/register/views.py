"""What the register knows about views kept elsewhere: where InfluxDB's readings are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, delete, select

from coldwitness.storage.register import schema
from coldwitness.storage.register.aside import SqlAside
from coldwitness.storage.register.database import Database, parts

INFLUX_FACTS = ("influx_measurement", "influx_building", "influx_position")
"""Keys of `state`: what is read, what a rebuild fills, and how far it is."""


@dataclass(frozen=True)
class Span:
    """Readings that declare `shipment` lie in this box ('' none), logger and half-open time."""

    shipment: str
    box: str
    logger: str
    start_ms: int
    end_ms: int


class SqlViews:
    """The part of the register about spans, small facts, and `aside`, what InfluxDB refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.aside = SqlAside(database)

    def widen_spans(self, spans: Sequence[Span]) -> None:
        """Make known where readings are about to be; a known span grows, never shrinks."""
        if not spans:
            return
        table = schema.spans
        insert = self._database.insert(table)
        new = insert.excluded
        rows = [vars(span) for span in sorted(spans, key=lambda s: (s.shipment, s.box, s.logger))]
        with self._database.write() as connection:
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["shipment", "box", "logger"],
                    set_={
                        "start_ms": case(
                            (new.start_ms < table.c.start_ms, new.start_ms),
                            else_=table.c.start_ms,
                        ),
                        "end_ms": case(
                            (new.end_ms > table.c.end_ms, new.end_ms), else_=table.c.end_ms
                        ),
                    },
                ),
                rows,
            )

    def spans(self, shipments: Sequence[str]) -> list[Span]:
        table = schema.spans
        found = []
        with self._database.read() as connection:
            for part in parts(shipments):
                rows = connection.execute(
                    select(table)
                    .where(table.c.shipment.in_(part))
                    .order_by(table.c.shipment, table.c.box, table.c.logger)
                )
                found += [Span(*row) for row in rows]
        return found

    def drop_spans(self) -> None:
        with self._database.write() as connection:
            connection.execute(delete(schema.spans))

    def influx_measurements(self) -> tuple[str, ...]:
        """The measurement that is read, then the one a rebuild is filling, if any; none before
        the first was chosen."""
        table = schema.state
        query = select(table.c.key, table.c.value).where(table.c.key.in_(INFLUX_FACTS))
        with self._database.read() as connection:
            facts = {row.key: str(row.value) for row in connection.execute(query)}
        active, building = facts.get("influx_measurement"), facts.get("influx_building")
        if active is None:
            return ()
        return (active,) if building is None else (active, building)

    def fact(self, key: str) -> str | None:
        table = schema.state
        with self._database.read() as connection:
            return connection.execute(
                select(table.c.value).where(table.c.key == key)
            ).scalar_one_or_none()

    def set_facts(self, facts: dict[str, str | None]) -> None:
        """Set each key, all at once; None removes it."""
        table = schema.state
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.key.in_(list(facts))))
            rows = [{"key": key, "value": value} for key, value in facts.items() if value]
            if rows:
                connection.execute(table.insert(), rows)
