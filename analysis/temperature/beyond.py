"""Time beyond levels for many series at once: known, least and most."""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.bounds import (
    least_beyond,
    linear_area_beyond,
    linear_time_beyond,
    most_beyond,
)
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.steps import Holes, Side, Steps
from coldwitness.analysis.temperature.lag import Rates, Shift, rates_of
from coldwitness.analysis.temperature.uncertainty import Level
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import FloatArray, IntArray


@dataclass(frozen=True)
class BeyondTimes:
    """(l,) one a line of (series, level).

    least_s : surely beyond limit and uncertainty, whatever happened unseen.
    known_s, area_c_s : time and degrees times time beyond the limit itself in known time.
    could_s : known_s and what the slew cones from the readings allow beyond the limit itself.
    most_s : possibly beyond the limit less the uncertainty.
    """

    least_s: FloatArray
    known_s: FloatArray
    area_c_s: FloatArray
    could_s: FloatArray
    most_s: FloatArray


def times_beyond(series: Series, steps: Steps, line_series: IntArray, level: Level) -> BeyondTimes:
    """Time of each line's series beyond its level. Lines whose readings and unseen time stay
    inside are not looked at row by row.

    Where the probe lags, the drug was ahead of its readings at most, and behind them at least, by
    the lag times their rate (`analysis.temperature.lag`): the most and the least are counted by
    that; the known time, and what the verdict asks of unseen time, by the readings themselves.

    line_series : (l,) series of each line; `level` and the result (l,) [s, °C s].
    """
    n = line_series.size
    least, known, area, could, most = (np.zeros(n) for _ in range(5))
    if n == 0:
        return BeyondTimes(least, known, area, could, most)
    up = level.sign > 0
    extreme = np.where(up, steps.max_c[line_series], -steps.min_c[line_series])
    bar = level.sign * level.possible
    rates = rates_of(series, steps) if np.any(level.lag_s > 0) else None
    if rates is not None:
        fastest = np.where(up, rates.most_rise[line_series], rates.most_fall[line_series])
        bar = bar - level.lag_s * fastest
    touched = np.flatnonzero(extreme > bar)
    if touched.size:
        bar = bar[touched]
        line, row = rows_near(series, line_series[touched], sign=level.sign[touched], bar=bar)
        at = take(level, touched[line])
        length = known_length_s(series, steps, row)
        start, end = _signed(series, row - 1, at.sign), _signed(series, row, at.sign)
        limit = at.sign * at.nominal

        def total(amount: FloatArray) -> FloatArray:
            return np.bincount(line, weights=amount, minlength=touched.size).astype(np.float64)

        known[touched] = total(
            linear_time_beyond(start=start[1], end=end[1], length=length, level=limit)
        )
        area[touched] = total(
            linear_area_beyond(start=start[1], end=end[1], length=length, level=limit)
        )
        certain, possible = at.sign * at.certain, at.sign * at.possible
        if rates is not None:
            shift = rates.shift_c(row, sign=at.sign, lag_s=at.lag_s)
            certain, possible = certain + shift.behind_c, possible - shift.ahead_c
        least[touched] = total(
            linear_time_beyond(start=start[0], end=end[0], length=length, level=certain)
        )
        most[touched] = total(
            linear_time_beyond(start=start[1], end=end[1], length=length, level=possible)
        )
    could += known
    _add_holes(steps.holes, line_series, level, rates, least=least, could=could, most=most)
    return BeyondTimes(least, known, area, could, most)


def rows_near(
    series: Series, line_series: IntArray, *, sign: FloatArray, bar: FloatArray
) -> tuple[IntArray, IntArray]:
    """Line and row of all readings beyond a bar, in the direction `sign`, and of the readings
    beside them; the others need not be looked at.

    line_series, sign, bar : (l,), bar in °C. Both (k,).
    """
    line, row = expanded(first=series.first[line_series], end=series.first[line_series + 1])
    counts = np.diff(series.first)[line_series]
    signs = np.repeat(sign, counts)
    beyond = _signed(series, row, signs)[1] > np.repeat(bar, counts)
    near = beyond.copy()
    near[1:] |= beyond[:-1]
    near[:-1] |= beyond[1:]
    kept = np.flatnonzero(near)
    return line[kept], row[kept]


