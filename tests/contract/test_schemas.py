"""The published schemas are valid, refer to each other rightly, and say what the contract says."""

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.channels import CHANNELS
from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.reading import EVENT_NAMES
from coldwitness.ingest.mqtt.health import heads_topic, health_topic, refused_topic
from coldwitness.judging.check_schema import CHECK_SCHEMA_FILE, check_schema_text

FOLDER = Path(__file__).parents[2] / "docs" / "contract"


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.schema.json")), ids=lambda path: path.name)
def test_every_schema_is_a_valid_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


def test_the_event_schema_knows_the_events_of_the_program() -> None:
    event = schema("event.schema.json")["$defs"]["event"]
    assert tuple(event["properties"]["event"]["enum"]) == EVENT_NAMES


def test_the_reading_schema_uses_the_programs_id_pattern() -> None:
    reading = schema("reading.schema.json")["$defs"]["reading"]
    assert reading["properties"]["logger"]["pattern"] == f"^{ID_PATTERN}$"


def test_the_reading_schema_has_the_channels_and_their_bounds() -> None:
    reading = schema("reading.schema.json")["$defs"]["reading"]["properties"]
    position = reading["position"]["oneOf"][0]["properties"]
    words = {"real": "number", "flag": "boolean", "count": "integer"}
    for channel in CHANNELS:
        said = (position if channel.in_position else reading)[channel.sent]
        assert words[channel.kind] in said["type"]
        assert said.get("minimum", -math.inf) == channel.low
        assert said.get("maximum", channel.high) == channel.high


def test_the_check_schema_knows_every_kind_and_subtype_of_the_program() -> None:
    finding = schema("check.schema.json")["$defs"]["Finding"]
    allowed = {
        (rule["if"]["properties"]["kind"]["const"], subtype)
        for rule in finding["allOf"]
        for subtype in rule["then"]["properties"]["subtype"]["enum"]
    }
    assert allowed == {(kind.kind, kind.subtype) for kind in finding_kinds()}


def test_the_check_schema_is_that_of_the_results_structs() -> None:
    assert CHECK_SCHEMA_FILE.read_text(encoding="utf-8") == check_schema_text(), (
        "python -m coldwitness.judging.check_schema writes it"
    )


def test_the_check_schema_gives_the_numbers_of_each_kind_as_measures() -> None:
    """A measure that the kinds of finding have and the result's type lacks would be lost."""
    known = set(schema("check.schema.json")["$defs"]["Measures"]["properties"])
    for kind in finding_kinds():
        assert known >= {*kind.measures, *(told for told, _ in kind.columns)}, kind.subtype


def test_asyncapi_names_the_channels_and_schemas_that_exist() -> None:
    api = schema("asyncapi.json")
    addresses = {channel["address"] for channel in api["channels"].values()}
    assert addresses == {
        "coldchain/v1/{courier}/{box}/readings",
        "coldchain/v1/{courier}/{box}/events",
        health_topic("{worker}"),
        heads_topic("{worker}"),
        refused_topic("{courier}", "{logger}"),
    }
    for name in ("reading", "event"):
        assert (FOLDER / api["components"]["messages"][name]["payload"]["$ref"]).exists()


@pytest.mark.parametrize(
    ("payload", "right"),
    [
        ({"logger": "L1", "time": "2026-11-21T08:00:00Z", "temperature": {"drug": 4.5}}, True),
        ({"logger": "L1", "time": 1795248000000, "temperature": {"drug.2": None}}, True),
        ([{"logger": "L1", "time": 1795248000000, "temperature": {"ambient": 20}}], True),
        ({"logger": "L1", "time": 1795248000000, "temperature": {}}, False),
        ({"logger": "L1", "time": 1795248000000, "temperature": {"roof": 1}}, False),
        ({"logger": "L/1", "time": 1795248000000, "temperature": {"drug": 1}}, False),
        ({"logger": "L1", "temperature": {"drug": 1}}, False),
        ({"logger": "L1", "time": 1795248000000, "temperature": {"drug": "4"}}, False),
    ],
)
def test_the_reading_schema_takes_the_contracts_payloads(payload: object, *, right: bool) -> None:
    validator = jsonschema.Draft202012Validator(schema("reading.schema.json"))
    assert validator.is_valid(payload) is right
