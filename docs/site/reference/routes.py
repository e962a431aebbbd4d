"""Every route of the API, grouped as the server's own documentation groups them."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from coldwitness.api.pages.reference import Kind, Operation, Reference, Schema, reference_of
from docs.site.reference.markdown import code, generated, plain, table

DOCUMENT = Path(__file__).parents[3] / "docs" / "contract" / "openapi.json"

PROBLEM = "ProblemBody"
"""What every failure is told by; a table of them would say the same 90 times."""


def routes_page() -> str:
    told = reference()
    head = generated(
        "HTTP API · 接口",
        "`docs/contract/openapi.json`",
        "What the server serves, by a test. Rules that hold for every route (errors, limits, "
        "lists, keys) stand in [HTTP API](../api.md#rules-of-every-route). A running server shows "
        "the same at `/docs`, where requests can be tried.",
    )
    parts = [head]
    for group in told.groups:
        parts.append(f"## {group.name.capitalize()}\n")
        parts += [_operation(one) for one in group.operations]
    parts.append("## Bodies and answers\n")
    parts += [_schema(schema) for schema in told.schemas]
    return "\n".join(parts)


@cache
def document() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return found


@cache
def reference() -> Reference:
    return reference_of(document())


def _roles(one: Operation) -> str:
    operation = document()["paths"].get(one.path, {}).get(one.method.lower(), {})
    roles = operation.get("x-roles")
    return f"\nFor: {', '.join(code(role) for role in roles)}.\n" if roles else ""


def _operation(one: Operation) -> str:
    parts = [
        f"({one.anchor})=\n### `{one.method} {one.path}`\n",
        plain(one.description),
        _roles(one),
    ]
    if one.parameters:
        rows = (
            (
                code(given.name) + (" required" if given.required else ""),
                given.place,
                plain(given.kind),
                plain(given.description),
            )
            for given in one.parameters
        )
        parts.append(table(("parameter", "in", "form", ""), rows))
    if one.body is not None:
        parts.append(f"Body: {_linked(one.body)}. {plain(one.body.description)}\n")
    failures = [answer for answer in one.answers if answer.schema.kind == PROBLEM]
    if failures:
        told = ", ".join(f"{answer.status} {plain(answer.description)}" for answer in failures)
        parts.append(f"Fails with {_linked(failures[0].schema)}: {told}.\n")
    answers = (
        (answer.status, plain(answer.description), _linked(answer.schema))
        for answer in one.answers
        if answer not in failures
    )
    return "\n".join([*parts, table(("answer", "", "body"), answers)])


def _linked(kind: Kind) -> str:
    said = plain(kind.kind)
    return f"[{said}](#{kind.anchor.lower()})" if kind.anchor else said


def _schema(schema: Schema) -> str:
    # No heading: each is in the navigation of every page, and there are many.
    parts = [f"({schema.anchor.lower()})=\n**`{schema.name}`** {plain(schema.description)}\n"]
    if schema.fields:
        rows = (
            (
                code(field.name) + ("" if field.required else " (may be left out)"),
                _linked(field.schema),
                plain(field.description),
            )
            for field in schema.fields
        )
        parts.append(table(("key", "form", ""), rows))
    return "\n".join(parts)
