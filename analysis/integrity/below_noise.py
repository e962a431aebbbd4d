"""A curve that moves without the noise that the same sensor shows before and after.

Noise σ on a grid q brings a reading within w of any value foretold from the readings before it at
most with the chance erf((2w + q) / (2√2 σ)), whatever the temperature does. A curve drawn,
smoothed or interpolated follows the straight continuation of its last two readings far more
closely, reading after reading; the chance of m such readings is at most the m-th power.
"""

from math import log

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable, finding_table
from coldwitness.analysis.integrity.sensor_noise import MOVES_MIN, SIDE, SIDE_MIN, log_chance_within
from coldwitness.analysis.integrity.stuck import CHANCE
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.series import Series
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

SMOOTH_MIN_S = 1800.0
"""Shorter stretches are not told: over a few minutes an honest curve may be as calm."""
STEPS_MIN = 12
NEAR = 0.9
"""Of the series' mean deviation from its straight continuation; pure noise stays within this at
one reading in two, a stretch without noise at all of them. What is found is then judged by the
noise of both its sides alone."""
NARROWER = (1.0, 0.7, 0.5, 0.35, 0.25)
UNEVEN = 1.5
"""Steps whose lengths differ by more than this factor foretell nothing."""


def below_noise_findings(case: Case) -> FindingTable:
    """Stretches of readings, moving, that lie closer to the straight continuation of those before
    them than the sensor's noise on both sides allows.

    A stretch at the beginning or the end of the record, with noise on one side only, is not
    told, nor one that stands still (`stuck`), nor anything in a record that shows no noise.
    """
    series = case.series
    deviation = _deviations(series)
    begin, end = _calm(series, deviation)
    told: dict[int, tuple[int, int]] = {}
    for b, e in zip(begin, end, strict=True):
        found = _least_likely(series, deviation, int(b), int(e))
        if found is not None:
            told[int(b)] = found
    start = np.array([one[0] for one in told.values()], dtype=np.int64)
    stop = np.array([one[1] for one in told.values()], dtype=np.int64)
    j = np.searchsorted(series.first, start, "right") - 1
    names = np.array([*series.probes, ""])
    return finding_table(
        shipment=series.shipment[j],
        type=code_of("data_integrity/below_noise"),
        start_s=series.time_s[start],
        end_s=series.time_s[stop],
        certainty=Certainty.PROBABLE,
        severity=Severity.MINOR,
        probe=names[series.probe[j]],
        measures={
            "logger_number": series.logger[j].astype(np.float64),
            "readings": (stop - start + 1).astype(np.float64),
            "scatter_c": np.array([_scatter(deviation[b + 2 : e + 1]) for b, e in told.values()]),
            "scatter_beside_c": np.array(
                [
                    _scatter(np.concatenate([deviation[l0:b], deviation[e + 3 : r1]]))
                    for (b, e), (l0, r1) in (
                        (span, _around(series, *span)) for span in told.values()
                    )
                ]
            ),
        },
    )


def _deviations(series: Series) -> FloatArray:
    """(k,) how far each reading lies from the straight line through the two before it; +inf at
    the first two of a series and where the three are not evenly spaced."""
    value, step = series.low_c, np.diff(series.time_s)
    deviation = np.full(value.size, np.inf)
    if value.size < 3:
        return deviation
    change = np.diff(value)
    ratio = np.divide(step[1:], step[:-1], out=np.full(step.size - 1, np.inf), where=step[:-1] > 0)
    with np.errstate(invalid="ignore", over="ignore"):
        deviation[2:] = np.abs(change[1:] - change[:-1] * ratio)
    even = (ratio < UNEVEN) & (ratio > 1 / UNEVEN) & np.isfinite(deviation[2:])
    deviation[2:][~even] = np.inf
    starts = series.first[:-1]
    deviation[starts] = np.inf
    deviation[np.minimum(starts + 1, value.size - 1)] = np.inf
    return deviation


