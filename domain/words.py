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


class FindingType(IntEnum):
    """Kind and subtype of a finding in one code; `kind` and `subtype` give the words."""

    ABOVE_RANGE = 10
    BELOW_RANGE = 11
    FROZEN = 12
    BUDGET_EXCEEDED = 13
    STORAGE_SUSPECTED = 20
    STORAGE_CONFIRMED = 21
    COOLANT_CONTACT = 30
    GOODS_CONTACT = 31
    ISOLATION_DECLARED = 32
    NO_READINGS = 40
    NO_POSITION = 41
    PROBE_MISSING = 42
    CALIBRATION_EXPIRED = 43
    LATE_START = 44
    EARLY_END = 45
    SEQUENCE = 50
    CLOCK = 51
    STUCK = 52
    COPIED = 53
    DUPLICATE_CONFLICT = 54
    LATE_IMPORT = 55
    OFF_GRID = 56
    BELOW_NOISE = 57

    @property
    def kind(self) -> str:
        return _KIND_OF_TENS[self // 10]

    @property
    def subtype(self) -> str:
        name = self.name.lower()
        return _SHORT_SUBTYPE.get(name, name)


_KIND_OF_TENS = {
    1: "cold_chain_break",
    2: "temporary_storage",
    3: "missing_isolation",
    4: "evidence_gap",
    5: "data_integrity",
}
_SHORT_SUBTYPE = {
    "storage_suspected": "suspected",
    "storage_confirmed": "confirmed",
    "isolation_declared": "declared",
}
