"""Judged time cut into stretches, each in one state."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray


class TimeState(IntEnum):
    """What is known of a stretch of time; of several that hold, the greatest is told."""

    IN = 0
    RECORDED = 1
    """Measured where no range is asked: a probe without limits of its own."""
    DOUBTFUL = 2
    """Beyond a limit, but not by more than the sensor's uncertainty."""
    OUT = 3
    UNSEEN = 4


_PAINTED = (TimeState.DOUBTFUL, TimeState.OUT, TimeState.UNSEEN)


@dataclass(frozen=True)
class TimeStates:
    """(t,) stretches by series, then time; those of a series fill its window without a gap, and
    two neighbours differ in `state` (code of TimeState)."""

    series: IntArray
    start_s: FloatArray
    end_s: FloatArray
    state: CodeArray


def time_states(
    *,
    start_s: FloatArray,
    end_s: FloatArray,
    base: CodeArray,
    series: IntArray,
    from_s: FloatArray,
    to_s: FloatArray,
    state: CodeArray,
) -> TimeStates:
    """Windows of m series cut by p painted intervals.

    start_s, end_s, base : (m,) each window [UTC epoch s; NaN: there is none] and the state of what
    nothing is painted on. series, from_s, to_s, state : (p,) DOUBTFUL, OUT or UNSEEN time of a
    series; what lies outside its window is cut off. Times are taken to the millisecond, as they
    are told, so that the stretches told add up to the window told.
    """
    start_s, end_s = np.round(start_s, 3), np.round(end_s, 3)
    from_s = np.clip(np.round(from_s, 3), start_s[series], end_s[series])
    to_s = np.clip(np.round(to_s, 3), start_s[series], end_s[series])
    every, kept = np.flatnonzero(end_s > start_s), np.flatnonzero(to_s > from_s)
    series, from_s, to_s, state = series[kept], from_s[kept], to_s[kept], state[kept]
    owner = np.concatenate([every, every, series, series])
    time_s = np.concatenate([start_s[every], end_s[every], from_s, to_s])
    order = np.lexsort((time_s, owner))
    owner, time_s = owner[order], time_s[order]
    told = base[owner]
    for painted in _PAINTED:
        step = np.zeros(owner.size, dtype=np.int64)
        ours = np.concatenate([np.zeros(2 * every.size, np.bool_), np.tile(state == painted, 2)])
        step[ours] = np.repeat([1, -1], np.count_nonzero(ours) // 2)
        told = np.where(np.cumsum(step[order]) > 0, painted, told)
    lasting = np.flatnonzero((owner[1:] == owner[:-1]) & (time_s[1:] > time_s[:-1]))
    owner, begin_s, told = owner[lasting], time_s[lasting], told[lasting]
    until_s = time_s[lasting + 1]
    lead = np.flatnonzero(
        np.r_[np.ones(min(owner.size, 1), np.bool_), np.diff(owner) != 0]
        | np.r_[np.zeros(min(owner.size, 1), np.bool_), np.diff(told) != 0]
    )
    tail = np.append(lead[1:], owner.size) - 1 if lead.size else lead
    return TimeStates(owner[lead], begin_s[lead], until_s[tail], told[lead].astype(np.int8))
