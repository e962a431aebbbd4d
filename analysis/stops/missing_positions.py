"""Where a position may be missing: steps longer than the record shows to be usual."""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.positions import placed_rows
from coldwitness.analysis.stops.fixes import BoolArray, Fixes, group_median
from coldwitness.analysis.stops.rest_at_ends import PositionsNeeded
from coldwitness.analysis.terms import Terms
from coldwitness.domain.tracks import FloatArray, IntArray

RESOLVING_SHARE = 0.2
"""Positions that come further apart than this share of the dwell setting do not measure a dwell
near it: what they show in place may have lasted from the fix before to the fix after."""

LOST_OF_DOUBTFUL = 0.02
"""Of 630 honest simulated deliveries found compliant none lacked more positions than this."""


@dataclass(frozen=True)
class Missing:
    """usual_s : (s,) usual step between positions: the logger's own interval, else the median,
        NaN where there are not two.
    after : (n,) between this fix and the next of the shipment a position may be missing (the
        step is longer than the recording shows to be usual, a sequence number is missing, or a
        reading in between has no position), or the step is so long that it leaves open how long
        a stay beside it lasted; the last fix of a shipment has True.
    """

    usual_s: FloatArray
    after: BoolArray


def missing_positions(case: Case, fixes: Fixes) -> Missing:
    """For every fix of every shipment; empty tables give empty columns."""
    tracks, terms, numbers = case.tracks, case.terms, case.numbers
    if len(fixes) < 2:
        usual_s = terms.interval_s.copy()
        return Missing(usual_s=usual_s, after=np.ones(len(fixes), dtype=np.bool_))
    step_s = np.diff(fixes.time_s)
    other = np.zeros(step_s.size, dtype=np.bool_)  # the step into the next shipment
    bounds = fixes.first[1:-1]
    other[bounds[(bounds > 0) & (bounds < len(fixes))] - 1] = True
    usual_s = _usual_interval_s(step_s, other, fixes, terms)
    count = np.diff(fixes.first)
    slack_s = np.fmin(numbers.interval_slack * usual_s, numbers.position_gap_s)
    after = np.ones(len(fixes), dtype=np.bool_)
    missing = step_s > np.repeat(slack_s, count)[:-1]
    missing |= step_s > RESOLVING_SHARE * numbers.dwell_limit_s
    missing |= other
    every = fixes.row.size == tracks.time_s.size
    seq = tracks.seq if every else tracks.seq[fixes.row]
    logger = tracks.logger if every else tracks.logger[fixes.row]
    skipped = np.flatnonzero(seq[1:] > seq[:-1] + 1)
    skipped = skipped[(seq[skipped] >= 0) & (logger[skipped] == logger[skipped + 1])]
    missing[skipped] = True
    if not every:
        blank = _blank_rows(case, fixes)
        if blank.size:
            passed = np.searchsorted(blank, fixes.row)
            missing |= passed[1:] > passed[:-1]
    after[:-1] = missing
    return Missing(usual_s=usual_s, after=after)


def _usual_interval_s(
    step_s: FloatArray, other: BoolArray, fixes: Fixes, terms: Terms
) -> FloatArray:
    unstated = np.isnan(terms.interval_s)
    if not unstated.any():
        return terms.interval_s
    at = np.flatnonzero(~other & unstated[fixes.shipment[1:]])
    median_s = group_median(step_s[at], fixes.shipment[1:][at], len(terms))
    return np.where(unstated, median_s, terms.interval_s)


def _blank_rows(case: Case, fixes: Fixes) -> IntArray:
    """Readings of the judged time without a position, from loggers that have positions there:
    a logger without any says nothing about the positions of the others."""
    tracks, window = case.tracks, case.window
    blank = window.rows.copy()
    blank[fixes.row] = False
    row = np.flatnonzero(blank)
    loggers = int(tracks.logger.max(initial=0)) + 2
    owner = np.searchsorted(tracks.first, row, side="right") - 1
    source = np.unique(fixes.shipment * loggers + tracks.logger[fixes.row] + 1)
    return row[np.isin(owner * loggers + tracks.logger[row] + 1, source)]


def positions_torn(case: Case, fixes: Fixes, needed: PositionsNeeded) -> BoolArray:
    """(s,) True where some positions do not tell the place well, coarse ones or such as only repeat
    the one before, and more than LOST_OF_DOUBTFUL of the readings that ought to have a position, in
    the time for which positions are needed, have none: the rest of such a way may be just those
    that seem to move."""
    row = _blank_rows(case, fixes)
    tracks, shipments = case.tracks, fixes.first.size - 1
    repeated = placed_rows(tracks, case.window.rows)[row]
    doubtful = np.bincount(fixes.shipment[fixes.coarse], minlength=shipments) > 0
    doubtful |= np.bincount(tracks.shipment[row[repeated]], minlength=shipments) > 0
    owner, time_s = tracks.shipment[row[~repeated]], tracks.time_s[row[~repeated]]
    inside = (time_s > needed.from_s[owner]) & (time_s < needed.to_s[owner])
    blank = np.bincount(owner[inside], minlength=shipments)
    return np.asarray(doubtful & (blank > LOST_OF_DOUBTFUL * (blank + np.diff(fixes.first))))
