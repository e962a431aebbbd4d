"""One Report from one shipment's result, readings, manifest, events and rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from coldwitness.analysis.stops.stop_judgement import StopJudgement
from coldwitness.analysis.terms import LimitSource
from coldwitness.analysis.terms import Terms as JudgedTerms
from coldwitness.api.reports.made.course import custody_of, instruments_of, route_of
from coldwitness.api.reports.made.coverage import (
    Seen,
    Strand,
    distribution_of,
    gaps_of,
    never_seen,
    out_of_range,
    probe_record,
    silent_probe,
    strands_of,
    window_of,
)
from coldwitness.api.reports.made.evidence import event_object, readings_of
from coldwitness.api.reports.made.methods import methods_of
from coldwitness.api.reports.made.model import (
    SCHEMA,
    Beside,
    BesideLine,
    Distribution,
    Episode,
    Gap,
    Instrument,
    Origin,
    Probe,
    Report,
    Review,
    RuleNumber,
    Rules,
    Terms,
)
from coldwitness.api.reports.made.reasons import (
    against_of,
    decision_of,
    requirement_lines,
    worst_first,
)
from coldwitness.config.rules import RulePack
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.measures import given
from coldwitness.domain.reading import Event
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.tracks import Tracks

_BREAKS = ("above_range", "below_range", "frozen", "budget_exceeded")
_SLEW_SOURCE = {
    LimitSource.SETTING: "by_setting",
    LimitSource.MODEL: "by_model",
    LimitSource.MANIFEST: "by_manifest",
    LimitSource.FLEET: "by_fleet",
}


def build_report(
    result: CheckResult,
    *,
    tracks: Tracks,
    manifest: Manifest | None,
    events: Sequence[Event],
    pack: RulePack,
    terms: JudgedTerms,
    stops: StopJudgement | None = None,
    shipment: int = 0,
    origin: Origin,
    review: Review | None = None,
    beside: Beside | None = None,
) -> Report:
    """The report of one shipment.

    result : `coldwitness.check/1` of the shipment; it is taken as it is and never changed.
    tracks : the readings of this one shipment (`analysis.record.build.rows_of`).
    terms, stops : of the run that judged it; `shipment` is its index in both.
    Raises BadInput where the parts do not belong to one shipment.
    """
    findings = result.findings
    judged = _terms(result, terms, pack, shipment)
    window = window_of(judged, tracks)
    inside = (tracks.time_s >= window[0]) & (tracks.time_s <= window[1])
    strands = strands_of(tracks)
    seen = {
        strand: Seen(tracks, strand, judged, rows=inside, slack=pack.numbers.interval_slack)
        for strand in strands
    }
    probes = tuple(
        probe_record(tracks, strand, judged, its, findings) for strand, its in seen.items()
    )
    worst = worst_strand(strands, probes, findings)
    gaps, distribution = _of_worst(worst, seen, judged, window)
    if worst is None:
        probes = (silent_probe("drug", *window), *probes)
    lines = requirement_lines(result, pack)
    return Report(
        schema=SCHEMA,
        shipment=result.shipment,
        decision=decision_of(result, lines, probes, judged),
        result=result,
        requirements=lines,
        terms=judged,
        probes=probes,
        worst_probe=worst.name if worst is not None else None,
        distribution=distribution,
        gaps=gaps,
        episodes=_episodes(findings),
        route=route_of(
            tracks,
            findings,
            result.metrics,
            window=window,
            terms=terms,
            stops=stops,
            shipment=shipment,
            numbers=pack.numbers,
        ),
        custody=custody_of(manifest, events),
        instruments=_with_calibration(
            instruments_of(tracks, manifest, window=window), terms, shipment, window
        ),
        against=against_of(lines),
        methods=methods_of(judged, pack),
        rules=rules_of(pack),
        manifest=manifest.source if manifest is not None else None,
        events=tuple(event_object(event) for event in events),
        readings=readings_of(tracks),
        origin=origin,
        review=review or Review(),
        beside=beside,
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


def worst_strand(
    strands: Sequence[Strand], probes: Sequence[Probe], findings: Sequence[Finding]
) -> Strand | None:
    """The drug probe the main chart shows: the one with the gravest break, else the one with
    the most unseen time, else the first; None if no drug probe gave a value."""
    drugs = [(s, p) for s, p in zip(strands, probes, strict=True) if p.judged]
    if not drugs:
        return None
    named = [given(f.measures.probe) for f in worst_first(out_of_range(findings))]
    for name in named:
        for strand, probe in drugs:
            if strand.probe == name and probe.out_s + probe.doubtful_s > 0:
                return strand
    return max(drugs, key=lambda pair: (pair[1].unseen_s, -strands.index(pair[0])))[0]


def _of_worst(
    worst: Strand | None, seen: Mapping[Strand, Seen], terms: Terms, window: tuple[float, float]
) -> tuple[tuple[Gap, ...], Distribution | None]:
    if worst is None:
        return never_seen(*window), None
    its = seen[worst]
    return gaps_of(its, terms, *window), distribution_of(
        worst.name,
        its,
        start_s=window[0],
        end_s=window[1],
        low_c=terms.low_c,
        high_c=terms.high_c,
    )


def _terms(result: CheckResult, terms: JudgedTerms, pack: RulePack, shipment: int) -> Terms:
    numbers = pack.numbers
    return Terms(
        start=result.window.start,
        end=result.window.end,
        low_c=_finite(terms.low_c[shipment]),
        high_c=_finite(terms.high_c[shipment]),
        accuracy_c=_finite(terms.accuracy_c[shipment]),
        accuracy_above_zero_c=numbers.accuracy_above_zero_c,
        accuracy_below_zero_c=numbers.accuracy_below_zero_c,
        slew_max_c_per_min=float(terms.slew_max_c_per_min[shipment]),
        slew_source=_SLEW_SOURCE[LimitSource(int(terms.slew_source[shipment]))],
        recording_interval_s=numbers.recording_interval_s,
        logger_interval_s=_finite(terms.interval_s[shipment]),
        assumed_storage=terms.items.storage[int(terms.items.first[shipment])]
        if terms.storage_assumed[shipment]
        else None,
    )


def _finite(value: Any) -> float | None:
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
    window: tuple[float, float],
) -> tuple[Instrument, ...]:
    until_s = float(terms.calibrated_until_s[shipment])
    if np.isnan(until_s):
        return instruments
    state = "valid" if window[1] <= until_s else "expired"
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
