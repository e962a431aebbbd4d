"""Ends of the 95 % interval of an exchange rate, the rates beside it kept at or above zero.

Parameters stand in the order of `exchange_fit`: the constant, three rates, three lag factors.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from coldwitness.analysis.isolation.windows import BoolArray
from coldwitness.domain.tracks import FloatArray

SIZE = 7
"""Parameters of the fit."""

NORMAL_POINT = 1.96
"""97.5 % point of a normal error whose spread is known."""


def profile(
    known: BoolArray,
    *,
    solid: FloatArray,
    moment: FloatArray,
    total: FloatArray,
    worse: FloatArray,
    other: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """(s, 3) ends of the interval of each rate, the other rates kept >= 0.

    With some of the others held at zero the sum of squares is a parabola in the rate, and the
    rest are straight lines in it, so each pattern accepts one stretch in closed form; the
    interval is from the lowest to the highest that any pattern accepts. worse : (s, 3) how much
    more than the least sum of squares is accepted. other : (s,) penalty on the other inner zone.

    known : (s, 3) zones that are there. solid : (s, 7, 7) penalised Gram matrix, moment : (s, 7)
    products with the left side, total : (s,) its sum of squares; rates in 1/h.

    Our own: the profile of a sum of squares under bounds. With S(k) the least sum of squares at
    rate k, all other rates >= 0, the interval holds every k with S(k) <= min S + worse. Profiles
    without bounds: Venzon and Moolgavkar, Appl. Stat. 37 (1988) 87.
    """
    present = [1 + int(zone) for zone in np.flatnonzero(np.any(known, axis=0))]
    low, high = np.full((total.size, 3), np.nan), np.full((total.size, 3), np.nan)
    if not present:
        return low, high
    parabolas = _parabolas(solid, moment, total, other, known, present)
    # Axes: the rate asked for, the pattern of others held at zero, the shipment.
    middle, curve = parabolas.middle, parabolas.curve
    vertex = np.minimum(np.maximum(middle, parabolas.low), parabolas.high)
    floor = parabolas.least + curve * (vertex - middle) ** 2
    least = np.where(parabolas.low <= parabolas.high, floor, np.inf).min(axis=1, keepdims=True)
    zones = [parameter - 1 for parameter in present]
    room = (least + worse.T[zones][:, None, :] - parabolas.least) / curve
    half = np.sqrt(np.maximum(room, 0.0))
    begin = np.maximum(middle - half, parabolas.low)
    end = np.minimum(middle + half, parabolas.high)
    fits = (room >= 0) & (begin <= end)
    lowest = np.where(fits, begin, np.inf).min(axis=1).T
    highest = np.where(fits, end, -np.inf).max(axis=1).T
    there = np.isfinite(lowest) & known[:, zones]
    low[:, zones] = np.where(there, lowest, np.nan)
    high[:, zones] = np.where(there, highest, np.nan)
    return low, high


@dataclass(frozen=True)
class _Parabolas:
    """Sum of squares = least + curve * (k - middle)^2, where low <= k <= high; all (rate asked
    for, pattern of the others held at zero, shipment)."""

    least: FloatArray
    curve: FloatArray
    middle: FloatArray
    low: FloatArray
    high: FloatArray


def _parabolas(
    solid: FloatArray,
    moment: FloatArray,
    total: FloatArray,
    other: FloatArray,
    known: BoolArray,
    present: list[int],
) -> _Parabolas:
    """All at once: what is asked for or held at zero is cut out of the equations by a unit row
    and column, so its answers are 0 and bound nothing."""
    rates, patterns = len(present), 2 ** (len(present) - 1)
    free = np.ones((rates, patterns, SIZE), dtype=np.bool_)
    matrix = np.repeat(solid[None], rates, axis=0)
    for number, mine in enumerate(present):
        free[number, :, mine] = False
        others = [parameter for parameter in present if parameter != mine]
        free[number][:, others] = list(product((True, False), repeat=len(others)))
        for inner in (1, 2):
            if inner != mine:
                matrix[number, :, inner, inner] += np.where(known[:, inner - 1], other, 0.0)
    column = np.moveaxis(solid[:, :, present], 2, 0)[:, None]
    open_ = free[:, :, None, :]
    block = np.where(open_[..., None] & open_[..., None, :], matrix[:, None], np.eye(SIZE))
    both = np.empty((rates, patterns, total.size, SIZE, 2))
    both[..., 0] = np.where(open_, moment, 0.0)
    both[..., 1] = np.where(open_, column, 0.0)
    answer = np.linalg.solve(block, both)
    at_zero, per_rate = answer[..., 0], answer[..., 1]
    own = solid[:, present, present].T[:, None]
    curve = np.maximum(own - np.einsum("...p,...p->...", both[..., 1], per_rate), 1e-12)
    slope = moment[:, present].T[:, None] - np.einsum("...p,...p->...", both[..., 1], at_zero)
    middle = slope / curve
    least = total - np.einsum("...p,...p->...", both[..., 0], at_zero) - curve * middle**2
    # Another rate, at_zero - per_rate * k, has to stay >= 0.
    value, fall = at_zero[..., 1:4], per_rate[..., 1:4]
    with np.errstate(divide="ignore", invalid="ignore"):
        edge = value / fall
    high = np.where(fall > 1e-15, edge, np.inf).min(axis=-1)
    high[((np.abs(fall) <= 1e-15) & (value < 0)).any(axis=-1)] = -np.inf
    low = np.where(fall < -1e-15, edge, 0.0).max(axis=-1, initial=0.0)
    return _Parabolas(least, curve, middle, low, high)


def critical(share: FloatArray) -> FloatArray:
    """97.5 % point when the variance comes from lagged products over this share of the series.

    Source: Kiefer and Vogelsang, Econometric Theory 21 (2005) 1130, table I, Bartlett kernel.

    share : (s,) bandwidth over windows, 0..1. Returns (s,), dimensionless.
    """
    return NORMAL_POINT + 2.9694 * share + 0.416 * share**2 - 0.5324 * share**3
