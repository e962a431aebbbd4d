"""Storage classes and box models: dated data with sources, as the manifest names them."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.domain.manifest import Item, Limits

STORAGE_CLASSES_FILE = Path(__file__).parent / "storage_classes.toml"
BOX_MODELS_FILE = Path(__file__).parent / "box_models.toml"


@dataclass(frozen=True)
class StorageClass:
    """A named temperature range [°C], inclusive; -inf / +inf where open."""

    name: str
    zh: str
    low_c: float
    high_c: float
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


def load_storage_classes(path: Path = STORAGE_CLASSES_FILE) -> Mapping[str, StorageClass]:
    """Storage classes by name; raises ConfigError naming file, key and value."""
    classes = {}
    for name, entry in _tables(path):
        place = f"{path.name}: {name}"
        _known(entry, {"zh", "low_c", "high_c", "source", "confirmed"}, place)
        low_c = _number(entry, "low_c", place, at_least=-273.15, at_most=100.0)
        high_c = _number(entry, "high_c", place, at_least=-273.15, at_most=100.0)
        if low_c is None and high_c is None:
            raise ConfigError(f"{place}: expected low_c or high_c")
        classes[name] = StorageClass(
            name=name,
            zh=_word(entry, "zh", place),
            low_c=-math.inf if low_c is None else low_c,
            high_c=math.inf if high_c is None else high_c,
            source=_word(entry, "source", place),
        )
        if classes[name].low_c > classes[name].high_c:
            raise ConfigError(f"{place}: low_c {low_c} lies above high_c {high_c}")
    return classes


def load_box_models(path: Path = BOX_MODELS_FILE) -> Mapping[str, BoxModel]:
    """Box models by name; raises ConfigError naming file, key and value."""
    models = {}
    for name, entry in _tables(path):
        place = f"{path.name}: {name}"
        _known(
            entry,
            {
                "cooling",
                "slew_max_c_per_min",
                "coolant_coupling_max_per_h",
                "goods_coupling_max_per_h",
                "hold_h",
                "source",
            },
            place,
        )
        cooling = entry.get("cooling")
        if cooling not in (None, "active", "passive"):
            raise ConfigError(f"{place}.cooling: expected active or passive, got {cooling!r}")
        models[name] = BoxModel(
            name=name,
            active_cooling=None if cooling is None else cooling == "active",
            slew_max_c_per_min=_number(
                entry, "slew_max_c_per_min", place, at_least=1e-3, at_most=100.0
            ),
            coolant_coupling_max_per_h=_number(
                entry, "coolant_coupling_max_per_h", place, at_least=0.0, at_most=1000.0
            ),
            goods_coupling_max_per_h=_number(
                entry, "goods_coupling_max_per_h", place, at_least=0.0, at_most=1000.0
            ),
            hold_h=_number(entry, "hold_h", place, at_least=0.0, at_most=1000.0),
            source=_word(entry, "source", place),
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


def _tables(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    for name, entry in raw.items():
        if not isinstance(entry, dict):
            raise ConfigError(f"{path.name}: {name}: expected a table, got {entry!r}")
    return list(raw.items())


def _known(entry: Mapping[str, Any], known: set[str], place: str) -> None:
    for key in entry:
        if key not in known:
            expected = ", ".join(sorted(known))
            raise ConfigError(f"{place}: unknown key {key!r}; expected {expected}")


def _number(
    entry: Mapping[str, Any], key: str, place: str, *, at_least: float, at_most: float
) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{place}.{key}: expected a number, got {value!r}")
    if not at_least <= value <= at_most:
        raise ConfigError(f"{place}.{key}: expected {at_least:g} to {at_most:g}, got {value!r}")
    return float(value)


def _word(entry: Mapping[str, Any], key: str, place: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{place}.{key}: expected a text, got {value!r}")
    return value
