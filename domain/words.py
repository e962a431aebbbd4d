"""Closed vocabularies of the results, as small integers in arrays and words outside.

The worse a Status, the larger its number, so the worst of many is their maximum.
"""

from enum import IntEnum


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
    INSUFFICIENT_EVIDENCE = 2
    SUSPECTED = 3
    BREACH = 4


STATUS_ZH = {
    Status.BREACH: "疑似违反（待核查）",
    Status.SUSPECTED: "可疑（待核查）",
    Status.INSUFFICIENT_EVIDENCE: "证据不足",
    Status.COMPLIANT: "未发现问题",
    Status.NOT_APPLICABLE: "不适用",
}
STATUS_EN = {
    Status.BREACH: "suspected breach (to be checked)",
    Status.SUSPECTED: "suspicious (to be checked)",
    Status.INSUFFICIENT_EVIDENCE: "insufficient evidence",
    Status.COMPLIANT: "nothing found",
    Status.NOT_APPLICABLE: "not applicable",
}


class Isolation(IntEnum):
    NOT_APPLICABLE = 0
    ISOLATED = 1
    INDETERMINATE = 2
    MISSING = 3
