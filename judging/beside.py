"""A result and what the same shipment would be under a later version of its manifest: of each line
the worse counts, and what the version changed is told."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from coldwitness.analysis.findings import finding_table
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.labels import labels
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.result import (
    CheckResult,
    Finding,
    Isolation,
    IsolationFacet,
    Item,
    RequirementLine,
)
from coldwitness.domain.text import Text
from coldwitness.domain.words import (
    ISOLATION_WORDS,
    STATUS_WORDS,
    VERDICT_WORDS,
    Certainty,
    Severity,
)
from coldwitness.judging.manifest_versions import Change, Counted
from coldwitness.judging.results import with_findings
from coldwitness.judging.told_findings import told_finding

_STATUS = {word: rank for rank, word in STATUS_WORDS.items()}
_VERDICT = {word: rank for rank, word in VERDICT_WORDS.items()}
_ISOLATION = {word: rank for rank, word in ISOLATION_WORDS.items()}
_WORDS = labels("warnings")["beside"]

MOST_TOLD = 50
"""Changes told one by one: a manifest may have a thousand items."""


def judged_beside(
    results: Mapping[str, CheckResult],
    told: Mapping[str, Counted],
    *,
    judge: Callable[[Mapping[str, Manifest]], Sequence[CheckResult]],
) -> dict[str, CheckResult]:
    """The results of shipments with several manifests: each judged by its later versions as well,
    the n-th of all shipments in one run, and the worse of each line taken."""
    found = {name: results[name] for name in told if name in results}
    for place in range(max((len(one.beside) for one in told.values()), default=0)):
        nth = {name: told[name].beside[place] for name in found if len(told[name].beside) > place}
        for other in judge({name: version.manifest for name, version in nth.items()}):
            name = other.shipment
            word, version = _WORDS["version"], nth[name].version
            by = Text(word.zh.format(version), word.en.format(version))
            found[name] = worse(found[name], other, by=by)
    return {
        name: with_findings(one, changed_findings(one, told[name].changes))
        for name, one in found.items()
    }


def worse(result: CheckResult, other: CheckResult, *, by: Text) -> CheckResult:
    """`result` with each line of `other` that is worse, and its findings. by : what `other` rests
    on, said before the basis of such a line. Both hold the same lines in the same order. Numbers
    stay those of `result`."""
    known = {finding.id for finding in result.findings}
    more = [finding for finding in other.findings if finding.id not in known]
    verdict = max(result.verdict, other.verdict, key=_VERDICT.__getitem__)
    pairs = zip(result.requirements, other.requirements, strict=True)
    return replace(
        with_findings(result, more),
        verdict=verdict,
        requirements=tuple(_worse_line(mine, its, by) for mine, its in pairs),
        items=tuple(_worse_item(item, other.items) for item in result.items),
        isolation=Isolation(
            coolant=_worse_facet(result.isolation.coolant, other.isolation.coolant),
            goods=_worse_facet(result.isolation.goods, other.isolation.goods),
        ),
    )


def changed_findings(result: CheckResult, changes: Sequence[Change]) -> list[Finding]:
    """A finding for each change, at the time it was received."""
    told = changes[:MOST_TOLD]
    at_s = np.array(
        [
            np.nan if one.version.received_ms is None else one.version.received_ms / 1000.0
            for one in told
        ],
        dtype=np.float64,
    )
    table = finding_table(
        shipment=np.zeros(len(told), dtype=np.int64),
        type=code_of("data_integrity/manifest_changed"),
        start_s=at_s,
        end_s=at_s,
        certainty=Certainty.CERTAIN,
        severity=Severity.MAJOR,
        measures={
            "manifest_version": np.array([float(one.version.version) for one in told]),
            "received_s": at_s,
        },
        details={row: _said(one) for row, one in enumerate(told)},
    )
    return [
        told_finding(table, row, shipment=result.shipment, loggers=()) for row in range(len(told))
    ]


def _said(change: Change) -> dict[str, str]:
    said = {
        "field": change.field,
        "old": change.old,
        "new": change.new,
        "sender": change.version.sender,
    }
    return {name: word for name, word in said.items() if word is not None}


def _worse_line(mine: RequirementLine, its: RequirementLine, by: Text) -> RequirementLine:
    if _STATUS[its.status] > _STATUS[mine.status]:
        basis = Text(f"{by.zh}{its.basis.zh}", f"{by.en}{its.basis.en}")
        return replace(its, basis=basis, findings=_both(mine.findings, its.findings))
    if its.status == mine.status:
        return replace(mine, findings=_both(mine.findings, its.findings))
    return mine


def _both(mine: Iterable[str], its: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*mine, *its)))


def _worse_item(item: Item, others: Sequence[Item]) -> Item:
    same = [other for other in others if (other.name, other.storage) == (item.name, item.storage)]
    same = same or [other for other in others if other.name == item.name]
    for other in same:
        if _STATUS[other.status] > _STATUS[item.status]:
            item = replace(item, status=other.status, findings=_both(item.findings, other.findings))
    return item


def _worse_facet(mine: IsolationFacet, its: IsolationFacet) -> IsolationFacet:
    return its if _ISOLATION[its.status] > _ISOLATION[mine.status] else mine
