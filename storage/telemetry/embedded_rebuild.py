"""Rebuilding the embedded store: a second generation of tables in the same file."""

from collections.abc import Sequence

from coldwitness.domain.reading import Reading
from coldwitness.storage.ports import RefusedReading
from coldwitness.storage.telemetry.embedded import (
    EmbeddedTelemetry,
    drop_generation,
    make_generation,
)


class EmbeddedRebuild:
    """A TelemetryRebuild. Readings and position are committed together."""

    def __init__(self, store: EmbeddedTelemetry) -> None:
        self._store = store
        with store.writing() as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
            if "building" in meta:
                self._generation = int(meta["building"])
            else:
                self._generation = int(meta["active"]) + 1
                make_generation(connection, self._generation)
                connection.execute(
                    "INSERT INTO meta VALUES ('building', ?)", (str(self._generation),)
                )
        store.notice_generations()
        self._position: str | None = meta.get("position")

    @property
    def position(self) -> str | None:
        return self._position

    def append(
        self, readings: Sequence[Reading], received_ms: Sequence[int], *, position: str
    ) -> tuple[RefusedReading, ...]:
        with self._store.writing() as connection:
            self._store.append_to(connection, readings, received_ms, generation=self._generation)
            connection.execute(
                "INSERT INTO meta VALUES ('position', ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value",
                (position,),
            )
        self._position = position
        return ()

    def finish(self) -> str:
        with self._store.writing() as connection:
            (old,) = connection.execute("SELECT value FROM meta WHERE key='active'").fetchone()
            connection.execute(
                "UPDATE meta SET value=? WHERE key='active'", (str(self._generation),)
            )
            connection.execute("DELETE FROM meta WHERE key IN ('building', 'position')")
            drop_generation(connection, int(old))
        self._store.notice_generations()
        return ""
