"""Schemathesis asks the running server, with a key of each role: what is promised holds."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from schemathesis.generation import GenerationMode

from tests.api.promises import broken_promises
from tests.api.test_rights import Tried, tried

__all__ = ["tried"]


@pytest.mark.timeout(600)  # some 10 s where nothing else runs
def test_what_the_document_promises_holds_for_each_role(tried: Tried) -> None:
    """Requests as the document has them by every role, others by the one that may do all."""
    document, address = tried.document, tried.world.server.url
    as_said, not_so = ([mode] for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
    found, asked = broken_promises(document, address, tried.keys, examples=1, modes=as_said)
    assert asked > len(tried.operations()) * (len(tried.keys) - 1)
    admin = {"admin": tried.keys["admin"]}
    more, asked = broken_promises(document, address, admin, examples=1, modes=not_so)
    assert asked > len(tried.operations()) / 2
    assert found + more == [], "\n".join(found + more)


def _texts(schema: Any, schemas: Mapping[str, Any], text: str, depth: int = 4) -> Iterator[Any]:
    """Values of this schema with the text in the place of one of its texts, each in turn."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if depth and "properties" in schema:
        for name, its in schema["properties"].items():
            yield from ({name: one} for one in _texts(its, schemas, text, depth - 1))
    elif depth and isinstance(schema.get("items"), dict):
        yield from ([one] for one in _texts(schema["items"], schemas, text, depth - 1))
    elif schema.get("type") == "string" or "string" in schema.get("type", ()):
        yield text
    for its in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _texts(its, schemas, text, depth)


def test_no_text_of_any_body_takes_control_characters(tried: Tried) -> None:
    schemas = tried.document["components"]["schemas"]
    asked = 0
    for method, path in tried.operations():
        body = tried.document["paths"][path][method.lower()].get("requestBody", {"content": {}})
        its = body["content"].get("application/json")
        for n, told in enumerate(_texts(its["schema"], schemas, "冷\x00藏") if its else ()):
            if n > 20:  # the rule knows no field by its name
                break
            answer = tried.ask(method, path, "admin", json=told)
            if answer.status_code == 403:  # for people: a key is refused before its body is read
                break
            assert answer.status_code == 422, f"{method} {path} {told}: {answer.status_code}"
            assert "control characters" in answer.json()["detail"], answer.text
            asked += 1
    assert asked > 40
    assert tried.ask("POST", "/v1/clues", "admin", json={"a\x1b": 1}).status_code == 422


def test_a_promise_that_is_broken_is_found(tried: Tried) -> None:
    told = {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}}
    paths = {"/healthz": {"get": {"responses": {"200": told}}}}
    address, key = tried.world.server.url, {"admin": tried.keys["admin"]}
    found, _ = broken_promises(tried.document | {"paths": paths}, address, key, examples=1)
    assert found
