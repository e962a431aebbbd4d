"""What a running server's OpenAPI document promises, asked by made-up requests: a few a route in
`test_promises.py`, many in `benchmarks/promises.py`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, CheckContext, Response
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

ENDLESS = {"GET /v1/live"}
"""Answers without end: its own tests read it."""


def no_failure_of_ours(ctx: CheckContext, response: Response, case: Case) -> None:
    """A 5xx is a failure of the server, but for the 503 that a route's own description promises:
    a part that is not ready is told so, and tests run without some parts."""
    del ctx
    promised = str(response.status_code) in case.operation.definition.raw["responses"]
    if response.status_code >= 500 and not (response.status_code == 503 and promised):
        raise Failure(
            operation=case.operation.label,
            title="Server error",
            message=f"{response.status_code} {response.text[:300]}",
        )


CHECKS = [
    no_failure_of_ours,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def broken_promises(
    document: dict[str, Any],
    address: str,
    keys: Mapping[str, str],
    *,
    examples: int,
    modes: Sequence[GenerationMode] = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE),
) -> tuple[list[str], int]:
    """What did not hold, a line each, and how many requests were made. keys : of clients, by role;
    each request is made with all of them. examples : at most so many of each route and mode, the
    same in every run."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=address)
    found: list[str] = []
    asked = 0

    def ask(case: Case) -> None:
        nonlocal asked
        for role, key in keys.items():
            asked += 1
            answer = case.call(headers={"Authorization": f"Bearer {key}"}, timeout=30)
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as failures:
                at = f"{role} {case.operation.label}"
                found.extend(f"{at}: {one}" for one in failures.exceptions)

    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label in ENDLESS:
            continue
        for mode in modes:
            rounds = settings(
                max_examples=examples,
                derandomize=True,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            with suppress(Unsatisfiable):  # nothing of it could be wrong
                rounds(given(operation.as_strategy(generation_mode=mode))(ask))()
    return found, asked
