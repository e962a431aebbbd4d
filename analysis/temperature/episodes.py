"""Episodes out of range: where they begin and end, how far and how long."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.bounds import linear_area_beyond
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.steps import Steps
from coldwitness.analysis.temperature.beyond import known_length_s, rows_near
from coldwitness.analysis.temperature.uncertainty import Level
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import FloatArray, IntArray


@dataclass(frozen=True)
class Episodes:
    """(e,) by line, then time.

    start_s, end_s : interpolated crossings of the limit; at a hole or the window's edge the
        first or last reading beyond it. peak_c at peak_s : the furthest reading.
    certain : a reading lies beyond the limit by more than the uncertainty.
    area_c_s : degrees times seconds beyond the limit. readings : how many lie beyond it.
    slow_steps, slowest_s, slow_from_s, slow_to_s : known steps that begin beyond the limit and
        are longer than demanded there: how many, the longest, the first start and last end.
    open_start, open_end : the episode was under way when the readings began or ended there.
    """

    line: IntArray
    start_s: FloatArray
    end_s: FloatArray
    peak_c: FloatArray
    peak_s: FloatArray
    certain: NDArray[np.bool_]
    area_c_s: FloatArray
    readings: IntArray
    slow_steps: IntArray
    slowest_s: FloatArray
    slow_from_s: FloatArray
    slow_to_s: FloatArray
    open_start: NDArray[np.bool_]
    open_end: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.line.size)


_NUMBER, _WHOLE, _FLAG = np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
_NO_EPISODES = Episodes(
    line=_WHOLE,
    start_s=_NUMBER,
    end_s=_NUMBER,
    peak_c=_NUMBER,
    peak_s=_NUMBER,
    certain=_FLAG,
    area_c_s=_NUMBER,
    readings=_WHOLE,
    slow_steps=_WHOLE,
    slowest_s=_NUMBER,
    slow_from_s=_NUMBER,
    slow_to_s=_NUMBER,
    open_start=_FLAG,
    open_end=_FLAG,
)


def episodes_beyond(
    series: Series,
    steps: Steps,
    line_series: IntArray,
    level: Level,
    *,
    join_within_s: float,
    demanded_s: float,
) -> Episodes:
    """Episodes of each line's series beyond its level.

    Two episodes parted by less than `join_within_s` of known time inside are one; over a hole
    they never are, because nothing shows that the heat went on. `demanded_s` : longest step
    demanded while out of range.

    line_series : (l,) series of each line; `level` (l,). Columns (e,).
    """
    extreme = np.where(level.sign > 0, steps.max_c[line_series], -steps.min_c[line_series])
    touched = np.flatnonzero(extreme > level.sign * level.nominal)
    if touched.size == 0:
        return _NO_EPISODES
    bar = (level.sign * level.nominal)[touched]
    line, row = rows_near(series, line_series[touched], sign=level.sign[touched], bar=bar)
    at = take(level, touched[line])
    low, high = at.sign * series.low_c[row], at.sign * series.high_c[row]
    surely, maybe = np.minimum(low, high), np.maximum(low, high)
    limit = bar[line]
    time, known = series.time_s[row], known_length_s(series, steps, row)
    linked = ~steps.seam[row]  # a known step leads here from the row before
    linked[:1] = False
    linked[1:] &= (row[1:] == row[:-1] + 1) & (line[1:] == line[:-1])
    out = maybe > limit
    begins, ends = _runs(out, linked)
    crossed_in = linked[begins]
    start = time[begins] - np.where(
        crossed_in, known[begins] * _share(maybe, limit, begins, begins - 1), 0.0
    )
    after = np.minimum(ends + 1, row.size - 1)
    crossed_out = (ends + 1 < row.size) & linked[after]
    end = time[ends] + np.where(crossed_out, known[after] * _share(maybe, limit, ends, after), 0.0)
    before = np.maximum(np.arange(row.size) - 1, 0)
    area = np.where(
        linked,
        linear_area_beyond(start=maybe[before], end=maybe, length=known, level=limit),
        0.0,
    )
    joins = np.zeros(begins.size, dtype=np.bool_)
    joins[1:] = (line[begins[1:]] == line[ends[:-1]]) & (start[1:] - end[:-1] < join_within_s)
    close = np.flatnonzero(joins)
    seams = np.flatnonzero(steps.seam)
    parted = np.searchsorted(seams, row[begins[close]], "right") != np.searchsorted(
        seams, row[ends[close - 1]], "right"
    )
    joins[close[parted]] = False
    lead = np.flatnonzero(~joins)
    tail = np.append(lead[1:], begins.size) - 1 if lead.size else lead
    a, b = begins[lead], ends[tail]
    episode, inner = expanded(first=a, end=b + 1)
    opening = np.cumsum(b + 1 - a) - (b + 1 - a)
    peak = _peaks(maybe[inner], episode, opening)
    slow = np.zeros(row.size)  # length of a too long step that begins beyond the limit here
    slow[:-1] = known[1:] * (out[:-1] & linked[1:] & (known[1:] > demanded_s))
    slow = slow[inner]
    slow_begin = np.where(slow > 0, time[inner], np.inf)
    slow_end = np.where(slow > 0, time[inner] + slow, -np.inf)
    return Episodes(
        line=touched[line[a]],
        start_s=start[lead],
        end_s=end[tail],
        peak_c=(at.sign[inner] * maybe[inner])[peak],
        peak_s=time[inner][peak],
        certain=_any((surely > at.sign * at.certain)[inner], opening),
        # Summed within each episode alone: a running sum would carry others' rounding into it.
        area_c_s=(np.add.reduceat(area[inner], opening) if a.size else np.zeros(0))
        + area[after[tail]] * crossed_out[tail],
        readings=np.bincount(episode[out[inner]], minlength=a.size),
        slow_steps=np.bincount(episode[slow > 0], minlength=a.size),
        slowest_s=np.maximum.reduceat(slow, opening) if a.size else slow,
        slow_from_s=np.minimum.reduceat(slow_begin, opening) if a.size else slow,
        slow_to_s=np.maximum.reduceat(slow_end, opening) if a.size else slow,
        open_start=~crossed_in[lead],
        open_end=~crossed_out[tail],
    )


def _runs(out: NDArray[np.bool_], linked: NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """First and last row of each stretch of rows beyond the limit joined by known steps."""
    goes_on = np.zeros(out.size + 1, dtype=np.bool_)
    goes_on[1:-1] = out[1:] & out[:-1] & linked[1:]
    return np.flatnonzero(out & ~goes_on[:-1]), np.flatnonzero(out & ~goes_on[1:])


def _share(value: FloatArray, limit: FloatArray, outside: IntArray, inside: IntArray) -> FloatArray:
    """Part of the step from the reading outside to the one inside that lies outside."""
    over = value[outside] - limit[outside]
    fall = value[outside] - value[inside]
    with np.errstate(over="ignore"):  # a fall of next to nothing: all of the step
        share: FloatArray = np.divide(over, fall, out=np.zeros_like(over), where=fall > 0)
    return np.clip(share, 0.0, 1.0)


def _peaks(value: FloatArray, episode: IntArray, opening: IntArray) -> IntArray:
    """Position of the first greatest value of each episode."""
    if opening.size == 0:
        return opening
    top = np.maximum.reduceat(value, opening)
    at_top = np.flatnonzero(value == top[episode])
    return at_top[np.searchsorted(at_top, opening)]


def _any(flag: NDArray[np.bool_], opening: IntArray) -> NDArray[np.bool_]:
    return np.logical_or.reduceat(flag, opening) if opening.size else np.zeros(0, dtype=np.bool_)
