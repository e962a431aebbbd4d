"""A report judged again from the evidence in it, by the rules it names."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable, finding_table
from coldwitness.analysis.judge import Judgement, judge
from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.terms import Terms
from coldwitness.api.reports.made.columns import Column
from coldwitness.api.reports.made.evidence import event_of, tracks_of
from coldwitness.api.reports.made.model import Evidenced, Report
from coldwitness.api.reports.made.report import beside_of, build_report, rules_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.rules import RulePack
from coldwitness.domain.errors import BadInput
from coldwitness.domain.identifiers import HIDDEN
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.measures import given
from coldwitness.domain.reading import Event
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.tracks import Tracks
from coldwitness.domain.words import Certainty, Severity
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.beside import judged_beside
from coldwitness.judging.first_received import contradicted, without_contradictions
from coldwitness.judging.fleet_limits import baselines_told
from coldwitness.judging.manifest_terms import terms_for
from coldwitness.judging.manifest_versions import Counted, counted, shown_by
from coldwitness.judging.results import check_results, with_findings
from coldwitness.judging.rulebook import Rulebook


def pack_of(report: Evidenced, rulebook: Rulebook) -> RulePack | None:
    """The rule pack the report names, as it is installed here; None if it is not."""
    named = (report.rules.id, report.rules.version)
    return next((p for p in rulebook.packs if (p.id, p.version) == named), None)


def pack_beside(report: Evidenced, rulebook: Rulebook) -> RulePack | None:
    """The pack of what stands beside the report, as installed here; None where nothing does.

    Raises BadInput if it is not installed.
    """
    if report.beside is None:
        return None
    for pack in rulebook.packs:
        if pack.name == report.beside.rules:
            return pack
    raise BadInput(f"rule pack {report.beside.rules[:80]!r} is not installed")


def same_rules(report: Evidenced, pack: RulePack) -> bool:
    return bool(plain_values(rules_of(pack)) == plain_values(report.rules))


def rebuilt(report: Evidenced, rulebook: Rulebook, pack: RulePack) -> Report:
    """The report as this program makes it from the readings, manifest and events in it.

    Where, review, issue and seal are taken over: they are no conclusions; and so is that the curve
    is a copy of another shipment's, which probes its loggers sent before, what others sent in its
    name, and what was warned of on the way: their evidence is not in this report. Limits learned
    from other trips are worked out again from the figures in the evidence; what the office has on
    record counts as it stands there.
    Raises BadInput if the evidence in the report cannot be read.
    """
    name = report.shipment
    events = tuple(event_of(event, name) for event in report.events)
    tracks = tracks_of(report.readings, name)
    told = _counted(report, rulebook, tracks, events)
    manifest = _manifest(report, rulebook) if told is None else told.manifest
    on_record = given(report.result.evidence.office)
    office = {} if on_record is None else {name: on_record}
    deliveries = {name: given(report.result.evidence.deliveries) or ()}
    challenges = {name: given(report.result.evidence.challenges) or ()}

    first = without_contradictions(tracks)

    def judged_by(rules: RulePack) -> tuple[CheckResult, Judgement, Terms]:
        manifests = {} if manifest is None else {name: manifest}
        result, judgement, terms = judged_as(rules, manifests, tracks)
        if first is not None:
            by_first = judged_as(rules, manifests, first)[0]
            result = contradicted(by_first, result, sender=_contradictor(report))
        if told is not None:
            result = judged_beside(
                {name: result},
                {name: told},
                judge=lambda manifests: [judged_as(rules, manifests, tracks)[0]],
            )[name]
        result = msgspec.structs.replace(result, warnings=report.result.warnings)
        result = _named_as_told(result, report)
        return with_findings(result, _of_others(report)), judgement, terms

    def judged_as(
        rules: RulePack, manifests: Mapping[str, Manifest], tracks: Tracks
    ) -> tuple[CheckResult, Judgement, Terms]:
        terms = terms_for(
            (report.shipment,),
            manifests=manifests,
            events={report.shipment: events},
            classes=rulebook.classes,
            models=rulebook.models,
            numbers=rules.numbers,
            limits=rules.limits,
            assumed_storage=report.terms.assumed_storage,
            learned={report.shipment: baselines_told(report.result, rules.numbers)},
            office=office,
            deliveries=deliveries,
            challenges=challenges,
        )
        terms = replace(terms, carried=_carried(report))
        case = case_of(tracks, terms, rules.numbers, as_of_s=_as_of_s(report.result))
        judgement = judge(case, rules, taken_over=_copies(report))
        software = report.result.evidence.software
        (result,) = check_results(
            judgement,
            tracks,
            terms,
            rules,
            software=software,
            office=office,
            deliveries=deliveries,
            challenges=challenges,
        )
        return result, judgement, terms

    result, judgement, terms = judged_by(pack)
    other = pack_beside(report, rulebook)
    return msgspec.structs.replace(
        build_report(
            result,
            tracks=tracks,
            manifest=manifest,
            events=events,
            pack=pack,
            terms=terms,
            judgement=judgement,
            shipment=0,
            origin=report.origin,
            review=report.review,
            beside=None if other is None else beside_of(judged_by(other)[0], other),
            versions=report.manifest_versions,
        ),
        issue=report.issue,
        seal=report.seal,
    )


def _carried(report: Evidenced) -> dict[str, NDArray[np.bool_]]:
    """Probes of which the report says that the loggers sent them before, in other shipments."""
    return {
        name: np.ones(1, dtype=np.bool_)
        for one in report.result.findings
        if given(one.measures.carried_before) and (name := given(one.measures.probe)) is not None
    }


def _as_of_s(result: CheckResult) -> float | None:
    """The present by which the report's shipment was judged; before any beginning where it was
    planned, none where it had ended."""
    if given(result.state) == "planned":
        return -math.inf
    as_of = given(result.as_of)
    return None if as_of is None else instant_ms(as_of) / 1000.0


def _contradictor(report: Evidenced) -> str:
    """Who sent what contradicts: the report's readings do not say it, its finding does."""
    told = (given(one.measures.sender) for one in report.result.findings if one.subtype == _TWICE)
    return next((sender for sender in told if sender is not None), "?")


