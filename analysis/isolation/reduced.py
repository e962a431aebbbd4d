"""Sums of squares of many systems at once, all that is linear and not asked for solved away."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coldwitness.analysis.isolation.cells import Cells
from coldwitness.analysis.isolation.curves import AMBIENT
from coldwitness.analysis.isolation.response import Loads, response
from coldwitness.domain.tracks import FloatArray, IntArray

OFFSET_SPREAD_C = 0.4
"""Prior spread of the difference of two offsets: of two probes, each good to 0.5 °C."""

LAG_SPREAD_H = 0.02
"""Prior spread of the lag between two probes (72 s)."""

CORE_SPREAD_C = 1.0
"""Prior spread of core against surface where a run begins."""

START_SPREAD_C = 30.0

_STEADY = 1e-6


@dataclass(frozen=True)
class Reduced:
    """Squares of (s, l) systems as a parabola in the shares x of the inner zones in the total:
    rest - 2 x·slope + x·curve·x. curve : (i, i, s, l). slope : (i, s, l).

    columns : (i + 1 + p, m, s, l) the weighted equations, gram : (i + 1 + p, i + 1 + p, s, l) their
    products with the priors, as `_columns` has them.
    """

    total_per_h: FloatArray
    curve: FloatArray
    slope: FloatArray
    rest: FloatArray
    columns: FloatArray
    gram: FloatArray

    @cached_property
    def free(self) -> tuple["Best", ...]:
        """`best` of each zone, whatever they leave the outside."""
        return tuple(self.best(number) for number in range(self.slope.shape[0]))

    def best(self, number: int, *, outside_most_per_h: float = np.inf) -> "Best":
        """The best shares of every system, and how the squares rise with that of one zone.
        outside_most_per_h : the shares leave the outside no faster than this [1/h]."""
        least = np.maximum(1.0 - outside_most_per_h / self.total_per_h, 0.0)
        if self.slope.shape[0] == 1:
            curve = np.maximum(self.curve[0, 0], _STEADY)
            share = _between(self.slope[0] / curve, least, 1.0)
            squares = self.rest + share * (curve * share - 2.0 * self.slope[0])
            return Best(squares, share[None], curve)
        beside = 1 - number
        own, other = self.curve[number, number], self.curve[beside, beside]
        own, other = np.maximum(own, _STEADY), np.maximum(other, _STEADY)
        cross = self.curve[0, 1]
        pull, away = self.slope[number], self.slope[beside]
        # In the middle, with none of either zone, and with all or least left for both together.
        alone = np.maximum(own - cross**2 / other, _STEADY)
        both = np.maximum(own + other - 2.0 * cross, _STEADY)
        middle = (pull - cross / other * away) / alone
        kinds = [
            (middle, (away - cross * middle) / other, alone),
            (_between(pull / own, least, 1.0), np.zeros_like(own), own),
            (np.zeros_like(own), _between(away / other, least, 1.0), alone),
        ]
        for whole in (np.ones_like(own), least) if least.any() else (np.ones_like(own),):
            x = _between((pull - away + whole * (other - cross)) / both, 0.0, whole)
            kinds.append((x, whole - x, both))
        every = [self._squares(number, x, y) for x, y, _ in kinds]
        together = middle + kinds[0][1]
        inside = (middle >= 0) & (kinds[0][1] >= 0) & (together >= least) & (together <= 1.0)
        every[0] = np.where(inside, every[0], np.inf)
        at = np.array(every).argmin(axis=0)
        shares = [at.choose([kind[0] for kind in kinds]), at.choose([kind[1] for kind in kinds])]
        return Best(
            squares=at.choose(every),
            shares=np.array(shares if number == 0 else shares[::-1]),
            curve=at.choose([kind[2] for kind in kinds]),
        )

    def explained_by(self, number: int, others_most_per_h: FloatArray) -> FloatArray:
        """(s,) least squares with this zone free and the other no faster than a rate (s,)."""
        beside = 1 - number
        most = np.minimum(others_most_per_h[:, None] / self.total_per_h, 1.0)
        free = self.free[number]
        own = np.maximum(self.curve[number, number], _STEADY)
        share = (self.slope[number] - self.curve[0, 1] * most) / own
        held = self._squares(number, _between(share, 0.0, 1.0 - most), most)
        within = free.shares[beside] <= most
        return np.asarray(np.where(within, free.squares, held).min(axis=1))

    def held(self, number: int, most_per_h: FloatArray) -> FloatArray:
        """(s,) least squares with this zone no faster than a rate (s,)."""
        if self.slope.shape[0] == 2:
            return self.explained_by(1 - number, most_per_h)
        most = np.minimum(most_per_h[:, None] / self.total_per_h, 1.0)
        curve = np.maximum(self.curve[0, 0], _STEADY)
        share = _between(self.slope[0] / curve, 0.0, most)
        squares = self.rest + share * (curve * share - 2.0 * self.slope[0])
        return np.asarray(squares.min(axis=1))

    def residual(self, best: "Best", chosen: IntArray) -> FloatArray:
        """(m, s) weighted residual of one chosen system (s,) each."""
        each = np.arange(chosen.size)
        share, columns = best.shares[:, each, chosen], self.columns[:, :, each, chosen]
        gram = np.moveaxis(self.gram[:, :, each, chosen], 2, 0)
        asked = share.shape[0]
        due = gram[:, asked + 1 :, asked, None]
        due = due - gram[:, asked + 1 :, :asked] @ share.T[..., None]
        rest = np.linalg.solve(gram[:, asked + 1 :, asked + 1 :], due)[..., 0]
        value = np.concatenate((-share, np.ones((1, chosen.size)), -rest.T))
        return np.asarray((value[:, None] * columns).sum(axis=0))

    def _squares(self, number: int, share: FloatArray, other: FloatArray) -> FloatArray:
        beside = 1 - number
        squares = self.rest + share * (
            self.curve[number, number] * share - 2.0 * self.slope[number]
        )
        squares += other * (
            self.curve[beside, beside] * other
            + 2.0 * self.curve[0, 1] * share
            - 2.0 * self.slope[beside]
        )
        return np.asarray(squares)


def _between(value: FloatArray, least: FloatArray | float, most: FloatArray | float) -> FloatArray:
    """`np.clip`, which takes five times as long on arrays of this size."""
    return np.asarray(np.minimum(np.maximum(value, least), most))


@dataclass(frozen=True)
class Best:
    """(s, l) least squares of each system, the shares (i, s, l) they are reached with, and the
    curve with which they rise in the share of the zone asked for."""

    squares: FloatArray
    shares: FloatArray
    curve: FloatArray


def reduced(
    cells: Cells, systems: Loads, inner: tuple[int, ...], *, error: FloatArray | None = None
) -> Reduced:
    """The parabolas of systems (s, l) for the inner zones that are known; squares weighted. error :
    (s,) mean weighted square that is due; a course that follows less well gives no more freedom to
    offsets and lags.

    With every zone's course F_j, the drug is sum_j x_j F_j + (1 - sum_j x_j) F_ambient + what is
    left of its start; offset, lags and starts have the priors above and are eliminated (Schur
    complement of the normal equations).
    """
    columns = _columns(cells, systems, inner)
    count, size, asked = *columns.shape[:2], len(inner)
    gram = np.empty((count, count, *systems.total_per_h.shape))
    flat = columns.reshape(count, size, -1)
    for row in range(count):
        products = np.einsum("mn,bmn->bn", flat[row], flat[row:])
        gram[row, row:] = products.reshape(gram[row, row:].shape)
        gram[row:, row] = gram[row, row:]
    due = np.ones((columns.shape[2], 1)) if error is None else error[:, None]
    for place, penalty in enumerate(_penalty(cells, asked)):
        gram[place, place] += due * penalty
    left = _eliminated(gram, asked + 1)
    return Reduced(
        total_per_h=systems.total_per_h,
        curve=left[:asked, :asked],
        slope=left[:asked, asked],
        rest=left[asked, asked],
        columns=columns,
        gram=gram,
    )


def _eliminated(gram: FloatArray, kept: int) -> FloatArray:
    """(kept, kept, s, l) what is left of symmetric positive (n, n, s, l) when the unknowns from
    `kept` on are solved away."""
    gram = gram.copy()
    for pivot in range(gram.shape[0] - 1, kept - 1, -1):
        row = gram[pivot, :pivot]
        gram[:pivot, :pivot] -= row[:, None] * (row / gram[pivot, pivot])
    return gram[:kept, :kept]


def _columns(cells: Cells, systems: Loads, inner: tuple[int, ...]) -> FloatArray:
    """(i + 1 + p, m, s, l) what the drug is made of, weighted: the parts of the inner zones; the
    drug less what the outside alone makes of it; then what is eliminated, which is the offset, the
    lag of each inner probe, and of each run its start and its core's."""
    curve_c = np.stack([cells.zone_c[..., zone].T for zone in (*inner, AMBIENT)], axis=1)
    asked, runs = len(inner), int(cells.run.max(initial=0)) + 1
    made = response(cells, systems, curve_c, drifting=asked)
    size = curve_c.shape[0]
    starts = 2 * asked + 2
    columns = np.empty((starts + 2 * runs, size, *systems.total_per_h.shape))
    curve_c = curve_c[..., None]
    for place in range(asked):
        more = columns[place]
        np.subtract(made.behind[:, asked], made.behind[:, place], out=more)
        more += curve_c[:, place] - curve_c[:, asked]
        columns[asked + 2 + place] = made.drift[:, place]
    np.add(made.behind[:, asked], cells.drug_c.T[..., None] - curve_c[:, asked], out=columns[asked])
    np.subtract(1.0, made.began, out=columns[asked + 1])
    for run in range(runs):
        mine = (cells.run == run).T[..., None]
        np.multiply(made.began, mine, out=columns[starts + run])
        np.multiply(made.core, mine, out=columns[starts + runs + run])
    columns *= np.sqrt(cells.weight).T[..., None]
    return columns


def _penalty(cells: Cells, asked: int) -> FloatArray:
    """(i + 1 + p,) one over the prior variance of each parameter; of the drug itself none."""
    runs = int(cells.run.max(initial=0)) + 1
    spread_c = [OFFSET_SPREAD_C, *(asked * [LAG_SPREAD_H])]
    spread_c += [*(runs * [START_SPREAD_C]), *(runs * [CORE_SPREAD_C])]
    return np.concatenate((np.full(asked, _STEADY), [0.0], 1.0 / np.array(spread_c) ** 2))
