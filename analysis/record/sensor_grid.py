"""The grid on which a logger's values lie, and how many do not: a fact.

A sensor gives multiples of its step (0.1, 0.0625, 0.5 °C …). A value between them was not
measured as it stands; but a gateway that converts units, averages or corrects makes such values
honestly, so this only says what is seen. Which of them are told: `off_grid`.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.spans import expanded
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

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
BLOCK_VALUES = 20_000
"""Sampled values worked on together: with all steps they fit a processor's cache."""
_STEPS_C = np.array(GRIDS_C)[:, None]
_LEVELS_MAX = 1e9
"""More steps from 0 °C than any temperature lies."""


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
    width, names = key_width(tracks), sorted(tracks.temperature_c)
    probes = [LoggedProbe.of(tracks, rows, name) for name in names]
    grids_c = _grids(
        np.concatenate([np.zeros(0), *(probe.sample_c for probe in probes)]),
        np.concatenate([_NONE, *(probe.sampled for probe in probes)]),
    )
    counts = np.concatenate([_NONE, *(probe.counts for probe in probes)])
    grids_c[counts < READINGS_MIN] = np.nan
    keys = np.concatenate([_NONE, *(probe.key for probe in probes)])
    number = np.repeat(np.arange(len(probes)), [probe.key.size for probe in probes])
    ends = np.cumsum([probe.key.size for probe in probes])
    off = [
        probe.off_grid(grids_c[end - probe.key.size : end])
        for probe, end in zip(probes, ends.tolist(), strict=True)
    ]
    order = np.lexsort((keys % width, number, keys // width))
    return SensorGrids(
        shipment=keys[order] // width,
        logger=keys[order] % width - 1,
        probe=tuple(names[i] for i in number[order].tolist()),
        grid_c=grids_c[order],
        readings=counts[order],
        off_grid=np.concatenate([_NONE, *off])[order],
    )


_NONE = np.zeros(0, dtype=np.int64)


def key_width(tracks: Tracks) -> int:
    """Of the keys of LoggedProbe: shipment × width + logger + 1."""
    return len(tracks.loggers) + 1


@dataclass(frozen=True)
class LoggedProbe:
    """One probe of every logger: key (g,) names shipment and logger, whose `counts` values
    follow each other in value_c from `starts` on, from these rows of the tracks; `sampled` of
    each, evenly taken, are in sample_c."""

    key: IntArray
    starts: IntArray
    counts: IntArray
    row: IntArray
    value_c: FloatArray
    sampled: IntArray
    sample_c: FloatArray

    @classmethod
    def of(cls, tracks: Tracks, rows: NDArray[np.bool_], name: str) -> "LoggedProbe":
        """One probe of every logger among `rows` (n,) of the tracks."""
        column = tracks.temperature_c[name]
        given = np.flatnonzero(rows & ~np.isnan(column))
        owner = np.searchsorted(tracks.first, given, "right") - 1
        key = owner * key_width(tracks) + tracks.logger[given] + 1
        if np.any(key[1:] < key[:-1]):
            order = np.argsort(key, kind="stable")
            key, given = key[order], given[order]
        starts = np.flatnonzero(np.concatenate([given[:1] >= 0, key[1:] != key[:-1]]))
        counts = np.diff(np.append(starts, key.size))
        value_c = column[given]
        stride = np.maximum(-(-counts // SAMPLE), 1)
        sampled = -(-counts // stride)
        group, place = expanded(first=np.zeros_like(sampled), end=sampled)
        sample_c = value_c[starts[group] + place * stride[group]]
        return cls(key[starts], starts, counts, given, value_c, sampled, sample_c)

    def off_grid(self, grid_c: FloatArray) -> IntArray:
        """(g,) how many values lie off each logger's grid, -1 where it has none.

        grid_c : (g,) [°C], NaN where it has none.
        """
        off = np.full(grid_c.size, -1, dtype=np.int64)
        told = ~np.isnan(grid_c)
        if told.any():
            step_c = np.repeat(np.where(told, grid_c, 1.0), self.counts)
            fits, _ = fits_grid(self.value_c, step_c=step_c)
            off[told] = np.add.reduceat(~fits, self.starts, dtype=np.int64)[told]
        return off


def _grids(value_c: FloatArray, counts: IntArray) -> FloatArray:
    """(g,) the coarsest grid that each group's values keep, NaN where none; a group's `counts`
    values follow each other."""
    grid_c = np.full(counts.size, np.nan)
    ends = np.cumsum(counts)
    for low, high in _blocks(ends):
        first = ends[low:high] - counts[low:high]
        begin, end = int(first[0]), int(ends[high - 1])
        value, starts = value_c[begin:end], first - begin
        group = np.repeat(np.arange(high - low), counts[low:high])
        value = value[np.lexsort((value, group))]
        fits, level = fits_grid(value, step_c=_STEPS_C)
        # Sorted within its group, a value opens a level where it lies above all before it.
        level = np.clip(level, -_LEVELS_MAX, _LEVELS_MAX) + 4 * _LEVELS_MAX * group
        level[~fits] = -np.inf
        fresh = fits.copy()
        fresh[:, 1:] &= level[:, 1:] > np.maximum.accumulate(level, axis=1)[:, :-1]
        keeps = (
            np.add.reduceat(fits, starts, axis=1, dtype=np.int64) >= SHARE_MIN * counts[low:high]
        )
        keeps &= np.add.reduceat(fresh, starts, axis=1, dtype=np.int64) >= LEVELS_MIN
        some = np.flatnonzero(keeps.any(axis=0))
        grid_c[low + some] = _STEPS_C[keeps[:, some].argmax(axis=0), 0]
    return grid_c


def on_grids(value_c: FloatArray, counts: IntArray) -> IntArray:
    """(13, g) how many of each group's values lie on each of GRIDS_C; a group's `counts` values,
    one at least, follow each other."""
    on = np.zeros((len(GRIDS_C), counts.size), dtype=np.int64)
    ends = np.cumsum(counts)
    for low, high in _blocks(ends):
        first = ends[low:high] - counts[low:high]
        begin, end = int(first[0]), int(ends[high - 1])
        fits, _ = fits_grid(value_c[begin:end], step_c=_STEPS_C)
        on[:, low:high] = np.add.reduceat(fits, first - begin, axis=1, dtype=np.int64)
    return on


def _blocks(ends: IntArray) -> list[tuple[int, int]]:
    """Groups in runs of about BLOCK_VALUES values."""
    cuts = np.searchsorted(
        ends, np.arange(BLOCK_VALUES, ends[-1] if ends.size else 0, BLOCK_VALUES)
    )
    bounds = sorted({0, *cuts.tolist(), ends.size})
    return list(pairwise(bounds))


def fits_grid(value_c: FloatArray, *, step_c: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
    """Whether values are multiples of the step, or such multiples written with two decimals, as
    exports of binary sensors are; and which multiples.

    value_c : (n,) [°C]. step_c : (n,) or (k, 1) steps [°C]; both results broadcast: (n,) or (k, n).
    Our own: |v - q round(v / q)| <= 1e-6, or <= 0.005 for a value of two decimals and q > 0.03.
    """
    level = np.rint(value_c / step_c)
    away_c = np.abs(value_c - level * step_c)
    two_decimals = np.abs(value_c * 100 - np.rint(value_c * 100)) <= 100 * _TOLERANCE_C
    written = (away_c <= 0.005 + _TOLERANCE_C) & two_decimals & (step_c > 0.03)
    return (away_c <= _TOLERANCE_C) | written, level
