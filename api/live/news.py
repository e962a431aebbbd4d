"""What one judging run has to tell the live stream: readings, findings, verdicts."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from coldwitness.api.live.hub import LiveHub
from coldwitness.domain.result import CheckResult
from coldwitness.judging.observer import JudgingObserver
from coldwitness.storage.ports import Clue

REMEMBERED = 50_000
"""Shipments whose last told findings are remembered; others are told again in full."""


class News(JudgingObserver):
    """Compares each result with what was told last and publishes the difference.

    Events: `reading` (the newest reading of a shipment, once a run), `finding` (new or changed),
    `verdict` (first or changed), `clue` (new on the feed).
    """

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._told: OrderedDict[str, tuple[str, dict[str, str]]] = OrderedDict()

    def on_judged(
        self,
        results: Sequence[CheckResult],
        clues: Sequence[Clue],
        newest: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Publish one run's news, shipment by shipment."""
        for result in results:
            shipment = result.shipment
            findings = {f.id: f.certainty + str(f.end) for f in result.findings}
            verdict_before, findings_before = self._told.get(shipment, ("", {}))
            if shipment in newest:
                self._hub.publish("reading", {"shipment": shipment, **newest[shipment]})
            for finding in result.findings:
                if findings_before.get(finding.id) != findings[finding.id]:
                    self._hub.publish("finding", {"shipment": shipment, "finding": finding})
            if verdict_before != result.verdict or findings_before.keys() != findings.keys():
                self._hub.publish("verdict", _verdict(result))
            self._told[shipment] = (result.verdict, findings)
            self._told.move_to_end(shipment)
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        for clue in clues:
            told = {"id": clue.id, "shipment": clue.shipment, "requirements": clue.requirements}
            self._hub.publish("clue", told)


def _verdict(result: CheckResult) -> Mapping[str, Any]:
    words = sorted({(f.kind, f.subtype, f.certainty) for f in result.findings})
    return {
        "shipment": result.shipment,
        "verdict": result.verdict,
        "window": result.window,
        "findings": [{"kind": k, "subtype": s, "certainty": c} for k, s, c in words],
    }
