"""From series to steps: what was seen between readings, and the holes where nothing was."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.bounds import highest_between, steepest
from coldwitness.analysis.record.kinetic_temperature import (
    ageing_rate,
    mean_kinetic_temperature,
)
from coldwitness.analysis.record.series import Series
from coldwitness.domain.tracks import FloatArray, IntArray

DENSE_ROWS = 20_000
"""Rows of one pass over every reading; its dozen columns together fit a 2 MB cache."""
BLOCK_ROWS = 1_000_000
"""Rows of one block of shipments: large enough that its few sparse columns cost little, small
enough that memory stays a fraction of the input."""


class Side(IntEnum):
    """Where a hole lies: between two readings, or between a reading and the window's edge."""

    BETWEEN = 0
    BEFORE = 1
    AFTER = 2


@dataclass(frozen=True)
class Holes:
    """Unknown time (h,), by series, then time: the window's start, between readings, its end.

    left, right : rows of the series at both sides, the same one at the window's edge.
    low0_c, high0_c and low1_c, high1_c : their values. allowed_s : longest step without a hole.
    counted : 1 where the logger's own count shows that a reading is missing here.
    slew_up, slew_down : °C/s, raised by the readings' own steepness.
    highest_c, lowest_c : what the temperature may have reached.
    first : (m+1,) holes of series j are first[j]:first[j+1].
    """

    first: IntArray
    series: IntArray
    side: IntArray
    left: IntArray
    right: IntArray
    start_s: FloatArray
    end_s: FloatArray
    low0_c: FloatArray
    high0_c: FloatArray
    low1_c: FloatArray
    high1_c: FloatArray
    allowed_s: FloatArray
    counted: IntArray
    slew_up: FloatArray
    slew_down: FloatArray
    highest_c: FloatArray
    lowest_c: FloatArray

    @property
    def length_s(self) -> FloatArray:
        """(h,) [s]."""
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Steps:
    """One pass over the rows of a Series.

    seam : (k,) True where no known step leads to the row from the one before it.
    All others (m,), one a series: readings, min_c, max_c, mean_c (trapezoid over known time),
    mkt_c, seen_s (known time), longest_s (longest time without a reading, both edges counted),
    surely_max_c, surely_min_c (as max_c and min_c, whichever of two conflicting values is true).
    """

    seam: NDArray[np.bool_]
    readings: IntArray
    min_c: FloatArray
    max_c: FloatArray
    mean_c: FloatArray
    mkt_c: FloatArray
    seen_s: FloatArray
    longest_s: FloatArray
    surely_max_c: FloatArray
    surely_min_c: FloatArray
    holes: Holes


def steps_of(
    series: Series,
    *,
    start_s: FloatArray,
    end_s: FloatArray,
    slew_c_per_s: FloatArray,
    activation_energy_j_per_mol: float | None,
) -> Steps:
    """Judge every step of every series.

    start_s, end_s, slew_c_per_s : (m,) window and slew limit of each series; a slew of NaN (not
        known how fast this place can change) leaves open what a hole allows.
    activation_energy_j_per_mol : None where no MKT is asked for; then it is NaN.

    start_s, end_s : (m,) window of each series, UTC epoch s. slew_c_per_s : (m,) [°C/s].
    """
    seam = np.zeros(series.time_s.size, dtype=np.bool_)
    parts = [
        _dense(series, seam, start, stop, activation_energy_j_per_mol)
        for start, stop in runs_of_rows(series.first, DENSE_ROWS)
    ]
    minimum, maximum, warmth, rate, longest = (
        np.concatenate(one) for one in zip(*parts, strict=True)
    )
    between = np.flatnonzero(seam)
    seam[series.first[:-1]] = True
    owner = np.searchsorted(series.first, between, "right") - 1
    hole_s = series.time_s[between] - series.time_s[between - 1]
    seen = series.time_s[series.first[1:] - 1] - series.time_s[series.first[:-1]]
    seen = seen - np.bincount(owner, weights=hole_s, minlength=len(series))
    holes = _holes(series, between, start_s=start_s, end_s=end_s, slew_c_per_s=slew_c_per_s)
    edges = np.zeros(len(series))
    outer = holes.side != Side.BETWEEN
    np.maximum.at(edges, holes.series[outer], holes.length_s[outer])
    return Steps(
        seam=seam,
        readings=np.diff(series.first),
        min_c=minimum,
        max_c=maximum,
        mean_c=np.divide(warmth, seen, out=np.full_like(seen, np.nan), where=seen > 0),
        mkt_c=np.full(len(series), np.nan)
        if activation_energy_j_per_mol is None
        else mean_kinetic_temperature(
            rate, known_s=seen, activation_energy_j_per_mol=activation_energy_j_per_mol
        ),
        seen_s=seen,
        longest_s=np.maximum(longest, edges),
        surely_max_c=_surely(np.maximum, series.low_c, series, maximum),
        surely_min_c=_surely(np.minimum, series.high_c, series, minimum),
        holes=holes,
    )


