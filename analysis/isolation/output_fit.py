"""The exchange with each zone from the drug's whole course, its start included.

The drug's curve is computed from the zones' for boxes of every total exchange and two kinds of load
(`response`), and held against what was read. Given the system everything else is linear: the parts
of the zones in the total exchange, the offset, the lag of each probe, the temperature each unbroken
run began with. The profile of a zone's rate is the least sum of squares over all systems.

Both kinds of load have to agree: the interval reaches from the lowest that either accepts to the
highest. A surface with a core alone finds contact in what a warmed core does; one mass alone finds
it in what a core that lags does. Where the curve refutes one mass, its lower end, which a poor fit
makes low, counts in part; its higher end still does, since what is called isolated rests on it.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.isolation.cells import Cells, cells_of
from coldwitness.analysis.isolation.curves import (
    AMBIENT,
    COOLANT,
    GOODS,
    BoolArray,
    ExchangeCurves,
)
from coldwitness.analysis.isolation.reduced import Best, reduced
from coldwitness.analysis.isolation.response import loads
from coldwitness.domain.tracks import FloatArray, IntArray

REST_C = 0.03
"""Spread of what no equation follows, a cell: air that moves, a box that is turned."""

TOTALS_COARSE_PER_H = np.geomspace(0.12, 24.0, 13)
TOTALS_FINE, COARSE_CORES = 8, 1
"""Total exchange tried: a first round by factors of 1.6, loads of one mass and one with a core; a
second between what that accepts. With steps of two, three contacts in a thousand were called
isolated: the best of a fast exchange is narrow, and lay between them."""

NEAR = 25.0
"""How much worse than the best, in units of the error, the second round still looks."""

WITHIN = 0.25
"""How much worse than the best, in units of the error, the coolant may be at its limit where the
first round alone says that its interval reaches below (`above_only`). An interval ends at WORSE² =
4.8, but the best of a fast exchange may lie between the first round's totals: of 20,072 simulated
boxes 340 had names that looked exchanged, and all of them were told so; three quarters of the
second rounds were spared."""

BETWEEN = 6
"""Points between two totals of the second round at which the least squares are interpolated."""

WORSE = 2.2
"""Root of the growth of the sum of squares, in units of the error, at the ends of an interval: 1.96
of a known normal error, more because the error is estimated from a trip and hangs together."""

REFUTED, REFUTED_FACTOR = 6.0, 2.25
"""Root of how much worse than a load with a core, in units of its error, one mass is refuted: far
above WORSE, because the error is an estimate too. A lower end that only a refuted mass gives is
raised to that of all loads by this factor, as far as loads with a core were seen to overrate goods
where there is none."""

LOW_FACTOR, HIGH_FACTOR = 1.1, 1.2
"""What the lumped loads leave open of any rate: part of a real load is nearer and part further, and
what is further is heard less. Found on simulated boxes of three structures."""

UNSEEN_PATH_PER_H = 0.05
"""Exchange with what has no probe, a wall that keeps warm: either end is so much further out."""

UNSEEN_LAG_H = 0.08
"""Time constants between probes and load that nobody states (288 s): a rate of k per hour cannot be
told from k / (1 - k times this)."""

OUTSIDE_MOST_PER_H = 0.4
"""Rate to the outside above which nobody is accused. No drug behind foam follows the outside so
fast; a probe that hangs in the air of the box does, and follows the coolant as fast, with every
part in place. Contact with the coolant does not bring the outside nearer. For the same reason what
looks like goods is not put down to an outside faster than this: drinks as warm as the street and
the street itself look alike, and nothing else tells them apart."""

BESIDE_GOODS = 1.6
"""Mean weighted square up to which contact with the coolant is told beside other goods: what a pack
that melts makes of a drug that warm goods touch is followed less well, and looks like it."""

CELLS_MIN = 8
LAGS = 6
BLOCK_CELLS = 2400
"""Cells fitted together: enough that the numpy calls cost little, few enough for the cache."""


@dataclass(frozen=True)
class OutputFit:
    """(s, 3) by shipment and zone, NaN where it is not known or could not be fitted.

    rate_per_h, low_per_h, high_per_h : best rates and 95 % interval of the inner zones; of the
    outside the best alone. misfit_c : (s,) root mean square of what is left over. cells : (s,)
    used, course : what they are. span_c : (s,) between the drug's warmest and coldest.
    other_explains : (s, 3) True where the other inner zone explains the curve as well with this one
    at its limit, or neither does alone.
    """

    rate_per_h: FloatArray
    low_per_h: FloatArray
    high_per_h: FloatArray
    misfit_c: FloatArray
    cells: IntArray
    span_c: FloatArray
    other_explains: BoolArray
    course: Cells


def fit_output(
    curves: ExchangeCurves,
    *,
    limit_per_h: FloatArray,
    of: BoolArray | None = None,
    above_only: bool = False,
) -> OutputFit:
    """Fit every shipment (or those `of`) with a probe outside and one in the coolant or the goods.
    limit_per_h : (s, 2) below which coolant and goods are in order. above_only : nothing is told of
    a shipment for which a first round shows that the coolant's lower end is not above its limit.

    Returns columns (s,) and (s, 3), rates in 1/h. Our own: S(k) = min over systems, offsets, lags
    and starts of the weighted squares of drug - course, plus their priors; the interval holds k
    with S(k) - min S <= WORSE² V, V the larger of one, the mean weighted square and its long-run
    form (Newey and West, Econometrica 55 (1987) 703); its ends are then moved by the factors,
    UNSEEN_PATH_PER_H and UNSEEN_LAG_H. Output error and equation error: Ljung, System
    Identification (1999), ch. 4.
    """
    cells = cells_of(curves, rest_c=REST_C)
    known = curves.known
    shipments = known.shape[0]
    there = cells.run >= 0
    warmest = np.where(there, cells.drug_c, -np.inf).max(axis=1)
    coldest = np.where(there, cells.drug_c, np.inf).min(axis=1)
    nothing = np.full((3, shipments, 3), np.nan)
    fit = OutputFit(
        rate_per_h=nothing[0],
        low_per_h=nothing[1],
        high_per_h=nothing[2],
        misfit_c=np.full(shipments, np.nan),
        cells=there.sum(axis=1),
        span_c=np.maximum(warmest - coldest, 0.0),
        other_explains=np.zeros((shipments, 3), dtype=np.bool_),
        course=cells,
    )
    able = known[:, AMBIENT] & known[:, :AMBIENT].any(axis=1) & (fit.cells >= CELLS_MIN)
    if of is not None:
        able &= of
    runs = cells.run.max(axis=1, initial=0) + 1
    kind = runs * 4 + known[:, 0] * 2 + known[:, 1]
    for one in np.unique(kind[able]):
        whole = np.flatnonzero(able & (kind == one))
        whole = whole[np.argsort(fit.cells[whole], kind="stable")]
        inner = tuple(int(zone) for zone in np.flatnonzero(known[whole[0], :AMBIENT]))
        while whole.size:
            together = max(BLOCK_CELLS // int(fit.cells[whole[0]]), 1)
            some, whole = whole[:together], whole[together:]
            _fit_block(cells.of(some), some, inner, limit_per_h, fit, above_only=above_only)
    return fit


def _fit_block(
    cells: Cells,
    of: IntArray,
    inner: tuple[int, ...],
    limit_per_h: FloatArray,
    fit: OutputFit,
    *,
    above_only: bool,
) -> None:
    coarse = np.tile(TOTALS_COARSE_PER_H, (of.size, 1))
    first = reduced(cells, loads(coarse, cores=COARSE_CORES), inner)
    squares = first.free[0].squares
    total, error = _narrowed(squares, fit.cells[of])
    if above_only:
        at_limit = first.held(inner.index(COOLANT), limit_per_h[of, COOLANT])
        some = np.flatnonzero(at_limit - squares.min(axis=1) > WITHIN * error)
        if some.size == 0:
            return
        cells, of, total, error = cells.of(some), of[some], total[some], error[some]
    found = reduced(cells, loads(total), inner, error=error)
    each = np.arange(of.size)
    for number, zone in enumerate(inner):
        best = found.free[number]
        profile = _profile(best, number, np.log(total))
        one_mass = profile.of_one_mass()
        left = found.residual(best, best.squares[:, :TOTALS_FINE].argmin(axis=1))
        room_one = WORSE**2 * _spread(left, one_mass.least, fit.cells[of])
        low_one, high_one = one_mass.ends(room_one)
        chosen = best.squares.argmin(axis=1)
        left = found.residual(best, chosen)
        spread = _spread(left, profile.least, fit.cells[of])
        room = WORSE**2 * spread
        low, high = profile.ends(room)
        if zone == GOODS:
            little = found.best(number, outside_most_per_h=OUTSIDE_MOST_PER_H)
            held = _profile(little, number, np.log(total))
            low, low_one = _insulated(
                (low, low_one), (profile, one_mass), held, room=room, room_one=room_one
            )
        refuted = one_mass.least - profile.least > REFUTED**2 * spread
        low_one = np.where(refuted, np.maximum(low_one, low / REFUTED_FACTOR), low_one)
        low = np.minimum(low, low_one)
        high = np.maximum(high, high_one)
        fit.rate_per_h[of, zone] = np.clip(profile.rate(), low, high)
        slow = np.maximum(1.0 - UNSEEN_LAG_H * high, 0.2)
        low, high = low / LOW_FACTOR, np.maximum(high * HIGH_FACTOR, high / slow)
        fit.low_per_h[of, zone] = np.maximum(low - UNSEEN_PATH_PER_H, 0.0)
        fit.high_per_h[of, zone] = high + UNSEEN_PATH_PER_H
        if len(inner) == 2:
            alone = found.explained_by(number, limit_per_h[of, 1 - number])
            other = found.explained_by(1 - number, limit_per_h[of, number])
            least = best.squares.min(axis=1)
            doubt = (other - alone <= room) | (alone - least > room)
            if zone == COOLANT:
                doubt |= least > BESIDE_GOODS * np.maximum(fit.cells[of] - LAGS, 1)
            fit.other_explains[of, zone] = doubt
    weight = cells.weight.T
    squares_c = (left**2 / np.where(weight > 0, weight, np.inf)).sum(axis=0)
    fit.misfit_c[of] = np.sqrt(squares_c / fit.cells[of])
    outside = 1.0 - best.shares[:, each, chosen].sum(axis=0)
    fit.rate_per_h[of, AMBIENT] = found.total_per_h[each, chosen] * np.maximum(outside, 0.0)


@dataclass(frozen=True)
class _Profile:
    """(s, loads, points) least squares at a total rate, the share of a zone they are reached with,
    and the curve with which they rise beside it. total_per_h : (s, 1, points)."""

    squares: FloatArray
    share: FloatArray
    curve: FloatArray
    total_per_h: FloatArray

    @property
    def loads(self) -> int:
        return int(self.squares.shape[1])

    @property
    def least(self) -> FloatArray:
        """(s,) over all loads and totals."""
        return np.asarray(np.maximum(self.squares.min(axis=(1, 2)), 0.0))

    def of_one_mass(self) -> "_Profile":
        return _Profile(self.squares[:, :1], self.share[:, :1], self.curve[:, :1], self.total_per_h)

    def rate(self) -> FloatArray:
        """(s,) rate of the least squares."""
        rates = (self.total_per_h * self.share).reshape(self.share.shape[0], -1)
        at = self.squares.reshape(rates.shape).argmin(axis=1)
        return np.asarray(rates[np.arange(at.size), at])

    def ends(self, room: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(s,) lowest and highest rate whose squares are at most `room` (s,) above the least."""
        spare = (self.least + room)[:, None, None] - self.squares
        beside = np.sqrt(np.maximum(spare, 0.0) / self.curve)
        low = self.total_per_h * np.maximum(self.share - beside, 0.0)
        high = self.total_per_h * np.minimum(self.share + beside, 1.0)
        accepted = spare >= 0
        return (
            np.asarray(np.where(accepted, low, np.inf).min(axis=(1, 2))),
            np.asarray(np.where(accepted, high, 0.0).max(axis=(1, 2))),
        )


