"""A coupling limit learned from many trips of one box model, where nobody has qualified it.

Learned from are only trips that were compliant as a whole and whose separation their own heat has
shown. The limit is part of the evidence of the shipment it is held against: a median and a spread
from which anybody can compute it again.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.domain.tracks import FloatArray

SPREADS = 4.0
"""Robust spreads above the median: a box in order is beyond it about once in 30,000 trips."""

FACTOR_MIN = 2.0
"""A limit is at least this multiple of the typical rate. The rate is conductance over the payload's
heat capacity, so half the payload doubles it with every separator in place, however alike the
trips were that the limit was learned from."""

BEYOND_MAX = 0.05
"""If more than this share of the trips would themselves be suspected by the limit, they are of more
than one kind, and no limit is learned from them."""

RATE_FLOOR_PER_H = 0.01
"""Rates below this are taken as this: their logarithm says nothing."""


@dataclass(frozen=True)
class Learned:
    """typical_per_h, spread : median rate and robust standard deviation of its logarithm."""

    limit_per_h: float
    typical_per_h: float
    spread: float


def learn_limit(
    *,
    rate_per_h: FloatArray,
    low_per_h: FloatArray,
    least_trips: float,
    ceiling_per_h: float,
) -> Learned | None:
    """The limit that the rates (t,) of a model's trips show, low_per_h (t,) being the lower ends of
    their 95 % intervals; None where fewer than `least_trips` have a rate or they fall into groups.
    It is never above `ceiling_per_h`, the setting that stands where nothing is learned: otherwise
    each limit would let in the trips that raise the next.

    Median and median absolute deviation of the logarithm: rates differ by factors (payload), and
    a few odd trips move neither. The spread is not cleared of the trips' own errors: where the
    estimates are poor the limit becomes wider, not narrower.

    Our own: limit = exp(m) · max(exp(4 s), 2), at most the ceiling; m the median of log rate, s =
    1.4826 · median |log rate - m| (the MAD as a normal's deviation: Hampel, J. Am. Stat. Assoc. 69
    (1974) 383).
    """
    known = np.isfinite(rate_per_h) & np.isfinite(low_per_h)
    if known.sum() < max(least_trips, 1):
        return None
    rate = np.log(np.maximum(rate_per_h[known], RATE_FLOOR_PER_H))
    middle = float(np.median(rate))
    typical = float(np.exp(middle))
    spread = 1.4826 * float(np.median(np.abs(rate - middle)))
    limit = limit_of(typical_per_h=typical, spread=spread, ceiling_per_h=ceiling_per_h)
    if np.mean(low_per_h[known] > limit) > BEYOND_MAX:
        return None
    return Learned(limit_per_h=limit, typical_per_h=typical, spread=spread)


def limit_of(*, typical_per_h: float, spread: float, ceiling_per_h: float) -> float:
    """The limit [1/h] that median and spread amount to; raises ValueError for impossible ones."""
    if not (np.isfinite(typical_per_h) and typical_per_h > 0 and 0 <= spread < 100):
        raise ValueError(f"no rates have a median of {typical_per_h} and a spread of {spread}")
    factor = max(float(np.exp(SPREADS * spread)), FACTOR_MIN)
    return min(typical_per_h * factor, ceiling_per_h)
