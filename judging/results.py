"""From a judgement to the results of its shipments."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable
from coldwitness.analysis.isolation.isolation_judgement import Facet
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.record.kinetic_temperature import METHOD
from coldwitness.analysis.terms import LimitSource, Terms
from coldwitness.analysis.verdict.requirements import QUESTION_NUMBER
from coldwitness.config.finding_kinds import FindingKind, kind_of
from coldwitness.config.risks import risks
from coldwitness.config.rules import QUESTIONS, Requirement, RulePack
from coldwitness.domain.baseline import FleetZone
from coldwitness.domain.coverage import Coverage
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.measures import LimitWord, Measures, given
from coldwitness.domain.office import OfficeFacts
from coldwitness.domain.result import (
    SCHEMA,
    CheckResult,
    Evidence,
    Finding,
    FleetLimits,
    Isolation,
    IsolationFacet,
    Item,
    Limits,
    Metrics,
    Place,
    RequirementLine,
    Risk,
    Sensor,
    Window,
)
from coldwitness.domain.text import Text
from coldwitness.domain.tracks import Tracks
from coldwitness.domain.words import (
    CERTAINTY_WORDS,
    ISOLATION_WORDS,
    SEVERITY_WORDS,
    STATUS_WORDS,
    VERDICT_WORDS,
    Certainty,
    Status,
)
from coldwitness.judging.coverage import coverage_told
from coldwitness.judging.fleet_limits import told_baseline
from coldwitness.judging.words.findings import against, explanation, would_settle
from coldwitness.judging.words.lines import line_basis, line_facts
from coldwitness.judging.words.packs import LineWords, pack_words

_DIGITS = 6
_Plain = tuple[int, int, Text]
"""A line without findings and bounds: its place, status and facts say all of it."""
_ACCUSED = (int(Status.SUSPECTED), int(Status.BREACH))
_UNPROVED = (int(Status.ASSERTED), int(Status.TO_CHECK))
"""What a look or a register would settle."""
_LIMIT_WORDS: Mapping[int, LimitWord] = {
    LimitSource.SETTING: "setting",
    LimitSource.MODEL: "model",
    LimitSource.MANIFEST: "manifest",
    LimitSource.FLEET: "fleet",
    LimitSource.REGISTER: "register",
}


def check_results(
    judgement: Judgement,
    tracks: Tracks,
    terms: Terms,
    pack: RulePack,
    *,
    software: str,
    office: Mapping[str, OfficeFacts] | None = None,
) -> list[CheckResult]:
    """One result a shipment, in the order of `tracks.shipments`. Numbers that could not be
    computed are None, times RFC 3339 in UTC. office : what the office has on record of those of
    which it has anything, as `terms` were made with."""
    weighs = _weighs(judgement, pack)
    plain: dict[_Plain, RequirementLine] = {}
    mkt_method = METHOD.format(pack.numbers.mkt_activation_energy_j_per_mol / 1000)
    sensors = _sensors(judgement, tracks)
    coverage = coverage_told(judgement, tracks.loggers)
    findings = judgement.findings
    bounds = np.searchsorted(findings.shipment, np.arange(len(terms) + 1))
    return [
        _result(
            judgement,
            tracks,
            terms,
            pack,
            shipment=i,
            rows=slice(int(bounds[i]), int(bounds[i + 1])),
            weighs=weighs,
            plain=plain,
            coverage=coverage[i],
            evidence=Evidence(
                readings_sha256=judgement.readings_sha256[i],
                rules=pack.name,
                software=software,
                mkt_method=mkt_method,
                deletion_would_show=bool(judgement.deletion_shows[i]),
                sensors=tuple(sensors[i]),
                fleet_limits=_fleet_limits(terms, i),
                office=(office or {}).get(tracks.shipments[i], UNSET),
            ),
        )
        for i in range(len(terms))
    ]


def _fleet_limits(terms: Terms, shipment: int) -> FleetLimits | UnsetType:
    """What limits learned from other trips rest on; nothing where none was used."""
    used = terms.baselines.get(shipment)
    if not used:
        return UNSET
    return FleetLimits(**{zone: told_baseline(baseline) for zone, baseline in used.items()})


def _sensors(judgement: Judgement, tracks: Tracks) -> list[list[Sensor]]:
    """Of each shipment, the grid of every probe's values and how many lie off it."""
    grids = judgement.sensors
    told: list[list[Sensor]] = [[] for _ in tracks.shipments]
    for k, shipment in enumerate(grids.shipment.tolist()):
        logger, off_grid = int(grids.logger[k]), int(grids.off_grid[k])
        told[shipment].append(
            Sensor(
                logger=tracks.loggers[logger] if logger >= 0 else None,
                probe=grids.probe[k],
                grid_c=_number(grids.grid_c[k]),
                readings=int(grids.readings[k]),
                off_grid=off_grid if off_grid >= 0 else None,
            )
        )
    return told


