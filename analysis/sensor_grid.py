"""The grid on which a logger's values lie, and how many do not: a fact, never a finding.

A sensor gives multiples of its step (0.1, 0.0625, 0.5 °C …). A value between them was not
measured as it stands; but a gateway that converts units, averages or corrects makes such values
honestly, so this only says what is seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.tracks import FloatArray, IntArray, Tracks

GRIDS_C = (1.0, 0.5, 0.25, 0.2, 0.125, 0.1, 0.0625, 0.05, 0.03125, 0.025, 0.02, 0.015625, 0.01)
"""Steps of sensors and of their exports, the coarsest first: the first that fits is told."""
SAMPLE = 128
"""Readings of a probe, evenly taken, by which its grid is estimated; all are then counted."""
READINGS_MIN = 20
SHARE_MIN = 0.95
"""Share of the sample on the grid: up to about 5 % of edited values do not hide it."""
LEVELS_MIN = 3
"""A probe that stands at one or two levels lies on many grids."""
_TOLERANCE_C = 1e-6


@dataclass(frozen=True)
class SensorGrids:
    """(k,) probes of loggers in shipments, by shipment, probe, logger. logger : -1 where not
    named. grid_c : NaN where none is discernible; off_grid is then -1."""

    shipment: IntArray
    logger: IntArray
    probe: tuple[str, ...]
    grid_c: FloatArray
    readings: IntArray
    off_grid: IntArray


def sensor_grids(tracks: Tracks, rows: NDArray[np.bool_]) -> SensorGrids:
    """Grids of all probes among `rows` (n,) of the tracks."""
    width = len(tracks.loggers) + 1
    parts = []
    for name in sorted(tracks.temperature_c):
        column = tracks.temperature_c[name]
        given = np.flatnonzero(rows & ~np.isnan(column))
        owner = np.searchsorted(tracks.first, given, "right") - 1
        key = owner * width + tracks.logger[given] + 1
        if np.any(key[1:] < key[:-1]):
            order = np.argsort(key, kind="stable")
            key, given = key[order], given[order]
        starts = np.flatnonzero(np.diff(key, prepend=-1))
        counts = np.diff(np.append(starts, key.size))
        value_c = column[given]
        grid_c = _grids(value_c, starts, counts)
        off = np.full(starts.size, -1, dtype=np.int64)
        told = ~np.isnan(grid_c)
        if told.any():
            step_c = np.repeat(np.where(told, grid_c, 1.0), counts)
            off[told] = np.add.reduceat(~_fits(value_c, step_c), starts, dtype=np.int64)[told]
        parts.append((key[starts], name, grid_c, counts, off))
    keys = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    probes = [part[1] for part in parts for _ in range(part[0].size)]
    number = np.repeat(np.arange(len(parts)), [part[0].size for part in parts])
    order = np.lexsort((keys % width, number, keys // width))
    none = np.zeros(0)

    def column_of(place: int) -> NDArray[np.float64]:
        return np.concatenate([none, *(part[place] for part in parts)])[order]

    return SensorGrids(
        shipment=keys[order] // width,
        logger=keys[order] % width - 1,
        probe=tuple(probes[i] for i in order),
        grid_c=column_of(2),
        readings=column_of(3).astype(np.int64),
        off_grid=column_of(4).astype(np.int64),
    )


def _grids(value_c: FloatArray, starts: IntArray, counts: IntArray) -> FloatArray:
    """The coarsest grid that each group's sample keeps, NaN where none."""
    grid_c = np.full(starts.size, np.nan)
    stride = np.maximum(-(-counts // SAMPLE), 1)
    sampled = -(-counts // stride)
    group = np.repeat(np.arange(starts.size), sampled)
    place = np.arange(group.size) - np.repeat(np.cumsum(sampled) - sampled, sampled)
    value = value_c[starts[group] + place * stride[group]]
    undecided = counts >= READINGS_MIN
    for step_c in GRIDS_C:
        open_ = undecided[group]
        if not open_.any():
            break
        fits = np.flatnonzero(open_)[_fits(value[open_], step_c)]
        on = np.bincount(group[fits], minlength=starts.size)
        level = np.rint(value[fits] / step_c).astype(np.int64)
        order = np.lexsort((level, group[fits]))
        new = np.ones(fits.size, dtype=np.bool_)
        new[1:] = np.diff(level[order]) != 0
        new[1:] |= np.diff(group[fits][order]) != 0
        levels = np.bincount(group[fits][order][new], minlength=starts.size)
        keeps = undecided & (on >= SHARE_MIN * sampled) & (levels >= LEVELS_MIN)
        grid_c[keeps] = step_c
        undecided &= ~keeps
    return grid_c


def _fits(value_c: FloatArray, step_c: FloatArray | float) -> NDArray[np.bool_]:
    """Whether values are multiples of the step, or such multiples written with two decimals, as
    exports of binary sensors are."""
    nearest = np.rint(value_c / step_c) * step_c
    whole = np.abs(value_c - nearest) <= _TOLERANCE_C
    written: NDArray[np.bool_] = np.abs(value_c - nearest) <= 0.005 + _TOLERANCE_C
    written &= np.abs(value_c * 100 - np.rint(value_c * 100)) <= 100 * _TOLERANCE_C
    written &= np.asarray(step_c) > 0.03
    return whole | written
