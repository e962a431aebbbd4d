"""What a value can physically be, and the codes sensors send for "no value"."""

import math
from collections.abc import Mapping

TEMPERATURE_RANGE_C = (-200.0, 200.0)
"""From liquid nitrogen (-196, dry shippers of cell therapies) to hotter than dry-heat
sterilisers (180), inclusive: outside it no box, no surroundings and no cold store was
measured."""

NO_VALUE_C = frozenset(
    {
        85.0,  # DS18B20: register content after power-on, before the first conversion
        -127.0,  # DS18B20 libraries: no answer on the bus
        327.67,  # 0x7FFF in hundredths
        -327.68,  # 0x8000 in hundredths
        327.66,
        655.35,  # 0xFFFF in hundredths, unsigned
        3276.7,  # 0x7FFF in tenths
        -3276.8,  # 0x8000 in tenths
        6553.5,  # 0xFFFF in tenths, unsigned
    }
)
"""Numbers that are a sensor's way of saying nothing; they become missing in every format.

85.0 exactly is also a temperature, but a box that truly passes it shows 84.9 and 85.1 too,
and a single false 85 would accuse a courier of cooking the drug."""


ZIGBEE_NO_VALUE_C = frozenset({-100.0})
"""What Aqara's and Xiaomi's Zigbee thermometers, which end at -40, send for "no value"
(Koenkk/zigbee2mqtt #798, arendst/Tasmota #9978); elsewhere it is a temperature."""


NOT_EVEN_FAHRENHEIT = frozenset({327.67, 327.66, -327.68, 655.35, 3276.7, -3276.8, 6553.5})
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
