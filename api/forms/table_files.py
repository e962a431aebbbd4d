"""A table as a file that office programs open: CSV, or a workbook."""

import csv
import io
from collections.abc import Sequence
from typing import Literal

import xlsxwriter
from starlette.responses import Response

from coldwitness.api.file_answer import file_answer
from coldwitness.domain.visible import cell_text, visible

Cell = str | float | None
FileKind = Literal["csv", "xlsx"]
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table_file(table: Sequence[Sequence[Cell]], *, kind: FileKind, name: str) -> Response:
    """A table, its titles first, as a file to be saved that WPS and Excel open."""
    if kind == "csv":
        # With its mark, by which office programs know UTF-8.
        content, media_type = csv_bytes(table), "text/csv; charset=utf-8"
    else:
        content, media_type = workbook_bytes(table), WORKBOOK
    return file_answer(content, media_type=media_type, name=f"{name}.{kind}")


def csv_bytes(table: Sequence[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for cells in table:
        writer.writerow([cell_text(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def _in_workbook(cell: Cell) -> str | float:
    if cell is None:
        return ""
    return visible(cell) if isinstance(cell, str) else cell


def workbook_bytes(table: Sequence[Sequence[Cell]]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for at, cells in enumerate(table):
            sheet.write_row(at, 0, [_in_workbook(cell) for cell in cells])
        sheet.autofilter(0, 0, len(table) - 1, len(table[0]) - 1)
        sheet.autofit()
    return content.getvalue()
