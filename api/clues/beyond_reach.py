"""What an office is told of shipments and clues that are not its own: that there are some, and not
which.

A copied record names the shipment of its twin, a result the other deliveries of its box, a clue
those linked with it. Who may not see them is told ＊＊＊ in place of the name.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from coldwitness.domain.clues import Clue
from coldwitness.domain.identifiers import HIDDEN
from coldwitness.domain.measures import given
from coldwitness.domain.reach import Reach
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.text import Text
from coldwitness.storage.clue_ports import ClueEntry
from coldwitness.storage.ports import Register

AnyFinding = TypeVar("AnyFinding", bound=Finding)


def twins_of(findings: Iterable[Finding]) -> set[str]:
    """Shipments that findings name beside their own."""
    named: set[str] = set()
    for finding in findings:
        named |= _twins(finding)
    return named


def _twins(finding: Finding) -> set[str]:
    measures = finding.measures
    return {*filter(None, [given(measures.other_shipment)]), *(given(measures.others) or ())}


def beyond(register: Register, names: Iterable[str], reach: Reach) -> frozenset[str]:
    """Those of these shipments that lie beyond somebody's reach."""
    asked = frozenset(names)
    if reach.everything or not asked:
        return frozenset()
    return asked - register.shipments.seen(asked, reach=reach)


def hidden_finding(finding: AnyFinding, hidden: frozenset[str]) -> AnyFinding:
    """The finding without the names of these shipments."""
    if not _twins(finding) & hidden:
        return finding
    settle, against, measures = finding.would_settle, given(finding.against), finding.measures
    others = given(measures.others)
    return replace(
        finding,
        measures=replace(
            measures,
            other_shipment=HIDDEN
            if given(measures.other_shipment) in hidden
            else measures.other_shipment,
            others=measures.others
            if others is None
            else tuple(HIDDEN if name in hidden else name for name in others),
        ),
        explanation=_hidden(finding.explanation, hidden),
        would_settle=None if settle is None else _hidden(settle, hidden),
        against=finding.against if against is None else _hidden(against, hidden),
    )


def hidden_result(register: Register, result: CheckResult, reach: Reach) -> CheckResult:
    """The result as somebody of this reach is told it. What it rests on stays, so that a report
    made of it can be verified."""
    deliveries = given(result.evidence.deliveries) or ()
    named = twins_of(result.findings) | {one.shipment for one in deliveries}
    hidden = beyond(register, named, reach)
    if not hidden:
        return result
    evidence = result.evidence
    if deliveries:
        told = (
            replace(one, shipment=HIDDEN) if one.shipment in hidden else one for one in deliveries
        )
        evidence = replace(evidence, deliveries=tuple(told))
    findings = tuple(hidden_finding(finding, hidden) for finding in result.findings)
    return replace(result, findings=findings, evidence=evidence)


def summary_for_all(clue: Clue) -> Text:
    """The clue's summary without the names of its twins, for what is told to people of several
    reaches at once."""
    twins = frozenset(twins_of(clue.findings))
    return _hidden(clue.summary, twins) if twins else clue.summary


def hidden_entries(
    register: Register, entries: Sequence[ClueEntry], reach: Reach
) -> list[ClueEntry]:
    """Entries of the feed as somebody of this reach is told them."""
    if reach.everything:
        return [*entries]
    clues = [entry.clue for entry in entries]
    findings = [finding for clue in clues for finding in clue.findings]
    named = twins_of(findings).union(*(clue.shipments for clue in clues))
    hidden = beyond(register, named, reach)
    seen = register.clues.seen({name for clue in clues for name in clue.linked}, reach=reach)
    return [replace(entry, clue=_hidden_clue(entry.clue, hidden, linked=seen)) for entry in entries]


def _hidden_clue(clue: Clue, hidden: frozenset[str], *, linked: frozenset[str]) -> Clue:
    kept = tuple(name for name in clue.linked if name in linked)
    clue = clue if kept == clue.linked else replace(clue, linked=kept)
    own = hidden & (twins_of(clue.findings) | set(clue.shipments))
    if not own:
        return clue
    return replace(
        clue,
        shipments=tuple(name for name in clue.shipments if name not in own),
        summary=_hidden(clue.summary, own),
        against=tuple(_hidden(text, own) for text in clue.against),
        would_settle=tuple(_hidden(text, own) for text in clue.would_settle),
        findings=tuple(hidden_finding(finding, own) for finding in clue.findings),
        evidence=tuple(
            item for item in clue.evidence if not any(f"/{name}/" in item.href for name in own)
        ),
    )


def _hidden(text: Text, names: frozenset[str]) -> Text:
    pattern = re.compile(
        rf"(?<![A-Za-z0-9_-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![A-Za-z0-9_-])"
    )
    return Text(pattern.sub(HIDDEN, text.zh), pattern.sub(HIDDEN, text.en))
