"""A table as a file that office programs open: CSV, or a workbook."""

import csv
import io
from collections.abc import Sequence
from typing import Literal

from starlette.responses import Response

from coldwitness.api.file_answer import file_answer
from coldwitness.api.forms.plain_workbook import Cell, workbook_bytes
from coldwitness.domain.visible import cell_text

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
