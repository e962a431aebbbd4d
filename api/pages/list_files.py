"""The rows of a list as CSV or as a workbook."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Literal

import xlsxwriter
from starlette.responses import Response

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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell = str | float | None
FileKind = Literal["csv", "xlsx"]


def file_of(rows: Sequence[Row], *, kind: FileKind, lang: Lang) -> Response:
    """A file of these rows in their order, times as RFC 3339."""
    table: list[list[Cell]] = [[word(title, lang) for title in TITLES], *_cells(rows, lang)]
    return table_file(table, kind=kind, name="shipments")


def table_file(table: Sequence[Sequence[Cell]], *, kind: FileKind, name: str) -> Response:
    """A table, its titles first, as a file to be saved that WPS and Excel open."""
    if kind == "csv":
        # With its mark, by which office programs know UTF-8.
        content, media_type = csv_bytes(table), "text/csv; charset=utf-8"
    else:
        media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        content = workbook_bytes(table)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{kind}"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


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


def csv_bytes(table: Sequence[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for cells in table:
        writer.writerow([_harmless(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def _harmless(cell: Cell) -> Cell:
    """A text that office programs would take for a formula stays a text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def workbook_bytes(table: Sequence[Sequence[Cell]]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for at, cells in enumerate(table):
            sheet.write_row(at, 0, ["" if cell is None else cell for cell in cells])
        sheet.autofilter(0, 0, len(table) - 1, len(table[0]) - 1)
        sheet.autofit()
    return content.getvalue()
