"""A lone reading is named: it may be wrong, and it may be true."""

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.lone import neighbours
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Certainty, Severity


def spike_findings(case: Case) -> FindingTable:
    """One finding for each lone reading of a drug probe (analysis.record.lone)."""
    series, row = case.series, case.lone
    if row.size == 0:
        return NO_FINDINGS
    j, value_c = series.owner[row], series.low_c
    before, after = neighbours(series, row)
    return finding_table(
        shipment=series.shipment[j],
        type=code_of("data_integrity/spike"),
        start_s=series.time_s[row],
        end_s=series.time_s[row],
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        probe=np.array([*series.probes, ""])[series.probe[j]],
        measures={
            "logger_number": series.logger[j].astype(np.float64),
            "value_c": value_c[row],
            "before_c": np.where(before >= 0, value_c[before], np.nan),
            "after_c": np.where(after >= 0, value_c[after], np.nan),
        },
        details={
            k: {"stands": "first" if before[k] < 0 else "last" if after[k] < 0 else "between"}
            for k in range(row.size)
        },
    )
