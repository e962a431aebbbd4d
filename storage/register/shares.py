"""Leases of the processes that judge. A share changes hands by an update of its row, and a write
for its shipments holds the row: so a process that was stopped and wakes writes nothing after
another took over, whatever its own clock says. When a lease ends is told by the database's clock.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Row, delete, select, update

from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database
from coldwitness.storage.share_ports import SHARES, HeldShares, SharesLost, share_of

_JUDGES, _SHARES = schema.judges, schema.judge_shares


class SqlJudgeShares:
    """The part of the register about who judges what."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self, holder: str, *, lease_ms: int, ended: Callable[[str], bool] = lambda _: False
    ) -> HeldShares:
        with self._database.write() as connection:
            now_ms = self._database.now_ms(connection)
            known = self._say_alive(connection, holder, now_ms=now_ms, lease_ms=lease_ms)
            judging = self._without_gone(connection, known, holder, now_ms, ended)
            rows = self._rows(connection)
            mine = [row for row in rows if row.holder == holder]
            most = -(-SHARES // len(judging))
            if len(mine) > most:
                self._give_back(connection, holder, [row.share for row in mine[most:]])
                mine = mine[:most]
            held = {row.share: row.turn for row in mine}
            for row in rows:
                if (
                    len(held) < most
                    and row.holder not in judging
                    and _take(connection, row, holder)
                ):
                    held[row.share] = row.turn + 1
            return HeldShares(holder, held)

    def give_back(self, holder: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(_JUDGES).where(_JUDGES.c.name == holder))
            self._give_back(connection, holder, range(SHARES))

    def judges(self) -> Mapping[str, int]:
        with self._database.read() as connection:
            now_ms = self._database.now_ms(connection)
            live = select(_JUDGES.c.name).where(_JUDGES.c.until_ms >= now_ms)
            names = list(connection.execute(live.order_by(_JUDGES.c.name)).scalars())
            held = Counter(connection.execute(select(_SHARES.c.holder)).scalars())
        return {name: held[name] for name in names}

    @contextmanager
    def holding(self, held: HeldShares, shipments: Iterable[str]) -> Iterator[None]:
        with self._database.write() as connection:
            require_held(connection, held, shipments)
            yield

    def _say_alive(
        self, connection: Connection, holder: str, *, now_ms: int, lease_ms: int
    ) -> dict[str, int]:
        """Until when the lease of each runs, or ran."""
        insert = self._database.insert(_JUDGES)
        alive = insert.on_conflict_do_update(
            index_elements=["name"], set_={"until_ms": insert.excluded.until_ms}
        )
        connection.execute(alive, [{"name": holder, "until_ms": now_ms + lease_ms}])
        return {row.name: row.until_ms for row in connection.execute(select(_JUDGES))}

    def _without_gone(
        self,
        connection: Connection,
        judging: Mapping[str, int],
        holder: str,
        now_ms: int,
        ended: Callable[[str], bool],
    ) -> frozenset[str]:
        """Whose lease runs. Of the others what they had begun is rolled back: whoever was stopped
        in the middle of a write would keep everybody off its shares for as long."""
        gone = [
            name
            for name, until_ms in judging.items()
            if name != holder and (until_ms < now_ms or ended(name))
        ]
        for name in gone:
            self._database.end_sessions_of(connection, name)
        # Another one may take out the same at this moment: nobody waits for it.
        over = select(_JUDGES.c.name).where(_JUDGES.c.name.in_(gone))
        over = over.with_for_update(skip_locked=True)
        connection.execute(delete(_JUDGES).where(_JUDGES.c.name.in_(over)))
        return frozenset(judging) - frozenset(gone)

    def _rows(self, connection: Connection) -> Sequence[Row[tuple[int, str | None, int]]]:
        query = select(_SHARES).order_by(_SHARES.c.share)
        rows = connection.execute(query).all()
        if len(rows) == SHARES:
            return rows
        every = [{"share": number, "holder": None, "turn": 0} for number in range(SHARES)]
        connection.execute(self._database.insert(_SHARES).on_conflict_do_nothing(), every)
        return connection.execute(query).all()

    def _give_back(self, connection: Connection, holder: str, shares: Sequence[int]) -> None:
        # In their order, as whoever writes for them holds them.
        for number in shares:
            its = update(_SHARES).where(_SHARES.c.share == number, _SHARES.c.holder == holder)
            connection.execute(its.values(holder=None))


def require_held(connection: Connection, held: HeldShares, shipments: Iterable[str]) -> None:
    """Keep these with their holder until the transaction ends. Raises SharesLost where one of them
    is not his any more."""
    by_share: dict[int, list[str]] = {}
    for shipment in shipments:
        by_share.setdefault(share_of(shipment), []).append(shipment)
    query = select(_SHARES).where(_SHARES.c.share.in_(sorted(by_share))).order_by(_SHARES.c.share)
    now = {
        row.share: (row.holder, row.turn)
        for row in connection.execute(query.with_for_update(read=True))
    }
    lost = [
        shipment
        for number, its in by_share.items()
        if number not in held.turns or now.get(number) != (held.holder, held.turns[number])
        for shipment in its
    ]
    if lost:
        raise SharesLost(lost)


def _take(connection: Connection, row: Row[tuple[int, str | None, int]], holder: str) -> bool:
    """Whether nobody was sooner. Waits for a write that is under way for the share."""
    its = update(_SHARES).where(_SHARES.c.share == row.share, _SHARES.c.turn == row.turn)
    its = its.where(_SHARES.c.holder.is_not_distinct_from(row.holder))
    return connection.execute(its.values(holder=holder, turn=row.turn + 1)).rowcount == 1
