"""Time limits of clues and cases as dated data."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.numbers import Confirmed
from coldwitness.domain.deadlines import DeadlineKind
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.text import Text

DEADLINES_FILE = Path(__file__).parent / "deadlines.toml"


class DeadlineRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One limit; docs of its keys stand at the head of its file."""

    kind: DeadlineKind
    title: Text
    counts: Literal["working_days", "calendar_days"]
    days: Annotated[int, Meta(ge=1, le=3660)]
    document: Text
    confirmed: Confirmed
    valid_from: date
    valid_to: date | None = None
    article: Text | None = None
    remind_days: Annotated[int, Meta(ge=0, le=60)] = 3

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deadline: list[DeadlineRule]


@cache
def load_deadline_rules(path: Path = DEADLINES_FILE) -> tuple[DeadlineRule, ...]:
    """All limits, those of one kind oldest first. Raises ConfigError naming file, key and value."""
    rules = checked(toml_file(path), _File, where=path.name).deadline
    for kind in get_args(DeadlineKind):
        own = [rule for rule in rules if rule.kind == kind]
        if not own:
            raise ConfigError(f"{path.name}: deadline: none of kind {kind!r}")
        for rule in own:
            if sum(other.in_force(rule.valid_from) for other in own) != 1:
                raise ConfigError(
                    f"{path.name}: {kind}: valid_from: {rule.valid_from}: expected one in force"
                )
    return tuple(sorted(rules, key=lambda rule: (rule.kind, rule.valid_from)))


def deadline_rule(rules: Sequence[DeadlineRule], kind: DeadlineKind, *, day: date) -> DeadlineRule:
    """The limit of a kind that began to count last before a day, or that day; the oldest where none
    had. Whether it is in force then has to be asked of it."""
    own = [rule for rule in rules if rule.kind == kind]
    begun = [rule for rule in own if rule.valid_from <= day]
    return begun[-1] if begun else own[0]
