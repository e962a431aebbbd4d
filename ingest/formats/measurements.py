"""Finding temperatures and their company in a maker's decoded JSON object."""

import math
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from coldwitness.config.logger_models import LoggerModel, Named
from coldwitness.domain.reading import split_probe
from coldwitness.ingest.formats.name_words import is_no_measurement
from coldwitness.ingest.formats.plausible import NOT_EVEN_FAHRENHEIT, all_silent

_MAX_DEPTH = 6
_MAX_VALUES = 500

_TEMPERATURE = re.compile(r"temp|°c|celsius|^tc$|温度", re.I)
_FAHRENHEIT = re.compile(r"temp_?f$|fahrenheit|_f$|^tf$|°f", re.I)
_SAYS_FAHRENHEIT = re.compile(
    r"(?i:fahrenheit|°f|deg_?f$|temp_?f$|temperature_?f$|^tf$)|(?i:temp).*(?:_F|[a-z]F)$"
)
"""Names whose number is in °F, unless a `temp_e` beside `temp_f` makes it the sixth probe."""
_SAYS_CELSIUS = re.compile(r"temp_?c(_|$)|_c$|celsius|°c|^tc$", re.I)
_KELVIN = re.compile(r"kelvin|_k$", re.I)
_HUMIDITY = re.compile(
    r"^(relative_?)?humidity(_\d{1,3})?$|^hum(_sht)?$|^rh$|^(相对|环境|箱内)?湿度$", re.I
)
_BATTERY_V = re.compile(
    r"^(bat_?v|battery_?voltage|batv|battery_v|bat|vdd(_?v)?|bat(tery)?_?mv|电池电压)$", re.I
)
_LIGHT = re.compile(r"^(illum(inance)?(_lx|_lux)?|light(_?lux)?|luminosity|lux|ill_lx)$", re.I)


@dataclass
class Measured:
    """What a decoded object says: temperatures in its own order, NaN for a name without a value,
    and what goes with them."""

    temperature_c: dict[str, float] = field(default_factory=dict)
    humidity_pct: float | None = None
    battery_v: float | None = None
    light_lux: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None

    @property
    def has_temperature(self) -> bool:
        """True if a name has a value and not only its place (NaN)."""
        return not all_silent(self.temperature_c)


def speaks_of_roles(names: Iterable[str]) -> bool:
    """True if a sender uses our own probe names: then `ambient` is a temperature too, and
    not the light it may be elsewhere."""
    return any((split_probe(name) or ("",))[0] == "drug" for name in names)


def is_temperature_name(name: str, *, roles: bool = False) -> bool:
    """True for what makers call a probe's temperature in °C; `roles`: for our probes too."""
    return (roles and split_probe(name) is not None) or (
        _TEMPERATURE.search(name) is not None
        and not is_no_measurement(name)
        and _FAHRENHEIT.search(name) is None
        and _KELVIN.search(name) is None
    )


def measurements(
    decoded: Mapping[str, Any],
    *,
    mapped: Mapping[str, str],
    sibling_units: bool = True,
    model: LoggerModel | None = None,
) -> Measured:
    """Temperatures, humidity, battery and light of a decoded object, nested or flat.

    mapped : names the settings map to probes; they are taken whatever they are called.
    sibling_units : `temperature_unit` beside `temperature` is its unit; False where it only
        says what a display shows (Zigbee2MQTT; models whose entry says so).
    model : what is known of the model's names, which goes before what names look like.
    An object `{value, unit}` is the value of its parent's name; °F and K are converted. Names
    that say °F (`temp_f`) count where nothing is said in °C, or where they are mapped.
    """
    found = Measured()
    fahrenheit: dict[str, float] = {}
    roles = speaks_of_roles(decoded)
    known = {} if model is None else model.names
    if model is not None and model.unit_beside == "display":
        sibling_units = False
    for name, number, unit in _numbers(decoded, sibling_units=sibling_units):
        fact = known.get(name)
        silent = fact is not None and fact.says_nothing(number, beside=decoded)
        value = math.nan if silent else number
        if fact is not None and name not in mapped:
            _put(found, name, value, unit, fact=fact)
        elif name in mapped or is_temperature_name(name, roles=roles):
            celsius = celsius_of(value, unit or unit_in_name(name, among=decoded))
            celsius = math.nan if value in NOT_EVEN_FAHRENHEIT else celsius
            if celsius is not None:
                found.temperature_c.setdefault(name, celsius)
        elif math.isnan(value):
            continue
        elif unit_in_name(name, among=decoded) and not is_no_measurement(name):
            celsius = celsius_of(value, "F")
            if celsius is not None:
                fahrenheit.setdefault(name, celsius)
        else:
            _put_by_name(found, name.rpartition(".")[2], value, unit)
    if fahrenheit and not found.has_temperature:
        found.temperature_c = fahrenheit
    return found


