"""A time limit of a clue or case, as it was worked out on the day it began."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from coldwitness.domain.text import Text

DeadlineKind = Literal[
    "national_clue",
    "national_progress",
    "clue",
    "clue_extended",
    "preservation",
    "assistance",
    "conflict",
    "closing",
    "decision",
    "decision_extended",
]


class DeadlineBasis(Struct, frozen=True, kw_only=True):
    """The text that sets a limit."""

    document: Text
    article: Text | None
    confirmed: Annotated[str, Meta(description="How sure its source is", examples=["reproduced"])]
    in_force: Annotated[bool, Meta(description="On the day the limit begins")]


class Deadline(Struct, frozen=True, kw_only=True):
    """Days of Beijing time. The first is not counted; the last is worked."""

    kind: DeadlineKind
    title: Text
    starts_on: Annotated[date, Meta(description="The day it begins, which is not counted")]
    due_on: date
    working_days: Annotated[int | None, Meta(description="null: calendar days are counted")]
    calendar_days: Annotated[int | None, Meta(description="null: working days are counted")]
    excluded_days: Annotated[
        int, Meta(description="Of tests and appraisals, in the days that are counted; they add up")
    ]
    provisional: Annotated[
        bool,
        Meta(
            description="It reaches into a year whose working days are not arranged yet: Monday to "
            "Friday are taken as worked there"
        ),
    ]
    basis: DeadlineBasis
