"""Readings, by shipment: the embedded SQLite store and InfluxDB behind one port."""

from typing import Protocol

from coldwitness.config.settings import StoreSettings
from coldwitness.storage.ports import TelemetryStore
from coldwitness.storage.telemetry.columns import Columns
from coldwitness.storage.telemetry.rebuilding import TelemetryRebuild


class WholeStore(TelemetryStore, Protocol):
    """A store that can also be read as a whole and be built again: what export, archive and
    rebuild need beyond the port."""

    def between(self, start_ms: int, end_ms: int) -> Columns:
        """Every reading with start_ms <= time < end_ms."""

    def days_ms(self) -> list[int]:
        """Starts of the UTC days that hold readings, ascending."""

    def rebuild(self) -> TelemetryRebuild:
        """Begin to fill the store anew, or go on where a killed rebuild stopped."""


def open_telemetry(settings: StoreSettings, *, sole_writer: bool = True) -> WholeStore:
    """The store that the settings name, ready to use.

    sole_writer : False where several ingest workers share the topics and write to InfluxDB.
    Raises Unavailable where it cannot be opened, ConfigError where the settings do not fit.
    """
    if settings.telemetry == "influx":
        from coldwitness.storage.register import open_register
        from coldwitness.storage.telemetry.influx import InfluxTelemetry

        register = open_register(settings.register_url)
        return InfluxTelemetry(settings, register, sole_writer=sole_writer)
    from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry

    return EmbeddedTelemetry(settings.embedded_file)