def with_findings(result: CheckResult, more: Sequence[Finding]) -> CheckResult:
    """The result with findings that weigh on none of its lines, in their place by time."""
    findings = sorted(
        (*result.findings, *more),
        key=lambda one: -math.inf if one.start is None else instant_ms(one.start),
    )
    return replace(result, findings=tuple(findings))


def finding_id(shipment: str, kind: str, subtype: str, *anchor: object) -> str:
    """Name of a finding by its evidence: the same for the same evidence, whenever judged, and
    while an episode's end still moves."""
    text = "\x1f".join([shipment, kind, subtype, *map(str, anchor)])
    return "f-" + hashlib.sha256(text.encode()).hexdigest()[:24]


def _result(
    judgement: Judgement,
    tracks: Tracks,
    terms: Terms,
    pack: RulePack,
    *,
    shipment: int,
    rows: slice,
    weighs: NDArray[np.bool_],
    plain: dict[_Plain, RequirementLine],
    coverage: Coverage,
    evidence: Evidence,
) -> CheckResult:
    name = tracks.shipments[shipment]
    ids = [line.id for line in pack.requirements]
    findings = tuple(
        told_finding(
            judgement.findings,
            row,
            shipment=name,
            loggers=tracks.loggers,
            requirements=tuple(ids[r] for r in weighs[row].nonzero()[0].tolist()),
        )
        for row in range(rows.start, rows.stop)
    )
    return CheckResult(
        schema=SCHEMA,
        shipment=name,
        verdict=VERDICT_WORDS[int(judgement.verdict[shipment])],
        window=Window(
            start=_instant(judgement.window.start_s[shipment]),
            end=_instant(judgement.window.end_s[shipment]),
        ),
        findings=findings,
        requirements=_lines(judgement, terms, pack, shipment, findings, plain),
        items=_items(judgement, terms, shipment, findings, rows),
        metrics=_metrics(judgement, shipment),
        isolation=_isolation(judgement, terms, shipment),
        coverage=coverage,
        evidence=evidence,
    )


def told_finding(
    table: FindingTable,
    row: int,
    *,
    shipment: str,
    loggers: Sequence[str],
    requirements: tuple[str, ...] = (),
) -> Finding:
    """A row of a table as the result has it, with its words. loggers : the names of Tracks."""
    kind = kind_of(int(table.type[row]))
    certainty = Certainty(int(table.certainty[row]))
    start_s, end_s = float(table.start_s[row]), float(table.end_s[row])
    probe = str(table.probe[row])
    measures = _measures(table, loggers, row, kind)
    lasted_s = _number(end_s - start_s, 3)
    words = {**measures, "duration_s": lasted_s, "probe": probe}
    place = None
    if not math.isnan(table.lat_deg[row]):
        place = Place(lat=_number(table.lat_deg[row], 7), lon=_number(table.lon_deg[row], 7))
    anchor = [measures.get(key) for key in kind.anchors]
    return Finding(
        id=finding_id(shipment, kind.kind, kind.subtype, probe, _instant(start_s), *anchor),
        kind=kind.kind,
        subtype=kind.subtype,
        start=_instant(start_s),
        end=_instant(end_s),
        duration_s=lasted_s,
        certainty=CERTAINTY_WORDS[certainty],
        severity=SEVERITY_WORDS[int(table.severity[row])],
        requirements=requirements,
        measures=Measures(**measures),
        where=place,
        would_settle=would_settle(kind, certainty, words),
        explanation=explanation(kind, certainty, words),
        against=against(kind, certainty, words),
        risk=_risk(kind, certainty),
    )


