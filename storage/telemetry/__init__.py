"""Readings, by shipment: the embedded SQLite store and InfluxDB behind one port."""

from config.settings import StoreSettings
from storage.ports import TelemetryStore


def open_telemetry(settings: StoreSettings) -> TelemetryStore:
    """The store that the settings name, ready to use.

    Raises Unavailable where it cannot be opened, ConfigError where the settings do not fit.
    """
    from storage.telemetry.embedded import EmbeddedTelemetry

    return EmbeddedTelemetry(settings.embedded_file)
