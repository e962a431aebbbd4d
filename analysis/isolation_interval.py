"""Ends of the 95 % interval of an exchange rate, the rates beside it kept at or above zero.

Parameters stand in the order of `isolation_fit`: the constant, three rates, three lag factors.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from analysis.isolation_windows import BoolArray
from domain.tracks import FloatArray

SIZE = 7
"""Parameters of the fit."""


def profile(
    solid: FloatArray,
    moment: FloatArray,
    total: FloatArray,
    worse: FloatArray,
    other: FloatArray,
    known: BoolArray,
) -> tuple[FloatArray, FloatArray]:
    """(s, 3) ends of the interval of each rate, the other rates kept >= 0.

    With some of the others held at zero the sum of squares is a parabola in the rate, and the
    rest are straight lines in it, so each pattern accepts one stretch in closed form; the
    interval is from the lowest to the highest that any pattern accepts. worse : (s, 3) how much
    more than the least sum of squares is accepted. other : (s,) penalty on the other inner zone.
    """
    shipments = total.size
    low, high = np.full((shipments, 3), np.inf), np.full((shipments, 3), -np.inf)
    present = [1 + zone for zone in range(3) if known[:, zone].any()]
    for mine in present:
        zone = mine - 1
        others = [parameter for parameter in present if parameter != mine]
        matrix = solid.copy()
        for inner in (1, 2):
            if inner != mine:
                matrix[:, inner, inner] += np.where(known[:, inner - 1], other, 0.0)
        parabolas = [
            _parabola(
                matrix,
                moment,
                total,
                mine,
                [o for o, held in zip(others, hold, strict=True) if held],
            )
            for hold in product((False, True), repeat=len(others))
        ]
        least = np.full(shipments, np.inf)
        for parabola in parabolas:
            vertex = np.clip(parabola.middle, parabola.low, parabola.high)
            floor = parabola.least + parabola.curve * (vertex - parabola.middle) ** 2
            least = np.where(parabola.low <= parabola.high, np.minimum(least, floor), least)
        for parabola in parabolas:
            room = (least + worse[:, zone] - parabola.least) / parabola.curve
            half = np.sqrt(np.maximum(room, 0.0))
            begin = np.maximum(parabola.middle - half, parabola.low)
            end = np.minimum(parabola.middle + half, parabola.high)
            fits = (room >= 0) & (begin <= end)
            low[:, zone] = np.where(fits, np.minimum(low[:, zone], begin), low[:, zone])
            high[:, zone] = np.where(fits, np.maximum(high[:, zone], end), high[:, zone])
    nowhere = ~np.isfinite(low) | ~known
    return np.where(nowhere, np.nan, low), np.where(nowhere, np.nan, high)


@dataclass(frozen=True)
class _Parabola:
    """Sum of squares = least + curve * (k - middle)^2, where low <= k <= high."""

    least: FloatArray
    curve: FloatArray
    middle: FloatArray
    low: FloatArray
    high: FloatArray


def _parabola(
    solid: FloatArray, moment: FloatArray, total: FloatArray, mine: int, held: list[int]
) -> _Parabola:
    free = [p for p in range(SIZE) if p != mine and p not in held]
    block = solid[:, free][:, :, free]
    column = solid[:, free, mine]
    both = np.stack((moment[:, free], column), axis=-1)
    answer = np.linalg.solve(block, both)
    at_zero, per_rate = answer[..., 0], answer[..., 1]
    curve = solid[:, mine, mine] - np.einsum("sp,sp->s", column, per_rate)
    curve = np.maximum(curve, 1e-12)
    slope = moment[:, mine] - np.einsum("sp,sp->s", column, at_zero)
    middle = slope / curve
    least = total - np.einsum("sp,sp->s", moment[:, free], at_zero) - curve * middle**2
    low, high = np.zeros(total.size), np.full(total.size, np.inf)
    for place, parameter in enumerate(free):
        if 1 <= parameter <= 3:  # another rate: at_zero - per_rate * k has to stay >= 0
            value, fall = at_zero[:, place], per_rate[:, place]
            with np.errstate(divide="ignore", invalid="ignore"):
                edge = value / fall
            high = np.where(fall > 1e-15, np.minimum(high, edge), high)
            low = np.where(fall < -1e-15, np.maximum(low, edge), low)
            high = np.where((np.abs(fall) <= 1e-15) & (value < 0), -np.inf, high)
    return _Parabola(least, curve, middle, low, high)


def critical(share: FloatArray) -> FloatArray:
    """97.5 % point when the variance comes from lagged products over this share of the series.

    Source: Kiefer and Vogelsang, Econometric Theory 21 (2005) 1130, table I, Bartlett kernel.
    """
    return 1.96 + 2.9694 * share + 0.416 * share**2 - 0.5324 * share**3
