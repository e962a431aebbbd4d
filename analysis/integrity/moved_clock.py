"""What times of receipt show of a clock that was moved on the way, or past an end of custody.

A reading is measured before it is received, however long it then takes; so a time after the receipt
shows a clock that is ahead, and nothing but the clock can make the time between both shorter than
that of readings that arrived live.
"""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import (
    NO_FINDINGS,
    FindingTable,
    concatenate,
    finding_table,
    spans_of,
)
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.logger_clock import live_rows
from coldwitness.analysis.record.probes import probes_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

Flags = NDArray[np.bool_]

LEAST_LIVE = 3
"""So many live readings later than others are no chance: what waited comes all at once."""


def moved_clock(case: Case, *, known: Flags) -> FindingTable:
    """Readings that came sooner after their time than live ones of the same logger by more than
    clocks may differ, and readings out of range that a clock puts outside the judged time although
    they were, or may have been, measured in it.

    known : (s,) shipments whose clock is known to be wrong; of these nothing more is told.
    """
    received = ~np.isnan(case.tracks.received_s)
    if not received.any():
        return NO_FINDINGS
    live = _LiveDelays(case)
    return concatenate(
        [
            _told(case, *_moved(case, live), known=known, cause="moved"),
            _told(case, *_past_the_ends(case, live), known=known, cause="past_the_end"),
        ]
    )


class _LiveDelays:
    """Receipt less measuring [s] of the readings that arrived live, (k,), by shipment and logger:
    `key` (k,), rising with it."""

    def __init__(self, case: Case) -> None:
        tracks = self.tracks = case.tracks
        _, row = live_rows(tracks, np.arange(len(tracks.shipments)))
        self.loggers = int(tracks.logger.max(initial=0)) + 2
        key = self.key_of(row)
        delay_s = tracks.received_s[row] - tracks.time_s[row]
        order = np.lexsort((delay_s, key))
        self.key, self.delay_s = key[order], delay_s[order]

    def key_of(self, row: IntArray) -> IntArray:
        """(n,) key of readings: one a shipment and logger."""
        return np.asarray(self.tracks.shipment[row] * self.loggers + self.tracks.logger[row] + 1)

    def ranked(self, key: IntArray, *, from_end: bool) -> FloatArray:
        """(n,) the LEAST_LIVE-th least of the delays with each key, or greatest; NaN where there
        are fewer."""
        begin = np.searchsorted(self.key, key)
        end = np.searchsorted(self.key, key, side="right")
        at = end - LEAST_LIVE if from_end else begin + LEAST_LIVE - 1
        enough = end - begin >= LEAST_LIVE
        found: FloatArray = np.full(key.size, np.nan)
        found[enough] = self.delay_s[at[enough]]
        return found


def _moved(case: Case, live: _LiveDelays) -> tuple[IntArray, FloatArray]:
    """(k,) rows and by how much [s].

    A single reading is enough on the one side, LEAST_LIVE live ones on the other: what is late may
    have waited, what is early cannot have been sent before it was measured. And a step by the count
    in which the logger's clock went on further than the receiver's.
    """
    tracks, tolerance_s = case.tracks, case.numbers.future_tolerance_s
    row = np.flatnonzero(_of_custody(case))
    delay_s = tracks.received_s[row] - tracks.time_s[row]
    live_s = live.ranked(live.key_of(row), from_end=True)
    order = np.lexsort((tracks.seq[row], tracks.logger[row], tracks.shipment[row]))
    at = row[order]
    counted = (np.diff(tracks.seq[at]) == 1) & (tracks.seq[at[:-1]] >= 0)
    counted &= np.diff(tracks.shipment[at]) == 0
    counted &= np.diff(tracks.logger[at]) == 0
    before_s = np.full(row.size, np.nan)
    before_s[order[1:][counted]] = delay_s[order[:-1][counted]]
    sooner_s = np.fmax(live_s, before_s) - delay_s
    sooner = sooner_s > tolerance_s
    return row[sooner], sooner_s[sooner]


def _past_the_ends(case: Case, live: _LiveDelays) -> tuple[IntArray, FloatArray]:
    """(k,) rows and by how much [s]: of readings after the end those that were received before it;
    of readings before the start those that a clock as slow as the live readings allow measured
    after it."""
    tracks, window = case.tracks, case.window
    owner = tracks.shipment
    start_s, end_s = window.start_s[owner], window.end_s[owner]
    after = window.end_known[owner] & (tracks.time_s > end_s) & (tracks.received_s <= end_s)
    row = np.flatnonzero(window.start_known[owner] & (tracks.time_s < start_s))
    slow_s = live.ranked(live.key_of(row), from_end=False)
    before = np.zeros(owner.size, dtype=np.bool_)
    before[row] = tracks.time_s[row] + slow_s >= start_s[row]
    row = np.flatnonzero((after | before) & _out_of_range(case))
    past_s = np.fmax(tracks.time_s[row] - end_s[row], start_s[row] - tracks.time_s[row])
    return row, past_s


def _of_custody(case: Case) -> Flags:
    """(n,) readings timed or received within the judged time."""
    tracks, window = case.tracks, case.window
    start_s, end_s = (end[tracks.shipment] for end in (window.start_s, window.end_s))
    return np.asarray(window.rows | ((tracks.received_s >= start_s) & (tracks.received_s <= end_s)))


def _out_of_range(case: Case) -> Flags:
    """(n,) readings of which a probe of the drug lies outside the strictest limits of any."""
    tracks, limits, count = case.tracks, case.limits, len(case.terms)
    low_c, high_c = np.full(count, -np.inf), np.full(count, np.inf)
    np.fmax.at(low_c, case.series.shipment, limits.low_c)
    np.fmin.at(high_c, case.series.shipment, limits.high_c)
    out = np.zeros(tracks.time_s.size, dtype=np.bool_)
    for name in probes_of(tracks, "drug"):
        value_c = tracks.temperature_c[name]
        out |= (value_c > high_c[tracks.shipment]) | (value_c < low_c[tracks.shipment])
    return out


def _told(case: Case, row: IntArray, by_s: FloatArray, *, known: Flags, cause: str) -> FindingTable:
    """One finding a shipment that is not `known`. row : (k,) readings; by_s : (k,) how far the
    clock put them off."""
    fresh = ~known[case.tracks.shipment[row]]
    row, by_s = row[fresh], by_s[fresh]
    if row.size == 0:
        return NO_FINDINGS
    time_s = case.tracks.time_s[row]
    which, member = np.unique(case.tracks.shipment[row], return_inverse=True)
    start, end = spans_of(member, from_s=time_s, until_s=time_s, count=which.size)
    most = np.zeros(which.size)
    np.maximum.at(most, member, by_s)
    return finding_table(
        shipment=which,
        type=code_of("data_integrity/clock"),
        start_s=start,
        end_s=end,
        certainty=Certainty.PROBABLE,
        severity=Severity.MINOR,
        measures={
            "readings": np.bincount(member, minlength=which.size).astype(np.float64),
            "ahead_max_s": most,
        },
        details={n: {"cause": cause} for n in range(which.size)},
    )
