"""A fleet's files for `benchmarks.bulk`: one NDJSON of readings and events, one of manifests."""

import json
from pathlib import Path

import numpy as np

from coldwitness.domain.instants import rfc3339

READINGS = 60
MINUTE_MS = 60_000
START_MS = 1_763_690_400_000
BREAK_SHARE = 0.1

_DRUGS = ("门冬胰岛素注射液", "甘精胰岛素注射液", "重组人干扰素α2b注射液", "双歧杆菌三联活菌胶囊")


def write_fleet(
    folder: Path, shipments: int, *, seed: int = 1, readings: int = READINGS
) -> tuple[Path, Path]:
    """Telemetry and manifests of so many shipments, one after another as an export has them:
    readings a minute apart with three probes, position, lid and motion, `packed` and `delivered`;
    a tenth of them warms above 8 °C on the way."""
    rng = np.random.default_rng(seed)
    telemetry, manifests = folder / "readings.ndjson", folder / "manifests.ndjson"
    with telemetry.open("w", encoding="utf-8") as told, manifests.open("w", encoding="utf-8") as of:
        for number in range(shipments):
            start_ms = START_MS + 7_000 * number
            of.write(json.dumps(_manifest(number, start_ms), ensure_ascii=False) + "\n")
            told.writelines(_lines(number, start_ms, readings, rng))
    return telemetry, manifests


def _lines(number: int, start_ms: int, readings: int, rng: np.random.Generator) -> list[str]:
    """A shipment's readings between its two events, each a line."""
    minute = np.arange(readings)
    drug = 5.0 + rng.normal(0.0, 0.15, readings)
    if rng.random() < BREAK_SHARE:
        drug += 7.0 * np.exp(-(((minute - readings / 2) / (readings / 12)) ** 2))
    columns = zip(
        minute.tolist(),
        np.round(drug, 1).tolist(),
        np.round(1.0 + 0.02 * minute + rng.normal(0.0, 0.1, readings), 1).tolist(),
        np.round(24.0 + 2.0 * np.sin(minute / 9.0), 1).tolist(),
        np.round(36.8 + 0.12 * minute / readings + rng.normal(0.0, 5e-5, readings), 6).tolist(),
        np.round(118.0 + rng.normal(0.0, 5e-5, readings), 6).tolist(),
        strict=True,
    )
    shipment = f'"shipment":"S-{number:06d}"'
    lines = [
        f'{{"logger":"LG-{number:06d}","box":"BX-{number:06d}",{shipment},"seq":{seq},'
        f'"time":"{rfc3339(start_ms + seq * MINUTE_MS)}",'
        f'"temperature":{{"drug":{drug_c},"coolant":{coolant_c},"ambient":{ambient_c}}},'
        f'"position":{{"lat":{lat},"lon":{lon},"accuracy_m":10.0}},'
        '"lid_open":false,"moving":true}\n'
        for seq, drug_c, coolant_c, ambient_c, lat, lon in columns
    ]
    packed = f'{{{shipment},"event":"packed","time":"{rfc3339(start_ms - 20_000)}"}}\n'
    end_ms = start_ms + (readings - 1) * MINUTE_MS + 20_000
    return [packed, *lines, f'{{{shipment},"event":"delivered","time":"{rfc3339(end_ms)}"}}\n']


def _manifest(number: int, start_ms: int) -> dict[str, object]:
    return {
        "id": f"S-{number:06d}",
        "seller": {"id": "SL-1", "name": "示例大药房", "uscc": "91370300MA00000000"},
        "courier": {"id": f"CR-{number % 7}", "name": "示例配送", "entrusted": True},
        "delivery": {"mode": "instant", "platform": "示例即时配送平台"},
        "box": {
            "id": f"BX-{number:06d}",
            "model": "bench-1",
            "isolation": {"coolant": True, "goods": True},
            "cooling": "passive",
            "qualification": {
                "hold_h": 12,
                "slew_max_c_per_min": 1.5,
                "coolant_coupling_max_per_h": 1.2,
                "goods_coupling_max_per_h": 0.8,
            },
        },
        "items": [
            {
                "name": _DRUGS[number % len(_DRUGS)],
                "category": "drug",
                "storage": "refrigerated",
                "batch": f"B{number % 97:06d}",
                "quantity": 1,
                "compartment": "A",
                "freeze_sensitive": True,
            },
            {"name": "瓶装饮料", "category": "non_drug", "quantity": 1, "compartment": "B"},
        ],
        "origin": {"name": "发货药店", "lat": 36.8, "lon": 118.0, "radius_m": 100},
        "destination": {"name": "收货小区", "lat": 36.918, "lon": 118.0, "radius_m": 100},
        "sites": [
            {"name": "中转站", "lat": 36.86, "lon": 118.1, "radius_m": 80, "role": "transfer"}
        ],
        "dispatched_at": rfc3339(start_ms),
        "due_at": rfc3339(start_ms + 4 * 3_600_000),
        "logger": {
            "id": f"LG-{number:06d}",
            "interval_s": 60,
            "accuracy_c": 0.5,
            "response_s": 60,
            "calibrated_until": "2027-03-01",
        },
    }
