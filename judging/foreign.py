"""What others sent in a shipment's name, told: who, how much, and whether it would matter."""

import numpy as np

from coldwitness.analysis.findings import finding_table
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.words import Certainty, Severity
from coldwitness.judging.publishers import Foreign
from coldwitness.judging.told_findings import told_finding

MOST_NAMED = 20
"""Sources named one by one: a stranger may use any number of ids, the result stays readable."""


def foreign_finding(result: CheckResult, foreign: Foreign, *, with_it: CheckResult) -> Finding:
    """The finding on a shipment's `result`. with_it : the result if what others sent counted."""
    sources: dict[tuple[str | None, str | None, str | None], int] = dict(foreign.readings)
    for event in foreign.events:
        sources.setdefault((event.courier, event.box, event.logger), 0)
    ranked = sorted(sources, key=lambda one: (-sources[one], *map(str, one)))
    courier, box, logger = ranked[0]
    would_change = with_it.verdict != result.verdict
    told = {"courier": courier, "box": box, "logger": logger}
    details: dict[str, object] = {name: word for name, word in told.items() if word is not None}
    if ranked[1:]:
        details["others"] = tuple(
            f"{c or '-'}/{b or '-'}/{k or '-'} ({sources[c, b, k]})"
            for c, b, k in ranked[1 : MOST_NAMED + 1]
        )
    table = finding_table(
        shipment=np.zeros(1, dtype=np.int64),
        type=code_of("data_integrity/foreign_source"),
        start_s=np.array([foreign.first_ms / 1000.0]),
        end_s=np.array([foreign.last_ms / 1000.0]),
        certainty=Certainty.CERTAIN,
        severity=Severity.MAJOR if would_change else Severity.MINOR,
        measures={
            "readings": np.array([float(sum(foreign.readings.values()))]),
            "events": np.array([float(len(foreign.events))]),
            "sources": np.array([float(len(sources))]),
            "would_change": np.array([float(would_change)]),
        },
        details={0: details},
    )
    return told_finding(table, 0, shipment=result.shipment, loggers=())