def _surely(extreme: np.ufunc, value: FloatArray, series: Series, plain: FloatArray) -> FloatArray:
    """Extreme of the value that holds whichever of two conflicting readings is true."""
    if series.low_c is series.high_c or plain.size == 0:
        return plain
    surely: FloatArray = extreme.reduceat(value, series.first[:-1])
    return surely


def runs_of_rows(first: IntArray, rows: int) -> list[tuple[int, int]]:
    """Runs start:stop of whole owners of about `rows` rows each, at least one owner a run.

    first : (s + 1,) owner i has rows first[i]:first[i+1].
    """
    runs, start, owners = list[tuple[int, int]](), 0, first.size - 1
    while start < owners:
        stop = int(np.searchsorted(first, first[start] + rows, "right")) - 1
        stop = min(max(stop, start + 1), owners)
        runs.append((start, stop))
        start = stop
    return runs or [(0, 0)]


def _dense(
    series: Series,
    seam: NDArray[np.bool_],
    start: int,
    stop: int,
    activation_energy_j_per_mol: float | None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """What needs every row of series start:stop: lowest and highest value, the integrals of
    value and of ageing rate over known time, and the longest step. Marks holes in `seam`.

    All columns of one call fit the processor's cache; this is where the time goes.
    """
    begin, end = int(series.first[start]), int(series.first[stop])
    if begin == end:
        nothing = np.zeros(stop - start)
        return nothing, nothing, nothing, nothing, nothing
    starts = series.first[start:stop] - begin
    time_s, low, high = series.time_s[begin:end], series.low_c[begin:end], series.high_c[begin:end]
    step = np.empty(end - begin)
    np.subtract(time_s[1:], time_s[:-1], out=step[1:])
    step[starts] = 0.0
    unknown = series.unknown(step, slice(begin, end))
    unknown[starts] = False
    longest = np.maximum.reduceat(step, starts)
    hole = np.flatnonzero(unknown)
    if hole.size:
        seam[begin + hole] = True
        step[hole] = 0.0
    weight = step  # twice the known time that each reading stands for
    weight[:-1] += step[1:]
    value = low if low is high or series.low_c is series.high_c else (low + high) / 2
    rate = np.zeros_like(value)
    if activation_energy_j_per_mol is not None:
        rate = ageing_rate(value, activation_energy_j_per_mol=activation_energy_j_per_mol)
        rate *= weight
    weight *= value
    return (
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(high, starts),
        np.add.reduceat(weight, starts) / 2,
        np.add.reduceat(rate, starts) / 2,
        longest,
    )


def _holes(
    series: Series,
    between: IntArray,
    *,
    start_s: FloatArray,
    end_s: FloatArray,
    slew_c_per_s: FloatArray,
) -> Holes:
    first, last = series.first[:-1], series.first[1:] - 1
    before = np.flatnonzero(series.time_s[first] > start_s)
    after = np.flatnonzero(series.time_s[last] < end_s)
    inner = np.searchsorted(series.first, between, "right") - 1
    owner = np.concatenate([before, inner, after])
    left = np.concatenate([first[before], between - 1, last[after]])
    right = np.concatenate([first[before], between, last[after]])
    side = np.repeat([Side.BEFORE, Side.BETWEEN, Side.AFTER], [before.size, inner.size, after.size])
    # BEFORE sorts before, AFTER after the holes between readings of the same series.
    order = np.lexsort((left, np.choose(side, [1, 0, 2]), owner))
    owner, left, right, side = owner[order], left[order], right[order], side[order]
    begin = np.where(side == Side.BEFORE, start_s[owner], series.time_s[left])
    end = np.where(side == Side.AFTER, end_s[owner], series.time_s[right])
    low0, high0 = series.low_c[left], series.high_c[left]
    low1, high1 = series.low_c[right], series.high_c[right]
    length, slew = end - begin, slew_c_per_s[owner]
    open_side = side != Side.BETWEEN
    slew_up = np.where(open_side, slew, steepest(start=high0, end=high1, length=length, slew=slew))
    slew_down = np.where(open_side, slew, steepest(start=low0, end=low1, length=length, slew=slew))
    allowed = series.allowed_s
    return Holes(
        first=np.searchsorted(owner, np.arange(len(series) + 1)),
        series=owner,
        side=side,
        left=left,
        right=right,
        start_s=begin,
        end_s=end,
        low0_c=low0,
        high0_c=high0,
        low1_c=low1,
        high1_c=high1,
        allowed_s=np.full(owner.size, allowed) if isinstance(allowed, float) else allowed[right],
        counted=np.zeros(owner.size, dtype=np.int64)
        if series.missing is None
        else (series.missing[right] & ~open_side).astype(np.int64),
        slew_up=slew_up,
        slew_down=slew_down,
        highest_c=np.where(
            open_side,
            high0 + slew * length,
            highest_between(start=high0, end=high1, length=length, slew=slew_up),
        ),
        lowest_c=np.where(
            open_side,
            low0 - slew * length,
            -highest_between(start=-low0, end=-low1, length=length, slew=slew_down),
        ),
    )
