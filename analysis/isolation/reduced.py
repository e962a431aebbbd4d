"""Sums of squares of many systems at once, all that is linear and not asked for solved away."""

from dataclasses import dataclass

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
    rest - 2 x·slope + x·curve·x. others : (s, l, p, i + 1) the rest of the parameters, by shares
    and at none."""

    total_per_h: FloatArray
    curve: FloatArray
    slope: FloatArray
    rest: FloatArray
    others: FloatArray

    def best(self, number: int) -> "Best":
        """The best shares of every system, and how the squares rise with that of one zone."""
        if self.slope.shape[2] == 1:
            curve = np.maximum(self.curve[..., 0, 0], _STEADY)
            share = np.clip(self.slope[..., 0] / curve, 0.0, 1.0)
            squares = self.rest + share * (curve * share - 2.0 * self.slope[..., 0])
            return Best(squares, share[..., None], curve)
        beside = 1 - number
        own, other = self.curve[..., number, number], self.curve[..., beside, beside]
        own, other = np.maximum(own, _STEADY), np.maximum(other, _STEADY)
        cross = self.curve[..., 0, 1]
        pull, away = self.slope[..., number], self.slope[..., beside]
        # In the middle, with none of the other zone, and with nothing left for the outside.
        alone = np.maximum(own - cross**2 / other, _STEADY)
        both = np.maximum(own + other - 2.0 * cross, _STEADY)
        middle = (pull - cross / other * away) / alone
        kinds = (
            (middle, (away - cross * middle) / other, alone),
            (np.clip(pull / own, 0.0, 1.0), np.zeros_like(own), own),
            (x := np.clip((pull - away + other - cross) / both, 0.0, 1.0), 1.0 - x, both),
            (np.zeros_like(own), np.clip(away / other, 0.0, 1.0), alone),
        )
        squares = np.stack([self._squares(number, x, y) for x, y, _ in kinds])
        inside = (middle >= 0) & (kinds[0][1] >= 0) & (middle + kinds[0][1] <= 1.0)
        squares[0] = np.where(inside, squares[0], np.inf)
        at = squares.argmin(axis=0)[None]

        def of(columns: list[FloatArray]) -> FloatArray:
            return np.asarray(np.take_along_axis(np.stack(columns), at, axis=0)[0])

        shares = [of([kind[0] for kind in kinds]), of([kind[1] for kind in kinds])]
        return Best(
            squares=of(list(squares)),
            shares=np.stack(shares if number == 0 else shares[::-1], axis=-1),
            curve=of([kind[2] for kind in kinds]),
        )

    def explained_by(self, number: int, others_most_per_h: FloatArray) -> FloatArray:
        """(s,) least squares with this zone free and the other no faster than a rate (s,)."""
        beside = 1 - number
        most = np.minimum(others_most_per_h[:, None] / self.total_per_h, 1.0)
        free = self.best(number)
        own = np.maximum(self.curve[..., number, number], _STEADY)
        share = (self.slope[..., number] - self.curve[..., 0, 1] * most) / own
        held = self._squares(number, np.clip(share, 0.0, 1.0 - most), most)
        within = free.shares[..., beside] <= most
        return np.asarray(np.where(within, free.squares, held).min(axis=1))

    def _squares(self, number: int, share: FloatArray, other: FloatArray) -> FloatArray:
        beside = 1 - number
        squares = self.rest + share * (
            self.curve[..., number, number] * share - 2.0 * self.slope[..., number]
        )
        squares += other * (
            self.curve[..., beside, beside] * other
            + 2.0 * self.curve[..., 0, 1] * share
            - 2.0 * self.slope[..., beside]
        )
        return np.asarray(squares)


@dataclass(frozen=True)
class Best:
    """(s, l) least squares of each system, the shares (s, l, i) they are reached with, and the
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
    left of its start; offset, lags and starts have the priors above and are eliminated.
    """
    columns, left = _columns(cells, systems, inner)
    weighted = columns * cells.weight[:, None, :, None]
    turned = np.swapaxes(weighted, 2, 3)
    gram = turned @ columns
    moment = (turned @ left[..., None])[..., 0]
    total = (cells.weight[:, None] * left**2).sum(axis=-1)
    asked = len(inner)
    diagonal = np.arange(columns.shape[-1])
    due = np.ones((len(total), 1, 1)) if error is None else error[:, None, None]
    gram[..., diagonal, diagonal] += due * _penalty(cells, asked, columns.shape[-1])
    free, mixed = gram[..., asked:, asked:], gram[..., asked:, :asked]
    both = np.concatenate((mixed, moment[..., asked:, None]), axis=-1)
    others = np.linalg.solve(free, both).astype(np.float64)
    seen = np.swapaxes(mixed, -1, -2) @ others
    return Reduced(
        total_per_h=systems.total_per_h,
        curve=gram[..., :asked, :asked] - seen[..., :asked],
        slope=moment[..., :asked] - seen[..., asked],
        rest=total - (moment[..., asked:] * others[..., asked]).sum(axis=-1),
        others=others,
    )


def residual(
    cells: Cells,
    systems: Loads,
    found: Reduced,
    best: Best,
    chosen: IntArray,
    inner: tuple[int, ...],
) -> FloatArray:
    """(s, m) weighted residual of one chosen system (s,) each."""
    each = np.arange(chosen.size)
    one = Loads(
        *(
            column[each, chosen][:, None]
            for column in (systems.total_per_h, systems.surface, systems.inside_per_h)
        )
    )
    columns, left = _columns(cells, one, inner)
    share, others = best.shares[each, chosen], found.others[each, chosen]
    rest = others[..., -1] - (others[..., :-1] @ share[..., None])[..., 0]
    value = np.concatenate((share, rest), axis=1)
    course = (columns[:, 0] @ value[..., None])[..., 0]
    return np.asarray((left[:, 0] - course) * np.sqrt(cells.weight))


def _columns(cells: Cells, systems: Loads, inner: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """(s, l, m, p) what the drug is made of, and (s, l, m) the drug less the outside's course."""
    made = response(cells, systems, (*inner, AMBIENT))
    outside = made.zones[..., -1]
    asked = len(inner)
    runs = int(cells.run.max(initial=0)) + 1
    cells_, shipments, count = outside.shape
    stacked = np.empty((shipments, count, cells_, 2 * asked + 1 + 2 * runs))

    def put(place: int, column: FloatArray) -> None:
        stacked[..., place] = np.moveaxis(column, 0, 2)

    for place in range(asked):
        put(place, made.zones[..., place] - outside)
        put(asked + 1 + place, made.drift[..., place])
    put(asked, 1.0 - made.began)
    for run in range(runs):
        mine = (cells.run == run).T[:, :, None]
        put(2 * asked + 1 + 2 * run, made.began * mine)
        put(2 * asked + 2 + 2 * run, made.core * mine)
    return stacked, cells.drug_c[:, None] - np.moveaxis(outside, 0, 2)


def _penalty(cells: Cells, asked: int, parameters: int) -> FloatArray:
    """(p,) one over the prior variance of each parameter."""
    penalty = np.full(parameters, 1.0 / CORE_SPREAD_C**2)
    penalty[:asked] = _STEADY
    penalty[asked] = 1.0 / OFFSET_SPREAD_C**2
    penalty[asked + 1 : 2 * asked + 1] = 1.0 / LAG_SPREAD_H**2
    penalty[2 * asked + 1 :: 2] = 1.0 / START_SPREAD_C**2
    return penalty
