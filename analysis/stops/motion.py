"""Whether a shipment's motion sensor can be believed: only where it agrees with the fixes."""

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.stops.fixes import REST_PROVED_S, BoolArray, Fixes
from coldwitness.analysis.stops.stays import Stays
from coldwitness.domain.tracks import IntArray

RIDE_M_S = 4.0
"""Two fixes that are further apart than a ride at this speed are a ride, whatever a flag says."""

RIDE_M = 150.0
"""And further than this, which no receiver in order wanders from one fix to the next."""


def believed(case: Case, fixes: Fixes, stays: Stays, *, in_question: BoolArray) -> BoolArray:
    """(s,) True where the sensor says motion at most fixes of the rides and rest at most readings
    of the stays, those in question left out; where a trip has none of either, it must have said
    so at least once. One that never says rest, or never motion, proves nothing.

    in_question : (k,) of the stays.
    """
    tracks, window = case.tracks, case.window
    count = fixes.first.size - 1
    if not (tracks.moving >= 0).any():
        return np.zeros(count, dtype=np.bool_)
    says = window.rows & (tracks.moving >= 0)
    owner = tracks.shipment
    moves = np.bincount(owner[says & (tracks.moving == 1)], minlength=count) > 0
    rests = np.bincount(owner[says & (tracks.moving == 0)], minlength=count) > 0
    for says_so, heard, flag in (
        (moves, _ride_rows(fixes), 1),
        (rests, _stay_rows(fixes, stays, ~in_question), 0),
    ):
        row = heard[tracks.moving[heard] >= 0]
        all_ = np.bincount(owner[row], minlength=count)
        agree = np.bincount(owner[row], weights=tracks.moving[row] == flag, minlength=count)
        says_so[(all_ > 0) & (2 * agree <= all_)] = False
    return np.asarray(moves & rests)


def _ride_rows(fixes: Fixes) -> IntArray:
    """Readings in the middle of a ride: the box rode to their fix and rides on from it."""
    step_s = np.diff(fixes.time_s)
    away_m = np.hypot(np.diff(fixes.x_m), np.diff(fixes.y_m))
    sharp = ~(fixes.jump | fixes.coarse)
    ride = (away_m > RIDE_M) & (away_m > RIDE_M_S * step_s) & (step_s <= REST_PROVED_S)
    ride &= sharp[1:] & sharp[:-1] & (fixes.shipment[1:] == fixes.shipment[:-1])
    return fixes.row[np.flatnonzero(ride[1:] & ride[:-1]) + 1]


def _stay_rows(fixes: Fixes, stays: Stays, chosen: BoolArray) -> IntArray:
    first, last = stays.first_fix[chosen], stays.last_fix[chosen]
    _, row = expanded(first=fixes.row[first], end=fixes.row[last] + 1)
    return row
