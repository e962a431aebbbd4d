"""What one judging run has to tell the live stream: readings, findings, verdicts."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from coldwitness.domain.clues import ChangeKind
from coldwitness.domain.measures import Instant, given
from coldwitness.domain.result import CheckResult, Finding, Window
from coldwitness.domain.words import CertaintyWord, StateWord, Verdict
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import ClueEntry

REMEMBERED = 50_000
"""Shipments whose last told findings are remembered; others are told again in full."""


class ReadingNews(Struct, frozen=True, kw_only=True):
    """`reading`: the newest reading of a shipment."""

    shipment: str
    time: Instant
    temperature: dict[str, float]
    readings: int
    pace_c_per_h: float | None = None
    to_limit_s: float | None = None


class FindingNews(Struct, frozen=True):
    """`finding`: one that is new or changed."""

    shipment: str
    finding: Finding


class FindingWords(Struct, frozen=True):
    kind: str
    subtype: str
    certainty: CertaintyWord


class VerdictNews(Struct, frozen=True, kw_only=True):
    """`verdict`: what is said of the shipment now, each sort of finding once."""

    shipment: str
    verdict: Verdict
    state: StateWord | None
    window: Window
    findings: tuple[FindingWords, ...]


class ClueNews(Struct, frozen=True):
    """`clue`: an entry of the feed."""

    id: str
    shipment: str | None
    requirements: tuple[str, ...]
    change: ChangeKind


KINDS: Mapping[str, type[Struct]] = {
    "reading": ReadingNews,
    "finding": FindingNews,
    "verdict": VerdictNews,
    "clue": ClueNews,
}
"""What each event of the stream holds."""


class Publishes(Protocol):
    def publish(self, name: str, data: Struct) -> None: ...


class News(JudgingObserver):
    """Compares each result with what was told last and publishes the difference.

    Events: `reading` (the newest reading of a shipment, once a run), `finding` (new or changed),
    `verdict` (first or changed), `clue` (an entry of the feed).
    """

    def __init__(self, hub: Publishes) -> None:
        self._hub = hub
        self._told: OrderedDict[str, tuple[tuple[str, str | None], dict[str, str]]] = OrderedDict()

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """Publish one run's news, shipment by shipment."""
        for result in results:
            shipment = result.shipment
            findings = {f.id: f.certainty + str(f.end) for f in result.findings}
            stood_before, findings_before = self._told.get(shipment, (("", None), {}))
            stands = (result.verdict, given(result.state))
            if shipment in newest:
                its = newest[shipment]
                news = ReadingNews(
                    shipment=shipment,
                    time=its.time,
                    temperature=its.temperature,
                    readings=its.readings,
                    pace_c_per_h=its.pace_c_per_h,
                    to_limit_s=its.to_limit_s,
                )
                self._hub.publish("reading", news)
            for finding in result.findings:
                if findings_before.get(finding.id) != findings[finding.id]:
                    self._hub.publish("finding", FindingNews(shipment, finding))
            if stood_before != stands or findings_before.keys() != findings.keys():
                self._hub.publish("verdict", _verdict(result))
            self._told[shipment] = (stands, findings)
            self._told.move_to_end(shipment)
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        for entry in entries:
            clue = entry.clue
            told = ClueNews(clue.id, clue.shipment, clue.requirements, entry.change.kind)
            self._hub.publish("clue", told)


def _verdict(result: CheckResult) -> VerdictNews:
    words = sorted({(f.kind, f.subtype, f.certainty) for f in result.findings})
    return VerdictNews(
        shipment=result.shipment,
        verdict=result.verdict,
        state=given(result.state),
        window=result.window,
        findings=tuple(FindingWords(*said) for said in words),
    )
