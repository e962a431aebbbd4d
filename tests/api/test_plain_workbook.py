"""A table as a workbook: what office programs read of it is what was written."""

import io
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from coldwitness.api.forms.plain_workbook import Cell, workbook_bytes
from coldwitness.domain.visible import visible

TITLES: list[Cell] = ["运单号", "最低 °C", "b"]


def read(content: bytes) -> list[list[object]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["Sheet1"]
    return [list(row) for row in book.get_sheet_by_index(0).to_python()]


def test_texts_numbers_and_empty_cells_come_back_as_they_are() -> None:
    rows: list[list[Cell]] = [
        ["ZB-1", -20.25, None],
        ["<a & b>", 1e-07, "=cmd()"],
        [" beside ", 3, "two\nlines"],
        [None, None, "短"],
    ]
    assert read(workbook_bytes([TITLES, *rows])) == [
        TITLES,
        ["ZB-1", -20.25, ""],
        ["<a & b>", 1e-07, "=cmd()"],
        [" beside ", 3, "two\nlines"],
        ["", "", "短"],
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cn"]), min_size=1), max_size=5))
def test_any_text_is_read_as_it_may_be_shown(texts: list[str]) -> None:
    told = read(workbook_bytes([["t"], *([text] for text in texts)]))
    assert [row[0] for row in told[1:]] == [visible(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\ufffe\uffff", "[U+FFFE][U+FFFF]"),
        ("\ud800", "[U+D800]"),
        ("\x00\u202e", "[U+0000][U+202E]"),
        ("_x0041_ _x1_", "_x005F_x0041_ _x1_"),
        ("x" * 40_000, "x" * 32_766 + "…"),
    ],
)
def test_what_no_workbook_may_hold_is_named_and_what_it_would_read_is_escaped(
    text: str, written: str
) -> None:
    with ZipFile(io.BytesIO(workbook_bytes([["t"], [text]]))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert f"<t>{written}</t>" in sheet


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="B2: expected a number"):
        workbook_bytes([TITLES, ["a", number]])


def test_titles_stay_in_sight_and_filter_all_rows() -> None:
    content = workbook_bytes([TITLES, *([f"ZB-{n}", 1.5, None] for n in range(300))])
    with ZipFile(io.BytesIO(content)) as parts:
        assert parts.testzip() is None
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        book = parts.read("xl/workbook.xml").decode()
    assert '<autoFilter ref="A1:C301"/>' in sheet
    assert 'ySplit="1"' in sheet
    assert "Sheet1!$A$1:$C$301" in book
    assert content == workbook_bytes([TITLES, *([f"ZB-{n}", 1.5, None] for n in range(300))])


def test_it_is_read_as_what_the_library_of_the_other_workbooks_writes(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [TITLES, *([f"ZB-{n}", n / 4, "发现 <1>"] for n in range(40))]
    other = tmp_path / "other.xlsx"
    with xlsxwriter.Workbook(other) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    assert read(workbook_bytes(rows)) == read(other.read_bytes())
