"""The manifest that seller and courier would have sent for a simulated shipment."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from coldwitness.domain.instants import rfc3339
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.packing import box_model
from coldwitness.simulators.positions import to_degrees, wgs84_to_gcj02
from coldwitness.simulators.scenario import Scenario, Span

_DRUGS = (
    ("门冬胰岛素注射液", True),
    ("甘精胰岛素注射液", True),
    ("重组人干扰素α2b注射液", True),
    ("双歧杆菌三联活菌胶囊", False),
)
_GOODS = {"hot_meal": "热餐盒饭", "drinks": "瓶装饮料", "ice_cream": "冰淇淋"}


@cache
def companies() -> dict[str, Any]:
    path = Path(__file__).parent / "companies.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def write_manifest(
    scenario: Scenario,
    trip: Trip,
    *,
    shipment: str,
    number: int,
    box: str,
    logger: str,
    origin: tuple[float, float],
    start_ms: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """A manifest in the contract's form; it says what was declared, not what was done."""
    pack, model = scenario.pack, box_model(scenario.pack.model)
    sellers, couriers = companies()["seller"], companies()["courier"]
    name, freeze_sensitive = _DRUGS[int(rng.integers(len(_DRUGS)))]
    calibrated_days = _calibrated_days(scenario, rng)
    items: list[dict[str, Any]] = [
        {
            "name": name,
            "category": "drug",
            "storage": "refrigerated",
            "batch": f"B{rng.integers(10**6, 10**7)}",
            "quantity": int(rng.integers(1, 4)),
            "compartment": "A",
            "freeze_sensitive": pack.freeze_sensitive and freeze_sensitive,
        }
    ]
    if pack.goods != "none":
        items.append(
            {
                "name": _GOODS[pack.goods],
                "category": "non_drug",
                "quantity": 1,
                "compartment": "A" if pack.one_compartment else "B",
            }
        )
    return {
        "id": shipment,
        "seller": sellers[number % len(sellers)],
        "courier": {**couriers[number % len(couriers)], "entrusted": True},
        "delivery": {"mode": "instant", "platform": "示例即时配送平台"},
        "box": {
            "id": box,
            "model": pack.model,
            "isolation": {"coolant": pack.declares_separator, "goods": pack.declares_partition},
            "cooling": "active" if model.active_w else "passive",
            "qualification": {
                "hold_h": model.hold_h,
                "slew_max_c_per_min": model.slew_max_c_per_min,
                "coolant_coupling_max_per_h": model.coolant_coupling_max_per_h,
                "goods_coupling_max_per_h": model.goods_coupling_max_per_h,
            },
        },
        "items": items,
        "origin": {"name": "发货药店", **_place(0.0, 0.0, origin, scenario), "radius_m": 100},
        "destination": {
            "name": "收货小区",
            **_place(*trip.destination_m, origin, scenario),
            "radius_m": scenario.papers.destination_radius_m,
        },
        "sites": [
            {
                "name": site.name,
                **_place(site.x_m, site.y_m, origin, scenario),
                "radius_m": 80,
                "role": site.role,
                **({} if site.max_minutes is None else {"max_minutes": site.max_minutes}),
            }
            for site in trip.sites
        ],
        "dispatched_at": rfc3339(start_ms + round(1000 * trip.packed_s)),
        "due_at": rfc3339(start_ms + round(1000 * (trip.packed_s + 4 * 3600))),
        "logger": {
            "id": logger,
            "interval_s": scenario.logger.interval_s,
            "accuracy_c": scenario.logger.accuracy_c,
            "response_s": _longest(scenario.logger.lag_s),
            "calibrated_until": rfc3339(start_ms + round(86_400_000 * calibrated_days))[:10],
        },
    }


def _longest(span: Span) -> float:
    """What a data sheet says of a sensor that varies from piece to piece."""
    return max(span) if isinstance(span, tuple) else span


def _calibrated_days(scenario: Scenario, rng: np.random.Generator) -> float:
    """Days from the shipment until the calibration ends; negative: it has ended."""
    span = scenario.logger.calibrated_days
    low, high = span if isinstance(span, tuple) else (span, span)
    return float(rng.uniform(low, high))


def _place(
    x_m: float, y_m: float, origin: tuple[float, float], scenario: Scenario
) -> dict[str, float]:
    lat, lon = to_degrees(origin, x_m=np.array(x_m), y_m=np.array(y_m))
    if scenario.papers.place_datum == "GCJ02":
        lat, lon = wgs84_to_gcj02(lat=lat, lon=lon)
    return {"lat": round(float(lat), 6), "lon": round(float(lon), 6)}
