"""A lone reading: away from both its neighbours at once, and back, faster than any box changes.

A sensor that fails once, or a message in which one number went wrong, leaves a reading like that;
so may a probe that somebody held in his hand. The record cannot tell which, so the reading stands
in the numbers and nothing is sure by it alone.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.sensor_grid import sensor_grids
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.steps import DENSE_ROWS
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

SHORT_S = 120.0
"""Up to this length, included, a step is held against SHORT_SLEWS and SHORT_C_PER_MIN."""
SHORT_SLEWS = 5.0
SHORT_C_PER_MIN = 2.0
LONG_SLEWS = 3.0
"""A longer step need not be as steep: over minutes no box keeps three times its slew limit up, and
2 °C/min would be many degrees."""
UNCERTAINTIES = 2.0
GRID_STEPS = 2.0


def lone_readings(
    series: Series,
    tracks: Tracks,
    *,
    rows: NDArray[np.bool_],
    slew_c_per_min: FloatArray,
    numbers: Numbers,
) -> IntArray:
    """(c,) rows of the series whose steps to both neighbours are steep and in opposite directions;
    the first and the last reading have one neighbour. Two or more in a row are none: something
    happened; a reading of which two values came is a matter of conflicting readings.

    rows : (n,) the judged ones of the tracks, for the sensors' grids. slew_c_per_min : (s,) of each
    shipment [°C/min].

    Formula (contract): |step| > rate · length, the rate max(5 slew, 2 °C/min) up to 2 minutes and
    3 slew beyond, the slew limit never below the pack's; and |step| > 2 uncertainties, and > 2
    steps of the sensor's grid.
    """
    some = _leaping(series, numbers)
    if some.size == 0:
        return some
    _, place = expanded(first=series.first[some], end=series.first[some + 1])
    part = replace(
        series,
        first=np.concatenate([[0], np.cumsum(np.diff(series.first)[some])]),
        shipment=series.shipment[some],
        accuracy_c=series.accuracy_c[some],
        time_s=series.time_s[place],
        low_c=series.low_c[place],
    )
    slew = np.maximum(slew_c_per_min, numbers.slew_max_c_per_min)[part.shipment]
    row: IntArray = place[_lone(_steep(part, slew, numbers), first=part.first)]
    row = row[series.low_c[row] == series.high_c[row]]
    if row.size:
        row = row[_beyond_grid(series, row, tracks, rows)]
    return row


def neighbours(series: Series, row: IntArray) -> tuple[IntArray, IntArray]:
    """(c,) rows before and after each row of the series, -1 where the series has none."""
    owner = series.owner[row]
    before = np.where(row > series.first[owner], row - 1, -1)
    after = np.where(row + 1 < series.first[owner + 1], row + 1, -1)
    return before, after


def doubted(
    series: Series, lone: IntArray, *, low_limit_c: FloatArray, high_limit_c: FloatArray
) -> Series:
    """The series, in which a lone reading that leaps out of range is one of two values: what was
    read, and the limit, or the line between its neighbours (at an end, what the neighbour read)
    where they are out of range themselves. So it counts where something may have been, and not
    where it surely was. A lone reading inside the range stands as it is: to doubt it would accuse;
    so does one whose neighbour lies beyond the other limit: what leaps through the whole range is
    out of it anyway, and how long depends on both.

    lone : (c,) rows of the series. low_limit_c, high_limit_c : (m,) limits of each series [°C].
    """
    j = series.owner[lone]
    low_limit_c, high_limit_c = low_limit_c[j], high_limit_c[j]
    before, after = neighbours(series, lone)
    left, right = np.where(before < 0, after, before), np.where(after < 0, before, after)
    length_s = series.time_s[right] - series.time_s[left]
    way_s = series.time_s[lone] - series.time_s[left]
    share = np.divide(way_s, length_s, out=np.zeros(lone.size), where=length_s > 0)
    low_c, high_c = series.low_c.copy(), series.high_c.copy()
    line_c = low_c[left] + share * (low_c[right] - low_c[left])
    above = (high_c[lone] > high_limit_c) & (line_c < low_c[lone])
    above &= ~(np.minimum(low_c[left], low_c[right]) < low_limit_c)
    below = (low_c[lone] < low_limit_c) & (line_c > high_c[lone])
    below &= ~(np.maximum(high_c[left], high_c[right]) > high_limit_c)
    low_c[lone[above]] = np.fmax(line_c, high_limit_c)[above]
    high_c[lone[below]] = np.fmin(line_c, low_limit_c)[below]
    return replace(series, low_c=low_c, high_c=high_c)


def _leaping(series: Series, numbers: Numbers) -> IntArray:
    """(p,) series with a step that could be far enough: the others, nearly all, need not be looked
    at row by row."""
    by_pack_c = min(numbers.accuracy_above_zero_c, numbers.accuracy_below_zero_c)
    stated_c = series.accuracy_c[~np.isnan(series.accuracy_c)]
    least_c = UNCERTAINTIES * min(by_pack_c, float(stated_c.min(initial=np.inf)))
    value_c, leaps = series.low_c, [np.zeros(0, dtype=np.int64)]
    for begin in range(0, value_c.size - 1, DENSE_ROWS):
        part_c = value_c[begin : begin + DENSE_ROWS + 1]
        step_c = part_c[1:] - part_c[:-1]
        leaps.append(np.flatnonzero(np.abs(step_c, out=step_c) > least_c) + begin + 1)
    leap = np.concatenate(leaps)
    return np.unique(np.searchsorted(series.first, leap, "right") - 1) if leap.size else leap


def _steep(series: Series, slew: FloatArray, numbers: Numbers) -> IntArray:
    """(k,) direction of the step that ends at each row, -1 or 1, where it is steep, else 0; the
    first row of a series has none. slew : (m,) [°C/min]."""
    owner, value_c = series.owner, series.low_c
    step_c, length_s = np.diff(value_c, prepend=np.nan), np.diff(series.time_s, prepend=np.nan)
    short = np.maximum(SHORT_SLEWS * slew, SHORT_C_PER_MIN)
    rate = np.where(length_s <= SHORT_S, short[owner], (LONG_SLEWS * slew)[owner])
    stated = series.accuracy_c[owner]
    by_pack = np.where(value_c >= 0, numbers.accuracy_above_zero_c, numbers.accuracy_below_zero_c)
    error_c = np.where(np.isnan(stated), by_pack, stated)
    error_c[1:] = np.maximum(error_c[1:], error_c[:-1])
    far = np.abs(step_c) > UNCERTAINTIES * error_c
    steep = far & (length_s > 0) & (np.abs(step_c) > rate * length_s / 60)
    steep[series.first[:-1]] = False
    return np.where(steep, np.sign(np.nan_to_num(step_c)), 0).astype(np.int64)


def _lone(steep: IntArray, *, first: IntArray) -> IntArray:
    """Rows that stand alone: steep (k,) as `_steep` gives it, first (m + 1,) rows of the series."""
    ahead = np.append(steep[1:], 0)
    lone = steep * ahead == -1
    lone &= ~(_shifted(lone, 1) | _shifted(lone, -1))
    between = steep * ahead == -1
    begin, last = first[:-1], first[1:] - 1
    several = last > begin
    begin, last = begin[several], last[several]
    lone[begin] = (ahead[begin] != 0) & ~between[begin + 1]
    lone[last] = (steep[last] != 0) & ~between[last - 1]
    return np.flatnonzero(lone)


def _shifted(flags: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """The flag of the row `by` rows before."""
    moved = np.roll(flags, by)
    moved[slice(by) if by > 0 else slice(by, None)] = False
    return moved


def _beyond_grid(
    series: Series, row: IntArray, tracks: Tracks, rows: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(c,) whether the steps beside each row are larger than two steps of its sensor's grid; they
    are where no grid is discernible."""
    j = series.owner[row]
    shipment, logger = series.shipment[j], series.logger[j]
    names = np.array([*series.probes, ""])[series.probe[j]]
    grids = sensor_grids(tracks, rows & np.isin(tracks.shipment, shipment))
    least_c = _least_step_c(series, row)
    beyond = np.ones(row.size, dtype=np.bool_)
    for k in range(row.size):  # over lone readings, which are few
        its = (grids.shipment == shipment[k]) & (grids.logger == logger[k])
        its &= np.array(grids.probe) == names[k]
        coarse_c = np.nan_to_num(grids.grid_c[its]).max(initial=0.0)
        beyond[k] = least_c[k] > GRID_STEPS * coarse_c
    return beyond


def _least_step_c(series: Series, row: IntArray) -> FloatArray:
    """(c,) the smaller of the steps [°C] beside each row."""
    value_c = series.low_c
    steps_c = [
        np.where(side >= 0, np.abs(value_c[row] - value_c[side]), np.inf)
        for side in neighbours(series, row)
    ]
    return np.minimum(*steps_c)
