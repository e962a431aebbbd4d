"""Readings that InfluxDB refuses for good, kept where the register is: they are evidence like the
others, and the store's retention is no judge of that.
"""

import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, select

from coldwitness.domain.reading import Reading
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, parts

Received = tuple[Reading, int]
"""A reading, and when it was received [UTC epoch ms]."""
_DAY_MS = 86_400_000
_TABLE = schema.readings_aside


class SqlAside:
    """The part of the register about them. Raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, readings: Sequence[Received]) -> None:
        """Keep these; the same again changes nothing."""
        rows = {}
        for reading, received_ms in readings:
            body = msgspec.json.encode(reading, order="sorted")
            digest = hashlib.sha256(body + b" %d" % received_ms).hexdigest()
            rows[digest] = {
                "digest": digest,
                "shipment": reading.shipment,
                "box": reading.box,
                "time_ms": reading.time_ms,
                "received_ms": received_ms,
                "body": body.decode(),
            }
        if rows:
            insert = self._database.insert(_TABLE).on_conflict_do_nothing()
            with self._database.write() as connection:
                connection.execute(insert, list(rows.values()))

    def of(self, shipments: Sequence[str], boxes: Sequence[str]) -> list[Received]:
        """Those that name one of `shipments`, and those that name none and are of these boxes."""
        found = [
            row for part in parts(shipments) for row in self._where(_TABLE.c.shipment.in_(part))
        ]
        for part in parts(boxes):
            found += self._where(_TABLE.c.shipment.is_(None) & _TABLE.c.box.in_(part))
        return found

    def between(self, start_ms: int, end_ms: int) -> list[Received]:
        """Those of start_ms <= time < end_ms."""
        return self._where((_TABLE.c.time_ms >= start_ms) & (_TABLE.c.time_ms < end_ms))

    def days_ms(self) -> set[int]:
        """Starts of the UTC days that hold some."""
        with self._database.read() as connection:
            times_ms = connection.execute(select(_TABLE.c.time_ms)).scalars()
            return {time_ms // _DAY_MS * _DAY_MS for time_ms in times_ms}

    def _where(self, condition: ColumnElement[bool]) -> list[Received]:
        query = select(_TABLE.c.body, _TABLE.c.received_ms).where(condition)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_TABLE.c.time_ms, _TABLE.c.digest))
            return [(msgspec.json.decode(row.body, type=Reading), row.received_ms) for row in rows]