def _put_by_name(found: Measured, last: str, value: float, unit: str | None) -> None:
    """What goes with a temperature, by what makers usually call it."""
    if _HUMIDITY.match(last):
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


def _put(found: Measured, name: str, value: float, unit: str | None, *, fact: Named) -> None:
    """A value whose name the model's entry knows. A probe without a value keeps its place."""
    if fact.of is not None:
        return
    if fact.is_probe:
        celsius = math.nan if value in NOT_EVEN_FAHRENHEIT else celsius_of(value, unit)
        if celsius is not None:
            found.temperature_c.setdefault(name, celsius)
    elif math.isnan(value):
        return
    elif fact.unit == "%RH":
        found.humidity_pct = value if found.humidity_pct is None else found.humidity_pct
    elif fact.unit in ("V", "mV"):
        volts = value / 1000.0 if fact.unit == "mV" else value
        found.battery_v = volts if found.battery_v is None else found.battery_v
    elif fact.unit == "lx":
        found.light_lux = value if found.light_lux is None else found.light_lux


def unit_in_name(name: str, *, among: Container[str] = ()) -> str | None:
    """`F` for names that say °F (`temp_f`, `temperatureF`, `probe_fahrenheit`), else None.

    among : the names beside it; where `temp_e` is one, `temp_f` is a sixth probe in °C.
    """
    fifth = name[:-1] + ("E" if name[-1:] == "F" else "e")
    return "F" if _SAYS_FAHRENHEIT.search(name) and fifth not in among else None


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
    """°C of a value in a unit as people write it; None for a unit that is no temperature,
    and for codes of "no value" that would look like a temperature once converted."""
    mark = (unit or "").strip().lower().lstrip("°º")
    if mark in _CELSIUS:
        return value
    if mark in _DEGREES_F:
        return None if value in NOT_EVEN_FAHRENHEIT else round((value - 32.0) / 1.8, 6)
    if mark in ("k", "kelvin"):
        return round(value - 273.15, 6)
    return None


_CELSIUS = (
    "",
    "c",
    "cel",
    "celsius",
    "centigrade",
    "degc",
    "deg c",
    "deg_c",
    "℃",
    "摄氏度",
    "摄氏",
)
_DEGREES_F = ("f", "fahrenheit", "degf", "deg f", "deg_f", "℉", "华氏度", "华氏")


def _numbers(
    decoded: Mapping[str, Any], *, sibling_units: bool
) -> Iterator[tuple[str, float, str | None]]:
    """(dotted name, number, unit) of everything numeric, in the object's own order.

    Text that is a plain decimal counts (payload formatters like to write `toFixed(2)`), also
    with its degrees: `4.5 °C`.
    """
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
                beside = _unit_beside(value, str(key)) if sibling_units else None
                stack.append((path, value[key], inner_unit if is_value else beside, depth + 1))
        elif isinstance(value, list) and depth < _MAX_DEPTH:
            stack.extend(
                (f"{name}.{index + 1}", value[index], unit, depth + 1)
                for index in reversed(range(min(len(value), 50)))
            )
        else:
            number = as_number(value)
            written = _DECIMAL.fullmatch(value.strip()) if isinstance(value, str) else None
            if written is not None:
                number, unit = float(written[1]), written[2] or unit
            if number is not None:
                yield name, number, unit
            elif value is None or (isinstance(value, str) and value.strip().lower() in _SILENT):
                yield name, math.nan, unit


_DECIMAL = re.compile(r"([+-]?\d{1,6}(?:\.\d{1,6})?) ?(°[CF]|[℃℉])?", re.ASCII)
_SILENT = frozenset(
    {"", "null", "none", "nan", "n/a", "na", "-", "--", "err", "error", "fault", "unavailable"}
)
"""What stands where a probe gave no value: its name keeps its place."""
_UNIT_NAMES = ("temperature_unit", "temp_unit", "temperatureUnit", "tempUnit", "TempUnit")


def _unit_beside(holder: Mapping[str, Any], key: str) -> str | None:
    """`<key>_unit` or `temperature_unit` beside a temperature; None where they name none."""
    if not _TEMPERATURE.search(key) or _SAYS_CELSIUS.search(key):
        return None
    for name in (f"{key}_unit", f"{key}Unit", *_UNIT_NAMES):
        unit = holder.get(name)
        if isinstance(unit, str) and unit.strip() and celsius_of(0.0, unit) is not None:
            return unit
    return None
