"""A probe that the logger carried and that is now silent, as a finding."""

import numpy as np

from coldwitness.analysis.findings import FindingTable, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Certainty, Severity


def probe_missing_findings(case: Case) -> FindingTable:
    """One for each silent probe; certain that it is missing, and it accuses nobody."""
    silent = case.silent_probes
    ones = np.ones(silent.shipment.size)
    return finding_table(
        shipment=silent.shipment,
        type=code_of("evidence_gap/probe_missing"),
        start_s=silent.start_s,
        end_s=silent.end_s,
        certainty=Certainty.CERTAIN,
        severity=Severity.MAJOR,
        probe=silent.probe,
        measures={
            "length_s": silent.length_s,
            "carried": ones,
            "carried_before": silent.before.astype(np.float64),
        },
    )
