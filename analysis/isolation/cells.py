"""The curves of a trip in cells of time, few enough that many boxes are fitted at once.

A cell is a minute at the start of each unbroken run and grows to a part of the time that has
passed: what a box does fast it does after it was shut. Each holds means of the readings in it.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.isolation.curves import BoolArray, ExchangeCurves
from coldwitness.domain.tracks import FloatArray, IntArray

CELL_S = 60.0
"""Width of the first cells of a run."""

EVEN_CELLS = 20.0
"""So many cells are even; after them each is this part of the time passed."""

RUNS_MAX = 4
"""So many runs of a trip, the longest, are used: each has a start of its own to be found."""

RUN_CELLS_MIN = 4

DRUG_NOISE_C = 0.03
"""Spread of one reading beside its grid."""

GRID_MAX_C = 0.5
"""Grid of a drug that never changes: nobody has seen a finer one."""


@dataclass(frozen=True)
class Cells:
    """(s, m) cells of s shipments, padded; run is -1 in what is padding.

    since_h : time since the run began. step_h : to the next cell of the run, 0 where none is.
    weight : one over the variance of the drug's mean [1/°C²], 0 in padding. drug_c : (s, m).
    zone_c : (s, m, 3), as ZONES. run : rank of the run in its trip by length.
    """

    since_h: FloatArray
    step_h: FloatArray
    weight: FloatArray
    drug_c: FloatArray
    zone_c: FloatArray
    run: IntArray

    def of(self, shipments: IntArray) -> "Cells":
        """Those of some shipments (k,), without padding that none of them needs."""
        run = self.run[shipments]
        size = int((run >= 0).sum(axis=1).max(initial=1))
        return Cells(
            since_h=self.since_h[shipments, :size],
            step_h=self.step_h[shipments, :size],
            weight=self.weight[shipments, :size],
            drug_c=self.drug_c[shipments, :size],
            zone_c=self.zone_c[shipments, :size],
            run=run[:, :size],
        )


def cells_of(curves: ExchangeCurves, *, rest_c: float) -> Cells:
    """Cells of every shipment. rest_c : spread [°C] of what no equation follows, a cell.

    Returns (s, m) padded to the longest trip; times in hours, temperatures in °C. Our own.
    """
    time_s, owner, run = curves.time_s, curves.owner, curves.run
    shipments = curves.known.shape[0]
    if time_s.size == 0:
        nothing = np.zeros((shipments, 1))
        zones, nowhere = np.zeros((shipments, 1, 3)), np.full((shipments, 1), -1)
        return Cells(nothing, nothing, nothing, nothing, zones, nowhere)
    head = np.searchsorted(run, np.arange(run[-1] + 1))
    passed = (time_s - time_s[head][run]) / CELL_S
    late = EVEN_CELLS * (1.0 + np.log(np.maximum(passed, EVEN_CELLS) / EVEN_CELLS))
    cell = np.where(passed < EVEN_CELLS, passed, late).astype(np.int64)
    begins = np.append(True, (np.diff(run) != 0) | (np.diff(cell) != 0))
    start = np.flatnonzero(begins)
    count = np.diff(np.append(start, time_s.size))
    mine, of_run = owner[start], run[start]
    kept, rank = _longest(of_run, owner[head])

    def mean(column: FloatArray) -> FloatArray:
        return np.asarray((np.add.reduceat(column, start) / count)[kept])

    at_s = mean(time_s)
    values = [mean(curve) for curve in curves.value_c]
    mine, of_run, count = mine[kept], of_run[kept], count[kept]
    place = np.arange(mine.size) - np.searchsorted(mine, mine)
    shape = (shipments, int(place.max(initial=0)) + 1)

    def padded(column: FloatArray) -> FloatArray:
        table = np.zeros(shape)
        table[mine, place] = column
        return table

    step_s = np.diff(at_s, append=0.0)
    last = np.append(np.diff(of_run) != 0, True)[: of_run.size]
    grid_c = _grid_c(curves, shipments)
    noise = DRUG_NOISE_C**2 + grid_c[mine] ** 2 / 12.0
    runs = np.full(shape, -1)
    runs[mine, place] = rank[of_run]
    return Cells(
        since_h=padded((at_s - time_s[head][of_run]) / 3600.0),
        step_h=padded(np.where(last, 0.0, step_s / 3600.0)),
        weight=padded(1.0 / (noise / count + rest_c**2)),
        drug_c=padded(values[0]),
        zone_c=np.stack([padded(value) for value in values[1:]], axis=-1),
        run=runs,
    )


def _longest(of_run: IntArray, owner: IntArray) -> tuple[BoolArray, IntArray]:
    """Cells (of_run : run of each) of the longest runs of each shipment, and each run's rank."""
    length = np.bincount(of_run, minlength=owner.size)
    order = np.lexsort((-length, owner))
    rank = np.empty(owner.size, dtype=np.int64)
    rank[order] = np.arange(owner.size) - np.searchsorted(owner[order], owner[order])
    kept = (length >= RUN_CELLS_MIN) & (rank < RUNS_MAX)
    return kept[of_run], rank


def _grid_c(curves: ExchangeCurves, shipments: int) -> FloatArray:
    """(s,) smallest step between two readings of the drug."""
    step_c = np.abs(np.diff(curves.value_c[0], prepend=np.nan))
    moved = step_c > 1e-6
    moved[np.append(True, np.diff(curves.owner) != 0)[: moved.size]] = False
    grid = np.full(shipments, GRID_MAX_C)
    np.minimum.at(grid, curves.owner[moved], step_c[moved])
    return grid
