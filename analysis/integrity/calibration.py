"""Whether the logger's calibration lasted as long as its record."""

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Certainty, Severity


def calibration_findings(case: Case) -> FindingTable:
    """The calibration ran out before the drug's time in the box did."""
    terms, window = case.terms, case.window
    which = np.flatnonzero(terms.calibrated_until_s < window.end_s)
    if which.size == 0:
        return NO_FINDINGS
    start_s = np.fmax(window.start_s[which], terms.calibrated_until_s[which])
    return finding_table(
        shipment=which,
        type=code_of("evidence_gap/calibration_expired"),
        start_s=start_s,
        end_s=window.end_s[which],
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        measures={
            "length_s": window.end_s[which] - start_s,
            "calibrated_until_s": terms.calibrated_until_s[which],
        },
    )
