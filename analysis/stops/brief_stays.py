"""Stays of which the record saw less than they lasted: short stretches beside long steps.

Between two fixes further apart in time than JOIN_WITHIN_S a stay may have begun or ended anywhere.
Up to the pack's gap setting such a step still counts as seen, so a stretch beside it that could
have lasted long enough is a stay too. What is judged remains the time from fix to fix.
"""

import numpy as np

from coldwitness.analysis.stops.pieces import TOLERANCE_S, Line
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray

JOIN_WITHIN_S = 120.0
"""Two pieces at one place with less than this between them are one stay; a longer step leaves
open what happened in it."""


def with_brief(
    line: Line, numbers: Numbers, *, begin: IntArray, end: IntArray, min_stay_s: float
) -> tuple[IntArray, IntArray]:
    """The pieces and the shorter stretches right before and after long steps, in order.

    begin, end : (p,) first and last fix of the pieces; so the results, (q,) with q >= p.
    """
    step_s = np.diff(line.clock_s)
    before = np.flatnonzero(step_s > JOIN_WITHIN_S + TOLERANCE_S)
    before = before[step_s[before] <= numbers.position_gap_s + TOLERANCE_S]
    if before.size == 0:
        return begin, end
    radius_m = numbers.dwell_radius_m
    first = _grown(line, before, -1, radius_m=radius_m, within_s=min_stay_s)
    last = _grown(line, before + 1, 1, radius_m=radius_m, within_s=min_stay_s)
    more_begin, more_end = np.append(first, before + 1), np.append(before, last)
    order = np.argsort(more_begin, kind="stable")
    more_begin, more_end = more_begin[order], more_end[order]
    taken = np.append(-1, end)[np.searchsorted(begin, more_end, side="right")]
    earlier = np.append(-1, np.maximum.accumulate(more_end)[:-1])
    free = (more_begin < more_end) & (more_begin > taken) & (more_begin > earlier)
    begin, end = np.append(begin, more_begin[free]), np.append(end, more_end[free])
    order = np.argsort(begin, kind="stable")
    return begin[order], end[order]


def beside_s(line: Line, numbers: Numbers, *, begin: IntArray, end: IntArray) -> FloatArray:
    """How much longer than from fix to fix each stretch can have lasted: the long steps at both
    ends, less the fastest ride to and from the fixes beyond.

    begin, end : (p,) first and last fix; result (p,) [s].
    """
    more_s = np.zeros(begin.size)
    if len(line) == 0:
        return more_s
    middle_x, middle_y = line.middles(begin=begin, end=end)
    for edge, side in ((begin, -1), (end, 1)):
        beyond = np.clip(edge + side, 0, len(line) - 1)
        step_s = np.abs(line.clock_s[beyond] - line.clock_s[edge])
        open_ = (step_s > JOIN_WITHIN_S + TOLERANCE_S) & (
            step_s <= numbers.position_gap_s + TOLERANCE_S
        )
        away_m = np.hypot(line.x_m[beyond] - middle_x, line.y_m[beyond] - middle_y)
        ride_m = np.maximum(away_m - numbers.dwell_radius_m, 0.0)
        standing_s = step_s - ride_m / (numbers.travel_speed_max_kmh / 3.6)
        more_s += np.where(open_, np.maximum(standing_s, 0.0), 0.0)
    return more_s


def _grown(line: Line, edge: IntArray, side: int, *, radius_m: float, within_s: float) -> IntArray:
    """Last fix reached from each edge to one side by short steps, within radius and time of it."""
    reached = edge.copy()
    going = np.arange(edge.size)
    while going.size:
        here, start = reached[going], edge[going]
        following = np.clip(here + side, 0, len(line) - 1)
        near = np.hypot(
            line.x_m[following] - line.x_m[start], line.y_m[following] - line.y_m[start]
        )
        on = (following != here) & (near <= radius_m)
        on &= np.abs(line.clock_s[following] - line.clock_s[here]) <= JOIN_WITHIN_S + TOLERANCE_S
        on &= np.abs(line.clock_s[following] - line.clock_s[start]) < within_s
        going = going[on]
        reached[going] = following[on]
    return reached
