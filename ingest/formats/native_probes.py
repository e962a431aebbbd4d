"""Which probes of a native message are measurements, and what each says in °C."""

import math
import re
from collections.abc import Mapping

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import PROBES_MAX
from coldwitness.ingest.formats.json_text import shown, storable
from coldwitness.ingest.formats.measurements import as_number, celsius_of
from coldwitness.ingest.formats.native_plain import known_probe
from coldwitness.ingest.formats.plausible import (
    NOT_EVEN_FAHRENHEIT,
    TEMPERATURE_RANGE_C,
    in_range,
    no_value,
    out_of_range,
)

UNITS = "expected C, F or K"
_UNIT_NAMES = ("units", "temperature_unit", "temp_unit", "temperatureUnit", "tempUnit", "TempUnit")
"""Keys by which others say the unit: what is stated is not passed over for its spelling."""
ODD_KEY = re.compile(rb'"(?:[A-Z]\w*|(?:temperature_|temp_)?units?|temperatureUnit|tempUnit)"\s*:')
"""A cheap sign of a key that is ours but for its capitals, or of a unit under another key."""
_MAX_NAME = 64
_MOST_OTHERS = 16
"""Names of a reading that are no role of ours, each a column for ever in every store."""


def with_its_unit(sent: Mapping[str, object], *, keys: frozenset[str]) -> dict[str, object]:
    """The object with its unit under `unit`, wherever it was stated. Raises BadMessage for keys
    that are among `keys` but for their capitals, and for two units that differ."""
    value = {**sent}
    for key in sent:
        ours = key.lower()
        if key not in keys and ours in keys:
            raise BadMessage("wrong_key", f"{key[:40]}: expected {ours}")
    stated = [value.get("unit"), *(value.pop(name, None) for name in _UNIT_NAMES)]
    probes = value.get("temperature")
    if isinstance(probes, dict):
        probes = value["temperature"] = {**probes}
        inside = (probes.pop(name, None) for name in ("unit", "units"))
        stated += [unit for unit in inside if isinstance(unit, str)]
    stated = [unit for unit in stated if unit is not None]
    if any(unit != stated[0] for unit in stated):
        raise BadMessage("unit_unknown", f"unit: {UNITS}, got {shown(stated[0])} and another")
    return value | ({"unit": stated[0]} if stated else {})


def probes_as_sent(
    temperature: Mapping[str, object], unit: object
) -> tuple[dict[str, object], object]:
    """The probes of parsed JSON that can be measurements, and the unit that is left for them: none
    where one states its own, for then each is in °C already. Raises BadMessage."""
    probes = {
        name: entry
        for name, entry in temperature.items()
        if known_probe(name) or _is_kept(name, entry)
    }
    if not any(isinstance(entry, dict) for entry in probes.values()):
        return probes, unit
    return {name: _by_its_own_unit(name, entry, unit) for name, entry in probes.items()}, None


def require_few(probes: int) -> None:
    """Raises BadMessage for more probes than a reading may have."""
    if probes > PROBES_MAX:
        text = f"temperature: expected at most {PROBES_MAX} probes, got {probes}"
        raise BadMessage("too_many_probes", text)


def probes_c(sent: Mapping[str, float | None] | None, unit: str | None) -> dict[str, float]:
    """Probe -> °C of a reading that may state a unit, without what is null or a no-value code. What
    is no role of ours is kept beside at least one that is, and never judged. Raises BadMessage."""
    if sent is None:
        raise BadMessage("no_temperature", "temperature: required, an object of probes")
    require_few(len(sent))
    if unit is not None:
        sent = {
            name: None if value is None else _celsius(f"temperature.{name}", value, unit)
            for name, value in sent.items()
        }
    kept: dict[str, float] = {}
    others: dict[str, float] = {}
    for name, value in sent.items():
        plain = known_probe(name)
        if value is None:
            continue
        if plain is None:
            if _is_kept(name, value):
                others[name] = value
            continue
        if no_value(value):
            if not math.isfinite(value):
                raise BadMessage("not_finite", f"temperature.{name}: expected a finite number")
            continue
        if not in_range(value):
            low, high = TEMPERATURE_RANGE_C
            raise out_of_range(f"temperature.{name}", value, f"{low:g} to {high:g} °C")
        if plain in kept:
            raise BadMessage("duplicate_key", f"temperature.{plain}: stands twice")
        kept[plain] = value
    if not kept:
        raise BadMessage(
            "no_temperature", "temperature: expected at least one of drug, coolant, ambient, goods"
        )
    for name in list(others)[:_MOST_OTHERS]:
        kept[name] = others[name]
    return kept


def _is_kept(name: str, entry: object) -> bool:
    """Whether a probe that is no role of ours is a measurement that can be kept and shown."""
    number = as_number(entry)
    plain = 0 < len(name) <= _MAX_NAME and name.isprintable() and storable(name)
    return plain and number is not None and in_range(number) and not no_value(number)


def _by_its_own_unit(name: str, entry: object, unit: object) -> object:
    """A probe's number in °C by the unit beside it (`{"value": 40.1, "unit": "F"}`), else by the
    reading's; what is no number stays, to be refused or to be absent."""
    number = entry
    if isinstance(entry, dict) and "value" in entry:
        number, unit = entry["value"], entry.get("unit", unit)
    finite = as_number(number)
    if finite is None:
        return number
    if unit is not None and not isinstance(unit, str):
        raise BadMessage("unit_unknown", f"temperature.{name}: unit: {UNITS}, got {shown(unit)}")
    return _celsius(f"temperature.{name}", finite, unit)


def _celsius(name: str, value: float, unit: str | None) -> float:
    """°C of a value in a stated unit; a code of no value stays what it is."""
    if unit is None or value in NOT_EVEN_FAHRENHEIT or not math.isfinite(value):
        return value
    celsius = celsius_of(value, unit) if unit.strip() else None
    if celsius is None:
        raise BadMessage("unit_unknown", f"{name}: unit: {UNITS}, got {shown(unit)}")
    return celsius
