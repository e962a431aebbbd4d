"""The exchange fit: rates k >= 0 with an interval that covers, for all shipments at once.

Per shipment the equations of `isolation_windows` are solved by least squares for seven numbers:
the rates of the three zones, and four that nobody asks for but that would otherwise bias them:
one constant (probe offsets) and one factor for each zone's own change (a probe that lags behind
another). The four are not free without bound: an offset larger than a sensor can have, or a lag
of hours, would explain away any contact. They carry the prior spread of real probes.

The best rates under k >= 0 come from the at most eight patterns of zones held at zero. The
interval of a rate holds every value at which the best fit of the others, themselves >= 0, is not
significantly worse (a profile): what only a negative exchange with another zone could explain is
outside. How much worse is significant comes from the spread of the estimate without bounds, so
that errors that hang together count for what they are.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from analysis.isolation_interval import SIZE, critical, profile
from analysis.isolation_windows import (
    AMBIENT,
    COOLANT,
    GOODS,
    ZONES,
    BoolArray,
    ExchangeWindows,
)
from domain.tracks import FloatArray, IntArray

OFFSET_SPREAD_C = 0.3
"""Prior spread of one probe's constant offset; the instruments are good to 0.5 °C."""

LAG_SPREAD_H = 0.02
"""Prior spread of the lag between two probes (72 s)."""

LAG_FLOOR = 0.003
"""Prior spread of the lag factor where no rate is seen yet."""

RATE_SPREAD_PER_H = 30.0
"""So weak a prior on the rates themselves that it acts only where nothing at all is known."""

AMBIENT_SPREAD_PER_H = 0.3
"""Prior spread of the rate to the outside. A box that lost more could not hold its range for an
hour; without this the outside explains, where nothing else moves, what the goods or the coolant
do."""

OTHER_SPREAD_PER_H = 0.8
"""Prior spread of the rate to the other inner zone while one is judged: what boxes in order are
qualified for. The rate that is judged has no such prior."""

NOISE_FLOOR_C = 0.01
"""Fewest degrees over one half window that an error is taken to be: grids hide smaller ones."""

BANDWIDTH = 5
"""Windows over which errors are taken to hang together; overlapping windows share four."""

MIN_WINDOWS = 8
PARAMETERS = 4

_ITERATIONS = 3


@dataclass(frozen=True)
class ExchangeFit:
    """(s, 3) by shipment and zone (ZONES); NaN where a zone is unknown or the
    shipment could not be fitted.

    rate_per_h : best rates under k >= 0. low_per_h, high_per_h : 95 % interval, cut at 0.
    windows : (s,) equations used. misfit_c_per_h : (s,) root mean square of what is left over.
    explained : (s,) share of the variance of the drug's change that the fit explains.
    """

    rate_per_h: FloatArray
    low_per_h: FloatArray
    high_per_h: FloatArray
    windows: FloatArray
    misfit_c_per_h: FloatArray
    explained: FloatArray


def fit_exchange(
    equations: ExchangeWindows, *, use: BoolArray | None = None, of: BoolArray | None = None
) -> ExchangeFit:
    """Fit every shipment that can be fitted: with a probe outside, one in the coolant or the
    goods, and windows enough. use : (w,) windows to take. of : (s,) shipments to fit."""
    shipments = equations.first.size - 1
    taken = np.ones(len(equations), dtype=np.bool_) if use is None else use
    count = np.bincount(equations.shipment[taken], minlength=shipments).astype(np.float64)
    able = equations.known[:, AMBIENT] & equations.known[:, [COOLANT, GOODS]].any(axis=1)
    able &= count >= MIN_WINDOWS
    if of is not None:
        able &= of
    nothing = np.full(shipments, np.nan)
    result = ExchangeFit(
        rate_per_h=np.full((shipments, len(ZONES)), np.nan),
        low_per_h=np.full((shipments, len(ZONES)), np.nan),
        high_per_h=np.full((shipments, len(ZONES)), np.nan),
        windows=count,
        misfit_c_per_h=nothing.copy(),
        explained=nothing.copy(),
    )
    if able.any():
        chosen = np.flatnonzero(taken & able[equations.shipment])
        number = np.cumsum(able) - 1
        part = _fit(
            equations.rate_c_per_h[chosen],
            _columns(equations, chosen),
            number[equations.shipment[chosen]],
            equations.known[able],
            equations.half_s[able],
        )
        for name in ("rate_per_h", "low_per_h", "high_per_h", "misfit_c_per_h", "explained"):
            getattr(result, name)[able] = getattr(part, name)
    return result


