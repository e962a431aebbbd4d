"""What OpenAPI says of messages that come by topic and not over HTTP: the published schemas of a
custody event and of a reading, each with an example that can be sent.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

EVENT_EXAMPLE = {
    "event": "packed",
    "shipment": "ZB-20261121-0001",
    "logger": "LG-7F01",
    "time": "2026-11-21T11:00:00+08:00",
    "actor": "pharmacy",
}
READING_EXAMPLE = {
    "logger": "LG-7F01",
    "seq": 17,
    "time": "2026-11-21T11:05:00+08:00",
    "temperature": {"drug": 4.6, "coolant": -1.5},
    "position": {"lat": 36.82, "lon": 118.3},
    "lid_open": False,
}

TOPICS = {
    "coldchain/v1/{courier}/{box}/events": "CustodyEvent",
    "coldchain/v1/{courier}/{box}/readings": "LoggerReading",
}
"""MQTT topic -> component."""


@cache
def topic_schemas() -> dict[str, object]:
    """Component name -> schema."""
    return {
        "CustodyEvent": _published("event", EVENT_EXAMPLE),
        "LoggerReading": _published("reading", READING_EXAMPLE),
    }


def _published(name: str, example: object) -> object:
    """The contract's own file (docs/contract, linked here so that the wheel has it), its parts put
    where they are referred to: components of OpenAPI have no `$defs`."""
    path = Path(__file__).with_name(f"{name}.schema.json")
    schema = json.loads(path.read_text(encoding="utf-8"))
    parts = schema.pop("$defs", {})
    for key in ("$schema", "$id"):
        schema.pop(key, None)
    schema["examples"] = [example]
    return _with_parts(schema, parts)


def _with_parts(schema: object, parts: Mapping[str, object]) -> object:
    if isinstance(schema, list):
        return [_with_parts(one, parts) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _with_parts(parts[str(schema["$ref"]).rpartition("/")[2]], parts)
    return {key: _with_parts(value, parts) for key, value in schema.items()}
