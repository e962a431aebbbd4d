"""What readings, uncertainty and unseen time say about a pair of limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.beyond import BeyondTimes, times_beyond
from analysis.series import Series
from analysis.steps import Steps
from analysis.uncertainty import Level
from domain.tracks import CodeArray, FloatArray, IntArray
from domain.words import Status


@dataclass(frozen=True)
class RangeLines:
    """(l,) one a line of (series, lower and upper limit).

    status : Status of the line by its readings and what the slew cones allow.
    beyond, below : times above the upper and below the lower limit.
    tolerated : something is or may be out of range, all of it within the tolerated time.
    """

    status: CodeArray
    above: BeyondTimes
    below: BeyondTimes
    tolerated: NDArray[np.bool_]

    @property
    def least_s(self) -> FloatArray:
        return self.above.least_s + self.below.least_s

    @property
    def most_s(self) -> FloatArray:
        return self.above.most_s + self.below.most_s


def judge_ranges(
    series: Series,
    steps: Steps,
    line_series: IntArray,
    *,
    high: Level,
    low: Level,
    tolerance_s: float,
) -> RangeLines:
    """Breach where a reading lies beyond limit and uncertainty; insufficient evidence where one
    lies beyond the limit, or unseen time could; with a tolerance, where the least or the
    possible time out of range exceeds it."""
    above = times_beyond(series, steps, line_series, high)
    below = times_beyond(series, steps, line_series, low)
    surely = (steps.surely_max_c[line_series] > high.certain) | (
        steps.surely_min_c[line_series] < low.certain
    )
    hottest, coldest = reach(steps, len(series))
    could = (hottest[line_series] > high.nominal) | (coldest[line_series] < low.nominal)
    tolerated = np.zeros(line_series.size, dtype=np.bool_)
    if tolerance_s > 0:
        tolerated = could & (above.could_s + below.could_s <= tolerance_s)
        surely &= above.least_s + below.least_s > tolerance_s
        could &= ~tolerated
    status = np.full(line_series.size, Status.COMPLIANT, dtype=np.int8)
    status[could] = Status.INSUFFICIENT_EVIDENCE
    status[surely] = Status.BREACH
    return RangeLines(status, above, below, tolerated)


def reach(steps: Steps, count: int) -> tuple[FloatArray, FloatArray]:
    """(m,) highest and lowest temperature that readings and unseen time allow."""
    hottest, coldest = steps.max_c.copy(), steps.min_c.copy()
    holes = steps.holes
    some = np.flatnonzero(np.diff(holes.first))
    if some.size:
        starts = holes.first[:-1][some]
        hottest[some] = np.maximum(hottest[some], np.maximum.reduceat(holes.highest_c, starts))
        coldest[some] = np.minimum(coldest[some], np.minimum.reduceat(holes.lowest_c, starts))
    return hottest, coldest
