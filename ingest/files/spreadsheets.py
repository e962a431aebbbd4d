"""Spreadsheets (.xlsx, .xls, .ods): the first sheet with a time and something measured, read as the
CSV that the spreadsheet would save.

A cell that the spreadsheet knows as a date is one, without a zone; a number that it does not is no
time: whether 46347 is a day of its calendar or a counter, only the sheet's author can tell.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import chain, islice
from pathlib import Path

from coldwitness.domain.errors import BadInput
from coldwitness.ingest.files.content import FileContent
from coldwitness.ingest.files.csv_rows import measures, read_lines
from coldwitness.ingest.files.header import columns_of
from coldwitness.ingest.files.titles import renamed
from coldwitness.ingest.files.workbook import LEGACY, opened_workbook

_ZIP = b"PK\x03\x04"
_LOOKED_AT = 100
_EMPTY: Mapping[str, str] = {}


def is_spreadsheet(start: bytes, endings: Sequence[str]) -> bool:
    """Told by its first bytes; a zip archive also by its ending."""
    zipped = start.startswith(_ZIP) and {".xlsx", ".xlsm", ".ods", ".xlsb"} & set(endings)
    return start.startswith(LEGACY) or bool(zipped)


def begins_as_spreadsheet(content: bytes) -> bool:
    """Of bytes without a name; a zip archive is taken for a workbook."""
    return content.startswith((LEGACY, _ZIP))


def read_spreadsheet(
    path: Path, *, zone: tzinfo | None, columns: Mapping[str, str] = _EMPTY
) -> FileContent:
    """Read one workbook; raises BadInput where it is none or no sheet holds readings."""
    names: list[str] = []
    with opened_workbook(path, called=str(path)) as workbook:
        for name, rows in workbook.sheets():
            begin = list(islice(rows, _LOOKED_AT))
            if _holds_readings(begin, columns):
                place = f"{path}, sheet {name}"
                return read_lines(_lines(chain(begin, rows)), place, zone=zone, columns=columns)
            names.append(name)
    seen = ", ".join(names[:8])
    raise BadInput(
        f"{path}: no sheet has a column time and one drug, value or temperature (sheets: {seen});"
        " --column 'TITLE=time' says which is which"
    )


def _holds_readings(rows: Sequence[Sequence[object]], columns: Mapping[str, str]) -> bool:
    for row in rows:
        named = columns_of(renamed([_text(cell) for cell in row], columns))
        if "time" in named and measures(named):
            return True
    return False


def _lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow([_text(cell) for cell in row])
        yield line.getvalue()


def _text(cell: object) -> str:
    """A cell as CSV would have it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return " ".join(str(cell).split())
