"""What a probe that lags leaves open: how far the drug may have been from its readings.

A probe follows the drug as dp/dt = (T - p) / tau. Whoever knows its readings p and that tau is at
most its stated response time knows that T = p + tau dp/dt lies between p and p + lag dp/dt: ahead
of a rising reading, behind a falling one. The rate is that of the steepest known step among the
one looked at and its neighbours, because within a step the readings do not show when it changed;
beside a hole it is at least the slew limit.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.steps import Steps
from coldwitness.domain.tracks import FloatArray, IntArray


@dataclass(frozen=True)
class Rates:
    """How fast readings rise and fall [C/s], not below 0. rise, fall : (k,) about the known step
    that ends at each row. most_rise, most_fall : (m,) the greatest of each series."""

    rise: FloatArray
    fall: FloatArray
    most_rise: FloatArray
    most_fall: FloatArray

    def shift_c(self, row: IntArray, *, sign: FloatArray, lag_s: FloatArray) -> "Shift":
        """What the drug may have been ahead of and behind the readings of the steps that end at
        `row`, in the direction `sign`.

        row : (k,). sign : (k,) 1 or -1. lag_s : (k,) time constant [s]. Result (k,) [°C]: lag times
        rate.
        """
        up = sign > 0
        rise, fall = self.rise[row], self.fall[row]
        return Shift(lag_s * np.where(up, rise, fall), lag_s * np.where(up, fall, rise))


@dataclass(frozen=True)
class Shift:
    """Degrees beyond (ahead_c) and short of (behind_c) the readings, not below 0."""

    ahead_c: FloatArray
    behind_c: FloatArray


def rates_of(series: Series, steps: Steps) -> Rates:
    """Rates of all rows. Two conflicting values of one instant count as whichever is steeper."""
    length = np.diff(series.time_s, prepend=0.0)
    length[steps.seam] = np.inf
    length[length <= 0] = np.inf
    low, high = series.low_c, series.high_c
    rise, fall = np.zeros(length.size), np.zeros(length.size)
    rise[1:] = np.maximum(high[1:] - low[:-1], 0.0) / length[1:]
    fall[1:] = np.maximum(high[:-1] - low[1:], 0.0) / length[1:]
    rise, fall = _with_neighbours(rise, steps), _with_neighbours(fall, steps)
    holes = steps.holes
    after = np.minimum(holes.right + 1, rise.size - 1)
    known = np.flatnonzero(~steps.seam[after])
    for rate, slew in ((rise, holes.slew_up), (fall, holes.slew_down)):
        np.maximum.at(rate, holes.left, slew)
        np.maximum.at(rate, after[known], slew[known])
    starts = series.first[:-1]
    return Rates(
        rise=rise,
        fall=fall,
        most_rise=np.maximum.reduceat(rise, starts) if starts.size else rise,
        most_fall=np.maximum.reduceat(fall, starts) if starts.size else fall,
    )


def _with_neighbours(rate: FloatArray, steps: Steps) -> FloatArray:
    """The greatest of each step's own rate and those of the known steps before and after it. A
    row without a known step has rate 0 itself and that of the known step beginning there."""
    widest = rate.copy()
    linked = ~steps.seam[1:]
    np.maximum(widest[1:], np.where(linked, rate[:-1], 0.0), out=widest[1:])
    np.maximum(widest[:-1], np.where(linked, rate[1:], 0.0), out=widest[:-1])
    return widest
