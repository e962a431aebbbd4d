"""Which probes each logger ever sent in each box, and since when."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, case, delete, select

from coldwitness.domain.reading import Reading
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, parts

_TABLE = schema.probes_sent
_REMEMBERED = 100_000
"""Boxes and loggers of which is known what is kept, so that not every batch asks."""

_NEVER_MS = 2**63

Pair = tuple[str, str]


class SentProbes:
    """Notes of one process; many may note at once, the earliest time stands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[Pair, dict[str, int]] = {}

    def note(
        self, readings: Sequence[Reading], *, generation_of: Callable[[Connection], int]
    ) -> None:
        """generation_of : the number of the newest rebuild."""
        fresh: dict[Pair, dict[str, int]] = {}
        for (box, logger, probes), first_ms in _earliest_ms(readings).items():
            pair = (box or "", logger)
            known = self._known.get(pair)
            for probe in probes:
                if known is None or known.get(probe, first_ms + 1) > first_ms:
                    its = fresh.setdefault(pair, {})
                    its[probe] = min(first_ms, its.get(probe, first_ms))
        if not fresh:
            return
        with self._database.write() as connection:
            self._keep(connection, fresh, generation_of(connection))
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        for pair, its in fresh.items():
            self._known.setdefault(pair, {}).update(its)

    def _keep(
        self, connection: Connection, fresh: dict[Pair, dict[str, int]], generation: int
    ) -> None:
        insert = self._database.insert(_TABLE)
        new = insert.excluded
        rows = [
            {
                "box": box,
                "logger": logger,
                "probe": probe,
                "first_ms": first_ms,
                "generation": generation,
            }
            for (box, logger), its in sorted(fresh.items())
            for probe, first_ms in sorted(its.items())
        ]
        # Of a probe that an earlier rebuild knew and this one has not met, the time is made anew.
        older = _TABLE.c.generation < new.generation
        earlier = new.first_ms < _TABLE.c.first_ms
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["logger", "box", "probe"],
                set_={
                    "first_ms": case((older | earlier, new.first_ms), else_=_TABLE.c.first_ms),
                    "generation": case((older, new.generation), else_=_TABLE.c.generation),
                },
            ),
            rows,
        )

    def forget(self) -> None:
        """Ask anew what is kept: a rebuild has begun."""
        self._known.clear()

    def carried(self, pairs: Sequence[Pair]) -> dict[Pair, dict[str, int]]:
        wanted = set(pairs)
        found: dict[Pair, dict[str, int]] = {}
        with self._database.read() as connection:
            for part in parts(sorted({logger for _, logger in wanted})):
                query = select(_TABLE).where(_TABLE.c.logger.in_(part))
                for row in connection.execute(query):
                    if (row.box, row.logger) in wanted:
                        found.setdefault((row.box, row.logger), {})[row.probe] = row.first_ms
        return found


def drop_unseen(connection: Connection, *, generation: int) -> None:
    """Drop what was not met since the rebuild of this number began."""
    connection.execute(delete(_TABLE).where(_TABLE.c.generation < generation))


def _earliest_ms(
    readings: Sequence[Reading],
) -> dict[tuple[str | None, str, tuple[str, ...]], int]:
    """Of each box, logger and set of probes. Every reading passes here."""
    found: dict[tuple[str | None, str, tuple[str, ...]], int] = {}
    for one in readings:
        key = (one.box, one.logger, tuple(one.temperature_c))
        if one.time_ms < found.get(key, _NEVER_MS):
            found[key] = one.time_ms
    return found
