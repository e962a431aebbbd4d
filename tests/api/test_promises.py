"""Schemathesis asks the running server, with a key of each role: what is promised holds."""

import pytest

from tests.api.promises import broken_promises
from tests.api.test_rights import Tried, tried

__all__ = ["tried"]


@pytest.mark.timeout(600)  # some 15 s where nothing else runs
def test_what_the_document_promises_holds_for_each_role(tried: Tried) -> None:
    found, asked = broken_promises(tried.document, tried.world.server.url, tried.keys, examples=1)
    assert asked > len(tried.operations()) * len(tried.keys)
    assert found == [], "\n".join(found)


def test_a_promise_that_is_broken_is_found(tried: Tried) -> None:
    told = {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}}
    paths = {"/healthz": {"get": {"responses": {"200": told}}}}
    address, key = tried.world.server.url, {"admin": tried.keys["admin"]}
    found, _ = broken_promises(tried.document | {"paths": paths}, address, key, examples=1)
    assert found
