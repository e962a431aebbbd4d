"""A coupling limit learned from many trips of one box model, where nobody has qualified it.

Learning is a step of its own over finished trips, never part of judging one: what a shipment is
held against must not depend on which others are judged beside it. The learned limit is written
down with its day and held against later trips as `LimitSource.FLEET`.
"""

from dataclasses import dataclass

import numpy as np

from domain.tracks import FloatArray, IntArray

MIN_TRIPS = 30
"""Fewer trips do not show how a model in order spreads."""

SHARP_SHARE = 0.75
"""A trip is sharp enough to learn from if its interval is narrower than this share of the
median rate, or than SHARP_PER_H."""

SHARP_PER_H = 0.15

SPREADS = 4.0
"""Robust spreads above the median: a box in order is beyond it about once in 30,000 trips."""


@dataclass(frozen=True)
class FleetLimit:
    """Per box model (m,); NaN limit where the sharp trips are fewer than MIN_TRIPS.

    typical_per_h, spread_per_h : median and robust spread of the rates of sharp trips.
    """

    limit_per_h: FloatArray
    typical_per_h: FloatArray
    spread_per_h: FloatArray
    trips: IntArray


def learn_limits(
    *,
    rate_per_h: FloatArray,
    low_per_h: FloatArray,
    high_per_h: FloatArray,
    model: IntArray,
    models: int,
) -> FleetLimit:
    """Limits from the rates and 95 % intervals of many trips (t,), model (t,) in 0:models.

    Median and median absolute deviation: up to half of the trips may be boxes without their
    separator before the limit follows them, and a fifth moves it little. A model whose trips
    fall into two groups cannot be told from one that spreads; qualification stays better.
    """
    limit, typical = np.full(models, np.nan), np.full(models, np.nan)
    spread, trips = np.full(models, np.nan), np.zeros(models, dtype=np.int64)
    for number in range(models):  # box models are a handful
        mine = (model == number) & np.isfinite(rate_per_h)
        if not mine.any():
            continue
        width = high_per_h[mine] - low_per_h[mine]
        sharp = width <= np.maximum(SHARP_SHARE * np.median(rate_per_h[mine]), SHARP_PER_H)
        rate = rate_per_h[mine][sharp]
        trips[number] = rate.size
        if rate.size < MIN_TRIPS:
            continue
        typical[number] = np.median(rate)
        own = 1.4826 * np.median(np.abs(rate - typical[number]))
        noise = np.median(width[sharp]) / 4.0
        spread[number] = max(float(own), float(noise))
        limit[number] = typical[number] + SPREADS * spread[number]
    return FleetLimit(limit, typical, spread, trips)
