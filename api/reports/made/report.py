"""One Report from one shipment's result, readings, manifest, events and rules."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.record.points import Points, points_of
from coldwitness.analysis.terms import LimitSource
from coldwitness.analysis.terms import Terms as JudgedTerms
from coldwitness.api.reports.made.course import custody_of, instruments_of, route_of
from coldwitness.api.reports.made.coverage import distribution_of, lines_of, logger_name
from coldwitness.api.reports.made.evidence import NO_READINGS, event_object, readings_of
from coldwitness.api.reports.made.methods import methods_of
from coldwitness.api.reports.made.model import (
    SCHEMA,
    Beside,
    BesideLine,
    Distribution,
    Episode,
    Instrument,
    Origin,
    Report,
    Review,
    RuleNumber,
    Rules,
    SentManifest,
    Terms,
)
from coldwitness.api.reports.made.reasons import (
    against_of,
    decision_of,
    requirement_lines,
)
from coldwitness.config.rules import RulePack
from coldwitness.domain.coverage import CoveredProbe
from coldwitness.domain.errors import BadInput
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.measures import given
from coldwitness.domain.reading import Event
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.tracks import Tracks
from coldwitness.judging.words.lines import line_facts

_BREAKS = ("above_range", "below_range", "frozen", "budget_exceeded")
SLEW_SOURCE = {
    LimitSource.SETTING: "by_setting",
    LimitSource.MODEL: "by_model",
    LimitSource.MANIFEST: "by_manifest",
    LimitSource.FLEET: "by_fleet",
    LimitSource.REGISTER: "by_register",
}


def build_report(
    result: CheckResult,
    *,
    tracks: Tracks,
    manifest: Manifest | None,
    events: Sequence[Event],
    pack: RulePack,
    terms: JudgedTerms,
    judgement: Judgement,
    shipment: int,
    origin: Origin,
    review: Review | None = None,
    beside: Beside | None = None,
    versions: tuple[SentManifest, ...] | msgspec.UnsetType = msgspec.UNSET,
    with_readings: bool = True,
) -> Report:
    """The report of one shipment.

    result : `coldwitness.check/1` of the shipment; it is taken as it is and never changed.
    tracks : the readings of this one shipment (`analysis.record.build.rows_of`).
    terms, judgement : of the run that judged it; `shipment` is its index in both.
    with_readings : False leaves its columns of readings empty; they are most of what it costs.
    Raises BadInput where the parts do not belong to one shipment.
    """
    findings = result.findings
    judged = _terms(result, terms, pack, shipment)
    window = judgement.window
    start_s, end_s = float(window.start_s[shipment]), float(window.end_s[shipment])
    points = points_of(tracks, terms, pack.numbers, shipment=shipment, start_s=start_s, end_s=end_s)
    coverage = given(result.coverage)
    if coverage is None:
        raise BadInput(f"report: the result of {result.shipment} does not say what was seen")
    worst = next((probe for probe in coverage.probes if probe.worst and probe.readings), None)
    only = np.array([shipment])  # what to see on site each line has for itself (`would_settle`)
    facts = line_facts(pack, judgement, terms, only, with_what_to_see=False)
    lines = requirement_lines(result, pack, [fact.each[0] for fact in facts])
    return Report(
        schema=SCHEMA,
        shipment=result.shipment,
        decision=decision_of(result, lines),
        result=result,
        requirements=lines,
        terms=judged,
        probes=coverage.probes,
        worst_probe=worst.name if worst is not None else None,
        distribution=_distribution(tracks, points, worst, terms, shipment),
        gaps=coverage.gaps,
        lines=lines_of(tracks, points, coverage.probes),
        episodes=_episodes(findings),
        route=route_of(
            tracks,
            findings,
            result.metrics,
            coverage.positions,
            window=(start_s, end_s),
            terms=terms,
            stops=judgement.stops,
            shipment=shipment,
            numbers=pack.numbers,
        ),
        custody=custody_of(manifest, events),
        instruments=_with_calibration(
            instruments_of(tracks, manifest, window=(start_s, end_s)), terms, shipment, end_s
        ),
        against=against_of(lines),
        methods=methods_of(judged, pack),
        rules=rules_of(pack),
        manifest=manifest.source if manifest is not None else None,
        events=tuple(event_object(event) for event in events),
        readings=readings_of(tracks) if with_readings else NO_READINGS,
        origin=origin,
        review=review or Review(),
        beside=beside,
        manifest_versions=versions,
    )


def beside_of(result: CheckResult, pack: RulePack) -> Beside:
    """The short of a result under `pack`, to stand beside a report by another pack."""
    return Beside(
        rules=pack.name,
        title=pack.title,
        verdict=result.verdict,
        lines=tuple(
            BesideLine(id=line.id, title=line.title, status=line.status)
            for line in result.requirements
        ),
    )


def _distribution(
    tracks: Tracks,
    points: Sequence[Points],
    worst: CoveredProbe | None,
    terms: JudgedTerms,
    shipment: int,
) -> Distribution | None:
    if worst is None:
        return None
    its = next(
        one
        for one in points
        if (one.probe, logger_name(tracks, one)) == (worst.probe, worst.loggers[0])
    )
    low_c, high_c = _common_range_c(terms, shipment)
    return distribution_of(tracks, its, worst, low_c=low_c, high_c=high_c)


def _common_range_c(terms: JudgedTerms, shipment: int) -> tuple[float, float]:
    """The strictest common limits; open where those of the items exclude each other: then each
    item has its own and no line can be drawn for all."""
    if terms.excluding[shipment]:
        return -math.inf, math.inf
    return float(terms.low_c[shipment]), float(terms.high_c[shipment])


def _terms(result: CheckResult, terms: JudgedTerms, pack: RulePack, shipment: int) -> Terms:
    numbers = pack.numbers
    low_c, high_c = _common_range_c(terms, shipment)
    return Terms(
        start=result.window.start,
        end=result.window.end,
        low_c=_finite(low_c),
        high_c=_finite(high_c),
        accuracy_c=_finite(terms.accuracy_c[shipment]),
        accuracy_above_zero_c=numbers.accuracy_above_zero_c,
        accuracy_below_zero_c=numbers.accuracy_below_zero_c,
        slew_max_c_per_min=float(terms.slew_max_c_per_min[shipment]),
        slew_source=SLEW_SOURCE[LimitSource(int(terms.slew_source[shipment]))],
        recording_interval_s=numbers.recording_interval_s,
        logger_interval_s=_finite(terms.interval_s[shipment]),
        assumed_storage=terms.items.storage[int(terms.items.first[shipment])]
        if terms.storage_assumed[shipment]
        else None,
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _episodes(findings: Sequence[Finding]) -> tuple[Episode, ...]:
    """Breaks in order of time, numbered from 1."""
    breaks = [f for f in findings if f.subtype in _BREAKS]
    breaks.sort(key=lambda f: (str(f.start), _BREAKS.index(f.subtype), f.id))
    made = []
    for number, finding in enumerate(breaks, start=1):
        if finding.start is None or finding.end is None or finding.duration_s is None:
            continue
        measures = finding.measures
        made.append(
            Episode(
                number=number,
                finding=finding.id,
                subtype=finding.subtype,
                probe=given(measures.probe),
                logger=given(measures.logger),
                certainty=finding.certainty,
                start=finding.start,
                end=finding.end,
                duration_s=finding.duration_s,
                limit_c=given(measures.limit_c),
                peak_c=given(measures.peak_c),
                degree_minutes=given(measures.degree_minutes),
                explanation=finding.explanation,
                would_settle=finding.would_settle,
            )
        )
    return tuple(made)


def _with_calibration(
    instruments: tuple[Instrument, ...],
    terms: JudgedTerms,
    shipment: int,
    end_s: float,
) -> tuple[Instrument, ...]:
    until_s = float(terms.calibrated_until_s[shipment])
    if np.isnan(until_s):
        return instruments
    state = "valid" if end_s <= until_s else "expired"
    return tuple(
        msgspec.structs.replace(i, calibration=state) if i.calibrated_until is not None else i
        for i in instruments
    )


def rules_of(pack: RulePack) -> Rules:
    return Rules(
        id=pack.id,
        version=pack.version,
        title=pack.title,
        source=pack.source,
        valid_from=pack.valid_from.isoformat(),
        valid_to=None if pack.valid_to is None else pack.valid_to.isoformat(),
        numbers=tuple(
            RuleNumber(
                name=name,
                title=source.title,
                value=float(getattr(pack.numbers, name)),
                unit=source.unit,
                set_by=source.set_by,
                confirmed=source.confirmed,
                source=source.source,
            )
            for name, source in pack.provenance.items()
        ),
    )