def _fit(
    y: FloatArray, x: FloatArray, owner: IntArray, known: BoolArray, half_s: FloatArray
) -> ExchangeFit:
    shipments = half_s.size
    count = np.bincount(owner, minlength=shipments).astype(np.float64)
    gram, moment, total = _normal(x, y, owner, shipments)
    active = np.concatenate(
        (np.ones((shipments, 1), dtype=bool), known, known), axis=1
    )  # offset, rates, lags
    floor = (NOISE_FLOOR_C / (half_s / 3600.0)) ** 2
    spare = np.maximum(count - PARAMETERS, 1.0)
    penalty = np.zeros((shipments, SIZE))
    penalty[:, 0] = 1e-3
    penalty[:, 1:4] = 1e-9
    penalty[:, 4:] = 1.0
    prior = np.ones((shipments, SIZE))
    for _ in range(_ITERATIONS):
        best = _nonnegative(gram, moment, total, penalty, active)
        error = y - np.einsum("wp,wp->w", x, best[owner])
        longrun = np.maximum(_long_run(error, owner, shipments) / spare, floor)
        prior = _prior(best[:, 1:4])
        penalty = longrun[:, None] / prior
    solid = _with_penalty(gram, penalty, active)
    inverse = np.linalg.inv(solid).astype(np.float64)
    free = np.einsum("spq,sq->sp", inverse, np.where(active, moment, 0.0))
    error = y - np.einsum("wp,wp->w", x, free[owner])
    spread = _spread(x, error, owner, inverse, penalty, prior, count, floor)
    share = np.minimum(BANDWIDTH, np.maximum(count - 1.0, 1.0)) / np.maximum(count, 1.0)
    worse = (critical(share)[:, None] * spread) ** 2
    worse /= np.maximum(inverse[:, [1, 2, 3], [1, 2, 3]], 1e-300)
    other = longrun / OTHER_SPREAD_PER_H**2
    low, high = profile(solid, np.where(active, moment, 0.0), total, worse, other, known)
    left = np.bincount(owner, weights=error**2, minlength=shipments)
    around = total - moment[:, 0] ** 2 / count
    with np.errstate(invalid="ignore", divide="ignore"):
        return ExchangeFit(
            rate_per_h=np.where(known, best[:, 1:4], np.nan),
            low_per_h=np.where(known, np.maximum(low, 0.0), np.nan),
            high_per_h=np.where(known, np.maximum(high, 0.0), np.nan),
            windows=count,
            misfit_c_per_h=np.sqrt(left / spare),
            explained=np.where(around > 0, 1.0 - left / around, np.nan),
        )


def _columns(equations: ExchangeWindows, chosen: IntArray) -> FloatArray:
    """(w, 7) constant, drives and changes; zero where the zone is unknown."""
    drive, change = equations.drive_c[chosen], equations.drive_rate_c_per_h[chosen]
    return np.hstack((np.ones((chosen.size, 1)), drive, change))


