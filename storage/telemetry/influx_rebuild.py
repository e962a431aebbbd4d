"""Rebuilding InfluxDB: a second measurement beside the one that is read."""

from collections.abc import Sequence

from coldwitness.domain.errors import Unavailable
from coldwitness.domain.reading import Reading
from coldwitness.storage.telemetry.influx import InfluxTelemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp, Refused


class InfluxRebuild:
    """A TelemetryRebuild. The register keeps the measurement's name and the position; readings
    written after the last kept position are written again after a kill, which changes nothing.
    """

    def __init__(self, store: InfluxTelemetry) -> None:
        views, http = store.views, store.http
        self._store = store
        self._views = views
        self._http = http
        measurements = views.influx_measurements()
        self._old = measurements[0]
        if len(measurements) > 1:
            self._new = measurements[1]
            self._position = views.fact("influx_position")
            return
        number = int(self._old.removeprefix("reading") or 1) + 1
        self._new = f"reading{number}"
        drop_measurement(http, self._new)
        views.set_facts({"influx_building": self._new, "influx_position": None})
        self._position = None

    @property
    def position(self) -> str | None:
        return self._position

    def append(
        self, readings: Sequence[Reading], received_ms: Sequence[int], *, position: str
    ) -> None:
        self._store.append_to(self._new, readings, received_ms)
        self._views.set_facts({"influx_position": position})
        self._position = position

    def finish(self) -> None:
        self._views.set_facts(
            {"influx_measurement": self._new, "influx_building": None, "influx_position": None}
        )
        drop_measurement(self._http, self._old)


def drop_measurement(http: InfluxHttp, measurement: str) -> None:
    """Delete a measurement with all its points; one that is not there is no failure."""
    if http.version().startswith("3."):
        try:
            http.drop_table(measurement)
        except Refused as error:
            if error.status != 404:
                raise
        return
    try:
        http.command(f"DROP MEASUREMENT {measurement}")
    except Refused as error:
        if "not found" not in str(error):
            raise Unavailable(str(error)) from error
