"""Stretches of time that are marked on a chart, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coldwitness.api.reports.drawn.charts.axes import TimeAxis

MOST_APART = 300
"""Up to so many marks are drawn each for itself."""
_JOINED_WITHIN = 1.0
"""User units: what lies closer together cannot be told apart on the sheet."""


@dataclass(frozen=True)
class Mark:
    """Something that lasted, drawn over a chart; `number` is printed in a flag."""

    start_s: float
    end_s: float
    certain: bool = True
    number: int | None = None


def drawable(marks: Sequence[Mark], time: TimeAxis) -> Sequence[Mark]:
    """The marks as they are drawn: of very many those that touch on the sheet are one, without a
    number, so that a drawing grows with its width and not with the record."""
    if len(marks) <= MOST_APART:
        return marks
    joined: list[Mark] = []
    for mark in sorted(marks, key=lambda one: (one.certain, one.start_s)):
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.certain == mark.certain
            and time.x(mark.start_s) - time.x(last.end_s) < _JOINED_WITHIN
        ):
            joined[-1] = replace(last, end_s=max(last.end_s, mark.end_s), number=None)
        else:
            joined.append(mark)
    return joined
