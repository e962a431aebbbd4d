"""Schemathesis asks the running server, with a key of each role: what is promised holds."""

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


def test_a_promise_that_is_broken_is_found(tried: Tried) -> None:
    told = {"description": "", "content": {"application/json": {"schema": {"type": "integer"}}}}
    paths = {"/healthz": {"get": {"responses": {"200": told}}}}
    address, key = tried.world.server.url, {"admin": tried.keys["admin"]}
    found, _ = broken_promises(tried.document | {"paths": paths}, address, key, examples=1)
    assert found
