"""What a sample says of all: the share in which something was found, with an interval that holds.

A simple sample has the exact hypergeometric interval. Samples by strata and by weight have one that
rests on nothing but their known probabilities and negative association (a Chernoff bound, turned
around for every possible number): wider, and never less sure than it says.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import exp, lgamma

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from coldwitness.domain.errors import BadInput
from coldwitness.domain.spot_checks import Draw, Method
from coldwitness.judging.sampling.draws import inclusion_probabilities
from coldwitness.judging.sampling.frames import Frame

RISK = 0.05
_CELLS = 4_000_000
"""Of one table: a frame of a million needs no gigabytes."""


class Estimate(Struct, frozen=True, kw_only=True):
    """Of all in the frame. share : in how many it would be found, at best guess; low and high hold
    it in at least 1 - risk of all draws."""

    frame: int
    looked_at: int
    found: int
    share: float
    low: float
    high: float
    risk: float


def estimate(
    frame: Frame, draw: Draw, results: Mapping[str, bool], *, risk: float = RISK
) -> Estimate:
    """results : by id, whether it was found; of every one that was drawn. Raises BadInput where
    one is missing, or was not drawn."""
    drawn = [one.id for one in draw.drawn]
    if set(results) != set(drawn):
        missing = sorted(set(drawn) - set(results)) + sorted(set(results) - set(drawn))
        raise BadInput(f"results: expected one for each that was drawn: {missing[0]!r}")
    count, size = len(frame.units), len(drawn)
    found = sum(results.values())
    if draw.method == "simple":
        low, high = hypergeometric_bounds(count, size, found, risk=risk)
        share = found / size
    else:
        chance = inclusion_probabilities(frame, size=size, method=draw.method)
        total = sum((1 / chance[name] for name in drawn if results[name]), Fraction(0))
        each = _chances(frame, size=size, method=draw.method)
        low, high = chernoff_bounds(each, float(total), risk=risk)
        low, high = max(low, found), min(high, count - (size - found))
        share = min(float(total) / count, 1.0)
    return Estimate(
        frame=count,
        looked_at=size,
        found=found,
        share=share,
        low=low / count,
        high=high / count,
        risk=risk,
    )


@lru_cache(maxsize=4)
def _chances(frame: Frame, *, size: int, method: Method) -> tuple[float, ...]:
    chance = inclusion_probabilities(frame, size=size, method=method)
    return tuple(float(chance[unit.id]) for unit in frame.units)


@lru_cache(maxsize=4096)
def hypergeometric_bounds(count: int, size: int, found: int, *, risk: float) -> tuple[int, int]:
    """Least and largest number of all in the frame that the sample does not contradict, each at
    half the risk.

    count : of the frame. size : of the sample. found : in the sample.
    """
    possible = range(found, count - (size - found) + 1)
    low = _first(possible, lambda k: _at_least(count, k, size, found) > risk / 2)
    high = _first(possible[::-1], lambda k: _at_most(count, k, size, found) > risk / 2)
    return low, high


@lru_cache(maxsize=4096)
def chernoff_bounds(chances: tuple[float, ...], total: float, *, risk: float) -> tuple[int, int]:
    """The same for a sum of 1 / chance over those that were found, of draws that are negatively
    associated: for each possible number the worst units that could be meant.

    chances : (n,) of each unit of the frame, in (0, 1]. total : the sum.
    """
    chance = np.array(chances)
    count = chance.size
    above = np.full(count + 1, np.inf)
    below = np.full(count + 1, np.inf)
    at_once = max(1, _CELLS // count)
    steps = np.geomspace(1e-4, 50.0, 120) * chance.min()
    for first in range(0, steps.size, at_once):
        some = steps[first : first + at_once, None]
        up = np.log1p(chance * np.expm1(np.clip(some / chance, None, 600.0)))
        above = np.minimum(above, (_heaviest(up) - some * total).min(axis=0))
        down = np.log1p(chance * np.expm1(-some / chance))
        below = np.minimum(below, (_heaviest(down) + some * total).min(axis=0))
    limit = np.log(risk / 2)
    may_reach, may_stay = above > limit, below > limit
    low = int(np.argmax(may_reach)) if may_reach.any() else count
    high = int(count - np.argmax(may_stay[::-1])) if may_stay.any() else 0
    return low, high


def _heaviest(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, n) parts of a sum -> (m, n + 1) sums of the k largest, for k = 0 … n."""
    sums = np.cumsum(-np.sort(-parts, axis=1), axis=1)
    return np.hstack([np.zeros((len(parts), 1)), sums])


def _at_least(count: int, hits: int, size: int, found: int) -> float:
    most = min(hits, size)
    return sum(_exactly(count, hits, size, k) for k in range(found, most + 1))


def _at_most(count: int, hits: int, size: int, found: int) -> float:
    return sum(_exactly(count, hits, size, k) for k in range(found + 1))


def _exactly(count: int, hits: int, size: int, found: int) -> float:
    if found > hits or size - found > count - hits:
        return 0.0
    return exp(
        _log_choose(hits, found)
        + _log_choose(count - hits, size - found)
        - _log_choose(count, size)
    )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _first(possible: range, fits: Callable[[int], bool]) -> int:
    """The first that fits, of numbers of which all behind the first do."""
    low, high = 0, len(possible) - 1
    while low < high:
        middle = (low + high) // 2
        if fits(possible[middle]):
            high = middle
        else:
            low = middle + 1
    return possible[low]


def size_for(count: int, *, prevalence: float, confidence: float) -> int:
    """The smallest simple sample that has at least one that is concerned, with this confidence, if
    so large a share of all is.

    count : of the frame. Raises BadInput where either is not between 0 and 1.
    """
    if not (0 < prevalence < 1 and 0 < confidence < 1):
        raise BadInput("prevalence, confidence: expected numbers between 0 and 1")
    hits = max(1, -int(-prevalence * count // 1))
    possible = range(1, count + 1)
    return _first(possible, lambda n: _exactly(count, hits, n, 0) <= 1 - confidence)
