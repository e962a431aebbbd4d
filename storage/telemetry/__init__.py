"""Readings, by shipment: the embedded SQLite store and InfluxDB behind one port."""

from config.settings import StoreSettings
from storage.ports import TelemetryStore


def open_telemetry(settings: StoreSettings, *, sole_writer: bool = True) -> TelemetryStore:
    """The store that the settings name, ready to use.

    sole_writer : False where several ingest workers share the topics and write to InfluxDB.
    Raises Unavailable where it cannot be opened, ConfigError where the settings do not fit.
    """
    if settings.telemetry == "influx":
        from storage.register import open_register
        from storage.telemetry.influx import InfluxTelemetry

        register = open_register(settings.register_url)
        return InfluxTelemetry(settings, register, sole_writer=sole_writer)
    from storage.telemetry.embedded import EmbeddedTelemetry

    return EmbeddedTelemetry(settings.embedded_file)
