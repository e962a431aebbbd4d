"""What people are told at once, and of what."""

from dataclasses import dataclass
from typing import Literal, get_args

from coldwitness.domain.text import Text

AlarmRule = Literal["clue", "near_limit", "silent"]
"""A clue that is certain; a drug that nears its limit; a box of which nothing is heard."""
ALARM_RULES: tuple[AlarmRule, ...] = get_args(AlarmRule)


@dataclass(frozen=True)
class Alarm:
    """One thing that people are told until somebody says that he knows. Times are UTC epoch ms.

    subject : what it is about: while an alarm of a rule and subject is open, there is no other.
    settled_ms : since when it holds no more. rounds : how often it was told.
    """

    id: str
    rule: AlarmRule
    subject: str
    shipment: str | None
    title: Text
    text: Text
    raised_ms: int
    settled_ms: int | None = None
    acknowledged_ms: int | None = None
    acknowledged_by: str | None = None
    rounds: int = 0
    told_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Nobody knows of it yet, and it still holds."""
        return self.acknowledged_ms is None and self.settled_ms is None
