"""Results of judging, as small as the register needs them."""

from typing import Any

from coldwitness.domain.instants import rfc3339
from tests.storage.readings import MINUTE, T0


def at(minute: float) -> str:
    return rfc3339(T0 + round(minute * MINUTE))


def finding(
    finding_id: str = "F-1",
    *,
    start: float = 0,
    end: float = 10,
    kind: str = "cold_chain_break",
    subtype: str = "above_range",
    certainty: str = "certain",
    probe: str = "drug",
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": finding_id,
        "kind": kind,
        "subtype": subtype,
        "start": at(start),
        "end": at(end),
        "certainty": certainty,
        "severity": "major",
        "requirements": ["ANNEX6-10", "LZ-PLAN-5.cold-chain"],
        "measures": {"limit_c": 8.0, "probe": probe},
        **more,
    }


def result(
    *findings: dict[str, Any],
    shipment: str = "S-1",
    verdict: str | None = None,
    readings: int = 100,
    **more: Any,
) -> dict[str, Any]:
    return {
        "schema": "coldwitness.check/1",
        "shipment": shipment,
        "verdict": verdict or ("breach" if findings else "compliant"),
        "window": {"start": at(0), "end": at(60)},
        "findings": list(findings),
        "requirements": [],
        "items": [],
        "metrics": {"readings": readings},
        "evidence": {"readings_sha256": "00", "rules": "cn 1", "software": "0"},
        **more,
    }
