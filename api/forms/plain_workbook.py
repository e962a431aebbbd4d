"""A table as a workbook of one sheet, written row by row.

The library of the other workbooks keeps every cell and every string until the end: a list of 7,700
rows took it seven times the time of writing each row as it comes, into the compressor.
"""

import io
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from itertools import islice
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from coldwitness.domain.visible import code_of, visible

Cell = str | float | None
"""Numbers are finite; None is an empty cell."""

_MADE = (1980, 1, 1, 0, 0, 0)
"""Of every part: the same table gives the same bytes."""
_LEVEL = 1  # a tenth more bytes than at 6, in a third of the time
_LONGEST = 32_767
"""Characters that office programs take in a cell."""
_MEASURED_ROWS = 200
_WIDEST = 60
_NO_XML = re.compile("[\ufffe\uffff]")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Office programs read `_x0041_` as an escape, and `_x005F_` as the bar it begins with."""
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def workbook_bytes(table: Sequence[Sequence[Cell]]) -> bytes:
    """A table, its titles first, which stay in sight and filter. ValueError for a number that is
    none. Source: ECMA-376 part 1, 18.3."""
    last = f"${_letters(len(table[0]) - 1)}${len(table)}"
    content = io.BytesIO()
    with ZipFile(content, "w") as parts:
        for name, text in _fixed_parts(last).items():
            parts.writestr(_part(name), _XML + text, compresslevel=_LEVEL)
        with parts.open(_part("xl/worksheets/sheet1.xml"), "w") as sheet:
            for text in _sheet(table, last.replace("$", "")):
                sheet.write(text.encode())
    return content.getvalue()


def _fixed_parts(last: str) -> dict[str, str]:
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets>'
        '<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'
        f"Sheet1!$A$1:{last}</definedName></definedNames></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
    }


def _sheet(table: Sequence[Sequence[Cell]], last: str) -> Iterator[str]:
    """The sheet's XML, a row a piece."""
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        "</sheetView></sheetViews><cols>"
    )
    for at in range(1, len(table[0]) + 1):
        width = max(_width(row[at - 1 : at]) for row in islice(table, _MEASURED_ROWS))
        yield f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
    yield "</cols><sheetData>"
    letters = [_letters(column) for column in range(max(map(len, table)))]
    for number, row in enumerate(table, start=1):
        cells = [
            _cell(cell, f"{column}{number}") for column, cell in zip(letters, row, strict=False)
        ]
        yield f'<row r="{number}">{"".join(cells)}</row>'
    yield f'</sheetData><autoFilter ref="A1:{last}"/></worksheet>'


def _cell(cell: Cell, place: str) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr">{_inline(cell)}</c>'
    if not math.isfinite(cell):
        raise ValueError(f"{place}: expected a number, got {cell}")
    return f'<c r="{place}"><v>{cell!r}</v></c>'


@lru_cache(maxsize=4096)  # most cells of a list say what others said before
def _inline(cell: str) -> str:
    text = escape(_text(cell), quote=False)
    kept = "" if text == text.strip() else ' xml:space="preserve"'
    return f"<is><t{kept}>{text}</t></is>"


def _text(cell: str) -> str:
    shown = visible(cell)
    if not shown.isprintable():
        shown = _NO_XML.sub(lambda found: code_of(found[0]), shown)
    if "_x" in shown:
        shown = _ESCAPED.sub("_x005F_", shown)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def _width(cells: Sequence[Cell]) -> int:
    """Of a column that shows this cell, in the signs of its font; a Chinese one takes two."""
    text = "" if not cells or cells[0] is None else str(cells[0])
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text[:_WIDEST])
    return min(len(text) + wide + 3, _WIDEST)


def _letters(column: int) -> str:
    """
    >>> [_letters(column) for column in (0, 25, 26, 701, 702)]
    ['A', 'Z', 'AA', 'ZZ', 'AAA']
    """
    found = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        found = chr(ord("A") + place) + found
    return found


def _part(name: str) -> ZipInfo:
    part = ZipInfo(name, date_time=_MADE)
    part.compress_type = ZIP_DEFLATED
    return part
