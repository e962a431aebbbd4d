"""What OpenAPI says of a manifest: the published schema, and an example that can be sent."""

import json
from functools import cache
from pathlib import Path

_PUBLISHED = Path(__file__).with_name("manifest.schema.json")
"""The contract's own file (docs/contract), linked here so that the wheel has it."""

EXAMPLE: dict[str, object] = {
    "id": "ZB-20261121-0001",
    "courier": {"id": "ql-express", "division": "370303", "entrusted": True},
    "box": {"id": "BX-0042", "model": "EPS-18L", "isolation": {"coolant": True, "goods": True}},
    "items": [
        {
            "name": "甘精胰岛素注射液",
            "category": "drug",
            "storage": "refrigerated",
            "batch": "B6267731",
            "quantity": 2,
        }
    ],
    "logger": {"id": "LG-7F01", "interval_s": 60, "accuracy_c": 0.5},
    "dispatched_at": "2026-11-21T11:00:00+08:00",
}


@cache
def manifest_body() -> dict[str, object]:
    """`requestBody` of a route that takes a manifest."""
    schema = json.loads(_PUBLISHED.read_text(encoding="utf-8"))
    for key in ("$schema", "$id"):
        schema.pop(key, None)
    return {
        "requestBody": {
            "required": True,
            "description": "The shipment manifest; only `id` and one drug item are required.",
            "content": {"application/json": {"schema": schema, "example": EXAMPLE}},
        }
    }
