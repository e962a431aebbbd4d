"""Writes docs/contract/check.schema.json from the result's structs and the kinds of finding:
`python -m coldwitness.judging.check_schema`."""

import json
import sys
from collections.abc import Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.result import CheckResult

CHECK_SCHEMA_FILE = Path(__file__).resolve().parents[1] / "docs" / "contract" / "check.schema.json"
_REFERENCE = "#/$defs/{name}"
_ROOT = CheckResult.__name__


def check_schema_text() -> str:
    """The schema as it is committed: indented, Chinese readable, one newline at its end."""
    return json.dumps(_schema(), indent=2, ensure_ascii=False) + "\n"


def components_of(structs: Sequence[type[Struct]], *, reference: str) -> dict[str, dict[str, Any]]:
    """JSON Schema of each struct, and of all that stand in them, by its name; a finding's kinds
    and subtypes are those of config/findings. reference : where the schemas stand, `{name}` for
    theirs, as msgspec takes it."""
    _, components = msgspec.json.schema_components(structs, ref_template=reference)
    for one in components.values():
        if "description" in one:  # a docstring, which Python indents until 3.12
            one["description"] = cleandoc(one["description"])
    for name in ("Finding", "ShipmentFinding"):
        if name in components:
            _name_kinds(components[name])
    return components


def _name_kinds(finding: dict[str, Any]) -> None:
    kinds = finding_kinds()
    words = dict.fromkeys(kind.kind for kind in kinds)
    finding["properties"]["kind"] = {"enum": list(words)}
    finding["properties"]["subtype"] = {"enum": sorted({kind.subtype for kind in kinds})}
    finding["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": word}}},
            "then": {
                "properties": {
                    "subtype": {"enum": [kind.subtype for kind in kinds if kind.kind == word]}
                }
            },
        }
        for word in words
    ]


def _schema() -> dict[str, Any]:
    components = components_of([CheckResult], reference=_REFERENCE)
    root = components.pop(_ROOT)
    root["properties"]["compared"] = {**root["properties"]["compared"], "$ref": "#"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://coldwitness.example/schemas/check.schema.json",
        **root,
        "title": "Result of a check",
        "$defs": dict(sorted(components.items())),
    }


def main() -> int:
    """Write the schema of this version."""
    CHECK_SCHEMA_FILE.write_text(check_schema_text(), encoding="utf-8")
    print(CHECK_SCHEMA_FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