def _risk(kind: FindingKind, certainty: Certainty) -> Risk | UnsetType:
    """What is inferred says how often it was wrong in simulations; what is measured does not."""
    if certainty is not Certainty.PROBABLE:
        return UNSET
    return risks().get((kind.kind, kind.subtype), UNSET)


def _measures(
    table: FindingTable, loggers: Sequence[str], row: int, kind: FindingKind
) -> dict[str, Any]:
    """Measures and details of a finding, probe first, without those that are not known."""
    measures: dict[str, Any] = {}
    if table.probe[row]:
        measures["probe"] = str(table.probe[row])
    number = table.measures.get("logger_number")
    if number is not None and number[row] >= 0:
        measures["logger"] = loggers[int(number[row])]
    for name, column_name in kind.columns:
        column, measure = table.measures.get(column_name), kind.measures[name]
        if column is not None and not math.isnan(column[row]):
            measures[name] = _IN_FORM.get(measure.form, _number)(float(column[row]))
        elif measure.always:
            measures[name] = None
    measures.update((name, _rounded(of)) for name, of in table.details.get(row, {}).items())
    return measures


def _weighs(judgement: Judgement, pack: RulePack) -> NDArray[np.bool_]:
    """(f, r) on which lines in force each finding weighs."""
    asks = np.zeros((len(QUESTION_NUMBER), len(pack.requirements)), dtype=np.bool_)
    for r, line in enumerate(pack.requirements):
        asks[[QUESTION_NUMBER[question] for question in line.questions], r] = True
    applies = judgement.lines[judgement.findings.shipment] != int(Status.NOT_APPLICABLE)
    return np.asarray((judgement.touches @ asks) & applies)


def _lines(
    judgement: Judgement,
    terms: Terms,
    pack: RulePack,
    shipment: int,
    findings: Sequence[Finding],
    plain: dict[_Plain, RequirementLine],
) -> tuple[RequirementLine, ...]:
    """plain : lines without findings and bounds, each made once for all shipments that have it."""
    lines = []
    status = judgement.lines[shipment].tolist()
    least, most = judgement.least[shipment].tolist(), judgement.most[shipment].tolist()
    questions = judgement.status[shipment].tolist()
    facts = line_facts(pack, judgement, terms, shipment)
    for r, (requirement, words) in enumerate(zip(pack.requirements, pack_words(pack), strict=True)):
        mine = [one for one in findings if requirement.id in one.requirements] if findings else []
        column = _bounded(words.columns, questions, least, status[r])
        if not mine and column is None:
            key = (r, status[r], facts[r])
            if key not in plain:
                plain[key] = _line(requirement, words, status[r], facts[r], mine)
            lines.append(plain[key])
            continue
        line = _line(requirement, words, status[r], facts[r], mine)
        if column is not None:
            line = replace(
                line,
                least=_number(least[column], 3),
                most=_number(most[column], 3),
                bounds_of=QUESTIONS[column],
            )
        lines.append(line)
    return tuple(lines)


def _line(
    requirement: Requirement,
    words: LineWords,
    status: int,
    facts: Text,
    findings: Sequence[Finding],
) -> RequirementLine:
    """A line without bounds. findings : those that weigh on it."""
    against = would_settle = None
    if status in _ACCUSED:
        against = next((one.against for one in findings if given(one.against) is not None), None)
        would_settle = next(
            (one.would_settle for one in findings if one.would_settle is not None), words.to_check
        )
    elif status in _UNPROVED:
        would_settle = words.to_check
    return RequirementLine(
        id=requirement.id,
        title=requirement.title,
        status=STATUS_WORDS[status],
        findings=tuple(one.id for one in findings),
        basis=line_basis(facts, words.source),
        least=None,
        most=None,
        bounds_of=None,
        setting=words.setting,
        against=against,
        would_settle=would_settle,
    )


def _bounded(
    columns: Sequence[int], questions: Sequence[int], least: Sequence[float], status: int
) -> int | None:
    """Which question's bounds a line gives: its own, or of several the first that made its status.
    Dwell and exchange are told only where the line is not simply in order: a wait at the door or
    a small exchange beside the word compliant would puzzle."""
    if status == Status.NOT_APPLICABLE:
        return None
    for column in columns:
        plain = column == QUESTION_NUMBER["range"] and len(columns) == 1
        told = status != Status.COMPLIANT and questions[column] == status
        if (plain or told) and not math.isnan(least[column]):
            return column
    return None


