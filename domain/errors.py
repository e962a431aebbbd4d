"""Failures, split by who acts next.

Everything this program raises on purpose is a `ColdWitnessError`; the text of each
names the value, what was expected, and the place.
"""


class ColdWitnessError(Exception):
    """Root of all failures that ColdWitness raises on purpose."""


class BadMessage(ColdWitnessError):
    """A logger's message that cannot be used: quarantine it, count it, go on.

    reason : short machine word (`not_json`, `no_time`, …) by which refusals are counted.
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class BadInput(ColdWitnessError):
    """A file, argument or manifest its sender has to mend: one line, exit 2 or HTTP 422."""


class Unavailable(ColdWitnessError):
    """A broker, store or disk that may come back: try again, acknowledge nothing."""


class ConfigError(ColdWitnessError):
    """Settings or rules that cannot be used: do not start."""


class InsufficientEvidence(ColdWitnessError):
    """The question cannot be answered from what was observed; never read as compliant."""
