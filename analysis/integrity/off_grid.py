"""Values that the sensor which gave the rest of the record cannot have given.

A sensor's readings are multiples of its step. Where a long part of a drug probe's record keeps a
coarse grid move after move, a sensor of a finer step is excluded: each of its moves would land on
the coarse grid only with the ratio of the two steps. Readings between the grid's steps in the
midst of that part were then averaged, corrected or written by hand.
"""

from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable, concatenate, finding_table
from coldwitness.analysis.integrity.stuck import CHANCE
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import probes_of
from coldwitness.analysis.record.sensor_grid import (
    GRIDS_C,
    LEVELS_MIN,
    READINGS_MIN,
    LoggedProbe,
    fits_grid,
    on_grids,
)
from coldwitness.analysis.record.spans import expanded
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks
from coldwitness.domain.words import Certainty, Severity

OFF_MIN = 3
"""Fewer readings off the grid are only stated (`evidence.sensors`): a message garbled or repaired
on its way may make one."""
SHARE_MIN = 0.6
"""A grid that no more of the readings keep is not the sensor's."""
FLANK_MOVES = 3
"""Moves on the grid before the first and after the last reading off it that show that no finer
mode of the sensor begins or ends there."""
WRITTEN_C = 0.01
"""The grid of values of which no other is discernible: of what is written with two decimals."""


def off_grid_findings(case: Case) -> FindingTable:
    """One finding for each drug probe of each logger and shipment with readings off its grid."""
    tracks, rows = case.tracks, case.window.rows
    parts = [_nothing()]
    for name in probes_of(tracks, "drug"):
        probe = LoggedProbe.of(tracks, rows, name)
        for i in _doubtful(probe):
            its = slice(probe.starts[i], probe.starts[i] + probe.counts[i])
            grid_c, off = _off_grid(probe.value_c[its])
            if off.any():
                parts.append(_finding(tracks, probe.row[its], off, probe=name, grid_c=grid_c))
    return concatenate(parts)


def _doubtful(probe: LoggedProbe) -> IntArray:
    """Groups of which most readings, but not all, keep some grid. By a sample; what keeps a grid
    wholly there is held against it in full, because a sample may miss the few that are off."""
    counts, sampled = probe.counts, probe.sampled
    on = on_grids(probe.sample_c, sampled)
    whole = on == sampled
    kept = np.where(whole.any(axis=0), whole.argmax(axis=0), len(GRIDS_C))
    coarser = np.arange(len(GRIDS_C))[:, None] < kept
    doubtful = (counts >= READINGS_MIN) & (coarser & (on >= SHARE_MIN * sampled)).any(axis=0)
    undecided = kept == len(GRIDS_C)
    kept_c = np.append(GRIDS_C, 1.0)[kept]
    rest = np.flatnonzero((counts >= READINGS_MIN) & ~undecided & ~doubtful & (counts > sampled))
    if rest.size:
        line, row = expanded(first=probe.starts[rest], end=probe.starts[rest] + counts[rest])
        on_grid, _ = fits_grid(probe.value_c[row], step_c=kept_c[rest][line])
        doubtful[rest] = np.bincount(line, weights=~on_grid, minlength=rest.size) > 0
    return np.flatnonzero(doubtful)


def _off_grid(value_c: FloatArray) -> tuple[float, NDArray[np.bool_]]:
    """The coarsest grid that the probe surely has, and which of its readings lie off it; none
    where none does, or where it may be honest."""
    # One grid after the other: of a long record all at once are thirteen copies, and more.
    fits = np.stack([fits_grid(value_c, step_c=np.array(grid_c))[0] for grid_c in GRIDS_C])
    count = fits.sum(axis=1)
    whole = np.flatnonzero(count == value_c.size)
    finest_c = GRIDS_C[whole[0]] if whole.size else WRITTEN_C
    worth = (count <= value_c.size - OFF_MIN) & (count >= SHARE_MIN * value_c.size)
    moved = np.ones(value_c.size, dtype=np.bool_)
    moved[1:] = np.abs(np.diff(value_c)) > 1e-9
    for i in np.flatnonzero(worth):
        grid_c, on = GRIDS_C[i], fits[i]
        if grid_c <= finest_c:
            break
        chance = min(finest_c / grid_c, 0.5)
        needed = ceil((log(value_c.size) - log(CHANCE)) / -log(chance))
        if not _surely_kept(value_c[moved], on[moved], needed):
            continue
        if not (_other_mode(on, moved, chance) or _other_format(value_c, on)):
            return grid_c, ~on
    return np.nan, np.zeros(value_c.size, dtype=np.bool_)


def _surely_kept(value_c: FloatArray, on: NDArray[np.bool_], needed: int) -> bool:
    """Whether some run of moves, all on the grid, is too long for a finer sensor."""
    edge = np.diff(np.concatenate([[0], on.astype(np.int8), [0]]))
    for begin, end in zip(np.flatnonzero(edge == 1), np.flatnonzero(edge == -1), strict=True):
        if end - begin >= needed and np.unique(value_c[begin:end]).size >= LEVELS_MIN:
            return True
    return False


def _other_mode(on: NDArray[np.bool_], moved: NDArray[np.bool_], chance: float) -> bool:
    """Whether a finer mode of the sensor may begin or end with the readings off the grid: they
    reach to an end of the record, and among them those on the grid are no more than by chance."""
    off = np.flatnonzero(~on)
    before = np.count_nonzero(moved[: off[0]])
    after = np.count_nonzero(moved[off[-1] + 1 :])
    within = on[off[0] : off[-1] + 1]
    bracketed = before >= FLANK_MOVES and after >= FLANK_MOVES
    return not bracketed and float(within.mean()) <= max(0.5, chance + 0.25)


def _other_format(value_c: FloatArray, on: NDArray[np.bool_]) -> bool:
    """Whether the readings off the grid are those with fewer digits before the point, or of one
    sign, as in exports with a fixed number of digits."""
    form = np.floor(np.log10(np.maximum(np.abs(value_c), 1.0))) * np.where(value_c < 0, -1, 1)
    form += np.where(value_c < 0, -0.5, 0.5)
    mine = np.isin(form, np.unique(form[~on]))
    return not mine.all() and float(on[mine].mean()) <= 0.5


def _finding(
    tracks: Tracks, row: IntArray, off: NDArray[np.bool_], *, probe: str, grid_c: float
) -> FindingTable:
    at = row[off]
    shown = tracks.temperature_c[probe][at][:5]
    return finding_table(
        shipment=tracks.shipment[row[:1]],
        type=code_of("data_integrity/off_grid"),
        start_s=tracks.time_s[at[:1]],
        end_s=tracks.time_s[at[-1:]],
        certainty=Certainty.PROBABLE,
        severity=Severity.MINOR,
        probe=probe,
        measures={
            "logger_number": tracks.logger[row[:1]].astype(np.float64),
            "grid_c": np.array([grid_c]),
            "readings": np.array([float(row.size)]),
            "off_grid": np.array([float(at.size)]),
        },
        details={0: {"values_c": [round(float(value), 6) for value in shown]}},
    )


def _nothing() -> FindingTable:
    none = np.zeros(0)
    return finding_table(
        shipment=np.zeros(0, dtype=np.int64),
        type=code_of("data_integrity/off_grid"),
        start_s=none,
        end_s=none,
        certainty=Certainty.PROBABLE,
        severity=Severity.MINOR,
        measures=dict.fromkeys(("logger_number", "grid_c", "readings", "off_grid"), none),
    )
