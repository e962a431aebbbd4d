"""What is published for programs: schemas of readings, events, manifests and results."""

import json
import shutil
from pathlib import Path

from coldwitness.api.pages.reference import reference_of
from docs.site.reference.markdown import code, generated, plain, table

FOLDER = Path(__file__).parents[3] / "docs" / "contract"
IN_WORDS = {
    "reading": "What a logger publishes on `coldchain/v1/{courier}/{box}/readings`.",
    "event": "What is published on `coldchain/v1/{courier}/{box}/events`: who has the box.",
    "manifest": "What the seller says of a shipment beforehand: `PUT /v1/shipments/{id}`.",
    "check": "The result of one shipment: `check --json`, `GET /v1/shipments/{id}/check`.",
}
"""Schemas that are told key by key here; the others are linked."""


def schemas_page() -> str:
    head = generated(
        "Schemas · 数据格式",
        "the files of `docs/contract/`",
        "JSON Schema (2020-12) of what goes in and comes out, OpenAPI of the routes, AsyncAPI of "
        "the topics.",
    )
    files = "\n".join(
        f"- [{path.name}](../files/docs/contract/{path.name})" for path in schema_files()
    )
    return head + files + "\n\n" + "\n".join(_told(name, text) for name, text in IN_WORDS.items())


def schema_files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


def copy_schemas(folder: Path) -> None:
    """Into what is staged for the site, where the page links to them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in schema_files():
        shutil.copyfile(path, folder / path.name)


def _told(name: str, text: str) -> str:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    whole = schema if "properties" in schema else schema["$defs"][name]
    document = {
        "info": {"title": name, "version": ""},
        "paths": {},
        "components": {"schemas": {name: whole}},
    }
    (one,) = reference_of(document).schemas
    rows = (
        (
            code(field.name) + (" required" if field.required else ""),
            plain(_one_word(field.schema.kind)),
            plain(field.description),
        )
        for field in one.fields
    )
    return f"## {name.capitalize()}\n\n{text}\n\n{table(('key', 'form', ''), rows)}"


def _one_word(kind: str) -> str:
    """`['object', 'null']` as `object | null`."""
    return kind.strip("[]").replace("', '", " | ").strip("'") if kind.startswith("['") else kind
