"""How probable it is that a true value lies within its limits, given what was read."""

from math import erfc, sqrt

import numpy as np

from coldwitness.domain.tracks import FloatArray

COVERAGE = 2.0
"""A stated accuracy is taken for an expanded uncertainty with this factor, about 95 %."""


def conformity_probability(
    value: FloatArray, *, standard_uncertainty: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Probability that the true value lies within low..high; the open side is ∓inf.

    All (n,) in one unit; NaN where the uncertainty is not known or not above 0. JCGM 106:2012,
    7.2 to 7.4, with a normal distribution about what was read and nothing known before:
    Φ((high - value) / u) - Φ((low - value) / u).

    >>> pc = conformity_probability(np.array([13.6]), standard_uncertainty=np.array([1.8]),
    ...                             low=np.array([12.5]), high=np.array([16.3]))
    >>> float(pc.round(2)[0])
    0.66
    """
    error = np.where(standard_uncertainty > 0, standard_uncertainty, np.nan)
    return _normal((high - value) / error) - _normal((low - value) / error)


def _normal(z: FloatArray) -> FloatArray:
    """The standard normal distribution function; numpy has none, and findings are few."""
    return np.array([0.5 * erfc(-one / sqrt(2.0)) for one in z.tolist()], dtype=np.float64)
