"""What is told of an end of custody that was pressed elsewhere, or contradicted by another."""

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.reading import EVENT_NAMES
from coldwitness.domain.words import Certainty, Severity


def custody_findings(case: Case) -> FindingTable:
    """One finding for each reason to doubt an end of custody."""
    doubts = case.unsure_ends
    if doubts.shipment.size == 0:
        return NO_FINDINGS
    return finding_table(
        shipment=doubts.shipment,
        type=code_of("data_integrity/custody"),
        start_s=doubts.time_s,
        end_s=doubts.time_s,
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        measures={"away_m": doubts.away_m, "allowed_m": doubts.allowed_m},
        details={
            row: {
                "event": EVENT_NAMES[code],
                "cause": "second_ending" if np.isnan(away_m) else "elsewhere",
            }
            for row, (code, away_m) in enumerate(zip(doubts.code, doubts.away_m, strict=True))
        },
    )