def _items(
    judgement: Judgement, terms: Terms, shipment: int, findings: Sequence[Finding], rows: slice
) -> tuple[Item, ...]:
    items = terms.items
    first, end = int(items.first[shipment]), int(items.first[shipment + 1])
    told = list(zip(range(rows.start, rows.stop), findings, strict=True))
    return tuple(
        Item(
            name=items.name[k] or None,
            storage=items.storage[k] or None,
            compartment=items.compartment[k] or UNSET,
            limits=Limits(low=_number(items.low_c[k]), high=_number(items.high_c[k])),
            status=STATUS_WORDS[int(judgement.item_status[k])],
            findings=tuple(one.id for row, one in told if judgement.concerns_item(row, k, terms)),
        )
        for k in range(first, end)
    )


def _metrics(judgement: Judgement, shipment: int) -> Metrics:
    def of(name: str, digits: int = _DIGITS) -> float | None:
        return _number(judgement.metrics[name][shipment], digits)

    missing = judgement.metrics["missing_readings"][shipment]
    return Metrics(
        readings=int(judgement.metrics["readings"][shipment]),
        missing_readings=None if math.isnan(missing) else int(missing),
        coverage=of("coverage"),
        longest_gap_s=of("longest_gap_s", 3),
        min_c=of("min_c"),
        max_c=of("max_c"),
        mean_c=of("mean_c"),
        mkt_c=of("mkt_c"),
        seconds_above=of("seconds_above", 3),
        seconds_above_bounds=(of("seconds_above_least", 3), of("seconds_above_most", 3)),
        seconds_below=of("seconds_below", 3),
        seconds_below_bounds=(of("seconds_below_least", 3), of("seconds_below_most", 3)),
        degree_minutes_above=of("degree_minutes_above"),
        degree_minutes_below=of("degree_minutes_below"),
        distance_m=of("distance_m", 1),
        stopped_s=of("stopped_s", 3),
        hidden_stop_max_s=of("hidden_stop_max_s", 3),
    )


def _isolation(judgement: Judgement, terms: Terms, shipment: int) -> Isolation:
    return Isolation(
        coolant=_facet(judgement.isolation.coolant, "coolant", terms, shipment),
        goods=_facet(judgement.isolation.goods, "goods", terms, shipment),
    )


def _facet(facet: Facet, zone: FleetZone, terms: Terms, shipment: int) -> IsolationFacet:
    baseline = terms.baselines.get(shipment, {}).get(zone)
    low, high = _number(facet.low_per_h[shipment]), _number(facet.high_per_h[shipment])
    return IsolationFacet(
        status=ISOLATION_WORDS[int(facet.isolation[shipment])],
        coupling_per_h=_number(facet.coupling_per_h[shipment]),
        interval_95=None if low is None and high is None else (low, high),
        limit_per_h=_number(facet.limit_per_h[shipment]),
        default_limit_per_h=_number(facet.default_limit_per_h[shipment]),
        limit_source=_LIMIT_WORDS[int(facet.limit_source[shipment])],
        limit_trips=None if baseline is None else baseline.trips,
        reason=IsolationReason(int(facet.reason[shipment])).name.lower(),
        probe=facet.probe[shipment] or None,
    )


def _rounded(detail: object) -> object:
    """A detail's numbers with as many digits as all others have, so that judging one shipment
    and many gives the same text whatever the order of summation."""
    if isinstance(detail, float):
        return _number(detail)
    return tuple(_rounded(one) for one in detail) if isinstance(detail, list) else detail


def _number(value: float, digits: int = _DIGITS) -> float | None:
    """A JSON number, or None for what is not finite; -0.0 becomes 0.0."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None


def _instant(time_s: float) -> str | None:
    return rfc3339(round(float(time_s) * 1000)) if math.isfinite(time_s) else None


_IN_FORM: Mapping[str, Callable[[float], object]] = {
    "flag": lambda value: value == 1.0,
    "count": round,
    "instant": _instant,
}
"""A column's value as the result has it; all others are plain numbers."""
