"""The published schema of a result, read once: to compile it for each result takes longer than to
hold the result against it."""

import json
from pathlib import Path

import jsonschema

CHECK_RESULT = jsonschema.Draft202012Validator(
    json.loads(
        (Path(__file__).parents[1] / "docs/contract/check.schema.json").read_text(encoding="utf-8")
    )
)
