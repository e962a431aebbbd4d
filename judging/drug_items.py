"""The drugs that manifests name: which are judged, by what range, and what they may lie beside."""

from collections.abc import Mapping, Sequence

import numpy as np

from coldwitness.analysis.terms import Budgets, Items
from coldwitness.config.rules import PackLimits
from coldwitness.config.storage_classes import StorageClass, item_range_c
from coldwitness.domain.manifest import Item, Manifest
from coldwitness.domain.tracks import FloatArray
from coldwitness.judging.term_columns import floats, offsets

NO_MANIFEST = Manifest(id="", items=())
"""Stands where nobody sent one."""


def drug_items(manifest: Manifest, assumed_storage: str | None) -> list[Item]:
    if manifest.id == NO_MANIFEST.id:
        return [Item(storage=assumed_storage)] if assumed_storage is not None else []
    return [item for item in manifest.items if item.category == "drug"]


def items_and_budgets(
    named: Sequence[Sequence[Item]],
    classes: Mapping[str, StorageClass],
    limits: PackLimits | None = None,
) -> tuple[Items, Budgets]:
    """Of all shipments, one after the other; a rule pack's `limits` stand in place of labels."""
    flat = [item for drugs in named for item in drugs]
    ranges = [item_range_c(item, classes) for item in flat]
    if limits is not None:
        ranges = [(limits.low_c, limits.high_c)] * len(flat)
    named_classes = [classes.get(item.storage or "") for item in flat]
    bands = [(index, band) for index, item in enumerate(flat) for band in item.stability_budget]
    items = Items(
        first=offsets(named),
        name=tuple(item.name or "" for item in flat),
        storage=tuple(item.storage or "" for item in flat),
        low_c=np.array([low for low, _ in ranges], dtype=np.float64),
        high_c=np.array([high for _, high in ranges], dtype=np.float64),
        freeze_sensitive=np.array([bool(item.freeze_sensitive) for item in flat], dtype=bool),
        class_low_c=floats(
            limits.low_c if limits else None if one is None else one.low_c for one in named_classes
        ),
        class_high_c=floats(
            limits.high_c if limits else None if one is None else one.high_c
            for one in named_classes
        ),
        compartment=tuple(item.compartment or "" for item in flat),
    )
    budgets = Budgets(
        item=np.array([index for index, _ in bands], dtype=np.int64),
        above_c=np.array([band.above for _, band in bands], dtype=np.float64),
        up_to_c=np.array([band.up_to for _, band in bands], dtype=np.float64),
        allowed_min=np.array([band.minutes for _, band in bands], dtype=np.float64),
    )
    return items, budgets


def common_range(items: Items, shipments: int) -> tuple[FloatArray, FloatArray]:
    low_c, high_c = np.full(shipments, -np.inf), np.full(shipments, np.inf)
    owner = np.repeat(np.arange(shipments), np.diff(items.first))
    np.maximum.at(low_c, owner, items.low_c)
    np.minimum.at(high_c, owner, items.high_c)
    return low_c, high_c


def shared_lines(manifest: Manifest, classes: Mapping[str, StorageClass]) -> str:
    """The items of compartments that hold drugs with other goods, or drugs whose limits exclude
    each other."""
    together: dict[str, list[Item]] = {}
    for item in manifest.items:
        if item.compartment is not None:
            together.setdefault(item.compartment, []).append(item)
    shared = {name for name, items in together.items() if not _may_share(items, classes)}
    lines = [
        f"items[{index}] {item.name or ''}".strip()
        for index, item in enumerate(manifest.items)
        if item.compartment in shared
    ]
    return "; ".join(lines)


def _may_share(items: Sequence[Item], classes: Mapping[str, StorageClass]) -> bool:
    """Whether these items of one compartment are drugs alone, or no drugs, of limits that can be
    kept together."""
    if len(items) < 2:
        return True
    drugs = [item for item in items if item.category == "drug"]
    if 0 < len(drugs) < len(items):
        return False
    ranges = [item_range_c(item, classes) for item in drugs]
    return not ranges or max(low for low, _ in ranges) <= min(high for _, high in ranges)
