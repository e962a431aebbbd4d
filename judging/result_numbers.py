"""Numbers and instants as a result's JSON has them, one or a column at a time."""

import math

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.tracks import FloatArray

DIGITS = 6


def told_number(value: float, digits: int = DIGITS) -> float | None:
    """A JSON number, or None for what is not finite; -0.0 becomes 0.0."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None


def told_numbers(values: FloatArray, digits: int = DIGITS) -> list[float | None]:
    """`told_number` of each of (n,)."""
    return [
        round(value, digits) + 0.0 if math.isfinite(value) else None for value in values.tolist()
    ]


def told_instant(time_s: float) -> str | None:
    """RFC 3339 of UTC epoch seconds, None for what is not finite."""
    return rfc3339(round(float(time_s) * 1000)) if math.isfinite(time_s) else None
