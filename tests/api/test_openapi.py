"""The OpenAPI document: committed, current, complete, and true of the answers."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from coldwitness.api import openapi_file
from coldwitness.api.openapi_file import OPENAPI_FILE, openapi_text
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.result import Finding
from coldwitness.ingest.formats import DecodeContext, decoder
from coldwitness.judging.check_schema import CHECK_SCHEMA_FILE
from tests.api.world import COLD, WARM, World, manifest

CONTRACT = [
    ("put", "/v1/shipments/{shipment}"),
    ("get", "/v1/shipments/{shipment}"),
    ("get", "/v1/shipments"),
    ("get", "/v1/shipments/{shipment}/check"),
    ("get", "/v1/shipments/{shipment}/readings"),
    ("get", "/v1/shipments/{shipment}/report.{format}"),
    ("get", "/v1/findings"),
    ("get", "/v1/clues"),
    ("get", "/v1/clues/{clue}"),
    ("patch", "/v1/clues/{clue}"),
    ("post", "/v1/clues"),
    ("post", "/v1/clues/{clue}/statements"),
    ("post", "/v1/webhooks"),
    ("get", "/v1/webhooks/{webhook}/deliveries"),
    ("post", "/v1/webhooks/{webhook}/replay"),
    ("post", "/v1/webhooks/{webhook}/secret"),
    ("post", "/v1/webhooks/{webhook}/test"),
    ("post", "/v1/shipments/{shipment}/reviews"),
    ("get", "/v1/shipments/{shipment}/reviews"),
    ("post", "/v1/shipments/{shipment}/attachments"),
    ("get", "/v1/shipments/{shipment}/attachments/{sha256}"),
    ("put", "/v1/boxes/{name}"),
    ("put", "/v1/box-models/{name}"),
    ("put", "/v1/products/{name}"),
    ("put", "/v1/sites/{name}"),
    ("put", "/v1/devices/{name}"),
    ("get", "/v1/devices"),
    ("get", "/v1/boxes"),
    ("get", "/v1/quarantine"),
    ("get", "/v1/live"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    committed: dict[str, Any] = json.loads(OPENAPI_FILE.read_text(encoding="utf-8"))
    return committed


def test_the_committed_document_is_the_one_the_program_serves(
    world: World, document: dict[str, Any]
) -> None:
    committed = OPENAPI_FILE.read_text(encoding="utf-8")
    assert committed == openapi_text(), "run: python -m coldwitness.api.openapi_file"
    assert world.get("/openapi.json").json() == document


def test_the_command_writes_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "openapi.json"
    monkeypatch.setattr(openapi_file, "OPENAPI_FILE", written)
    assert openapi_file.main() == 0
    assert written.read_bytes() == OPENAPI_FILE.read_bytes()


@pytest.mark.parametrize(("method", "path"), CONTRACT)
def test_every_resource_of_the_contract_is_described(
    document: dict[str, Any], method: str, path: str
) -> None:
    operation = document["paths"][path][method]
    assert operation["description"]
    assert operation["responses"]


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and path != "/readyz":
                    content = answer["content"]
                    assert list(content) == ["application/problem+json"], (path, method, status)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert named == set(document["components"]["schemas"])


def test_the_push_to_receivers_is_described(document: dict[str, Any]) -> None:
    kinds = ("opened", "updated", "withdrawn", "reopened", "due")
    assert list(document["webhooks"]) == [f"coldwitness.clue.{kind}.v1" for kind in kinds]
    for item in document["webhooks"].values():
        body = item["post"]["requestBody"]["content"]["application/cloudevents+json"]
        assert body["schema"]["$ref"].endswith("/CloudEvent")


def test_answers_are_what_the_document_says(world: World, document: dict[str, Any]) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", WARM)
    world.send("ZB-2", COLD)
    clue = world.get("/v1/clues").json()["items"][0]["clue"]
    complaint = {"source": "complaint", "content": "投诉"}
    hook_made = world.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/y"})
    hook_path = f"/v1/webhooks/{hook_made.json()['id']}"
    hook = {"url": "http://127.0.0.1:9/x"}
    answers = [
        ("put", "/v1/shipments/{shipment}", _put(world, "ZB-1")),
        ("put", "/v1/shipments/{shipment}", _put(world, "ZB-7")),
        ("get", "/v1/shipments/{shipment}", world.get("/v1/shipments/ZB-1")),
        ("get", "/v1/shipments/{shipment}", world.get("/v1/shipments/ZB-2")),
        ("get", "/v1/shipments/{shipment}", world.get("/v1/shipments/ZB-0")),
        ("get", "/v1/shipments", world.get("/v1/shipments?limit=1")),
        ("get", "/v1/shipments", world.get("/v1/shipments?limit=0")),
        ("get", "/v1/shipments/{shipment}/check", world.get("/v1/shipments/ZB-1/check")),
        ("get", "/v1/shipments/{shipment}/check", world.get("/v1/shipments/ZB-2/check")),
        ("get", "/v1/shipments/{shipment}/readings", world.get("/v1/shipments/ZB-1/readings")),
        ("get", "/v1/findings", world.get("/v1/findings")),
        ("get", "/v1/clues", world.get("/v1/clues")),
        ("get", "/v1/clues/{clue}", world.get(f"/v1/clues/{clue['id']}")),
        (
            "patch",
            "/v1/clues/{clue}",
            world.client.patch(f"/v1/clues/{clue['id']}", json={"status": "closed"}),
        ),
        ("post", "/v1/clues", world.client.post("/v1/clues", json=complaint)),
        ("post", "/v1/clues", world.client.post("/v1/clues", json=complaint)),
        (
            "get",
            "/v1/clues/{clue}/history",
            world.get(f"/v1/clues/{clue['id']}/history"),
        ),
        (
            "post",
            "/v1/clues/{clue}/statements",
            world.client.post(
                f"/v1/clues/{clue['id']}/statements",
                json={"said_on": "2026-11-20", "role": "seller", "text": "已整改"},
            ),
        ),
        ("get", "/v1/clues", world.get("/v1/clues")),
        ("get", "/v1/clue-shares", world.get("/v1/clue-shares")),
        (
            "post",
            "/v1/webhooks/{webhook}/test",
            world.client.post(f"{hook_path}/test"),
        ),
        (
            "get",
            "/v1/webhooks/{webhook}/deliveries",
            world.get(f"{hook_path}/deliveries"),
        ),
        (
            "post",
            "/v1/webhooks/{webhook}/replay",
            world.client.post(f"{hook_path}/replay", json={}),
        ),
        (
            "post",
            "/v1/webhooks/{webhook}/secret",
            world.client.post(f"{hook_path}/secret", json={}),
        ),
        ("post", "/v1/webhooks", hook_made),
        ("post", "/v1/webhooks", world.client.post("/v1/webhooks", json=hook)),
        ("post", "/v1/webhooks", world.client.post("/v1/webhooks", json=hook)),
        ("post", "/v1/webhooks", world.client.post("/v1/webhooks", json={})),
        ("get", "/v1/webhooks", world.get("/v1/webhooks")),
        ("put", "/v1/boxes/{name}", world.client.put("/v1/boxes/BX-1", json={"model": "A"})),
        ("put", "/v1/boxes/{name}", world.client.put("/v1/boxes/BX-1", json={})),
        ("get", "/v1/boxes/{name}", world.get("/v1/boxes/BX-1")),
        ("get", "/v1/boxes", world.get("/v1/boxes")),
        (
            "get",
            "/v1/shipments/{shipment}/attachments",
            world.get("/v1/shipments/ZB-1/attachments"),
        ),
        ("get", "/healthz", world.get("/healthz")),
        ("get", "/readyz", world.get("/readyz")),
    ]
    for method, path, answer in answers:
        described = document["paths"][path][method]["responses"][str(answer.status_code)]
        kind = answer.headers["content-type"]
        schema = described["content"][kind]["schema"]
        whole = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(whole).validate(answer.json())


def _put(world: World, shipment: str) -> Any:
    return world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))


def test_the_documentation_page_names_every_resource_and_needs_no_script(
    world: World, document: dict[str, Any]
) -> None:
    page = world.get("/docs/plain?lang=en").text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    assert "<script" not in page
    assert "://" not in page.replace("https://cases.example.cn", "")


def test_the_committed_document_is_valid_json_of_openapi_3_1() -> None:
    loaded = json.loads(Path(OPENAPI_FILE).read_text(encoding="utf-8"))
    assert loaded["openapi"].startswith("3.1")


def test_a_finding_and_a_result_are_described_by_their_structs(document: dict[str, Any]) -> None:
    described = document["components"]["schemas"]
    published = json.loads(CHECK_SCHEMA_FILE.read_text(encoding="utf-8"))
    assert described["Finding"]["properties"].keys() == set(Finding.__struct_fields__)
    assert described["ShipmentFinding"]["properties"]["kind"]["enum"] == [
        *dict.fromkeys(kind.kind for kind in finding_kinds())
    ]
    for name, schema in published["$defs"].items():
        said = json.dumps(described[name]).replace("#/components/schemas/", "#/$defs/")
        assert json.loads(said) == schema, name


def test_the_documentation_page_says_what_an_interval_is(world: World) -> None:
    assert "[number | null, number | null]" in world.get("/docs/plain?lang=en").text


@pytest.mark.parametrize(
    ("name", "topic"), [("CustodyEvent", "event"), ("LoggerReading", "reading")]
)
def test_messages_by_topic_are_described_with_an_example_that_is_one(
    document: dict[str, Any], name: str, topic: str
) -> None:
    schema = document["components"]["schemas"][name]
    (example,) = schema["examples"]
    published = json.loads((OPENAPI_FILE.parent / f"{topic}.schema.json").read_text("utf-8"))
    jsonschema.validate(example, schema)
    jsonschema.validate(example, published)
    context = DecodeContext(topic=f"coldchain/v1/ql/BX-1/{topic}s", received_ms=0)
    decoded = decoder("native")(json.dumps(example).encode(), context)
    assert len(decoded.events or decoded.readings) == 1
