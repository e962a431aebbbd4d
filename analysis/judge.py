"""The one way from tracks and terms to a judgement of every shipment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable, concatenate
from coldwitness.analysis.integrity.below_noise import below_noise_findings
from coldwitness.analysis.integrity.clock import clock_findings, shown_wrong
from coldwitness.analysis.integrity.conflicts import conflict_findings
from coldwitness.analysis.integrity.copied import copied_findings
from coldwitness.analysis.integrity.count_breaks import count_findings
from coldwitness.analysis.integrity.custody import custody_findings
from coldwitness.analysis.integrity.implausible import implausible_findings
from coldwitness.analysis.integrity.off_grid import off_grid_findings
from coldwitness.analysis.integrity.probe_missing import probe_missing_findings
from coldwitness.analysis.integrity.spike import spike_findings
from coldwitness.analysis.integrity.stuck import stuck_findings
from coldwitness.analysis.integrity.zone_silence import zone_silence_findings
from coldwitness.analysis.isolation.isolation_judgement import (
    IsolationJudgement,
    judge_isolation,
    unless_torn,
)
from coldwitness.analysis.isolation.thinned import isolation_of_what_is_left
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.curves import CurveIndex
from coldwitness.analysis.record.digest import readings_digests
from coldwitness.analysis.record.disturbed import without_disturbed
from coldwitness.analysis.record.drug_limits import heard_by
from coldwitness.analysis.record.seen import Seen, what_was_seen
from coldwitness.analysis.record.sensor_grid import SensorGrids, sensor_grids
from coldwitness.analysis.record.window import Window
from coldwitness.analysis.stops.stop_judgement import StopJudgement, judge_stops
from coldwitness.analysis.stops.stop_judgement import unless_torn as stops_unless_torn
from coldwitness.analysis.temperature.budgets import item_shipment
from coldwitness.analysis.temperature.finding_places import placed
from coldwitness.analysis.temperature.range_judgement import Temperature, judge_temperature
from coldwitness.analysis.terms import Terms
from coldwitness.analysis.verdict.cannot_show import cannot_show
from coldwitness.analysis.verdict.record_findings import record_findings
from coldwitness.analysis.verdict.record_lines import RecordLine, record_lines
from coldwitness.analysis.verdict.requirements import (
    QUESTION_NUMBER,
    lines_in_force,
    questions_of,
    requirement_status,
    verdict_of,
    worst_of_findings,
)
from coldwitness.analysis.verdict.torn_lines import unless_torn as record_unless_torn
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.rules import QUESTIONS, Question, RulePack
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import Status


@dataclass(frozen=True)
class Judgement:
    """What was found about each shipment; s shipments, f findings, q questions, r lines.

    findings : by shipment, then start. touches : (f, q) questions each finding weighs on.
    status : (s, q) Status of each question, columns as config.rules.QUESTIONS.
    lines : (s, r) Status of each requirement of the pack. in_force : (s, r) whether it was in
    force on the shipment's day. verdict : (s,) the worst line. record : the questions that state
    a fact of the record, with their reasons.
    least, most : (s, q) bounds of a question in its own unit, NaN where it has none: range,
    seconds out of range; storage_on_the_way, seconds of the longest dwell; isolation, exchange
    per hour (the 95 % interval).
    item_status : (k,) Status of each drug item by its own limits. deletion_shows : (s,) whether
    the record has what would show a deleted reading (sequence numbers or recording interval).
    cannot_show : (s,) CannotShow, what leaves no trace in a record of this kind.
    clock_wrong : (s,) receive times or the logger's own count show that its clock was wrong.
    metrics : name -> (s,) as the contract names them, NaN where they could not be computed.
    readings_sha256 : (s,) names of the readings that were judged. sensors : the grid of every
    logger's probes. seen : what each probe of each shipment recorded of its judged time.
    heard_items : the items that a probe of a shipment speaks for, where it does not for all of
    them. unheard : (k,) items whose compartment no probe names.
    """

    shipments: tuple[str, ...]
    window: Window
    findings: FindingTable
    touches: NDArray[np.bool_]
    status: CodeArray
    lines: CodeArray
    in_force: NDArray[np.bool_]
    verdict: CodeArray
    record: Mapping[Question, RecordLine]
    least: FloatArray
    most: FloatArray
    metrics: Mapping[str, FloatArray]
    temperature: Temperature
    stops: StopJudgement
    isolation: IsolationJudgement
    item_status: CodeArray
    deletion_shows: NDArray[np.bool_]
    cannot_show: IntArray
    clock_wrong: NDArray[np.bool_]
    readings_sha256: tuple[str, ...]
    sensors: SensorGrids
    seen: Seen
    heard_items: Mapping[tuple[int, str], frozenset[int]]
    unheard: NDArray[np.bool_]

    def status_of(self, question: Question) -> CodeArray:
        """(s,) Status of one question."""
        return self.status[:, QUESTION_NUMBER[question]]

    def concerns_item(self, row: int, item: int, terms: Terms) -> bool:
        """Whether a finding of an item's shipment is about that item: the episode went beyond
        the item's own limit, or the item freezes, or it is the item's budget."""
        items, findings = terms.items, self.findings
        type_, measures = int(findings.type[row]), findings.measures
        if type_ == code_of("cold_chain_break/budget_exceeded"):
            line = item - int(items.first[findings.shipment[row]]) + 1
            return bool(measures["item_line"][row] == line)
        heard = self.heard_items.get((int(findings.shipment[row]), str(findings.probe[row])))
        if heard is not None and item not in heard:
            return False
        if type_ == code_of("cold_chain_break/frozen"):
            return bool(items.freeze_sensitive[item])
        if type_ == code_of("cold_chain_break/above_range"):
            return bool(measures["peak_c"][row] > items.high_c[item])
        if type_ == code_of("cold_chain_break/below_range"):
            return bool(measures["peak_c"][row] < items.low_c[item])
        return False


DETECTORS: tuple[Callable[[Case], FindingTable], ...] = (
    count_findings,
    conflict_findings,
    clock_findings,
    stuck_findings,
    below_noise_findings,
    off_grid_findings,
    spike_findings,
    custody_findings,
    implausible_findings,
    zone_silence_findings,
    probe_missing_findings,
)
"""Those that only find. Temperature, stops and isolation decide more than their findings."""


def judge(
    case: Case,
    pack: RulePack,
    *,
    earlier: CurveIndex | None = None,
    taken_over: FindingTable | None = None,
) -> Judgement:
    """Judge all shipments of a case at once. `earlier` : curves of shipments judged before (as
    Case.curves has them) of which these may hold copies. `taken_over` : findings that rest on the
    evidence of shipments that are not here.

    Raises ValueError if the case was made with the numbers of another pack.
    """
    if case.numbers != pack.numbers:
        raise ValueError(f"the case was not made with the numbers of {pack.name}")
    tracks, numbers, window = case.tracks, case.numbers, case.window
    temperature = judge_temperature(case)
    stops = judge_stops(case)
    isolation = judge_isolation(case)
    record = record_lines(case)
    found = concatenate(
        [
            placed(case, temperature.findings),
            stops.findings,
            isolation.findings,
            *(detected(case) for detected in DETECTORS),
            copied_findings(case.curves, earlier=earlier),
            record_findings(case, record),
            *([] if taken_over is None else [taken_over]),
        ]
    )
    interval_s = numbers.recording_interval_s
    findings = _by_shipment(without_disturbed(found, case.terms, interval_s=interval_s))
    seen = what_was_seen(case, temperature.recorded, findings, worst=temperature.worst)
    clock_wrong = shown_wrong(findings, len(case.terms))
    touches = questions_of(findings, numbers)
    status = _question_status(case, findings, touches, temperature, stops, clock_wrong)
    metrics = _metrics(temperature, stops, window)
    doubtful = status[:, QUESTION_NUMBER["integrity"]] > Status.COMPLIANT
    isolation = isolation_of_what_is_left(isolation, case, seen, doubtful=doubtful)
    torn = _torn(findings, touches, metrics) | clock_wrong
    isolation = unless_torn(isolation, torn | doubtful)
    stops = stops_unless_torn(stops, torn)
    storage = QUESTION_NUMBER["storage_on_the_way"]
    status[:, storage] = np.maximum(status[:, storage], stops.status)
    status[:, QUESTION_NUMBER["coolant_isolation"]] = isolation.coolant.status
    status[:, QUESTION_NUMBER["goods_isolation"]] = isolation.goods.status
    record = record_unless_torn(record, torn)
    in_force = lines_in_force(pack, window.start_s)
    lines = requirement_status(status, case.terms, pack, in_force, record)
    least, most = _bounds(temperature, stops, isolation, window)
    deletion_shows = _deletion_shows(case)
    return Judgement(
        shipments=tracks.shipments,
        window=window,
        findings=findings,
        touches=touches,
        status=status,
        lines=lines,
        in_force=in_force,
        verdict=verdict_of(lines, pack),
        record=record,
        least=least,
        most=most,
        metrics=metrics,
        temperature=temperature,
        stops=stops,
        isolation=isolation,
        item_status=_item_status(case, temperature),
        deletion_shows=deletion_shows,
        cannot_show=cannot_show(
            case,
            missing_readings=metrics["missing_readings"],
            longest_gap_s=metrics["longest_gap_s"],
            in_range=status[:, QUESTION_NUMBER["range"]] == Status.COMPLIANT,
            deletion_shows=deletion_shows,
        ),
        clock_wrong=clock_wrong,
        readings_sha256=tuple(readings_digests(case.sent, window.rows)),
        sensors=sensor_grids(tracks, window.rows),
        heard_items=heard_by(case.limits, case.series, case.terms),
        unheard=case.limits.unheard,
        seen=seen,
    )


def _item_status(case: Case, temperature: Temperature) -> CodeArray:
    terms, window = case.terms, case.window
    owner = item_shipment(terms)
    unknown = ~window.told | ~terms.limits_known
    unknown |= case.unsure_ends.doubtful(len(terms))
    least = np.where(unknown[owner], Status.INSUFFICIENT_EVIDENCE, Status.COMPLIANT)
    return np.maximum(temperature.item_status, least.astype(np.int8))


def _deletion_shows(case: Case) -> NDArray[np.bool_]:
    tracks, terms = case.tracks, case.terms
    counted = np.bincount(tracks.shipment, weights=tracks.seq >= 0, minlength=len(terms))
    every: NDArray[np.bool_] = counted == np.diff(tracks.first)
    return every | ~np.isnan(terms.interval_s)


def _by_shipment(findings: FindingTable) -> FindingTable:
    if len(findings) < 2:
        return findings
    order = np.lexsort((findings.probe, findings.type, findings.start_s, findings.shipment))
    return take(
        findings,
        order,
        details={
            row: findings.details[int(old)]
            for row, old in enumerate(order)
            if int(old) in findings.details
        },
    )


def _question_status(
    case: Case,
    findings: FindingTable,
    touches: NDArray[np.bool_],
    temperature: Temperature,
    stops: StopJudgement,
    clock_wrong: NDArray[np.bool_],
) -> CodeArray:
    terms, window = case.terms, case.window
    status = worst_of_findings(findings, touches, len(terms))
    unknown = ~window.told
    unread = temperature.worst < 0

    def lift(question: Question, where: NDArray[np.bool_]) -> None:
        column = status[:, QUESTION_NUMBER[question]]
        column[where] = np.maximum(column[where], Status.INSUFFICIENT_EVIDENCE)

    status[:, QUESTION_NUMBER["range"]] = temperature.status
    unsure = unknown | ~terms.limits_known | case.unsure_ends.doubtful(len(terms))
    unheard = case.silent_probes.where("drug", len(terms))
    lift("range", unsure | clock_wrong | unheard)
    lift("recording", unknown | unread | clock_wrong | unheard)
    status[:, QUESTION_NUMBER["storage_on_the_way"]] = stops.status
    lift("storage_on_the_way", clock_wrong)
    lift("intervals", unread | clock_wrong)
    lift("integrity", unread)
    lift("probe_in_box", unread)
    return status


LOST_SHARE = 0.1
"""Share of the drug's readings that may be missing here and there; with more, a curve that showed
contact could have been thinned until it shows nothing."""


def _torn(
    findings: FindingTable, touches: NDArray[np.bool_], metrics: Mapping[str, FloatArray]
) -> NDArray[np.bool_]:
    """(s,) whether so much of the record is missing that contact could hide in it."""
    lost, kept = np.nan_to_num(metrics["missing_readings"]), metrics["readings"]
    torn: NDArray[np.bool_] = lost > LOST_SHARE * (lost + kept)
    torn[findings.shipment[touches[:, QUESTION_NUMBER["recording"]]]] = True
    return torn


def _bounds(
    temperature: Temperature, stops: StopJudgement, isolation: IsolationJudgement, window: Window
) -> tuple[FloatArray, FloatArray]:
    least = np.full((window.start_s.size, len(QUESTIONS)), np.nan)
    most = least.copy()
    worst, series = temperature.worst, temperature.series
    column = QUESTION_NUMBER["range"]
    seen = worst >= 0
    j = worst[seen]
    least[seen, column] = series.above_least_s[j] + series.below_least_s[j]
    together = np.minimum(series.above_most_s[j] + series.below_most_s[j], window.length_s[seen])
    most[seen, column] = together
    least[~seen, column] = 0.0
    most[~seen, column] = window.length_s[~seen]
    column = QUESTION_NUMBER["storage_on_the_way"]
    least[:, column], most[:, column] = stops.longest_stay_s, stops.longest_possible_s
    column = QUESTION_NUMBER["coolant_isolation"]
    least[:, column], most[:, column] = isolation.coolant.low_per_h, isolation.coolant.high_per_h
    column = QUESTION_NUMBER["goods_isolation"]
    least[:, column], most[:, column] = isolation.goods.low_per_h, isolation.goods.high_per_h
    return least, most


def _metrics(
    temperature: Temperature, stops: StopJudgement, window: Window
) -> Mapping[str, FloatArray]:
    """Numbers of each shipment's worst series; NaN where they could not be computed."""
    series, worst = temperature.series, temperature.worst
    seen = worst >= 0
    length_s = window.length_s

    everywhere, at = bool(seen.all()), worst[seen]

    def of(values: IntArray | FloatArray, otherwise: FloatArray | float = np.nan) -> FloatArray:
        if everywhere:
            return values[at].astype(np.float64)
        column = np.full(worst.size, otherwise)
        column[seen] = values[at]
        return column

    covered = of(series.seen_s, 0.0)
    return {
        "readings": of(series.readings, 0.0),
        "missing_readings": of(series.missing),
        "coverage": np.divide(
            covered, length_s, out=np.full_like(covered, np.nan), where=length_s > 0
        ),
        "longest_gap_s": of(series.longest_s, length_s),
        "min_c": of(series.min_c),
        "max_c": of(series.max_c),
        "mean_c": of(series.mean_c),
        "mkt_c": of(series.mkt_c),
        "seconds_above": of(series.above_s),
        "seconds_above_least": of(series.above_least_s, 0.0),
        "seconds_above_most": of(series.above_most_s, length_s),
        "seconds_below": of(series.below_s),
        "seconds_below_least": of(series.below_least_s, 0.0),
        "seconds_below_most": of(series.below_most_s, length_s),
        "degree_minutes_above": of(series.above_c_s / 60),
        "degree_minutes_below": of(series.below_c_s / 60),
        "distance_m": stops.distance_m,
        "stopped_s": stops.stopped_s,
        "hidden_stop_max_s": stops.hidden_stop_max_s,
    }
