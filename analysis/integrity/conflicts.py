"""Two values for one instant: the record contradicts itself."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table, spans_of
from coldwitness.analysis.integrity.logger_groups import logger_groups, logger_name
from coldwitness.analysis.record.case import Case
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import IntArray
from coldwitness.domain.words import Certainty, Severity


def conflict_findings(case: Case) -> FindingTable:
    """One finding a logger and shipment that gave two values for one instant."""
    tracks, window = case.tracks, case.window
    row = np.flatnonzero(tracks.conflict & window.rows)
    if row.size == 0:
        return NO_FINDINGS
    group, lead, member = logger_groups(tracks, row)
    count = lead.size
    time_s = tracks.time_s[row]
    start, end = spans_of(member, from_s=time_s, until_s=time_s, count=count)
    instants = np.ones(row.size, dtype=np.bool_)
    instants[1:] = (np.diff(tracks.time_s[row]) != 0) | (np.diff(member) != 0)
    spread = np.zeros(row.size)
    for column in tracks.temperature_c.values():
        spread = np.fmax(spread, _spread(column, row=row, instants=instants))
    widest = np.zeros(count)
    np.maximum.at(widest, member, spread)
    return finding_table(
        shipment=group,
        type=code_of("data_integrity/duplicate_conflict"),
        start_s=start,
        end_s=end,
        certainty=Certainty.CERTAIN,
        severity=Severity.MAJOR,
        measures={
            "readings": np.bincount(member, minlength=count).astype(np.float64),
            "instants": np.bincount(member, weights=instants, minlength=count).astype(np.float64),
            "difference_max_c": widest,
        },
        details={
            number: {"logger": logger_name(tracks, int(row[anchor]))}
            for number, anchor in enumerate(lead)
        },
    )


def _spread(
    column: NDArray[np.float64], *, row: IntArray, instants: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Largest difference of a probe's values within each instant, at every row of it."""
    starts = np.flatnonzero(instants)
    if starts.size == 0:
        return np.zeros(0)
    value = column[row]
    given = ~np.isnan(value)
    high = np.maximum.reduceat(np.where(given, value, -np.inf), starts)
    low = np.minimum.reduceat(np.where(given, value, np.inf), starts)
    return np.repeat(np.maximum(high - low, 0.0), np.diff(np.append(starts, row.size)))
