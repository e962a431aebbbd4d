"""What changed from one version of a result to the next, as far as an officer would ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.wording import Lang
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult, Finding, RequirementLine
from coldwitness.domain.words import CertaintyWord, StateWord, StatusWord, Verdict

Word = TypeVar("Word")


_WHY: Mapping[str, str] = {
    "new readings": "why_readings",
    "asked for": "why_asked",
    "restart": "why_restart",
    "probe challenge": "challenge",
    "manifest": "why_manifest",
    "report": "why_report",
    "import": "why_import",
    "register": "why_register",
    "review": "review",
}
"""Of a version's reason as it is kept, the word of the pages."""


@dataclass(frozen=True)
class ChangedLine:
    """A requirement line whose status is another; None: the rules before had no such line."""

    line: RequirementLine
    before: StatusWord | None


@dataclass(frozen=True)
class ChangedFinding:
    """A finding that is surer, or less sure, than before."""

    finding: Finding
    before: CertaintyWord


@dataclass(frozen=True)
class Changes:
    """verdict, state, rules : those of before where they are others now."""

    verdict: Verdict | None
    state: StateWord | None
    rules: str | None
    appeared: Sequence[Finding]
    gone: Sequence[Finding]
    surer_or_less: Sequence[ChangedFinding]
    lines: Sequence[ChangedLine]
    readings: int
    """How many more (or fewer) readings there are."""

    @property
    def figures_alone(self) -> bool:
        """Nothing that an officer decides by."""
        return not (
            self.verdict
            or self.state
            or self.rules
            or self.appeared
            or self.gone
            or self.surer_or_less
            or self.lines
        )


def changes_between(before: CheckResult, after: CheckResult) -> Changes:
    """Findings are the same where their ids are: a finding's id names its evidence."""
    state_before: StateWord | None = given(before.state)
    known = {finding.id: finding for finding in before.findings}
    now = {finding.id for finding in after.findings}
    lines = {line.id: line.status for line in before.requirements}
    return Changes(
        verdict=_other(before.verdict, after.verdict),
        state=state_before if state_before != given(after.state) else None,
        rules=_other(before.evidence.rules, after.evidence.rules),
        appeared=[finding for finding in after.findings if finding.id not in known],
        gone=[finding for finding in before.findings if finding.id not in now],
        surer_or_less=[
            ChangedFinding(finding, known[finding.id].certainty)
            for finding in after.findings
            if finding.id in known and known[finding.id].certainty != finding.certainty
        ],
        lines=[
            ChangedLine(line, lines.get(line.id))
            for line in after.requirements
            if lines.get(line.id) != line.status
        ],
        readings=after.metrics.readings - before.metrics.readings,
    )


def why_judged(reason: str, lang: Lang) -> str:
    """Why a version was made, in the reader's words; what is added to it (which register, whose
    review) and a reason that is none of ours as they are."""
    what, _, more = reason.partition(": ")
    words = _WHY.get(what)
    if words is None:
        return reason
    return f"{word(words, lang)} {more}".strip()


def _other(before: Word, after: Word) -> Word | None:
    return before if before != after else None
