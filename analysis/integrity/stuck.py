"""A sensor that stops moving though its noise goes on before and after.

How long a stretch of equal readings may be is not a fixed time. It follows from the sensor: its
noise σ on its grid q gives one and the same reading at most with the chance of the middle of a
grid step, erf(q / (2√2 σ)), and m readings in a row at most with the m-th power of that.
"""

from math import log

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table
from coldwitness.analysis.integrity import peer_noise
from coldwitness.analysis.integrity.peer_noise import log_chance_by_peers
from coldwitness.analysis.integrity.sensor_noise import SIDE, SIDE_MIN, log_chance_within
from coldwitness.analysis.record.case import Case
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

CHANCE = 1e-6
"""A stretch is told if the series would hold one like it by chance less often than this."""
HELD_MIN_S = 900.0
"""Shorter stretches are not told, however unlikely: they hide less than a few permitted
recording intervals, and a logger may well repeat a value while it measures."""
STEPS_MIN = 8
RESTLESS = 1 / 3
"""Least share of a side's steps at which the reading changes; a shortcut, not a criterion."""


def stuck_findings(case: Case) -> FindingTable:
    """Stretches of equal readings that the noise of the sensor before and after excludes, or for an
    hour that of the logger's other probes meanwhile.

    Where neither shows noise on its grid nothing is told: whether a curve that never moves,
    or one on a coarse grid, is a sensor's at all cannot be seen in it.
    """
    series = case.series
    owner = series.owner
    equal = np.zeros(series.time_s.size, dtype=np.bool_)
    equal[1:] = (series.low_c[1:] == series.low_c[:-1]) & (owner[1:] == owner[:-1])
    edge = np.diff(np.concatenate([[0], equal.astype(np.int8), [0]]))
    begin, end = np.flatnonzero(edge == 1) - 1, np.flatnonzero(edge == -1) - 1
    long = (end - begin >= STEPS_MIN) & (series.time_s[end] - series.time_s[begin] >= HELD_MIN_S)
    begin, end = begin[long], end[long]
    if begin.size == 0:
        return NO_FINDINGS
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
        bound[i] = log(rows) + steps * log_chance_within(sides)
    by_itself = bound < log(CHANCE)
    stuck = np.flatnonzero(by_itself | _beside(case, begin, end))
    j, names = j[stuck], np.array([*series.probes, ""])
    return finding_table(
        shipment=series.shipment[j],
        type=code_of("data_integrity/stuck"),
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
            "by_neighbours": np.where(by_itself, np.nan, 1.0)[stuck],
        },
    )


def _beside(case: Case, begin: IntArray, end: IntArray) -> NDArray[np.bool_]:
    """(k,) which of the stretches (k,) the noise of the same logger's other probes excludes, read
    at the same instants; where a neighbour gave no value for one of them it says nothing."""
    series = case.series
    told = np.zeros(begin.size, dtype=np.bool_)
    long = series.time_s[end] - series.time_s[begin] >= peer_noise.HELD_MIN_S
    for i in np.flatnonzero(long & (end - begin >= peer_noise.STEPS_MIN)):
        j = int(np.searchsorted(series.first, begin[i], "right")) - 1
        held = slice(int(begin[i]), int(end[i]) + 1)
        peers = [zone_c[held] for zone_c in case.zones_c]
        own = [
            series.low_c[int(series.first[j]) : held.start],
            series.low_c[held.stop : int(series.first[j + 1])],
        ]
        chance = log_chance_by_peers([c for c in peers if not np.isnan(c).any()], own)
        told[i] = (held.stop - held.start - 1) * chance < log(peer_noise.CHANCE)
    return told


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
