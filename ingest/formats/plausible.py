"""What a value can physically be, and the codes sensors send for "no value"."""

import math
from collections.abc import Mapping

from coldwitness.config.logger_facts import logger_facts
from coldwitness.domain.errors import BadMessage

TEMPERATURE_RANGE_C = (-200.0, 200.0)
"""From liquid nitrogen (-196, dry shippers of cell therapies) to hotter than dry-heat
sterilisers (180), inclusive: outside it no box, no surroundings and no cold store was
measured."""

NO_VALUE_C = logger_facts().codes_c()
"""Numbers that are a sensor's way of saying nothing; they become missing in every format.

85.0 exactly is also a temperature, but a box that truly passes it shows 84.9 and 85.1 too,
and a single false 85 would accuse a courier of cooking the drug."""

ZIGBEE_NO_VALUE_C = logger_facts().codes_c(only="zigbee")
"""What Zigbee thermometers send for "no value"; elsewhere it is a temperature."""

NOT_EVEN_FAHRENHEIT = logger_facts().codes_c(full_register=True)
"""Codes of a full register, which mean nothing whatever the unit: converted from °F, 327.67
would pass as 164 °C."""


def no_value(temperature_c: float) -> bool:
    """True for NaN, infinities and the codes of NO_VALUE_C."""
    return temperature_c in NO_VALUE_C or not math.isfinite(temperature_c)


def all_silent(temperature_c: Mapping[str, float]) -> bool:
    """True where no name has a value (NaN), or there is none."""
    return all(map(math.isnan, temperature_c.values()))


def without_zigbee_codes(temperature_c: Mapping[str, float]) -> dict[str, float]:
    """The same names; NaN where a Zigbee sensor's code of "no value" stood."""
    return {
        name: math.nan if value in ZIGBEE_NO_VALUE_C else value
        for name, value in temperature_c.items()
    }


def in_range(temperature_c: float) -> bool:
    low, high = TEMPERATURE_RANGE_C
    return low <= temperature_c <= high


def measured(temperature_c: float) -> float | None:
    """The temperature, or None where the number cannot be one (code or out of range)."""
    return temperature_c if in_range(temperature_c) and temperature_c not in NO_VALUE_C else None


def out_of_range(
    name: str, value: float, expected: str, *, reason: str = "out_of_range"
) -> BadMessage:
    """What is wrong with a number that its field cannot mean."""
    if not math.isfinite(value):
        return BadMessage("not_finite", f"{name}: expected a finite number, got {value}")
    return BadMessage(reason, f"{name}: expected {expected}, got {value:g}")
