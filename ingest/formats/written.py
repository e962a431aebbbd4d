"""Readings and events back as the native contract's JSON objects."""

from typing import Any

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event, Reading, channels_sent, position_sent


def reading_object(reading: Reading) -> dict[str, Any]:
    """A reading in the native contract's fields; what is absent is left out.

    `time_source` is added where the time is not the logger's own.
    """
    said: dict[str, Any] = {
        "logger": reading.logger,
        "time": rfc3339(reading.time_ms),
        "temperature": dict(reading.temperature_c),
    }
    if reading.time_source != "device":
        said["time_source"] = reading.time_source
    company = (
        ("shipment", reading.shipment),
        ("box", reading.box),
        ("courier", reading.courier),
    )
    return (
        said
        | {name: value for name, value in company if value is not None}
        | channels_sent(reading)
    )


def event_object(event: Event) -> dict[str, Any]:
    """An event in the native contract's fields; what is absent is left out."""
    said: dict[str, Any] = {"event": event.event, "time": rfc3339(event.time_ms)}
    company = (
        ("shipment", event.shipment),
        ("box", event.box),
        ("courier", event.courier),
        ("logger", event.logger),
        ("site", event.site),
        ("position", position_sent(event)),
        ("actor", event.actor),
        ("note", event.note),
    )
    return said | {name: value for name, value in company if value is not None}
