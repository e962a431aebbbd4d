"""The exchange fit: rates k >= 0 with an interval that covers, for all shipments at once.

Per shipment the equations of `windows` are solved by least squares for seven numbers:
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

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from coldwitness.analysis.isolation.interval import NORMAL_POINT, SIZE, critical, profile
from coldwitness.analysis.isolation.runs import BANDWIDTH, Runs
from coldwitness.analysis.isolation.windows import (
    AMBIENT,
    COOLANT,
    GOODS,
    BoolArray,
    ExchangeWindows,
)
from coldwitness.analysis.record.probes import ZONES
from coldwitness.domain.columns import stack
from coldwitness.domain.tracks import FloatArray, IntArray

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

MIN_WINDOWS = 8
PARAMETERS = 4

BLOCK_FITS = 2000
"""Fits solved together: enough that the numpy calls cost little, few enough for little memory."""

_ITERATIONS = 3
_PLACE = np.arange(SIZE)
_FITTED = ("rate_per_h", "low_per_h", "high_per_h", "misfit_c_per_h", "explained")


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


@dataclass(frozen=True)
class FitTask:
    """Equations to fit. use : (w,) windows to take, all without. of : (s,) shipments to fit, all
    without."""

    equations: ExchangeWindows
    use: BoolArray | None = None
    of: BoolArray | None = None


def fit_exchange(
    equations: ExchangeWindows, *, use: BoolArray | None = None, of: BoolArray | None = None
) -> ExchangeFit:
    """Fit every shipment that can be fitted: with a probe outside, one in the coolant or the
    goods, and windows enough. use, of : as in FitTask.

    Returns columns (s,) and (s, 3). Our own: least squares of the windowed exchange equation
    (`isolation.windows`) with priors on offset and lags, rates kept at or above zero.
    """
    return fit_exchanges([FitTask(equations, use, of)])[0]


def fit_exchanges(tasks: Sequence[FitTask]) -> list[ExchangeFit]:
    """One fit a task, all solved together: a few shipments cost little more than one.

    Of each task: (s, 3) rates and interval ends [1/h], zones as ZONES; (s,) windows, misfit [°C/h]
    and share explained; NaN where not fitted.

    Our own: minimise sum_w (y_w - c - sum_j k_j d_wj - sum_j b_j d'_wj)² + L sum_p θ_p² / s_p²
    under k >= 0; y the drug's change, d the mean difference to a zone, d' the zone's own change, θ
    all seven of c, k, b with their prior spreads s, L the long-run variance of the errors with a
    Bartlett kernel of BANDWIDTH windows (Newey and West, Econometrica 55 (1987) 703). The interval
    is `interval.profile`.
    """
    able = [_able(task) for task in tasks]
    results = [_unfitted(count) for _, count in able]
    columns = [
        _columns(task, fits, count)
        for task, (fits, count) in zip(tasks, able, strict=True)
        if fits.any()
    ]
    if not columns:
        return results
    part = _fit_blocks(*(np.concatenate(column) for column in zip(*columns, strict=True)))
    done = 0
    for result, (fits, _) in zip(results, able, strict=True):
        mine = slice(done, done + int(fits.sum()))
        done = mine.stop
        for name in _FITTED:
            getattr(result, name)[fits] = getattr(part, name)[mine]
    return results


def _able(task: FitTask) -> tuple[BoolArray, FloatArray]:
    """(s,) which shipments can be fitted, and how many windows each has."""
    equations, use = task.equations, task.use
    owner = equations.shipment if use is None else equations.shipment[use]
    count = np.bincount(owner, minlength=equations.first.size - 1).astype(np.float64)
    known = equations.known
    able = known[:, AMBIENT] & (known[:, COOLANT] | known[:, GOODS]) & (count >= MIN_WINDOWS)
    return able if task.of is None else able & task.of, count


def _unfitted(count: FloatArray) -> ExchangeFit:
    rates, nothing = np.full((3, count.size, len(ZONES)), np.nan), np.full((2, count.size), np.nan)
    return ExchangeFit(
        rate_per_h=rates[0],
        low_per_h=rates[1],
        high_per_h=rates[2],
        windows=count,
        misfit_c_per_h=nothing[0],
        explained=nothing[1],
    )


def _fit_blocks(
    y: FloatArray, x: FloatArray, count: IntArray, known: BoolArray, half_s: FloatArray
) -> ExchangeFit:
    """`_fit` in blocks of shipments, so that memory stays small."""
    end = np.cumsum(count)
    parts = []
    for low in range(0, count.size, BLOCK_FITS):
        high = min(low + BLOCK_FITS, count.size)
        rows = slice(int(end[low] - count[low]), int(end[high - 1]))
        fits = slice(low, high)
        parts.append(_fit(y[rows], x[rows], count[fits], known[fits], half_s[fits]))
    if len(parts) == 1:
        return parts[0]
    return stack(ExchangeFit, parts, windows=count.astype(np.float64))


def _fit(
    y: FloatArray, x: FloatArray, counts: IntArray, known: BoolArray, half_s: FloatArray
) -> ExchangeFit:
    """Fit shipments whose windows follow each other, `counts` each, at least MIN_WINDOWS."""
    shipments = half_s.size
    runs = Runs.of(counts)
    owner, count = runs.owner, counts.astype(np.float64)
    gram, moment, total = _normal(x, y, runs)
    active = np.ones((shipments, SIZE), dtype=np.bool_)  # offset, rates, lags
    active[:, 1:4] = active[:, 4:] = known
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
        longrun = np.maximum(_long_run(error, runs) / spare, floor)
        prior = _prior(best[:, 1:4])
        penalty = longrun[:, None] / prior
    solid = _with_penalty(gram, penalty, active)
    inverse = np.linalg.inv(solid).astype(np.float64)
    acting = np.where(active, moment, 0.0)
    free = np.einsum("spq,sq->sp", inverse, acting)
    error = y - np.einsum("wp,wp->w", x, free[owner])
    seen, believed = _variances(x, error, runs, inverse, penalty, prior, count, floor)
    share = np.minimum(BANDWIDTH, np.maximum(count - 1.0, 1.0)) / np.maximum(count, 1.0)
    worse = critical(share)[:, None] ** 2 * seen + NORMAL_POINT**2 * believed
    worse /= np.maximum(inverse[:, [1, 2, 3], [1, 2, 3]], 1e-300)
    other = longrun / OTHER_SPREAD_PER_H**2
    low, high = profile(known, solid=solid, moment=acting, total=total, worse=worse, other=other)
    left = runs.sums(error**2)
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


def _columns(
    task: FitTask, fits: BoolArray, count: FloatArray
) -> tuple[FloatArray, FloatArray, IntArray, BoolArray, FloatArray]:
    """What `_fit` takes, of the shipments to fit. The (w, 7) columns of the equations are
    constant, drives and changes, zero where the zone is unknown."""
    equations = task.equations
    taken = fits[equations.shipment]
    rows = np.flatnonzero(taken if task.use is None else taken & task.use)
    drive, change = equations.drive_c[rows], equations.drive_rate_c_per_h[rows]
    x = np.concatenate((np.ones((rows.size, 1)), drive, change), axis=1)
    counts = count[fits].astype(np.int64)
    return equations.rate_c_per_h[rows], x, counts, equations.known[fits], equations.half_s[fits]


def _normal(x: FloatArray, y: FloatArray, runs: Runs) -> tuple[FloatArray, FloatArray, FloatArray]:
    gram = np.empty((runs.start.size, SIZE, SIZE))
    for p in range(SIZE):
        gram[:, p] = runs.sums(x * x[:, p, None])
    return gram, runs.sums(x * y[:, None]), runs.sums(y * y)


def _with_penalty(gram: FloatArray, penalty: FloatArray, active: BoolArray) -> FloatArray:
    """(…, s, 7, 7) normal matrices with the priors; what is not active (…, s, 7) is cut out
    (unit diagonal)."""
    solid = np.where(active[..., :, None] & active[..., None, :], gram, 0.0)
    solid[..., _PLACE, _PLACE] += np.where(active, penalty, 1.0)
    return solid


def _nonnegative(
    gram: FloatArray,
    moment: FloatArray,
    total: FloatArray,
    penalty: FloatArray,
    active: BoolArray,
) -> FloatArray:
    """Least squares with k >= 0: the feasible pattern of zones with the least sum of squares."""
    some = np.any(active[:, 1:4], axis=0)
    patterns = list(product(*((True, False) if zone else (True,) for zone in some)))
    kept = np.repeat(active[None], len(patterns), axis=0)
    kept[:, :, 1:4] &= np.array(patterns)[:, None, :]
    right = np.where(kept, moment, 0.0)
    solution = np.linalg.solve(_with_penalty(gram, penalty, kept), right[..., None])[..., 0]
    squares = total - np.einsum("ksp,ksp->ks", solution, right)
    feasible = (solution[..., 1:4] >= 0).all(axis=-1) & (squares < np.inf)
    squares[~feasible] = np.inf
    least = squares.argmin(axis=0)
    each = np.arange(least.size)
    best = np.where(feasible[least, each][:, None], solution[least, each], 0.0)
    return np.asarray(best)


def _prior(rates: FloatArray) -> FloatArray:
    """Prior variances of constant, rates and lag factors, given the rates."""
    shipments = rates.shape[0]
    prior = np.empty((shipments, SIZE))
    prior[:, 0] = OFFSET_SPREAD_C**2 * ((rates**2).sum(axis=1) + rates.sum(axis=1) ** 2) + 1e-4
    prior[:, 1:3] = RATE_SPREAD_PER_H**2
    prior[:, 3] = AMBIENT_SPREAD_PER_H**2
    prior[:, 4:] = (rates * LAG_SPREAD_H) ** 2 + LAG_FLOOR**2
    return prior


def _long_run(error: FloatArray, runs: Runs) -> FloatArray:
    """Sum of squares that counts errors which hang together for what they are; at least half
    the plain one, since a few windows can look anti-correlated by chance."""
    plain = runs.lagged(error, 0)
    total = plain.copy()
    for lag in range(1, BANDWIDTH):
        total += 2.0 * (1.0 - lag / BANDWIDTH) * runs.lagged(error, lag)
    return np.maximum(total, 0.5 * plain)


def _variances(
    x: FloatArray,
    error: FloatArray,
    runs: Runs,
    inverse: FloatArray,
    penalty: FloatArray,
    prior: FloatArray,
    count: FloatArray,
    floor: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """(s, 3) variance of each rate from the errors that are seen, and from what is only believed
    of offsets and lags. They are apart because the first is itself estimated, which its critical
    value makes up for, and the second is not.

    The first is the larger of two that fail differently. One weighs each window by its own error
    (right when errors differ over the trip, too small where a few windows decide alone and the fit
    passes through them); the other takes the errors of the trip as alike (right there, too small
    where noise is worst where it matters).
    """
    spare = np.maximum(count - PARAMETERS, 1.0)
    leverage = np.einsum("wp,wpq,wq->w", x, inverse[runs.owner], x)
    own = error / (1.0 - leverage).clip(0.2, 1.0)
    weight = np.einsum("wp,wzp->wz", x, inverse[:, 1:4][runs.owner])
    columns = np.concatenate((weight * own[:, None], weight, error[:, None]), axis=1)
    first, second = np.zeros((count.size, 3)), np.zeros((count.size, 3))
    for lag in range(BANDWIDTH):
        sums = runs.lagged(columns, lag)
        alike = sums[:, 6] / spare
        if lag == 0:
            alike = np.maximum(alike, floor)
        taper = (1.0 - lag / BANDWIDTH) * (1.0 if lag == 0 else 2.0)
        first += taper * sums[:, :3]
        second += taper * alike[:, None] * sums[:, 3:6]
    believed = (inverse[:, 1:4] ** 2 * (penalty**2 * prior)[:, None, :]).sum(axis=2)
    return np.maximum(np.maximum(first, second), 0.0), np.asarray(believed)
