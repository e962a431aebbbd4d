"""Recorded deliveries for tests, written as a courier would hand them over."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from coldwitness.domain.instants import instant_ms, rfc3339

START = "2026-11-21T08:00:00Z"
START_MS = instant_ms(START)


def at(minute: float) -> str:
    """RFC 3339 time `minute` minutes after START."""
    return rfc3339(START_MS + round(minute * 60_000))


def readings(
    temperature_c: Callable[[float], float],
    *,
    minutes: Iterable[float] = range(61),
    shipment: str | None = "S1",
    **more: Any,
) -> list[dict[str, Any]]:
    """One reading a minute of a logger that moves steadily from origin to destination."""
    rows = []
    for number, minute in enumerate(minutes):
        row: dict[str, Any] = {
            "logger": "LG-1",
            "seq": number,
            "time": at(minute),
            "temperature": {"drug": round(temperature_c(minute), 3)},
            "position": {"lat": 36.8, "lon": 118.0 + 0.3 * minute / 60.0},
            **more,
        }
        if shipment is not None:
            row["shipment"] = shipment
        rows.append(row)
    return rows


def manifest(**more: Any) -> dict[str, Any]:
    """A complete manifest of a delivery from minute 0 to minute 60."""
    return {
        "id": "S1",
        "items": [{"name": "insulin", "category": "drug", "storage": "refrigerated"}],
        "box": {
            "id": "BX-1",
            "model": "EPS-18L",
            "cooling": "passive",
            "isolation": {"coolant": True, "goods": True},
        },
        "origin": {"lat": 36.8, "lon": 118.0},
        "destination": {"lat": 36.8, "lon": 118.3},
        "dispatched_at": at(0),
        "delivered_at": at(60),
        "logger": {"id": "LG-1", "interval_s": 60, "calibrated_until": "2027-03-01"},
        **more,
    }


def write_ndjson(path: Path, rows: Iterable[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path
