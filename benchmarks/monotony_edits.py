"""What a company could write into its manifest afterwards, as later versions of it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.monotony_changes import Changed
from benchmarks.monotony_records import Record
from coldwitness.config.storage_classes import StorageClass
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.manifest import ManifestVersion
from coldwitness.ingest.manifests import parse_manifest

Raw = dict[str, Any]
Edit = Callable[[Raw, Record, np.random.Generator], None]


def edited(
    record: Record,
    rng: np.random.Generator,
    *,
    name: str,
    classes: Mapping[str, StorageClass],
) -> Changed | None:
    """The record with a later version of its manifest, received after its last reading."""
    raw = deepcopy(record.versions[-1].manifest.source)
    EDITS[name](raw, record, rng)
    try:
        manifest, _ = parse_manifest(raw, classes=classes)
    except BadInput:
        return None
    received_ms = None
    if record.live:
        received_ms = int(record.readings.received_ms.max(initial=0)) + 3_600_000
    version = ManifestVersion(
        manifest=manifest,
        version=record.versions[-1].version + 1,
        received_ms=received_ms,
        sender="courier",
    )
    return Changed(replace(record, versions=(*record.versions, version)))


def limits_widened(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    for item in raw["items"]:
        item["limits"] = {"low": -30.0, "high": float(rng.uniform(9.0, 60.0))}


def another_class(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    for item in raw["items"]:
        if "storage" in item:
            item["storage"] = str(rng.choice(["room", "cool", "cold_place", "frozen"]))


def another_drug(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["items"] = [{"name": "另一种药品", "category": "drug", "storage": "room"}]


def a_budget(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    for item in raw["items"]:
        item["stability_budget"] = [{"above": 8.0, "up_to": 40.0, "minutes": 6000}]


def freezes_no_more(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    for item in raw["items"]:
        item["freeze_sensitive"] = False


def other_goods_gone(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["items"] = [item for item in raw["items"] if item.get("category") != "non_drug"]


def compartments_apart(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    for number, item in enumerate(raw["items"]):
        item["compartment"] = "ABCDEFGH"[number % 8]


def parts_declared(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["box"]["isolation"] = {"coolant": True, "goods": True}


def nothing_declared(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["box"].pop("isolation", None)


def active_box(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["box"]["cooling"] = "active"


def loose_limits(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["box"]["qualification"] = {
        "hold_h": 100.0,
        "slew_max_c_per_min": float(rng.choice([0.001, 0.05, 5.0])),
        "coolant_coupling_max_per_h": 50.0,
        "goods_coupling_max_per_h": 50.0,
    }


def tight_limits(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["box"]["qualification"] = {
        "hold_h": 100.0,
        "slew_max_c_per_min": 0.001,
        "coolant_coupling_max_per_h": 0.01,
        "goods_coupling_max_per_h": 0.01,
    }


def another_box(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["box"]["id"] = str(rng.choice(["BX-0001", "BX-0003", "BX-9999"]))


def another_courier(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["courier"] = {"id": "another-express"}


def another_logger(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["logger"]["id"] = str(rng.choice(["LG-7000", "LG-0000"]))


def sloppy_logger(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["logger"] |= {"accuracy_c": 5.0, "response_s": 3600.0}


def precise_logger(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["logger"] |= {"accuracy_c": 0.1, "calibrated_until": "2039-01-01"}
    raw["logger"].pop("response_s", None)


def interval_unsaid(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["logger"].pop("interval_s", None)


def interval_long(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["logger"]["interval_s"] = 3600


def a_site_where_it_stood(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    spot = _spot(record, rng)
    if spot is not None:
        raw["sites"] = [*raw.get("sites", []), {**spot, "name": "新站点", "radius_m": 500}]


def sites_without_limit(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    for site in raw.get("sites", []):
        site.pop("max_minutes", None)
        site["radius_m"] = 500


def the_end_where_it_stood(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    spot = _spot(record, rng)
    if spot is not None:
        raw[str(rng.choice(["origin", "destination"]))] = {**spot, "radius_m": 500}


def ends_unsaid(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw.pop(str(rng.choice(["origin", "destination"])), None)


def ends_widened(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    for end in ("origin", "destination"):
        if end in raw:
            raw[end]["radius_m"] = float(rng.choice([500, 5000]))


def due_later(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["due_at"] = "2030-01-01T00:00:00Z"


def due_unsaid(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw.pop("due_at", None)


def left_later(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    if "dispatched_at" in raw:
        later_ms = int(rng.uniform(1, 90) * 60_000)
        raw["dispatched_at"] = rfc3339(instant_ms(raw["dispatched_at"]) + later_ms)


def arrived_sooner(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    time_ms = record.readings.time_ms
    if time_ms.size:
        raw["delivered_at"] = rfc3339(int(time_ms.min() + np.ptp(time_ms) * rng.uniform(0, 1)))


def no_platform(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw.pop("delivery", None)


def not_entrusted(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["courier"]["entrusted"] = False


def papers(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["agreement"] = {"number": "X-1", "signed_at": "2026-01-01", "audited_at": "2026-01-01"}
    raw["seal"] = {"number": "S-1"}
    raw["delivery"] = {**raw.get("delivery", {}), "planned_minutes": 60}


def further_publishers(raw: Raw, record: Record, rng: np.random.Generator) -> None:
    raw["boxes"] = ["BX-0001", "BX-9999"]
    raw["loggers"] = ["LG-7000"]


def _spot(record: Record, rng: np.random.Generator) -> Raw | None:
    """A place where the record shows the box: a fix, of a slow part where there is one."""
    placed = np.flatnonzero(~np.isnan(record.readings.lat_deg))
    if placed.size == 0:
        return None
    at = rng.choice(placed)
    return {
        "lat": float(record.readings.lat_deg[at]),
        "lon": float(record.readings.lon_deg[at]),
    }


EDITS: Mapping[str, Edit] = {
    edit.__name__: edit
    for edit in (
        limits_widened,
        another_class,
        another_drug,
        a_budget,
        freezes_no_more,
        other_goods_gone,
        compartments_apart,
        parts_declared,
        nothing_declared,
        active_box,
        loose_limits,
        tight_limits,
        another_box,
        another_courier,
        another_logger,
        sloppy_logger,
        precise_logger,
        interval_unsaid,
        interval_long,
        a_site_where_it_stood,
        sites_without_limit,
        the_end_where_it_stood,
        ends_unsaid,
        ends_widened,
        due_later,
        due_unsaid,
        left_later,
        arrived_sooner,
        no_platform,
        not_entrusted,
        papers,
        further_publishers,
    )
}
