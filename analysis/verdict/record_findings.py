"""What of papers and custody falls short of a line, as findings: they weigh by the pack's line."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, concatenate, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.verdict.record_lines import Flags, RecordLine
from coldwitness.analysis.verdict.record_reasons import RecordReason
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.rules import Question
from coldwitness.domain.words import Certainty, Severity


class _Told(NamedTuple):
    """Which reasons of a question make which subtype, and what its amount is called."""

    question: Question
    reasons: tuple[RecordReason, ...]
    subtype: str
    amount: str = ""


_TOLD = (
    _Told("calibration", (RecordReason.CALIBRATION_EXPIRED,), "calibration", "length_s"),
    _Told("hold_time", (RecordReason.LONGER_THAN_HOLD_TIME,), "hold_time", "over_s"),
    _Told("delivery_time", (RecordReason.LATE,), "late", "late_s"),
    _Told("seal", (RecordReason.OPENED_ON_THE_WAY, RecordReason.OPENED_SOMEWHERE), "lid_opened"),
    _Told("packing_temperature", (RecordReason.PACKED_OUT_OF_RANGE,), "packed_warm", "packed_c"),
    _Told("logger_accuracy", (RecordReason.LESS_ACCURATE,), "stated_error", "stated_c"),
    _Told(
        "custody_events",
        (RecordReason.EVENTS_MISSING, RecordReason.EVENTS_OUT_OF_ORDER),
        "events",
    ),
)


def record_findings(case: Case, record: Mapping[Question, RecordLine]) -> FindingTable:
    """One finding a shipment and shortfall, over the whole time judged; certain that the record
    says so."""
    return concatenate(
        [
            *(_findings(case, told, record[told.question]) for told in _TOLD),
            _listed(case, record["ban_list"]),
        ]
    )


def _listed(case: Case, line: RecordLine) -> FindingTable:
    """Drugs whose words stand in the list of those banned from online sale: `possible`, for the
    register decides what a product is."""
    which = np.flatnonzero(line.reason == RecordReason.LISTED)
    terms = case.terms
    return finding_table(
        shipment=which,
        type=code_of("record/ban_list"),
        start_s=case.window.start_s[which],
        end_s=case.window.end_s[which],
        certainty=Certainty.POSSIBLE,
        severity=Severity.MINOR,
        details={
            row: {
                "lines": terms.banned_lines[i].split("; "),
                "listed": terms.banned_as[i],
            }
            for row, i in enumerate(which.tolist())
        },
    )


def _findings(case: Case, told: _Told, line: RecordLine) -> FindingTable:
    which = np.flatnonzero(_falls_short(told)[line.reason])
    if which.size == 0:
        return NO_FINDINGS
    start_s, end_s = case.window.start_s[which], case.window.end_s[which]
    measures = {}
    if told.amount:
        measures[told.amount] = line.amount[which]
    if told.question == "calibration":
        until_s = case.terms.calibrated_until_s[which]
        measures["calibrated_until_s"] = until_s
        start_s = np.fmax(start_s, until_s)
    return finding_table(
        shipment=which,
        type=code_of(f"record/{told.subtype}"),
        start_s=start_s,
        end_s=end_s,
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        measures=measures,
    )


@cache
def _falls_short(told: _Told) -> Flags:
    """By code of RecordReason, whether it is one of these."""
    found = np.zeros(max(RecordReason) + 1, dtype=np.bool_)
    found[list(told.reasons)] = True
    return found
