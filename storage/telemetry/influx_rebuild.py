"""Rebuilding InfluxDB: a second measurement beside the one that is read."""

from collections.abc import Sequence

from coldwitness.domain.reading import Reading
from coldwitness.storage.ports import RefusedReading
from coldwitness.storage.telemetry.influx import InfluxTelemetry
from coldwitness.storage.telemetry.influx_whose import drop_ours, free_name


class InfluxRebuild:
    """A TelemetryRebuild. The register keeps the measurement's name and the position; readings
    written after the last kept position are written again after a kill, which changes nothing.
    A name is taken that nobody has: nothing has to be dropped before.
    """

    def __init__(self, store: InfluxTelemetry) -> None:
        views = store.views
        self._store = store
        self._views = views
        measurements = store.measurements()
        self._old = measurements[0]
        if len(measurements) > 1:
            self._new = measurements[1]
            self._position = views.fact("influx_position")
            return
        self._new = free_name(store.http, self._old)
        views.set_facts({"influx_building": self._new, "influx_position": None})
        self._position = None

    @property
    def position(self) -> str | None:
        return self._position

    def append(
        self, readings: Sequence[Reading], received_ms: Sequence[int], *, position: str
    ) -> tuple[RefusedReading, ...]:
        appended = self._store.append_to(self._new, readings, received_ms)
        self._views.set_facts({"influx_position": position})
        self._position = position
        return appended.refused

    def finish(self) -> str:
        self._views.set_facts(
            {"influx_measurement": self._new, "influx_building": None, "influx_position": None}
        )
        return drop_ours(self._store.http, self._store.settings, self._old)
