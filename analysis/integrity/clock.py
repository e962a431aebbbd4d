"""Clocks and receipt: device time against receive time, events against manifest."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import (
    NO_FINDINGS,
    FindingTable,
    concatenate,
    finding_table,
    spans_of,
)
from coldwitness.analysis.integrity.moved_clock import moved_clock
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.logger_clock import (
    LIVE_JITTER_S,
    LIVE_STEP_MIN_S,
    LIVE_STEPS_MIN,
)
from coldwitness.analysis.record.sequence import owner_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Certainty, Severity


def clock_findings(case: Case) -> FindingTable:
    """Times that cannot all be right, and readings that came in late.

    Hourly uploads and backlogs after a dead zone are honest: told is only what was received
    before it was measured, later than the bureau's setting allows, or one by one as it was
    measured and yet late by the clock.
    """
    plain = concatenate([_mismatch(case), _received(case), _behind(case), _set_back(case)])
    return concatenate([plain, moved_clock(case, known=shown_wrong(plain, len(case.terms)))])


def shown_wrong(findings: FindingTable, shipments: int) -> NDArray[np.bool_]:
    """(s,) True where a finding shows that the logger's own clock was wrong: which of its readings
    belong to the judged time, and where the box then was, is not known to the minute. That events
    and manifest differ says nothing of the logger."""
    wrong = np.zeros(shipments, dtype=np.bool_)
    rows = findings.type == code_of("data_integrity/clock")
    mismatch_s = findings.measures.get("event_mismatch_s")
    if mismatch_s is not None:
        rows &= np.isnan(mismatch_s)
    wrong[findings.shipment[rows]] = True
    return wrong


def _mismatch(case: Case) -> FindingTable:
    terms, window, numbers = case.terms, case.window, case.numbers
    which = np.flatnonzero(terms.mismatch_s > numbers.event_mismatch_s)
    if which.size == 0:
        return NO_FINDINGS
    return finding_table(
        shipment=which,
        type=code_of("data_integrity/clock"),
        start_s=window.start_s[which],
        end_s=window.end_s[which],
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        measures={"event_mismatch_s": terms.mismatch_s[which]},
        details={row: {"cause": "event_mismatch"} for row in range(which.size)},
    )


def _received(case: Case) -> FindingTable:
    """Readings from the future, and readings received later than the setting allows."""
    tracks, window, numbers = case.tracks, case.window, case.numbers
    delay = tracks.received_s - tracks.time_s
    owner = tracks.shipment
    tables = [NO_FINDINGS]
    for kind, rows, cause in (
        (code_of("data_integrity/clock"), delay < -numbers.future_tolerance_s, "ahead_of_receipt"),
        (code_of("data_integrity/late_import"), delay > numbers.late_import_s, ""),
    ):
        row = np.flatnonzero(rows & window.rows)
        if row.size == 0:
            continue
        which, member = np.unique(owner[row], return_inverse=True)
        time_s = tracks.time_s[row]
        start_s, end_s = spans_of(member, from_s=time_s, until_s=time_s, count=which.size)
        furthest = np.zeros(which.size)
        np.maximum.at(furthest, member, np.abs(delay[row]))
        tables.append(
            finding_table(
                shipment=which,
                type=kind,
                start_s=start_s,
                end_s=end_s,
                certainty=Certainty.CERTAIN,
                severity=Severity.MINOR,
                measures={
                    "readings": np.bincount(member, minlength=which.size).astype(np.float64),
                    "ahead_max_s" if cause else "delay_max_s": furthest,
                },
                details={n: {"cause": cause} for n in range(which.size)} if cause else None,
            )
        )
    return concatenate(tables)


def _behind(case: Case) -> FindingTable:
    """Readings that arrive one by one at the pace at which they were measured, so live, and
    carry a time long before: the clock is behind, or was set back on the way.

    A backlog arrives faster than it was measured, an hourly upload all at once; neither has
    LIVE_STEPS_MIN steps of the same length by both clocks. What is later than a late import
    is told as one.
    """
    tracks, window, numbers = case.tracks, case.window, case.numbers
    delay = tracks.received_s - tracks.time_s
    within = (delay > numbers.future_tolerance_s) & (delay <= numbers.late_import_s)
    row = np.flatnonzero(window.rows & within)
    if row.size == 0:
        return NO_FINDINGS
    owner = owner_of(row, first=tracks.first)
    order = np.lexsort((tracks.time_s[row], tracks.received_s[row], tracks.logger[row], owner))
    row, owner = row[order], owner[order]
    pace_s, spent_s = np.diff(tracks.time_s[row]), np.diff(tracks.received_s[row])
    live = (spent_s >= LIVE_STEP_MIN_S) & (np.abs(spent_s - pace_s) <= LIVE_JITTER_S)
    live &= (np.diff(owner) == 0) & (np.diff(tracks.logger[row]) == 0)
    count = np.bincount(owner[1:][live], minlength=len(tracks.shipments))
    which = np.flatnonzero(count >= LIVE_STEPS_MIN)
    late = row[1:][live]
    member = np.searchsorted(which, owner[1:][live])
    kept = np.isin(owner[1:][live], which)
    late, member = late[kept], member[kept]
    time_s = tracks.time_s[late]
    start, end = spans_of(member, from_s=time_s, until_s=time_s, count=which.size)
    behind = np.bincount(member, weights=delay[late], minlength=which.size)
    return finding_table(
        shipment=which,
        type=code_of("data_integrity/clock"),
        start_s=start,
        end_s=end,
        certainty=Certainty.PROBABLE,
        severity=Severity.MINOR,
        measures={
            "readings": count[which].astype(np.float64),
            "behind_s": behind / np.maximum(count[which], 1),
        },
        details={n: {"cause": "behind_receipt"} for n in range(which.size)},
    )


def _set_back(case: Case) -> FindingTable:
    """The count goes on while the time falls back: the logger's clock was moved."""
    tracks, breaks = case.tracks, case.judged_breaks
    row, before = breaks.row[breaks.disordered], breaks.before[breaks.disordered]
    if row.size == 0:
        return NO_FINDINGS
    owner = owner_of(row, first=tracks.first)
    which, member = np.unique(owner, return_inverse=True)
    start, end = spans_of(
        member, from_s=tracks.time_s[before], until_s=tracks.time_s[row], count=which.size
    )
    return finding_table(
        shipment=which,
        type=code_of("data_integrity/clock"),
        start_s=start,
        end_s=end,
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        measures={"places": np.bincount(member, minlength=which.size).astype(np.float64)},
        details={n: {"cause": "time_against_count"} for n in range(which.size)},
    )
