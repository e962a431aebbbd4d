"""A check before departure (发车前检查): may the box be driven off now, and why not."""

from typing import Literal

from msgspec import Struct

from coldwitness.domain.office import RegisterEntry
from coldwitness.domain.text import Text

DepartureQuestion = Literal["probe_live", "precooled", "calibrated", "time_against_hold"]


class DepartureLine(Struct, frozen=True, kw_only=True):
    """One question and its answer; what is not known is not ok."""

    question: DepartureQuestion
    ok: bool
    text: Text


class KeptDepartureCheck(RegisterEntry, frozen=True, kw_only=True):
    """What was asked and answered; green only where all lines are ok."""

    register = "departure-checks"

    shipment: str
    planned_minutes: float | None
    green: bool
    lines: tuple[DepartureLine, ...]
