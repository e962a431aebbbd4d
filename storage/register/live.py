"""News of the live stream and what is on the road: of who judges, for those that answer."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import RowMapping, delete, func, or_, select

from coldwitness.storage.live_ports import LiveLine, RoadLine
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, parts

KEPT_NEWS = 20_000
"""Some half a minute of a province's. Whoever is further behind has lost the oldest."""
_TURN = 0x6C697665
"""The advisory lock under which news are numbered (PostgreSQL)."""
_NEWS, _ROAD = schema.live_news, schema.on_the_road


class SqlLiveNews:
    """The part of the register about news of the live stream."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, events: Sequence[tuple[str, bytes]]) -> None:
        if not events:
            return
        rows = [{"name": name, "body": body} for name, body in events]
        with self._database.write() as connection:
            # One writer at a time until it commits: a reader that has seen a number has seen all
            # before it.
            self._database.take_turn(connection, _TURN)
            connection.execute(_NEWS.insert(), rows)
            last = connection.execute(select(func.max(_NEWS.c.number))).scalar_one()
            connection.execute(delete(_NEWS).where(_NEWS.c.number <= last - KEPT_NEWS))

    def after(self, number: int, *, limit: int) -> list[LiveLine]:
        query = select(_NEWS).where(_NEWS.c.number > number).order_by(_NEWS.c.number).limit(limit)
        with self._database.read() as connection:
            return [LiveLine(row.number, row.name, row.body) for row in connection.execute(query)]

    def last(self) -> int:
        with self._database.read() as connection:
            return int(connection.execute(select(func.max(_NEWS.c.number))).scalar_one() or 0)


class SqlRoad:
    """The part of the register about shipments under way."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, lines: Mapping[str, RoadLine], *, left: Iterable[str]) -> None:
        rows = [{"shipment": name, **its._asdict()} for name, its in sorted(lines.items())]
        gone = sorted(left)
        if not rows and not gone:
            return
        insert = self._database.insert(_ROAD)
        newer = {name: insert.excluded[name] for name in RoadLine._fields}
        statement = insert.on_conflict_do_update(index_elements=["shipment"], set_=newer)
        with self._database.write() as connection:
            for part in parts(gone):
                connection.execute(delete(_ROAD).where(_ROAD.c.shipment.in_(part)))
            if rows:
                connection.execute(statement, rows)

    def of(self, shipments: Collection[str]) -> dict[str, RoadLine]:
        found: dict[str, RoadLine] = {}
        with self._database.read() as connection:
            for part in parts(sorted(shipments)):
                query = select(_ROAD).where(_ROAD.c.shipment.in_(part))
                found.update(map(_line, connection.execute(query).mappings()))
        return found

    def pressing(
        self, *, silent_before_ms: int, to_limit_most_s: float, beside: Collection[str]
    ) -> dict[str, RoadLine]:
        near = or_(_ROAD.c.heard_ms <= silent_before_ms, _ROAD.c.to_limit_s <= to_limit_most_s)
        with self._database.read() as connection:
            rows = connection.execute(select(_ROAD).where(near)).mappings()
            found = dict(map(_line, rows))
        return found | self.of([name for name in beside if name not in found])


def _line(row: RowMapping) -> tuple[str, RoadLine]:
    return row["shipment"], RoadLine(row["heard_ms"], row["to_limit_s"], row["newest"])
