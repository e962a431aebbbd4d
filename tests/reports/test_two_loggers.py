"""Reports of a box with several loggers, as their users ask for them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coldwitness.cli.main import main
from coldwitness.domain.instants import rfc3339

START_MS = 1_795_225_800_000


def _reading(logger: str, minute: float, drug_c: float, seq: int | None) -> dict[str, Any]:
    said = {
        "shipment": "S-3",
        "logger": logger,
        "time": rfc3339(START_MS + round(minute * 60_000)),
        "temperature": {"drug": drug_c},
    }
    return said if seq is None else said | {"seq": seq}


def write_delivery(folder: Path, readings: list[dict[str, Any]], *, minutes: float) -> list[str]:
    """Telemetry and manifest of one delivery; the arguments that name them."""
    manifest = {
        "id": "S-3",
        "items": [{"name": "胰岛素", "category": "drug", "storage": "refrigerated"}],
        "dispatched_at": rfc3339(START_MS),
        "delivered_at": rfc3339(START_MS + round(minutes * 60_000)),
    }
    (folder / "trip.ndjson").write_text("\n".join(map(json.dumps, readings)), "utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return ["--from", str(folder / "trip.ndjson"), "--manifest", str(folder / "manifest.json")]


@pytest.mark.parametrize("ending", ["json", "html", "pdf"])
def test_two_numbered_loggers_that_alternate_have_a_report(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(5)
    readings = [
        _reading(f"LG-{which}", minute + which / 2, round(5 + rng.normal(0, 0.1), 1), minute)
        for minute in range(60)
        for which in (0, 1)
    ]
    told = write_delivery(tmp_path, readings, minutes=60)
    made = tmp_path / f"report.{ending}"
    assert main(["report", "S-3", *told, "-o", str(made)]) == 0
    assert made.stat().st_size > 1000
