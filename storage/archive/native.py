"""Readings and events as the objects of the published contract, ready for JSON."""

import msgspec

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event, Reading, channels_sent, position_sent

_encode = msgspec.json.Encoder().encode


def reading_object(reading: Reading) -> dict[str, object]:
    """A reading as a logger would send it natively; what was not sent is left out."""
    found: dict[str, object] = {
        "shipment": reading.shipment,
        "courier": reading.courier,
        "box": reading.box,
        "logger": reading.logger,
        "seq": None,
        "time": rfc3339(reading.time_ms),
        "temperature": dict(sorted(reading.temperature_c.items())),
    } | channels_sent(reading)
    return {key: value for key, value in found.items() if value is not None}


def event_object(event: Event) -> dict[str, object]:
    """An event as it would be sent natively; what was not sent is left out."""
    found: dict[str, object] = {
        "shipment": event.shipment,
        "courier": event.courier,
        "box": event.box,
        "logger": event.logger,
        "event": event.event,
        "time": rfc3339(event.time_ms),
        "site": event.site,
        "position": position_sent(event),
        "actor": event.actor,
        "note": event.note,
    }
    return {key: value for key, value in found.items() if value is not None}


def reading_line(reading: Reading, received_ms: int) -> bytes:
    """One line of the canonical export: the native object, whose clock its time is if not the
    logger's, and when it was received. Equal readings give equal bytes."""
    found = reading_object(reading)
    if reading.time_source != "device":
        found["time_source"] = reading.time_source
    found["received_at"] = rfc3339(received_ms)
    return _encode(found)


def event_line(event: Event, received_ms: int) -> bytes:
    return _encode(event_object(event) | {"received_at": rfc3339(received_ms)})
