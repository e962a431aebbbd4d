"""The OpenAPI document in the shape the documentation page prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Kind:
    """A schema in a word: `string`, `Clue[]`; `anchor` where the page explains it."""

    kind: str
    anchor: str = ""
    description: str = ""


@dataclass(frozen=True)
class Parameter:
    name: str
    place: str
    required: bool
    kind: str
    description: str


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    schema: Kind


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    anchor: str
    description: str
    parameters: Sequence[Parameter]
    body: Kind | None
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Group:
    name: str
    operations: Sequence[Operation]


@dataclass(frozen=True)
class Field:
    name: str
    required: bool
    schema: Kind
    description: str


@dataclass(frozen=True)
class Schema:
    name: str
    anchor: str
    description: str
    fields: Sequence[Field]


@dataclass(frozen=True)
class Reference:
    title: str
    version: str
    description: Sequence[str]
    groups: Sequence[Group]
    schemas: Sequence[Schema]


def reference_of(document: Mapping[str, Any]) -> Reference:
    """Everything of an OpenAPI document that a reader needs, grouped by tag."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                tag = methods[method].get("tags", ["other"])[0]
                groups.setdefault(tag, []).append(_operation(path, method, methods[method]))
    posted = [
        _operation(name, "post", methods["post"])
        for name, methods in document.get("webhooks", {}).items()
    ]
    schemas = [
        _schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())
    ]
    return Reference(
        title=document["info"]["title"],
        version=document["info"]["version"],
        description=str(document["info"].get("description", "")).split("\n\n"),
        groups=[
            *(Group(name, operations) for name, operations in groups.items()),
            Group("webhooks", posted),
        ],
        schemas=schemas,
    )


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> Operation:
    parameters = [
        Parameter(
            name=parameter["name"],
            place=parameter["in"],
            required=bool(parameter.get("required")),
            kind=_kind(parameter.get("schema", {})).kind,
            description=parameter.get("description", ""),
        )
        for parameter in operation.get("parameters", [])
    ]
    body = operation.get("requestBody")
    return Operation(
        method=method.upper(),
        path=path,
        anchor=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        description=" ".join(str(operation.get("description", "")).split()),
        parameters=parameters,
        body=None if body is None else _content(body),
        answers=[
            Answer(status, answer.get("description", ""), _content(answer))
            for status, answer in operation.get("responses", {}).items()
        ],
    )


def _content(holder: Mapping[str, Any]) -> Kind:
    described = str(holder.get("description", ""))
    kinds = []
    anchor = ""
    for media_type, content in holder.get("content", {}).items():
        schema = content.get("schema")
        if schema:
            named = _kind(schema)
            anchor = anchor or named.anchor
            kinds.append(named.kind)
        else:
            kinds.append(media_type)
    return Kind(", ".join(kinds), anchor, described)


def _schema(name: str, schema: Mapping[str, Any]) -> Schema:
    required = schema.get("required", [])
    fields = [
        Field(field, field in required, _kind(inner), str(inner.get("description", "")))
        for field, inner in schema.get("properties", {}).items()
    ]
    return Schema(name, f"schema-{name}", str(schema.get("description", "")), fields)


def _kind(schema: Mapping[str, Any]) -> Kind:
    """One word for a schema, with the anchor of the named one in it."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return Kind(name, f"schema-{name}")
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            parts = [_kind(part) for part in schema[choice]]
            anchor = next((part.anchor for part in parts if part.anchor), "")
            return Kind(" | ".join(part.kind for part in parts), anchor)
    if schema.get("type") == "array":
        return _kind_of_array(schema)
    if "enum" in schema:
        return Kind(" | ".join("null" if one is None else str(one) for one in schema["enum"]))
    if "const" in schema:
        return Kind(f"{schema['const']!r}")
    return Kind(str(schema.get("type", "any")))


def _kind_of_array(schema: Mapping[str, Any]) -> Kind:
    if "prefixItems" in schema:  # so many members, each of its own kind
        members = [_kind(member).kind for member in schema["prefixItems"]]
        return Kind(f"[{', '.join(members)}]")
    inner = _kind(schema.get("items", {}))
    return Kind(f"{inner.kind}[]", inner.anchor)
