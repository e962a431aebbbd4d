"""What the loggers' own counting says against the record: numbers missing or used twice."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table, spans_of
from coldwitness.analysis.integrity.logger_groups import logger_groups, logger_name
from coldwitness.analysis.integrity.lost_numbers import harmless
from coldwitness.analysis.record.case import Case
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.columns import take
from coldwitness.domain.measures import SequenceBreak
from coldwitness.domain.words import Certainty, Severity

_SHOWN = 20
"""How many places a finding lists; the counts are of all."""


def count_findings(case: Case) -> FindingTable:
    """One finding a logger and shipment: numbers missing, used twice, or counted anew. A restart
    alone is allowed: it is told, and weighs on no requirement (`missing` and `repeated` are 0).
    Nor do readings lost where the range could not have been left (`harmless`)."""
    tracks, breaks = case.tracks, case.judged_breaks
    told = np.flatnonzero((breaks.missing > 0) | breaks.repeated | breaks.reset)
    if told.size == 0:
        return NO_FINDINGS
    row, before = breaks.row[told], breaks.before[told]
    group, lead, member = logger_groups(tracks, row)
    weighs = (breaks.missing[told] > 0) | breaks.repeated[told]
    count = lead.size

    def total(flag: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(member, weights=flag, minlength=count).astype(np.float64)

    start, end = spans_of(
        member, from_s=tracks.time_s[before], until_s=tracks.time_s[row], count=count
    )
    missing, repeated = total(breaks.missing[told]), total(breaks.repeated[told])
    shown: dict[int, dict[str, object]] = {}
    for number, anchor in enumerate(lead):
        mine = np.flatnonzero((member == number) & weighs)[:_SHOWN]
        shown[number] = {
            "logger": logger_name(tracks, int(row[anchor])),
            "breaks": [
                SequenceBreak(int(tracks.seq[before[i]]), int(tracks.seq[row[i]])) for i in mine
            ],
        }
    hiding = (breaks.missing[told] > 0) & ~harmless(case, take(breaks, told))
    lost = (missing > 0) & (total(hiding) == 0)
    bad = (repeated > 0) | ((missing > 0) & ~lost)
    return finding_table(
        shipment=group,
        type=code_of("data_integrity/sequence"),
        start_s=start,
        end_s=end,
        certainty=Certainty.CERTAIN,
        severity=np.where(bad, Severity.MINOR, Severity.INFO).astype(np.int8),
        measures={
            "missing": missing,
            "repeated": repeated,
            "resets": total(breaks.reset[told]),
            "harmless": np.where(lost, 1.0, np.nan),
        },
        details=shown,
    )
