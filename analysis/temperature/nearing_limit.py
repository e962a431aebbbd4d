"""How long until the drug leaves its limits, at the pace of the last minutes: for many shipments at
once, while they are on the way. A forecast, never evidence.

The pace is the median of the slopes between all pairs of readings (Theil and Sen: one reading in
ten may be wrong), and the level the median of what each reading says of the present at that pace.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import probes_of
from coldwitness.domain.tracks import FloatArray, IntArray

LOOK_BACK_S = 600.0
"""The last minutes that are looked at. Longer, a box that begins to warm is seen too late; shorter,
noise looks like a pace."""
READINGS = 16
"""Of a probe at most, spread over these minutes."""
READINGS_LEAST = 5
SPAN_LEAST_S = 180.0
SURE_SHARE = 0.8
"""So large a share of all pairs has to go the way that the median goes (equal ones half); below,
the probe rests."""
PACE_LEAST_C_PER_S = 0.6 / 3600.0
"""Slower than this is called resting: it reaches a limit of a range of 6 °C in ten hours."""


@dataclass(frozen=True)
class Nearing:
    """Each (s,), of the drug probe that reaches a limit first; NaN where too little is known.

    level_c : where the probe is now. pace_c_per_s : 0 where it rests. to_limit_s : seconds from the
    last reading until the limit it moves towards, 0 where it is outside, inf where it rests.
    limit_c : that limit, NaN where it rests.
    """

    level_c: FloatArray
    pace_c_per_s: FloatArray
    to_limit_s: FloatArray
    limit_c: FloatArray


def nearing_of(case: Case) -> Nearing:
    """Of every shipment of a case, over all its drug probes."""
    tracks = case.tracks
    count = len(tracks.shipments)
    nearest = Nearing(*(np.full(count, np.nan) for _ in range(4)))
    for name in probes_of(tracks, "drug"):
        limits = case.probe_limits(name)
        its = nearing(
            tracks.first,
            time_s=tracks.time_s,
            value_c=tracks.temperature_c[name],
            low_c=limits.low_c,
            high_c=limits.high_c,
        )
        sooner = np.isnan(nearest.level_c) & ~np.isnan(its.level_c)
        sooner |= its.to_limit_s < nearest.to_limit_s
        nearest = Nearing(
            np.where(sooner, its.level_c, nearest.level_c),
            np.where(sooner, its.pace_c_per_s, nearest.pace_c_per_s),
            np.where(sooner, its.to_limit_s, nearest.to_limit_s),
            np.where(sooner, its.limit_c, nearest.limit_c),
        )
    return nearest


def nearing(
    first: IntArray,
    *,
    time_s: FloatArray,
    value_c: FloatArray,
    low_c: FloatArray,
    high_c: FloatArray,
) -> Nearing:
    """One probe of each shipment, as of that shipment's last reading of it.

    first : (s+1,) shipment i owns rows first[i]:first[i+1]. time_s : (n,) UTC epoch s, not
    decreasing in a shipment. value_c : (n,) °C, NaN where the probe gave nothing. low_c, high_c :
    (s,) limits, inclusive; infinite or NaN: there is none.
    Source: Sen, J. Am. Stat. Assoc. 63 (1968) 1379.

    >>> at = np.arange(10) * 60.0
    >>> one = dict(low_c=np.array([2.0]), high_c=np.array([8.0]))
    >>> its = nearing(np.array([0, 10]), time_s=at, value_c=5.0 + at / 600.0, **one)
    >>> float(its.to_limit_s[0].round(6))
    1260.0
    """
    rows, known = _last_rows(first, time_s=time_s, value_c=value_c)
    at_s = np.where(known, np.append(time_s, np.nan)[rows], np.nan)
    said_c = np.where(known, np.append(value_c, np.nan)[rows], np.nan)
    now_s = np.max(at_s, axis=1, initial=-np.inf, where=known)
    enough = known.sum(axis=1) >= READINGS_LEAST
    enough &= now_s - np.min(at_s, axis=1, initial=np.inf, where=known) >= SPAN_LEAST_S
    pace, sure = _pace(at_s, value_c=said_c)
    moves = enough & sure & (np.abs(pace) >= PACE_LEAST_C_PER_S)
    pace = np.where(moves, pace, 0.0)
    level_c = _medians(said_c + pace[:, None] * (now_s[:, None] - at_s))
    towards_c = np.where(pace > 0, high_c, np.where(pace < 0, low_c, np.nan))
    towards_c = np.where(np.isfinite(towards_c), towards_c, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_limit_s = np.maximum((towards_c - level_c) / pace, 0.0)
    to_limit_s = np.where(np.isnan(towards_c), np.inf, to_limit_s)
    outside_c = np.where(level_c > high_c, high_c, np.where(level_c < low_c, low_c, np.nan))
    is_outside = ~np.isnan(outside_c)
    to_limit_s = np.where(is_outside, 0.0, to_limit_s)
    towards_c = np.where(is_outside, outside_c, towards_c)
    told = enough & ~np.isnan(level_c)
    return Nearing(
        np.where(told, level_c, np.nan),
        np.where(told, pace, np.nan),
        np.where(told, to_limit_s, np.nan),
        np.where(told, towards_c, np.nan),
    )


def _last_rows(
    first: IntArray, *, time_s: FloatArray, value_c: FloatArray
) -> tuple[IntArray, NDArray[np.bool_]]:
    """(s, READINGS) rows of each shipment's last minutes in which the probe spoke, spread over
    them, and which of these places hold one."""
    count = first.size - 1
    spoke = np.flatnonzero(~np.isnan(value_c))
    ends = np.searchsorted(spoke, first)
    begin, end = ends[:-1], ends[1:]
    some = end > begin
    last_s = np.zeros(count)
    last_s[some] = time_s[spoke[end[some] - 1]]
    owner = np.repeat(np.arange(count), end - begin)
    recent = time_s[spoke] >= last_s[owner] - LOOK_BACK_S
    begin = end - np.bincount(owner[recent], minlength=count)
    length = end - begin
    step = np.minimum(length, READINGS)
    place = np.arange(READINGS)
    spread = np.maximum(step - 1, 1)[:, None]
    within = place * np.maximum(length - 1, 0)[:, None] // spread
    known = place < step[:, None]
    chosen = np.where(known, begin[:, None] + within, 0)
    return (spoke if spoke.size else np.full(1, -1))[chosen], known


def _pace(at_s: FloatArray, *, value_c: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(s,) the median slope over all pairs, and whether nearly all pairs go that way."""
    earlier, later = np.triu_indices(at_s.shape[1], k=1)
    apart_s = at_s[:, later] - at_s[:, earlier]
    rise_c = value_c[:, later] - value_c[:, earlier]
    slope = np.where(apart_s > 0, rise_c, np.nan) / np.where(apart_s > 0, apart_s, 1.0)
    pace = _medians(slope)
    pairs = np.maximum((~np.isnan(slope)).sum(axis=1), 1)
    same = (np.sign(slope) == np.sign(pace)[:, None]).sum(axis=1) + (slope == 0).sum(axis=1) / 2
    return np.nan_to_num(pace), same >= SURE_SHARE * pairs


def _medians(table: FloatArray) -> FloatArray:
    """(s,) medians of rows without their NaN; NaN for a row of nothing else."""
    ordered = np.sort(table, axis=1)  # NaN last
    count = (~np.isnan(ordered)).sum(axis=1)
    row = np.arange(ordered.shape[0])
    low = ordered[row, np.maximum(count - 1, 0) // 2]
    high = ordered[row, np.minimum(count // 2, ordered.shape[1] - 1)]
    return np.where(count > 0, (low + high) / 2.0, np.nan)
