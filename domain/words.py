"""Closed vocabularies of the results, as small integers in arrays and words outside.

The worse a Status, the larger its number, so the worst of many is their maximum.
"""

from enum import IntEnum
from typing import Literal, get_args

CertaintyWord = Literal["possible", "probable", "certain"]
SeverityWord = Literal["info", "minor", "major", "critical"]
Verdict = Literal["compliant", "asserted", "insufficient_evidence", "suspected", "breach"]
StatusWord = Literal[
    "not_applicable",
    "compliant",
    "asserted",
    "to_check",
    "insufficient_evidence",
    "suspected",
    "breach",
]
IsolationWord = Literal["not_applicable", "isolated", "indeterminate", "missing"]


StateWord = Literal["planned", "in_transit", "ended"]
UnshownWord = Literal[
    "never_sent",
    "short_hole",
    "long_hole",
    "uncounted",
    "left_out",
    "end_unseen",
    "clock",
    "clock_within",
]
"""By what a record could have been made to look better without a trace in it."""


class State(IntEnum):
    """Where a shipment's custody stands."""

    PLANNED = 0
    IN_TRANSIT = 1
    ENDED = 2


class Certainty(IntEnum):
    POSSIBLE = 1
    PROBABLE = 2
    CERTAIN = 3


class Severity(IntEnum):
    INFO = 1
    MINOR = 2
    MAJOR = 3
    CRITICAL = 4


class Status(IntEnum):
    NOT_APPLICABLE = 0
    COMPLIANT = 1
    ASSERTED = 2
    """Nothing but the company's own statement supports it."""
    TO_CHECK = 3
    """Only a look on the spot can tell."""
    INSUFFICIENT_EVIDENCE = 4
    SUSPECTED = 5
    BREACH = 6


STATE_WORDS: dict[int, StateWord] = dict(enumerate(get_args(StateWord)))
CERTAINTY_WORDS: dict[int, CertaintyWord] = dict(enumerate(get_args(CertaintyWord), start=1))
SEVERITY_WORDS: dict[int, SeverityWord] = dict(enumerate(get_args(SeverityWord), start=1))
STATUS_WORDS: dict[int, StatusWord] = dict(enumerate(get_args(StatusWord)))
VERDICT_WORDS: dict[int, Verdict] = {
    Status[verdict.upper()]: verdict for verdict in get_args(Verdict)
}
ISOLATION_WORDS: dict[int, IsolationWord] = dict(enumerate(get_args(IsolationWord)))
UNSHOWN_WORDS: tuple[UnshownWord, ...] = get_args(UnshownWord)
"""The word of each number of the closed vocabularies above and below."""


STATUS_ZH = {
    Status.BREACH: "疑似违反（待核查）",
    Status.SUSPECTED: "可疑（待核查）",
    Status.INSUFFICIENT_EVIDENCE: "证据不足",
    Status.TO_CHECK: "需现场核查",
    Status.ASSERTED: "书面申报，未证实",
    Status.COMPLIANT: "未发现问题",
    Status.NOT_APPLICABLE: "不适用",
}
STATUS_EN = {
    Status.BREACH: "suspected breach (to be checked)",
    Status.SUSPECTED: "suspicious (to be checked)",
    Status.INSUFFICIENT_EVIDENCE: "insufficient evidence",
    Status.TO_CHECK: "to be checked on site",
    Status.ASSERTED: "asserted in writing, not proved",
    Status.COMPLIANT: "nothing found",
    Status.NOT_APPLICABLE: "not applicable",
}


class Isolation(IntEnum):
    NOT_APPLICABLE = 0
    ISOLATED = 1
    INDETERMINATE = 2
    MISSING = 3
