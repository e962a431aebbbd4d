"""Finding temperatures and their company in a maker's decoded JSON object."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.reading import split_probe

_MAX_DEPTH = 6
_MAX_VALUES = 500

_TEMPERATURE = re.compile(r"temp|°c|celsius|^tc$", re.I)
_NOT_THE_AIR = re.compile(
    r"alarm|alert|thresh|set_?point|target|limit|calibrat|offset|status|state|unit|mutation|"
    r"change|attempt|template|tempor|mcu|cpu|soc|chip|board|device_temp|internal_?temp|"
    r"irinternal|dew|min$|max$|_min|_max|avg|average|heat_?index|feels|local_temperature_cal",
    re.I,
)
"""Names that hold the word and are no measurement of what surrounds the probe."""
_FAHRENHEIT = re.compile(r"temp_?f$|fahrenheit|_f$|^tf$|°f", re.I)
_KELVIN = re.compile(r"kelvin|_k$", re.I)
_HUMIDITY = re.compile(r"^(relative_?)?humidity$|^hum(_sht)?$|^rh$|^hum_sht$", re.I)
_BATTERY_V = re.compile(r"^(bat_?v|battery_?voltage|batv|battery_v|bat|vdd_?v)$", re.I)
_LIGHT = re.compile(r"^(illum(inance)?(_lx|_lux)?|light(_?lux)?|luminosity|lux|ill_lx)$", re.I)


@dataclass
class Measured:
    """What a decoded object says: temperatures in its own order, and what goes with them."""

    temperature_c: dict[str, float] = field(default_factory=dict)
    humidity_pct: float | None = None
    battery_v: float | None = None
    light_lux: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None


def speaks_of_roles(names: Iterable[str]) -> bool:
    """True if a sender uses our own probe names: then `ambient` is a temperature too, and
    not the light it may be elsewhere."""
    return any((split_probe(name) or ("",))[0] == "drug" for name in names)


def is_temperature_name(name: str, *, roles: bool = False) -> bool:
    """True for what makers call a probe's temperature in °C; `roles`: for our probes too."""
    return (roles and split_probe(name) is not None) or (
        _TEMPERATURE.search(name) is not None
        and _NOT_THE_AIR.search(name) is None
        and _FAHRENHEIT.search(name) is None
        and _KELVIN.search(name) is None
    )


def measurements(decoded: Mapping[str, Any], *, mapped: Mapping[str, str]) -> Measured:
    """Temperatures, humidity, battery and light of a decoded object, nested or flat.

    mapped : names the settings map to probes; they are taken whatever they are called.
    An object `{value, unit}` is the value of its parent's name; °F and K are converted.
    """
    found = Measured()
    roles = speaks_of_roles(decoded)
    for name, value, unit in _numbers(decoded):
        last = name.rpartition(".")[2]
        if name in mapped or is_temperature_name(name, roles=roles):
            celsius = celsius_of(value, unit)
            if celsius is not None:
                found.temperature_c.setdefault(name, celsius)
        elif _HUMIDITY.match(last):
            found.humidity_pct = value if found.humidity_pct is None else found.humidity_pct
        elif _BATTERY_V.match(last):
            volts = value / 1000.0 if value > 100 or (unit or "").lower() == "mv" else value
            found.battery_v = volts if found.battery_v is None else found.battery_v
        elif _LIGHT.match(last):
            found.light_lux = value if found.light_lux is None else found.light_lux
        elif last.lower() in ("lat", "latitude"):
            found.lat_deg = value
        elif last.lower() in ("lon", "lng", "long", "longitude"):
            found.lon_deg = value
    if found.lat_deg == 0.0 and found.lon_deg == 0.0:
        # Receivers without a fix send zeros; the place they mean is open sea.
        found.lat_deg = found.lon_deg = None
    return found


def as_number(value: object) -> float | None:
    """A finite number, or None for anything else; booleans and texts are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def celsius_of(value: float, unit: str | None) -> float | None:
    """°C of a value in a unit as people write it; None for a unit that is no temperature."""
    mark = (unit or "").strip().lower().lstrip("°º")
    if mark in ("", "c", "cel", "celsius", "degc", "deg c", "℃"):
        return value
    if mark in ("f", "fahrenheit", "degf", "℉"):
        return round((value - 32.0) / 1.8, 6)
    if mark in ("k", "kelvin"):
        return round(value - 273.15, 6)
    return None


def _numbers(decoded: Mapping[str, Any]) -> Iterator[tuple[str, float, str | None]]:
    """(dotted name, number, unit) of everything numeric, in the object's own order."""
    left = _MAX_VALUES
    stack: list[tuple[str, Any, str | None, int]] = [("", decoded, None, 0)]
    while stack and left > 0:
        name, value, unit, depth = stack.pop()
        left -= 1
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            inner_unit = value.get("unit") or value.get("units")
            inner_unit = inner_unit if isinstance(inner_unit, str) else None
            for key in reversed(list(value)[:_MAX_VALUES]):
                is_value = str(key).lower() in ("value", "v") and bool(name)
                path = name if is_value else f"{name}.{key}" if name else str(key)
                stack.append((path, value[key], inner_unit if is_value else None, depth + 1))
        elif isinstance(value, list) and depth < _MAX_DEPTH:
            stack.extend(
                (f"{name}.{index + 1}", value[index], unit, depth + 1)
                for index in reversed(range(min(len(value), 50)))
            )
        else:
            number = as_number(value)
            if number is not None:
                yield name, number, unit
