"""Spreadsheets (.xlsx, .xls, .ods): the first sheet with a time and something measured, read as the
CSV that the spreadsheet would save.

A cell that the spreadsheet knows as a date is one, without a zone; a number that it does not is no
time: whether 46347 is a day of its calendar or a counter, only the sheet's author can tell.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path

from coldwitness.domain.errors import BadInput
from coldwitness.ingest.files.content import FileContent
from coldwitness.ingest.files.csv_rows import measures, read_lines
from coldwitness.ingest.files.header import columns_of
from coldwitness.ingest.files.titles import renamed

_LEGACY = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_LOOKED_AT = 100
_MOST_ROWS = 2_000_000
_UNPACKED_MAX_BYTES = 500_000_000
"""More than two million rows of XML."""
_EMPTY: Mapping[str, str] = {}


def is_spreadsheet(start: bytes, endings: Sequence[str]) -> bool:
    """Told by its first bytes; a zip archive also by its ending."""
    zipped = start.startswith(_ZIP) and {".xlsx", ".xlsm", ".ods", ".xlsb"} & set(endings)
    return start.startswith(_LEGACY) or bool(zipped)


def begins_as_spreadsheet(content: bytes) -> bool:
    """Of bytes without a name; a zip archive is taken for a workbook."""
    return content.startswith((_LEGACY, _ZIP))


def read_spreadsheet(
    path: Path, *, zone: tzinfo | None, columns: Mapping[str, str] = _EMPTY
) -> FileContent:
    """Read one workbook; raises BadInput where it is none or no sheet holds readings."""
    from python_calamine import CalamineError, load_workbook  # noqa: PLC0415  for these files only

    require_room(path)
    try:
        with load_workbook(path) as workbook:
            for name in workbook.sheet_names:
                rows = workbook.get_sheet_by_name(name).to_python(nrows=_MOST_ROWS)
                if _holds_readings(rows, columns):
                    lines = _lines(rows)
                    place = f"{path}, sheet {name}"
                    return read_lines(lines, place, zone=zone, columns=columns)
            seen = ", ".join(workbook.sheet_names[:8])
    except (CalamineError, OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be read as a spreadsheet: {error}") from error
    raise BadInput(
        f"{path}: no sheet has a column time and one drug, value or temperature (sheets: {seen});"
        " --column 'TITLE=time' says which is which"
    )


def require_room(path: Path) -> None:
    """A workbook is a zip archive of XML, which packs a thousandfold."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError) as error:
        raise BadInput(f"{path}: cannot be read as a spreadsheet: {error}") from error
    if unpacked > _UNPACKED_MAX_BYTES:
        raise BadInput(f"{path}: unpacks to more than {_UNPACKED_MAX_BYTES:,} bytes")


def _holds_readings(rows: Sequence[Sequence[object]], columns: Mapping[str, str]) -> bool:
    for row in rows[:_LOOKED_AT]:
        named = columns_of(renamed([_text(cell) for cell in row], columns))
        if "time" in named and measures(named):
            return True
    return False


def _lines(rows: Sequence[Sequence[object]]) -> Iterator[str]:
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
