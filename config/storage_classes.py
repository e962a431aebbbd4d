"""Storage classes and box models: dated data with sources, as the manifest names them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.numbers import CelsiusPerMinute, Confirmed, PerHour, Words
from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.domain.manifest import Item, Limits

STORAGE_CLASSES_FILE = Path(__file__).parent / "storage_classes.toml"
BOX_MODELS_FILE = Path(__file__).parent / "box_models.toml"
_Limit = Annotated[float, Meta(ge=-273.15, le=100.0)]


@dataclass(frozen=True)
class StorageClass:
    """A named temperature range [°C], inclusive; -inf / +inf where open. needs_cooling : it is kept
    on the way only with cold carried along, whatever the season."""

    name: str
    zh: str
    low_c: float
    high_c: float
    needs_cooling: bool
    source: str


@dataclass(frozen=True)
class BoxModel:
    """What a box model's qualification says; None where it says nothing."""

    name: str
    active_cooling: bool | None
    slew_max_c_per_min: float | None
    coolant_coupling_max_per_h: float | None
    goods_coupling_max_per_h: float | None
    hold_h: float | None
    source: str


class _ClassFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A storage class as it stands in its file."""

    zh: Words
    source: Words
    confirmed: Confirmed
    needs_cooling: bool
    low_c: _Limit | None = None
    high_c: _Limit | None = None


class _ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A box model as it stands in its file."""

    source: Words
    cooling: Literal["active", "passive"] | None = None
    slew_max_c_per_min: CelsiusPerMinute | None = None
    coolant_coupling_max_per_h: PerHour | None = None
    goods_coupling_max_per_h: PerHour | None = None
    hold_h: Annotated[float, Meta(ge=0.0, le=1000.0)] | None = None


def load_storage_classes(path: Path = STORAGE_CLASSES_FILE) -> Mapping[str, StorageClass]:
    """Storage classes by name; raises ConfigError naming file, key and value."""
    classes = {}
    for name, entry in toml_file(path).items():
        place = f"{path.name}: {name}"
        told = checked(entry, _ClassFile, where=place)
        if told.low_c is None and told.high_c is None:
            raise ConfigError(f"{place}: expected low_c or high_c")
        made = StorageClass(
            name=name,
            zh=told.zh,
            low_c=-math.inf if told.low_c is None else told.low_c,
            high_c=math.inf if told.high_c is None else told.high_c,
            needs_cooling=told.needs_cooling,
            source=told.source,
        )
        if made.low_c > made.high_c:
            raise ConfigError(f"{place}: low_c {made.low_c:g} lies above high_c {made.high_c:g}")
        classes[name] = made
    return classes


def load_box_models(path: Path = BOX_MODELS_FILE) -> Mapping[str, BoxModel]:
    """Box models by name; raises ConfigError naming file, key and value."""
    models = {}
    for name, entry in toml_file(path).items():
        told = checked(entry, _ModelFile, where=f"{path.name}: {name}")
        models[name] = BoxModel(
            name=name,
            active_cooling=None if told.cooling is None else told.cooling == "active",
            slew_max_c_per_min=told.slew_max_c_per_min,
            coolant_coupling_max_per_h=told.coolant_coupling_max_per_h,
            goods_coupling_max_per_h=told.goods_coupling_max_per_h,
            hold_h=told.hold_h,
            source=told.source,
        )
    return models


def item_range_c(
    item: Item, classes: Mapping[str, StorageClass], what: str = "item"
) -> tuple[float, float]:
    """Range [°C] an item is judged by: its own label limits; a side the label leaves out
    comes from its storage class; -inf / +inf where neither says. Raises BadInput."""
    low, high = -math.inf, math.inf
    if item.storage is not None:
        if item.storage not in classes:
            known = ", ".join(classes)
            shown = item.storage[:40]
            raise BadInput(f"{what}.storage: unknown storage class {shown!r}; expected {known}")
        low, high = classes[item.storage].low_c, classes[item.storage].high_c
    limits = item.limits or Limits()
    low = low if limits.low is None else limits.low
    high = high if limits.high is None else limits.high
    for side in (limits.low, limits.high):
        if side is not None and not -273.15 <= side <= 200.0:
            raise BadInput(f"{what}.limits: expected -273.15 to 200 °C, got {side:g}")
    if low > high:
        raise BadInput(f"{what}.limits: low {low:g} °C lies above high {high:g} °C")
    return low, high
