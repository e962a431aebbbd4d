"""Readings, by shipment: the embedded SQLite store and InfluxDB behind one port."""

from typing import Protocol

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import ConfigError
from coldwitness.storage.ports import TelemetryStore
from coldwitness.storage.register.views import SqlViews
from coldwitness.storage.telemetry.columns import Columns


class WholeStore(TelemetryStore, Protocol):
    """A store that can also be read as a whole: what export and archive need beyond the port."""

    def between(self, start_ms: int, end_ms: int) -> Columns:
        """Every reading with start_ms <= time < end_ms."""

    def days_ms(self) -> list[int]:
        """Starts of the UTC days that hold readings, ascending."""


def open_telemetry(
    settings: StoreSettings, views: SqlViews | None, *, sole_writer: bool = True
) -> WholeStore:
    """The store that the settings name, ready to use; close it before the register of `views`.

    views : where the register keeps what it knows of InfluxDB; the embedded store needs none.
    sole_writer : False where several ingest workers share the topics and write to InfluxDB.
    Raises Unavailable where it cannot be opened, ConfigError where the settings do not fit.
    """
    if settings.telemetry == "influx":
        if views is None:
            raise ConfigError("store.telemetry: influx needs a register to find readings by")
        from coldwitness.storage.telemetry.influx import InfluxTelemetry

        return InfluxTelemetry(settings, views, sole_writer=sole_writer)
    from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry

    return EmbeddedTelemetry(settings.embedded_file)