_TWICE = "duplicate_conflict"


def _of_others(report: Evidenced) -> list[Finding]:
    """What the report says of readings and events that others sent in the shipment's name."""
    return [one for one in report.result.findings if one.subtype == "foreign_source"]


def _named_as_told(result: CheckResult, report: Evidenced) -> CheckResult:
    """The result with the report's own names of findings whose twin it does not name: these names
    are made of the twin's."""
    told = {
        structs.replace(one, id=""): one.id
        for one in report.result.findings
        if given(one.measures.other_shipment) == HIDDEN
    }
    names = {
        one.id: told[bare]
        for one in result.findings
        if (bare := structs.replace(one, id="")) in told
    }
    if not names:
        return result

    def renamed(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(one, one) for one in ids)

    return structs.replace(
        result,
        findings=tuple(
            structs.replace(one, id=names.get(one.id, one.id)) for one in result.findings
        ),
        requirements=tuple(
            structs.replace(line, findings=renamed(line.findings)) for line in result.requirements
        ),
        items=tuple(
            structs.replace(item, findings=renamed(item.findings)) for item in result.items
        ),
    )


def _copies(report: Evidenced) -> FindingTable:
    """What the report says of copies of other shipments' curves."""
    told = [
        finding
        for finding in report.result.findings
        if finding.subtype == "copied" and given(finding.measures.other_shipment) != report.shipment
    ]
    numbers = ("readings", "share", "shift_s")
    return finding_table(
        shipment=np.zeros(len(told), dtype=np.int64),
        type=code_of("data_integrity/copied"),
        start_s=np.array([instant_ms(one.start or "") / 1000.0 for one in told]),
        end_s=np.array([instant_ms(one.end or "") / 1000.0 for one in told]),
        certainty=np.array([Certainty[one.certainty.upper()] for one in told], dtype=np.int8),
        severity=np.array([Severity[one.severity.upper()] for one in told], dtype=np.int8),
        probe=np.array([given(one.measures.probe) or "" for one in told], dtype=np.str_),
        measures={
            name: np.array([getattr(one.measures, name) for one in told], dtype=np.float64)
            for name in numbers
        }
        | {
            name: np.array([1.0 if given(getattr(one.measures, name)) else np.nan for one in told])
            for name in ("received_later", "received_first")
        },
        details={
            row: {
                name: getattr(one.measures, name) for name in ("other_shipment", "others", "logger")
            }
            for row, one in enumerate(told)
        },
    )


def _counted(
    report: Evidenced, rulebook: Rulebook, tracks: Tracks, events: Sequence[Event]
) -> Counted | None:
    """What counts of several versions; None where there is but one."""
    sent = given(report.manifest_versions)
    if sent is None:
        return None
    counts = [place for place, one in enumerate(sent) if one.counts]
    if len(counts) != 1:
        raise BadInput("manifest_versions: expected one version that counts")
    versions = [
        ManifestVersion(
            manifest=_parsed(one.manifest, report, rulebook),
            version=one.version,
            received_ms=None if one.received_at is None else instant_ms(one.received_at),
            sender=one.sender,
            accepted=one.accepted,
        )
        for one in sent[counts[0] :]
    ]
    times_ms = np.round(tracks.time_s * 1000.0).astype(np.int64)
    return counted(versions, begun_ms=None, shown=shown_by(times_ms, events))


def _manifest(report: Evidenced, rulebook: Rulebook) -> Manifest | None:
    return None if report.manifest is None else _parsed(report.manifest, report, rulebook)


def _parsed(sent: dict[str, Any], report: Evidenced, rulebook: Rulebook) -> Manifest:
    manifest, _ = parse_manifest(sent, classes=rulebook.classes, kept_before=True)
    if manifest.id != report.shipment:
        raise BadInput(f"manifest of {manifest.id}, report of {report.shipment}")
    return manifest


def plain_values(part: Any) -> Any:
    """JSON values, numbers of equal value equal whether written 5 or 5.0."""
    return msgspec.to_builtins(part, enc_hook=_values)


def _values(column: object) -> list[Any]:
    """Of a report that was made the columns of readings."""
    if isinstance(column, Column):
        return list(column)
    raise TypeError(f"no JSON of {type(column).__name__}")