def known_length_s(series: Series, steps: Steps, row: IntArray) -> FloatArray:
    """Length of the known step that ends at each row, 0 where there is none.

    row : (k,). Result (k,) [s].
    """
    length: FloatArray = series.time_s[row] - series.time_s[row - 1]
    length[steps.seam[row]] = 0.0
    return length


def _signed(series: Series, row: IntArray, sign: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least and greatest value of the rows in the level's direction."""
    if series.low_c is series.high_c:
        value = sign * series.low_c[row]
        return value, value
    low, high = sign * series.low_c[row], sign * series.high_c[row]
    return np.minimum(low, high), np.maximum(low, high)


def _add_holes(
    holes: Holes,
    line_series: IntArray,
    level: Level,
    rates: Rates | None,
    *,
    least: FloatArray,
    could: FloatArray,
    most: FloatArray,
) -> None:
    """Add to each line's sums what fits into the unseen time of its series."""
    line, hole = expanded(first=holes.first[line_series], end=holes.first[line_series + 1])
    up = level.sign[line] > 0
    reach = np.where(up, holes.highest_c[hole], -holes.lowest_c[hole])
    shift = _shift_at(holes, hole, take(level, line), rates)
    near = reach > (level.sign * level.possible)[line] - shift.ahead_c
    if not near.any():
        return
    line, hole, up = line[near], hole[near], up[near]
    at = take(level, line)
    certain = at.sign * at.certain + shift.behind_c[near]
    possible = at.sign * at.possible - shift.ahead_c[near]
    edge = holes.side[hole] != Side.BETWEEN
    length = holes.length_s[hole]
    slew = np.where(up, holes.slew_up[hole], holes.slew_down[hole])
    surely0 = np.where(up, holes.low0_c[hole], -holes.high0_c[hole])
    surely1 = np.where(up, holes.low1_c[hole], -holes.high1_c[hole])
    maybe0 = np.where(up, holes.high0_c[hole], -holes.low0_c[hole])
    maybe1 = np.where(up, holes.high1_c[hole], -holes.low1_c[hole])
    surely1, maybe1 = np.where(edge, -np.inf, surely1), np.where(edge, np.inf, maybe1)
    surely = least_beyond(start=surely0, end=surely1, length=length, level=certain, slew=slew)
    could_be = most_beyond(
        start=maybe0, end=maybe1, length=length, level=at.sign * at.nominal, slew=slew
    )
    at_most = most_beyond(start=maybe0, end=maybe1, length=length, level=possible, slew=slew)
    least += np.bincount(line, weights=surely, minlength=least.size)
    could += np.bincount(line, weights=could_be, minlength=least.size)
    most += np.bincount(line, weights=at_most, minlength=least.size)


def _shift_at(holes: Holes, hole: IntArray, at: Level, rates: Rates | None) -> Shift:
    """How far the drug may have been from the readings at both sides of holes: the readings may
    have been about to change as fast as the box can, or as they were seen to beside the hole."""
    if rates is None:
        return Shift(np.zeros(hole.size), np.zeros(hole.size))
    left, right = holes.left[hole], holes.right[hole]
    rise = np.maximum(np.maximum(rates.rise[left], rates.rise[right]), holes.slew_up[hole])
    fall = np.maximum(np.maximum(rates.fall[left], rates.fall[right]), holes.slew_down[hole])
    up = at.sign > 0
    return Shift(at.lag_s * np.where(up, rise, fall), at.lag_s * np.where(up, fall, rise))
