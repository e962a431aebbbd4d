"""Tables and plots that would grow with the record: the weightiest rows, and how many are left."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from coldwitness.api.reports.drawn.document import Block, Paragraph
from coldwitness.api.reports.drawn.view import View

MOST_ROWS = 300
"""In one table of page and PDF; the twin has all. Three hundred are some ten sheets."""

Row = TypeVar("Row")


def weightiest(rows: Sequence[Row], weight: Callable[[Row], tuple[float, ...]]) -> list[Row]:
    """The `MOST_ROWS` of greatest weight, in the order in which they were given."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    order = sorted(range(len(rows)), key=lambda k: weight(rows[k]), reverse=True)
    return [rows[k] for k in sorted(order[:MOST_ROWS])]


def left_out(view: View, rows: Sequence[object]) -> list[Block]:
    """The line that says how many of `rows` stand in the twin alone; none where all are shown."""
    more = len(rows) - MOST_ROWS
    if more <= 0:
        return []
    return [Paragraph(view.say("layout.more_rows", more=more, all=len(rows)), small=True)]
