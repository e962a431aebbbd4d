"""What readings, uncertainty and unseen time say about a pair of limits."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.steps import Steps
from coldwitness.analysis.temperature.beyond import BeyondTimes, times_beyond
from coldwitness.analysis.temperature.episodes import episodes_beyond
from coldwitness.analysis.temperature.uncertainty import Level
from coldwitness.config.numbers import Numbers
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import Status


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
        """(l,) least time out of range on both sides [s]."""
        return self.above.least_s + self.below.least_s

    @property
    def most_s(self) -> FloatArray:
        """(l,) longest time out of range on both sides [s]."""
        return self.above.most_s + self.below.most_s


def judge_ranges(
    series: Series,
    steps: Steps,
    line_series: IntArray,
    *,
    high: Level,
    low: Level,
    numbers: Numbers,
) -> RangeLines:
    """Breach where a reading lies beyond limit and uncertainty; insufficient evidence where one
    lies beyond the limit, or unseen time could; with a tolerance, where the least or the
    possible time out of range exceeds it.

    The rules may tolerate a time out of range in sum, or a single and a total time of each side.

    line_series : (l,) series of each line; high, low and the result (l,).
    """
    above = times_beyond(series, steps, line_series, high)
    below = times_beyond(series, steps, line_series, low)
    hottest, coldest = (extreme[line_series] for extreme in reach(steps, len(series)))
    could_above, could_below = hottest > high.nominal, coldest < low.nominal
    most_c = numbers.above_tolerated_up_to_c
    over, over_may = _untolerated(
        series,
        steps,
        line_series,
        high,
        above,
        surely=steps.surely_max_c[line_series] > high.certain,
        could=could_above,
        single_s=numbers.above_single_tolerance_s,
        total_s=numbers.above_total_tolerance_s,
    )
    error_c = np.zeros_like(high.nominal)
    np.subtract(high.certain, high.nominal, out=error_c, where=np.isfinite(high.nominal))
    over |= steps.surely_max_c[line_series] > np.maximum(high.certain, most_c + error_c)
    over_may |= could_above & (hottest > most_c)
    under, under_may = _untolerated(
        series,
        steps,
        line_series,
        low,
        below,
        surely=steps.surely_min_c[line_series] < low.certain,
        could=could_below,
        single_s=numbers.below_single_tolerance_s,
        total_s=numbers.below_total_tolerance_s,
    )
    surely, could = over | under, over_may | under_may
    in_sum_s = numbers.out_of_range_tolerance_s
    if in_sum_s > 0:
        could &= above.could_s + below.could_s > in_sum_s
        surely &= above.least_s + below.least_s > in_sum_s
    tolerated = (could_above | could_below) & ~could
    status = np.full(line_series.size, Status.COMPLIANT, dtype=np.int8)
    status[could] = Status.INSUFFICIENT_EVIDENCE
    status[surely] = Status.BREACH
    return RangeLines(status, above, below, tolerated)


def _untolerated(
    series: Series,
    steps: Steps,
    line_series: IntArray,
    level: Level,
    times: BeyondTimes,
    *,
    surely: NDArray[np.bool_],
    could: NDArray[np.bool_],
    single_s: float,
    total_s: float,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the time beyond a level surely, and whether it possibly, exceeds what is tolerated.

    The longest single stay is known from below by the longest known stay beyond limit and
    uncertainty. From above it is the longest known stay beyond the limit where no unseen time
    could add to it, else all possible time together: whether two stays with a hole between them
    were one, nobody saw.
    """
    some = np.flatnonzero(could)
    if single_s <= 0 or total_s <= 0 or some.size == 0:
        return surely, could
    most_s = times.could_s.copy()
    closed = some[times.could_s[some] <= times.known_s[some]]
    most_s[closed] = _longest_stay_s(series, steps, line_series[closed], take(level, closed))
    beyond = take(level, some)
    least_s = np.zeros(line_series.size)
    least_s[some] = _longest_stay_s(
        series, steps, line_series[some], replace(beyond, nominal=beyond.certain)
    )
    least_s = np.minimum(least_s, times.least_s)  # less where the probe lags
    exceeds = surely & ((times.least_s > total_s) | (least_s > single_s))
    may_exceed = could & ((times.could_s > total_s) | (most_s > single_s))
    return exceeds, exceeds | may_exceed


def _longest_stay_s(
    series: Series, steps: Steps, line_series: IntArray, level: Level
) -> FloatArray:
    """(l,) longest known time without a break beyond each line's level."""
    if line_series.size == 0:
        return np.zeros(0)
    episodes = episodes_beyond(
        series, steps, line_series, level, join_within_s=0.0, demanded_s=np.inf
    )
    longest = np.zeros(line_series.size)
    np.maximum.at(longest, episodes.line, episodes.end_s - episodes.start_s)
    return longest


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
