"""Readings and events as EPCIS 2.0 JSON-LD (GS1, ISO/IEC 19987): what a trader's system reads.

One ObjectEvent a custody event, and one a shipment with all its readings as sensor elements.
Probe and what EPCIS has no word for stand under the extension prefix `coldwitness`.
"""

from collections.abc import Iterable, Iterator

import msgspec

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event, Reading

_CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"coldwitness": "urn:coldwitness:"},
]
_STEP = {
    "packed": "packing",
    "picked_up": "departing",
    "handed_over": "transporting",
    "stored": "storing",
    "retrieved": "removing",
    "arrived": "arriving",
    "delivered": "accepting",
}
_SENSOR_REPORTS = {
    "humidity_pct": ("RelativeHumidity", "P1"),
    "light_lux": ("Illuminance", "LUX"),
    "pressure_hpa": ("AbsolutePressure", "A97"),
}
"""Channels that GS1 has a word for: its measurement type and UN/ECE unit code."""
_encode = msgspec.json.Encoder().encode


def epcis_document(
    events: Iterable[Event], journeys: Iterable[tuple[str, list[Reading]]], *, made_ms: int
) -> Iterator[bytes]:
    """The document in pieces; `journeys` are shipments with their readings by time."""
    head = {
        "@context": _CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": rfc3339(made_ms),
    }
    yield _encode(head)[:-1] + b',"epcisBody":{"eventList":['
    separator = b""
    for found in _events(events, journeys):
        yield separator + _encode(found)
        separator = b",\n"
    yield b"]}}\n"


def _events(
    events: Iterable[Event], journeys: Iterable[tuple[str, list[Reading]]]
) -> Iterator[dict[str, object]]:
    for event in events:
        if event.shipment is not None:
            yield _custody(event, event.shipment)
    for shipment, readings in journeys:
        if readings:
            yield _journey(shipment, readings)


def _custody(event: Event, shipment: str) -> dict[str, object]:
    found = _object_event(shipment, event.time_ms, step=_STEP.get(event.event, "other"))
    if event.lat_deg is not None and event.lon_deg is not None:
        found["readPoint"] = {"id": f"geo:{event.lat_deg},{event.lon_deg}"}
    found["coldwitness:event"] = event.event
    for name in ("box", "site", "courier"):
        value = getattr(event, name)
        if value is not None:
            found[f"coldwitness:{name}"] = value
    return found


def _journey(shipment: str, readings: list[Reading]) -> dict[str, object]:
    found = _object_event(shipment, readings[-1].time_ms, step="sensor_reporting")
    found["disposition"] = "in_transit"
    found["sensorElementList"] = [_sensor_element(reading) for reading in readings]
    return found


def _object_event(shipment: str, time_ms: int, *, step: str) -> dict[str, object]:
    return {
        "type": "ObjectEvent",
        "eventTime": rfc3339(time_ms),
        "eventTimeZoneOffset": "+00:00",
        "epcList": [f"urn:coldwitness:shipment:{shipment}"],
        "action": "OBSERVE",
        "bizStep": step,
    }


def _sensor_element(reading: Reading) -> dict[str, object]:
    reports: list[dict[str, object]] = [
        {"type": "Temperature", "value": value, "uom": "CEL", "coldwitness:probe": probe}
        for probe, value in sorted(reading.temperature_c.items())
    ]
    for name, (kind, unit) in _SENSOR_REPORTS.items():
        value = getattr(reading, name)
        if value is not None:
            reports.append({"type": kind, "value": value, "uom": unit})
    element: dict[str, object] = {
        "sensorMetadata": {
            "time": rfc3339(reading.time_ms),
            "deviceID": f"urn:coldwitness:logger:{reading.logger}",
        },
        "sensorReport": reports,
    }
    if reading.lat_deg is not None and reading.lon_deg is not None:
        element["coldwitness:position"] = f"geo:{reading.lat_deg},{reading.lon_deg}"
    return element
