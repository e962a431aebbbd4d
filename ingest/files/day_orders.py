"""Dates whose year comes last, or has two digits, to the year-first form.

Which of day, month and year comes first is told by all rows together: by what can be a date in only
one order, by points, by the month's name. Where nothing tells it, the date is refused.
"""

import re
from collections.abc import Iterable
from typing import Literal

from coldwitness.domain.errors import BadMessage

DayOrder = Literal["day", "month", "year"]
"""What comes first."""

_NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?=\D|$)(.*)", re.ASCII | re.DOTALL)
_NAMED = re.compile(
    r"(?:(\d{1,2})[ /.-]+([A-Za-z]{3,9})\.?|([A-Za-z]{3,9})\.?[ /.-]+(\d{1,2}),?)"
    r"[ /.-]+(\d{4})(?=\D|$)(.*)",
    re.ASCII | re.DOTALL,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def told_order(texts: Iterable[str]) -> DayOrder | None:
    """What comes first in the dates of a column; None where its rows do not tell, or where it has
    no such date. Raises BadMessage where no order fits all rows."""
    fitting: set[DayOrder] = {"day", "month", "year"}
    seen = False
    for text in texts:
        found = _NUMBERS.match(text.strip())
        if found is not None:
            seen = True
            fitting &= _orders(int(found[1]), int(found[3]), found[4], found[2])
    if seen and not fitting:
        raise BadMessage(
            "ambiguous_time", "time: in some rows the day comes first, in others the month"
        )
    return next(iter(fitting)) if len(fitting) == 1 else None


def _orders(first: int, second: int, last: str, sign: str) -> set[DayOrder]:
    """The orders in which three numbers are a date. Who parts them by points writes the day first,
    unless the year has two digits."""
    found: set[DayOrder] = set()
    if second <= 12:
        found.add("day")
    if first <= 12 and not (sign == "." and len(last) == 4):
        found.add("month")
    if len(last) == 2 and second <= 12 and int(last) <= 31:
        found.add("year")
    return found


def year_first(text: str, order: DayOrder | None) -> str:
    """`21/11/2026 11:04` and `21-Nov-2026 11:04` -> `2026-11-21 11:04`; other texts as they are.

    Raises BadMessage (`ambiguous_time`) where nothing tells day and month apart.
    """
    named = _NAMED.match(text)
    if named is not None:
        month = (named[2] or named[3])[:3].lower()
        if month in _MONTHS:
            return f"{named[5]}-{_MONTHS.index(month) + 1}-{named[1] or named[4]}{named[6]}"
        return text
    found = _NUMBERS.match(text)
    if found is None:
        return text
    if order is None:
        raise BadMessage(
            "ambiguous_time",
            f"time: {text[:40]!r}: no row tells which of day, month and year comes first; "
            "expected the year first, with four digits",
        )
    first, second, last, rest = found[1], found[3], found[4], found[5]
    if order == "year":
        return f"20{first.zfill(2)}-{second}-{last}{rest}"
    year = last if len(last) == 4 else f"20{last}"
    day, month = (first, second) if order == "day" else (second, first)
    return f"{year}-{month}-{day}{rest}"
