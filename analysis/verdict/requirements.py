"""From findings and statuses to questions, requirement lines and the verdict."""

from collections.abc import Mapping
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable
from coldwitness.analysis.terms import Terms
from coldwitness.analysis.verdict.record_lines import RecordLine
from coldwitness.analysis.verdict.record_reasons import RecordState
from coldwitness.config.finding_kinds import code_of, finding_kinds
from coldwitness.config.numbers import Numbers
from coldwitness.config.rules import QUESTIONS, OnRecord, Question, RulePack, day_start_s
from coldwitness.domain.reading import split_probe
from coldwitness.domain.tracks import CodeArray, FloatArray
from coldwitness.domain.words import Certainty, Status

QUESTION_NUMBER: dict[Question, int] = {question: i for i, question in enumerate(QUESTIONS)}

_CODES = max(kind.code for kind in finding_kinds()) + 1
_ALWAYS_TOUCHED = np.zeros((_CODES, len(QUESTIONS)), dtype=np.bool_)
_SILENCE = np.zeros(_CODES, dtype=np.bool_)
_ACCUSES = np.zeros(_CODES, dtype=np.bool_)
for _kind in finding_kinds():
    _ALWAYS_TOUCHED[_kind.code, [QUESTION_NUMBER[_question] for _question in _kind.asks]] = True
    _SILENCE[_kind.code] = _kind.silence
    _ACCUSES[_kind.code] = _kind.accuses
"""By code of the kind of finding."""

_BY_CERTAINTY = np.zeros(max(Certainty) + 1, dtype=np.int8)
_BY_CERTAINTY[Certainty.CERTAIN] = Status.BREACH
_BY_CERTAINTY[Certainty.PROBABLE] = Status.SUSPECTED
_BY_CERTAINTY[Certainty.POSSIBLE] = Status.INSUFFICIENT_EVIDENCE


_ASKED_OF_PROBE: Mapping[str, tuple[Question, ...]] = {
    "drug": ("range", "recording"),
    "coolant": ("coolant_isolation",),
    "goods": ("goods_isolation",),
    "ambient": ("coolant_isolation", "goods_isolation"),
}
"""By role, what a probe that the logger carries and that is silent leaves open."""


def questions_of(findings: FindingTable, numbers: Numbers) -> NDArray[np.bool_]:
    """(f, q) which questions each finding weighs on."""
    touches = _ALWAYS_TOUCHED[findings.type]
    if len(findings) == 0:
        return touches

    def measure(name: str) -> FloatArray:
        return findings.measures.get(name, np.full(len(findings), np.nan))

    touches[measure("tolerated") == 1, QUESTION_NUMBER["range"]] = False
    silent = _SILENCE[findings.type]
    length_s, permitted_s = measure("length_s"), measure("permitted_s")
    too_long = silent & (measure("interval_exceeded") == 1)
    slow = permitted_s == numbers.out_of_range_interval_s
    slow &= measure("could_leave_range") == 0
    touches[too_long, QUESTION_NUMBER["intervals"]] = True
    recorded_less = silent & ~slow & (too_long | (length_s > permitted_s))
    touches[recorded_less, QUESTION_NUMBER["recording"]] = True
    # What would show an edit may have lain in the time that is gone: a record with its beginning
    # cut off is not complete, however well the rest reads.
    touches[recorded_less, QUESTION_NUMBER["integrity"]] = True
    touches[measure("beside_the_drug") == 1, QUESTION_NUMBER["integrity"]] = True
    leaves = silent & (measure("could_leave_range") == 1)
    touches[leaves, QUESTION_NUMBER["range"]] = True
    hides = measure("hidden_stop_max_s") > numbers.dwell_limit_s
    hides &= findings.type == code_of("evidence_gap/no_position")
    touches[hides, QUESTION_NUMBER["storage_on_the_way"]] = True
    hiding = (measure("missing") > 0) & (measure("harmless") != 1)
    broken = hiding | (measure("repeated") > 0)
    touches[measure("received_first") == 1] = False  # an original whose copy came after it
    broken &= findings.type == code_of("data_integrity/sequence")
    touches[broken, QUESTION_NUMBER["integrity"]] = True
    carried = measure("carried") == 1
    touches[carried & (measure("carried_before") == 0), QUESTION_NUMBER["integrity"]] = True
    for role, asked in _ASKED_OF_PROBE.items() if carried.any() else ():
        of_role = [(split_probe(name) or ("",))[0] == role for name in findings.probe.tolist()]
        silent = carried & np.array(of_role, dtype=np.bool_)
        touches[np.ix_(silent, [QUESTION_NUMBER[question] for question in asked])] = True
    for row in np.flatnonzero(findings.type == code_of("missing_isolation/declared")):
        facet = findings.details.get(int(row), {}).get("facet")
        if facet != "goods":
            touches[row, QUESTION_NUMBER["coolant_isolation"]] = True
        if facet != "coolant":
            touches[row, QUESTION_NUMBER["goods_isolation"]] = True
    return touches


