"""The rows of a list as CSV or as a workbook."""

from collections.abc import Iterator, Sequence

from starlette.responses import Response

from coldwitness.api.forms.plain_workbook import Cell
from coldwitness.api.forms.table_files import FileKind, table_file
from coldwitness.api.pages.rows import Row
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.wording import STATUS_WORDS, Lang, finding_words, tell
from coldwitness.judging.words.headline import state_words

MOST_ROWS = 10_000
"""Each needs its result; who wants a province's year takes the export command."""
TITLES = (
    "search",
    "verdict",
    "state",
    "findings",
    "lowest_c",
    "highest_c",
    "begun",
    "ended_at",
    "courier",
)


def file_of(rows: Sequence[Row], *, kind: FileKind, lang: Lang) -> Response:
    """A file of these rows in their order, times as RFC 3339."""
    table: list[list[Cell]] = [[word(title, lang) for title in TITLES], *_cells(rows, lang)]
    return table_file(table, kind=kind, name="shipments")


def _cells(rows: Sequence[Row], lang: Lang) -> Iterator[list[Cell]]:
    for row in rows:
        yield [
            row.id,
            word("not_judged_yet", lang)
            if row.verdict is None
            else tell(STATUS_WORDS[row.verdict], lang),
            None if row.state is None else tell(state_words(row.state), lang),
            "; ".join(
                f"{tell(finding_words(chip.kind, chip.subtype), lang)} ×{chip.count}"
                for chip in row.chips
            ),
            row.min_c,
            row.max_c,
            row.start,
            row.end,
            row.courier,
        ]
