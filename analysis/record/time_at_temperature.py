"""How long a series was at each temperature; what was not seen counts for none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray

BIN_C = 0.5
_MOST_BINS = 120
_STEPS_AT_ONCE = 65_536
"""Two million steps in twenty bins at once would be a gigabyte."""


@dataclass(frozen=True)
class TimeAtTemperature:
    """(b,) seconds of known time with low_c <= T < high_c, lowest first; together known_s."""

    low_c: FloatArray
    high_c: FloatArray
    seconds: FloatArray
    known_s: float


def time_at_temperature(
    *,
    time_s: FloatArray,
    value_c: FloatArray,
    seam: NDArray[np.bool_],
    low_c: float,
    high_c: float,
) -> TimeAtTemperature:
    """Known time by temperature in bins of 0.5 °C (wider for very wide series).

    time_s, value_c : (n,) one series, oldest first. seam : (n,) True where the step from the
        reading before is unknown time. low_c, high_c : the limits, which are within the bins;
        -inf, +inf open.

    Between two readings temperature is linear. Time spent exactly at a limit is inside, as
    everywhere: at the upper limit it falls into the bin below it.
    """
    known = ~seam[1:]
    low = np.minimum(value_c[:-1], value_c[1:])[known]
    high = np.maximum(value_c[:-1], value_c[1:])[known]
    length_s = np.diff(time_s)[known]
    if not length_s.size:
        return TimeAtTemperature(length_s, length_s, length_s, 0.0)
    values = [float(low.min()), float(high.max())]
    values += [limit for limit in (low_c, high_c) if np.isfinite(limit)]
    bin_c = BIN_C
    while (max(values) - min(values)) / bin_c > _MOST_BINS:
        bin_c *= 2
    start_c = np.floor(min(values) / bin_c + 1e-9) * bin_c
    bins = max(int(np.ceil((max(values) - start_c) / bin_c + 1e-9)), 1)
    edges = start_c + bin_c * np.arange(bins + 1)
    if edges[-1] <= max(values):
        edges = np.append(edges, edges[-1] + bin_c)
    below = _seconds_below(edges, low=low, high=high, length_s=length_s)
    at_limit = float(length_s[(low == high_c) & (high == high_c)].sum())
    below[edges == high_c] += at_limit
    seconds = np.maximum(np.diff(below), 0.0)
    return TimeAtTemperature(edges[:-1], edges[1:], seconds, float(length_s.sum()))


def _seconds_below(
    edges: FloatArray, *, low: FloatArray, high: FloatArray, length_s: FloatArray
) -> FloatArray:
    """(e,) time with T < edge, over steps (n,) that run linearly from `low` to `high`."""
    below = np.zeros(edges.size)
    for first in range(0, low.size, _STEPS_AT_ONCE):
        part = slice(first, first + _STEPS_AT_ONCE)
        below += _shares(edges, low=low[part], high=high[part]) @ length_s[part]
    return below


def _shares(edges: FloatArray, *, low: FloatArray, high: FloatArray) -> FloatArray:
    """(e, n) which part of each step lies below each edge."""
    span = np.where(high > low, high - low, 1.0)
    with np.errstate(over="ignore"):  # a rise of next to nothing: all of the step or none
        share: FloatArray = np.where(
            high > low,
            np.clip((edges[:, None] - low) / span, 0.0, 1.0),
            (edges[:, None] > low).astype(np.float64),
        )
    return share
