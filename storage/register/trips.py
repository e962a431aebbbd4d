"""What compliant trips showed of their box models: what the fleet's limits are learned from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, select

from coldwitness.storage.ports import ModelTrip
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.shipments import lock, make_known

_TABLE = schema.model_trips
_COLUMNS = (
    _TABLE.c.shipment,
    _TABLE.c.zone,
    _TABLE.c.model,
    _TABLE.c.ended_ms,
    _TABLE.c.rate_per_h,
    _TABLE.c.low_per_h,
    _TABLE.c.high_per_h,
)


class SqlTrips:
    """The part of the register about the exchange rates of box models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, trips: Mapping[str, Sequence[ModelTrip]]) -> None:
        trips = {
            name: [replace(trip, model=clean(trip.model) or "") for trip in its]
            for name, its in trips.items()
        }
        with self._database.read() as connection:
            changed = _differing(connection, trips)
        if not changed:
            return
        with self._database.write() as connection:
            make_known(self._database, connection, dict.fromkeys(changed))
            lock(self._database, connection, changed)
            for part in parts(changed):
                connection.execute(delete(_TABLE).where(_TABLE.c.shipment.in_(part)))
            rows = [_row(trip) for name in changed for trip in trips[name]]
            if rows:
                connection.execute(_TABLE.insert(), rows)

    def latest(self, model: str, zone: str, *, before_ms: int, limit: int) -> list[ModelTrip]:
        query = (
            select(*_COLUMNS)
            .where(
                _TABLE.c.model == clean(model), _TABLE.c.zone == zone, _TABLE.c.ended_ms < before_ms
            )
            .order_by(_TABLE.c.ended_ms.desc(), _TABLE.c.shipment.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            found = [ModelTrip(*row) for row in connection.execute(query)]
        return found[::-1]


def _differing(connection: Connection, trips: Mapping[str, Sequence[ModelTrip]]) -> list[str]:
    """Shipments, in order, of which something else is kept than this."""
    names = sorted(trips)
    kept: defaultdict[str, set[ModelTrip]] = defaultdict(set)
    for part in parts(names):
        for row in connection.execute(select(*_COLUMNS).where(_TABLE.c.shipment.in_(part))):
            kept[row.shipment].add(ModelTrip(*row))
    return [name for name in names if kept[name] != set(trips[name])]


def _row(trip: ModelTrip) -> dict[str, Any]:
    return {column.name: getattr(trip, column.name) for column in _COLUMNS}
