"""Results of judging, as small as the register needs them."""

import msgspec

from coldwitness.domain.instants import rfc3339
from coldwitness.domain.measures import Measures
from coldwitness.domain.result import (
    SCHEMA,
    CheckResult,
    Evidence,
    Finding,
    Isolation,
    IsolationFacet,
    Metrics,
    RequirementLine,
    Window,
)
from coldwitness.domain.text import Text
from coldwitness.domain.words import CertaintyWord, Verdict
from coldwitness.judging.clues import ClueRules
from coldwitness.storage.clue_ports import ClueEntry
from coldwitness.storage.ports import Register
from tests.storage.readings import MINUTE, T0

CLUE_RULES = ClueRules()

_LINE = RequirementLine(
    id="ANNEX6-10",
    title=Text("温度", "temperature"),
    status="compliant",
    findings=(),
    basis=Text("未见问题。", "no issue."),
    least=None,
    most=None,
    setting=None,
)
_UNKNOWN = IsolationFacet(
    status="indeterminate", coupling_per_h=None, interval_95=None, limit_per_h=None
)
_METRICS = Metrics(
    readings=100,
    coverage=None,
    longest_gap_s=None,
    min_c=None,
    max_c=None,
    mean_c=None,
    mkt_c=None,
    seconds_above=None,
    seconds_above_bounds=None,
    seconds_below=None,
    seconds_below_bounds=None,
    degree_minutes_above=None,
    degree_minutes_below=None,
    distance_m=None,
    stopped_s=None,
    hidden_stop_max_s=None,
)


def at(minute: float) -> str:
    return rfc3339(T0 + round(minute * MINUTE))


def finding(
    finding_id: str = "F-1",
    *,
    start: float = 0,
    end: float = 10,
    duration_s: float | None = None,
    kind: str = "cold_chain_break",
    subtype: str = "above_range",
    certainty: CertaintyWord = "certain",
    probe: str = "drug",
) -> Finding:
    return Finding(
        id=finding_id,
        kind=kind,
        subtype=subtype,
        start=at(start),
        end=at(end),
        duration_s=duration_s,
        certainty=certainty,
        severity="major",
        requirements=("ANNEX6-10", "LZ-PLAN-5.cold-chain"),
        measures=Measures(limit_c=8.0, probe=probe),
        where=None,
        would_settle=None,
        explanation=Text("超温", "too warm"),
    )


def result(
    *findings: Finding,
    shipment: str = "S-1",
    verdict: Verdict | None = None,
    readings: int = 100,
    end: str | None = at(60),
    lowest_c: float | None = None,
    highest_c: float | None = None,
) -> CheckResult:
    return CheckResult(
        schema=SCHEMA,
        shipment=shipment,
        verdict=verdict or ("breach" if findings else "compliant"),
        window=Window(start=at(0), end=end),
        findings=findings,
        requirements=(_LINE,),
        items=(),
        metrics=msgspec.structs.replace(
            _METRICS, readings=readings, min_c=lowest_c, max_c=highest_c
        ),
        isolation=Isolation(coolant=_UNKNOWN, goods=_UNKNOWN),
        evidence=Evidence(readings_sha256="00", rules="cn 1", software="0"),
    )


def record(
    register: Register, *results: CheckResult, judged_ms: int = T0, reason: str = "readings"
) -> list[ClueEntry]:
    """Keep results as live judging does; returns the entries that tell of their clues."""
    return register.results.record(
        results, judged_ms=judged_ms, reason=reason, clue_policy=CLUE_RULES
    )