def finding_status(findings: FindingTable) -> CodeArray:
    """(f,) what a finding makes of a question it weighs on: gaps and integrity never accuse."""
    status = _BY_CERTAINTY[findings.certainty]
    status[~_ACCUSES[findings.type]] = Status.INSUFFICIENT_EVIDENCE
    return status


def worst_of_findings(
    findings: FindingTable, touches: NDArray[np.bool_], shipments: int
) -> CodeArray:
    """(s, q) worst status that the findings alone give each question, COMPLIANT without any."""
    worst = np.full((shipments, len(QUESTIONS)), int(Status.COMPLIANT), dtype=np.int8)
    if len(findings) == 0:
        return worst
    status = finding_status(findings)
    row, question = np.nonzero(touches)
    np.maximum.at(worst, (findings.shipment[row], question), status[row])
    return worst


def lines_in_force(pack: RulePack, start_s: FloatArray) -> NDArray[np.bool_]:
    """(s, r) whether each line was in force on the day the shipment began.

    A shipment without a time is judged by every line, and so is one older than the whole pack: a
    pack had to be chosen for it, and by its first day some lines would look as if they had been
    considered and found not to apply. A shipment newer than its pack is judged by the lines of
    the pack's last day.
    """
    latest_s = np.inf if pack.valid_to is None else day_start_s(pack.valid_to)
    day_s = np.minimum(start_s, latest_s)
    older = day_s < day_start_s(pack.valid_from)
    begin_s = np.array([day_start_s(line.valid_from) for line in pack.requirements])
    end_s = np.array(
        [
            np.inf
            if line.valid_to is None or line.carried_on
            else day_start_s(_next_day(line.valid_to))
            for line in pack.requirements
        ]
    )
    day_s, older = day_s[:, None], older[:, None]
    return np.asarray(older | ~((day_s < begin_s) | (day_s >= end_s)))


def requirement_status(
    status: CodeArray,
    terms: Terms,
    pack: RulePack,
    in_force: NDArray[np.bool_],
    record: Mapping[Question, RecordLine],
) -> CodeArray:
    """(s, r) worst of each line's questions; of a record line what the pack makes of the state of
    its question; not applicable where the line is not in force or does not bind."""
    asked = [
        [QUESTION_NUMBER[question] for question in line.questions] for line in pack.requirements
    ]
    lines = status[:, [columns[0] for columns in asked]]
    for r, columns in enumerate(asked):
        if len(columns) > 1:
            lines[:, r] = status[:, columns].max(axis=1)
    for r, line in enumerate(pack.requirements):
        if line.asks == "record":
            lines[:, r] = _made_of(line.on_absence, line.on_shortfall)[
                record[line.questions[0]].state
            ]
        if line.binds == "platform":
            lines[~terms.platform_named, r] = Status.NOT_APPLICABLE
    lines[~in_force] = Status.NOT_APPLICABLE
    return lines


def verdict_of(lines: CodeArray, pack: RulePack) -> CodeArray:
    """(s,) the worst telemetry line, or a record line that is worse and at least insufficient; what
    a record line only asserts, or asks to be looked at, stands beside the verdict. Insufficient
    evidence where no telemetry line applies. A telemetry line that only a look on the spot can
    tell leaves the verdict at `asserted`: nobody has seen it."""
    telemetry = np.array([line.asks == "telemetry" for line in pack.requirements], dtype=np.bool_)
    measured = lines[:, telemetry].max(axis=1, initial=Status.NOT_APPLICABLE)
    none = measured == Status.NOT_APPLICABLE
    measured[none] = Status.INSUFFICIENT_EVIDENCE
    measured[measured == Status.TO_CHECK] = Status.ASSERTED
    papers = lines[:, ~telemetry].max(axis=1, initial=Status.NOT_APPLICABLE)
    papers[papers < Status.INSUFFICIENT_EVIDENCE] = Status.NOT_APPLICABLE
    verdict: CodeArray = np.maximum(measured, papers).astype(np.int8)
    return verdict


@cache
def _made_of(on_absence: OnRecord | None, on_shortfall: OnRecord | None) -> CodeArray:
    """(RecordState,) status of a record line by the state of its question."""
    made = np.zeros(len(RecordState), dtype=np.int8)
    made[RecordState.NOT_BINDING] = Status.NOT_APPLICABLE
    made[RecordState.SHOWN] = Status.COMPLIANT
    made[RecordState.STATED] = Status.ASSERTED
    made[RecordState.ABSENT] = Status[(on_absence or "to_check").upper()]
    made[RecordState.SHORTFALL] = Status[(on_shortfall or "to_check").upper()]
    return made


def _next_day(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)