def _calm(series: Series, deviation: FloatArray) -> tuple[IntArray, IntArray]:
    """First and last row of long runs of readings near their straight continuation that move and
    have readings on both sides."""
    if deviation.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    starts = series.first[:-1]
    even = np.isfinite(deviation)
    total = np.add.reduceat(np.where(even, deviation, 0.0), starts)
    count = np.add.reduceat(even.astype(np.int64), starts)
    near_c = NEAR * total / np.maximum(count, 1)
    near = deviation <= np.repeat(near_c, np.diff(series.first)) + 1e-9
    edge = np.diff(np.concatenate([[0], near.astype(np.int8), [0]]))
    begin, end = np.flatnonzero(edge == 1) - 2, np.flatnonzero(edge == -1) - 1
    keep = end - begin >= STEPS_MIN
    begin, end = begin[keep], end[keep]
    moved = np.zeros(deviation.size, dtype=np.int64)
    moved[1:] = np.abs(np.diff(series.low_c)) > 1e-6
    total_moves = np.cumsum(moved)
    keep = (series.time_s[end] - series.time_s[begin] >= SMOOTH_MIN_S) & (
        total_moves[end] - total_moves[begin] >= MOVES_MIN
    )
    begin, end = begin[keep], end[keep]
    j = np.searchsorted(series.first, begin, "right") - 1
    keep = (begin - series.first[j] >= SIDE_MIN) & (series.first[j + 1] - 1 - end >= SIDE_MIN)
    return begin[keep], end[keep]


def _around(series: Series, begin: int, end: int) -> tuple[int, int]:
    j = int(np.searchsorted(series.first, begin, "right")) - 1
    left = max(begin - SIDE, int(series.first[j]))
    return left, min(end + 1 + SIDE, int(series.first[j + 1]))


def _least_likely(
    series: Series, deviation: FloatArray, begin: int, end: int
) -> tuple[int, int] | None:
    """The part of a calm run that noise as on both sides least explains, None if it may."""
    left, right = _around(series, begin, end)
    sides = [series.low_c[left:begin], series.low_c[end + 1 : right]]
    grid_c = min(_least_change(side) for side in sides)
    j = int(np.searchsorted(series.first, begin, "right")) - 1
    trials = log(int(series.first[j + 1] - series.first[j]) * len(NARROWER))
    inner = deviation[begin + 2 : end + 1]
    widest = float(inner.max())
    best, found = log(CHANCE), None
    for share in NARROWER:
        first, last = _longest(inner <= share * widest + 1e-9)
        steps = last - first + 1
        b, e = begin + first, begin + 2 + last
        if steps < STEPS_MIN or series.time_s[e] - series.time_s[b] < SMOOTH_MIN_S:
            continue
        if np.count_nonzero(np.abs(np.diff(series.low_c[b : e + 1])) > 1e-6) < MOVES_MIN:
            continue
        codes = int(2 * share * widest / grid_c + 1e-6) + 1
        bound = trials + steps * log_chance_within(sides, codes)
        if bound < best:
            best, found = bound, (b, e)
    return found


def _least_change(value_c: FloatArray) -> float:
    change = np.abs(np.diff(value_c))
    change = change[change > 1e-6]
    return float(change.min()) if change.size else np.inf


def _longest(flag: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last index of the longest run of True; (0, -1) where there is none."""
    edge = np.diff(np.concatenate([[0], flag.astype(np.int8), [0]]))
    begin, end = np.flatnonzero(edge == 1), np.flatnonzero(edge == -1) - 1
    if begin.size == 0:
        return 0, -1
    k = int(np.argmax(end - begin))
    return int(begin[k]), int(end[k])


def _scatter(deviation: FloatArray) -> float:
    """Noise that deviations of this size would be of [°C]: theirs is √6 of it."""
    seen = deviation[np.isfinite(deviation)]
    return float(np.sqrt(np.mean(seen**2) / 6)) if seen.size else float("nan")