def _insulated(
    low: tuple[FloatArray, FloatArray],
    free: tuple[_Profile, _Profile],
    held: _Profile,
    *,
    room: FloatArray,
    room_one: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """(s,) lower ends of all loads and of one mass, with the outside `held` to what insulation lets
    through. One mass that needs a faster outside, where a core does not, counts no longer."""
    every, one = free
    held_one = held.of_one_mass()
    raised = _raised(low[0], every, held, room)
    raised_one = _raised(low[1], one, held_one, room_one)
    needs = held_one.least > one.least + room_one
    needs &= held.least <= every.least + room
    return raised, np.where(needs, raised, raised_one)


def _raised(low: FloatArray, free: _Profile, held: _Profile, room: FloatArray) -> FloatArray:
    """(s,) the lower end `low` of `free` with the outside held to what insulation lets through,
    where the curve allows that at all."""
    allowed = held.least <= free.least + room
    return np.where(allowed, np.maximum(low, held.ends(room)[0]), low)


def _profile(best: Best, number: int, log_total: FloatArray) -> _Profile:
    """The profile with BETWEEN points between two totals (s, t) of the second round."""
    squares, share, curve = (
        column.reshape(log_total.shape[0], -1, TOTALS_FINE)
        for column in (best.squares, best.shares[number], best.curve)
    )
    return _Profile(
        squares=_between(squares),
        share=np.clip(_between(share), 0.0, 1.0),
        curve=np.exp(_between(np.log(curve))),
        total_per_h=np.exp(_between(log_total[:, None])),
    )


def _narrowed(squares: FloatArray, cells: IntArray) -> tuple[FloatArray, FloatArray]:
    """(s, t) total rates between those that the first round does not refuse, one step wider; and
    (s,) the mean weighted square of its best."""
    total = TOTALS_COARSE_PER_H
    least = squares.reshape(cells.size, -1, total.size).min(axis=1)
    best = least.min(axis=1)
    error = np.maximum(best / np.maximum(cells - LAGS, 1), 1.0)
    near = least - best[:, None] <= NEAR * error[:, None]
    step = total[1] / total[0]
    low = np.where(near, total, np.inf).min(axis=1) / step
    high = np.where(near, total, 0.0).max(axis=1) * step
    return np.asarray(np.exp(np.linspace(np.log(low), np.log(high), TOTALS_FINE)).T), error


def _cubics() -> FloatArray:
    """(totals, points) weights of BETWEEN points between two totals, by cubics through four."""
    points = np.arange((TOTALS_FINE - 1) * BETWEEN + 1) / BETWEEN
    left = np.clip(points.astype(np.int64) - 1, 0, TOTALS_FINE - 4)
    x = points - left
    weights = (
        -(x - 1) * (x - 2) * (x - 3) / 6.0,
        x * (x - 2) * (x - 3) / 2.0,
        -x * (x - 1) * (x - 3) / 2.0,
        x * (x - 1) * (x - 2) / 6.0,
    )
    out: FloatArray = np.zeros((TOTALS_FINE, points.size))
    for by, weight in enumerate(weights):
        out[left + by, np.arange(points.size)] = weight
    return out


_CUBICS = _cubics()


def _between(column: FloatArray) -> FloatArray:
    """(…, points) of (…, totals)."""
    return np.asarray(column @ _CUBICS)


def _spread(error: FloatArray, least: FloatArray, cells: IntArray) -> FloatArray:
    """(s,) error of a weighted residual (m, s) that should be one: what is seen of it, counted as
    hanging together where it does."""
    plain = np.maximum((error**2).sum(axis=0), 1e-12)
    longrun = plain.copy()
    for lag in range(1, LAGS):
        longrun += 2.0 * (1.0 - lag / LAGS) * (error[lag:] * error[:-lag]).sum(axis=0)
    together = np.maximum(longrun / plain, 1.0)
    return np.asarray(np.maximum(least / np.maximum(cells - LAGS, 1) * together, 1.0))