def _normal(
    x: FloatArray, y: FloatArray, owner: IntArray, shipments: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    gram = np.zeros((shipments, SIZE, SIZE))
    moment = np.zeros((shipments, SIZE))
    for p in range(SIZE):
        moment[:, p] = np.bincount(owner, weights=x[:, p] * y, minlength=shipments)
        for q in range(p, SIZE):
            sums = np.bincount(owner, weights=x[:, p] * x[:, q], minlength=shipments)
            gram[:, p, q] = gram[:, q, p] = sums
    total = np.bincount(owner, weights=y * y, minlength=shipments).astype(np.float64)
    return gram, moment, total


def _with_penalty(gram: FloatArray, penalty: FloatArray, active: BoolArray) -> FloatArray:
    """Normal matrix with the priors; what is not active is cut out (unit diagonal)."""
    both = active[:, :, None] & active[:, None, :]
    solid = np.where(both, gram, 0.0)
    place = np.arange(SIZE)
    solid[:, place, place] += np.where(active, penalty, 1.0)
    return solid


def _nonnegative(
    gram: FloatArray,
    moment: FloatArray,
    total: FloatArray,
    penalty: FloatArray,
    active: BoolArray,
) -> FloatArray:
    """Least squares with k >= 0: the feasible pattern of zones with the least sum of squares."""
    shipments = gram.shape[0]
    best = np.zeros((shipments, SIZE))
    least = np.full(shipments, np.inf)
    zones = range(1, 4)
    choices = [(True, False) if active[:, zone].any() else (True,) for zone in zones]
    for pattern in product(*choices):
        kept = active.copy()
        kept[:, 1:4] &= np.array(pattern)
        right = np.where(kept, moment, 0.0)
        solution = np.linalg.solve(_with_penalty(gram, penalty, kept), right[..., None])[..., 0]
        squares = total - np.einsum("sp,sp->s", solution, right)
        better = (solution[:, 1:4] >= 0).all(axis=1) & (squares < least)
        best[better], least[better] = solution[better], squares[better]
    return best


def _prior(rates: FloatArray) -> FloatArray:
    """Prior variances of constant, rates and lag factors, given the rates."""
    shipments = rates.shape[0]
    prior = np.empty((shipments, SIZE))
    prior[:, 0] = OFFSET_SPREAD_C**2 * ((rates**2).sum(axis=1) + rates.sum(axis=1) ** 2) + 1e-4
    prior[:, 1:3] = RATE_SPREAD_PER_H**2
    prior[:, 3] = AMBIENT_SPREAD_PER_H**2
    prior[:, 4:] = (rates * LAG_SPREAD_H) ** 2 + LAG_FLOOR**2
    return prior


def _lagged(
    left: FloatArray, right: FloatArray, owner: IntArray, shipments: int, lag: int
) -> FloatArray:
    """Sum over each shipment of left[t] * right[t + lag]."""
    if owner.size <= lag:  # no pair at all; bincount of nothing would be integers
        return np.zeros(shipments)
    here, there = slice(None, owner.size - lag), slice(lag, None)
    pair = np.where(owner[here] == owner[there], left[here] * right[there], 0.0)
    return np.bincount(owner[here], weights=pair, minlength=shipments).astype(np.float64)


def _long_run(error: FloatArray, owner: IntArray, shipments: int) -> FloatArray:
    """Sum of squares that counts errors which hang together for what they are; at least half
    the plain one, since a few windows can look anti-correlated by chance."""
    plain = _lagged(error, error, owner, shipments, 0)
    total = plain.copy()
    for lag in range(1, BANDWIDTH):
        total += 2.0 * (1.0 - lag / BANDWIDTH) * _lagged(error, error, owner, shipments, lag)
    return np.maximum(total, 0.5 * plain)


def _spread(
    x: FloatArray,
    error: FloatArray,
    owner: IntArray,
    inverse: FloatArray,
    penalty: FloatArray,
    prior: FloatArray,
    count: FloatArray,
    floor: FloatArray,
) -> FloatArray:
    """(s, 3) standard error of each rate: the larger of two that fail differently.

    One weighs each window by its own error (right when errors differ over the trip, too small
    where a few windows decide alone and the fit passes through them); the other takes the errors
    of the trip as alike (right there, too small where noise is worst where it matters).
    """
    shipments = count.size
    spare = np.maximum(count - PARAMETERS, 1.0)
    leverage = np.einsum("wp,wpq,wq->w", x, inverse[owner], x)
    own = error / np.clip(1.0 - leverage, 0.2, 1.0)
    alike = [_lagged(error, error, owner, shipments, lag) / spare for lag in range(BANDWIDTH)]
    alike[0] = np.maximum(alike[0], floor)
    spread = np.zeros((shipments, len(ZONES)))
    for zone in range(len(ZONES)):
        weight = np.einsum("wp,wp->w", x, inverse[owner, 1 + zone])
        by_window = weight * own
        first, second = np.zeros(shipments), np.zeros(shipments)
        for lag in range(BANDWIDTH):
            taper = (1.0 - lag / BANDWIDTH) * (1.0 if lag == 0 else 2.0)
            first += taper * _lagged(by_window, by_window, owner, shipments, lag)
            second += taper * alike[lag] * _lagged(weight, weight, owner, shipments, lag)
        believed = (inverse[:, 1 + zone, :] ** 2 * penalty**2 * prior).sum(axis=1)
        spread[:, zone] = np.sqrt(np.maximum(np.maximum(first, second), 0.0) + believed)
    return spread
