"""A sensor that stops moving though its noise goes on before and after.

How long a stretch of equal readings may be is not a fixed time. It follows from the sensor: its
noise σ on its grid q gives one and the same reading at most with the chance of the middle of a
grid step, erf(q / (2√2 σ)), and m readings in a row at most with the m-th power of that.
"""

from math import erf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.findings import FindingTable, finding_table
from analysis.series import Series
from domain.tracks import FloatArray, IntArray
from domain.words import Certainty, FindingType, Severity

CHANCE = 1e-6
"""A stretch is told if the series would hold one like it by chance less often than this."""
HELD_MIN_S = 900.0
"""Shorter stretches are not told, however unlikely: they hide less than a few permitted
recording intervals, and a logger may well repeat a value while it measures."""
STEPS_MIN = 8
SIDE = 60
"""Readings of each side from which the noise is taken: near enough that it is the noise of that
part of the trip."""
SIDE_MIN = 16
MOVES_MIN = 8
"""Fewest readings, and changes among them, from which noise is estimated; a side with fewer
readings says nothing, one with fewer changes that there is none."""
RESTLESS = 1 / 3
"""Least share of a side's steps at which the reading changes; a shortcut, not a criterion."""
TURNS_MIN = 0.4
"""Least share of a side's changes that turn back: two in three of pure noise do, none of a curve
that only rises. What moves without turning back is the temperature, and it may come to rest."""
UNMIXED_CODES = 4
"""A side that spans fewer grid steps than this may sit on the edge between two of them, where
the least noise flickers by half a step; that much is then taken off its variance."""


def stuck_findings(series: Series) -> FindingTable:
    """Stretches of equal readings that the noise of the sensor before and after excludes.

    Where it does not show noise on its grid nothing is told: whether a curve that never moves,
    or one on a coarse grid, is a sensor's at all cannot be seen in it.
    """
    owner = series.owner
    equal = np.zeros(series.time_s.size, dtype=np.bool_)
    equal[1:] = (series.low_c[1:] == series.low_c[:-1]) & (owner[1:] == owner[:-1])
    edge = np.diff(np.concatenate([[0], equal.astype(np.int8), [0]]))
    begin, end = np.flatnonzero(edge == 1) - 1, np.flatnonzero(edge == -1) - 1
    long = (end - begin >= STEPS_MIN) & (series.time_s[end] - series.time_s[begin] >= HELD_MIN_S)
    begin, end = begin[long], end[long]
    j = owner[begin]
    first, last = series.first[j], series.first[j + 1]
    left, right = np.maximum(begin - SIDE, first), np.minimum(end + 1 + SIDE, last)
    some = np.flatnonzero(_restless(equal, left, begin) & _restless(equal, end + 1, right))
    bound = np.full(begin.size, np.inf)
    for i in some:
        sides = [
            series.low_c[part]
            for part in (slice(left[i], begin[i]), slice(end[i] + 1, right[i]))
            if part.stop - part.start >= SIDE_MIN
        ]
        rows, steps = int(last[i] - first[i]), int(end[i] - begin[i])
        bound[i] = log(rows) + steps * _log_chance(sides)
    stuck = np.flatnonzero(bound < log(CHANCE))
    j, names = j[stuck], np.array([*series.probes, ""])
    return finding_table(
        shipment=series.shipment[j],
        type=FindingType.STUCK,
        start_s=series.time_s[begin[stuck]],
        end_s=series.time_s[end[stuck]],
        certainty=Certainty.PROBABLE,
        severity=Severity.MINOR,
        probe=names[series.probe[j]],
        measures={
            "logger_number": series.logger[j].astype(np.float64),
            "readings": (end - begin + 1)[stuck].astype(np.float64),
            "value_c": series.low_c[begin[stuck]],
            "restless_share": _share(equal, left, begin, end, right)[stuck],
        },
    )


def _log_chance(sides: list[FloatArray]) -> float:
    """Logarithm of the greatest chance that noise as in the readings of both sides, wherever the
    true temperature lies in a grid step, leaves the next reading as it is; 0 without noise.

    The noise is the mean of the sides', but no more than twice the quieter one's variance.
    """
    seen = [_noise(side) for side in sides]
    if not seen or any(variance <= 0 for variance, _, _ in seen):
        return 0.0
    grid_c = min(grid for _, grid, _ in seen)
    variance = min(float(np.mean([one[0] for one in seen])), 2 * min(one[0] for one in seen))
    variance *= 1 - 1 / sqrt(sum(len(side) for side in sides))
    mixed = max(span for _, _, span in seen) >= (UNMIXED_CODES - 0.5) * grid_c
    noise = variance - grid_c**2 / (12 if mixed else 4)
    return log(erf(grid_c / (2 * sqrt(2 * noise)))) if noise > 0 else 0.0


def _noise(value: FloatArray) -> tuple[float, float, float]:
    """Variance of the noise with that of the rounding, grid step, and span of these readings;
    a variance of 0 where the readings only follow the temperature.

    From second differences, which know no drift, their outliers drawn in.
    """
    change = np.diff(value)
    moves = change[np.abs(change) > 1e-6]
    if moves.size < MOVES_MIN or np.mean((moves[1:] > 0) != (moves[:-1] > 0)) < TURNS_MIN:
        return 0.0, np.inf, 0.0
    bend = np.abs(np.diff(change))
    ceiling = 3 * 1.4826 * float(np.median(bend))
    variance = float(np.mean(np.minimum(bend, ceiling) ** 2)) / 6
    return variance, float(np.abs(moves).min()), float(np.ptp(value))


def _restless(equal: NDArray[np.bool_], start: IntArray, stop: IntArray) -> NDArray[np.bool_]:
    """Whether rows start:stop move often enough to be looked at, or are too few to say."""
    count = stop - start
    moved = count - _equal_within(equal, start, stop)
    quiet: NDArray[np.bool_] = (count >= SIDE_MIN) & (moved < RESTLESS * count)
    return ~quiet


def _share(
    equal: NDArray[np.bool_], left: IntArray, begin: IntArray, end: IntArray, right: IntArray
) -> FloatArray:
    """Share of the steps of both sides at which the reading changed."""
    count = (begin - left) + (right - end - 1)
    still = _equal_within(equal, left, begin) + _equal_within(equal, end + 1, right)
    return np.asarray((count - still) / np.maximum(count, 1))


def _equal_within(equal: NDArray[np.bool_], start: IntArray, stop: IntArray) -> IntArray:
    total = np.concatenate([[0], np.cumsum(equal)])
    return np.asarray(total[np.maximum(stop, start)] - total[start])
