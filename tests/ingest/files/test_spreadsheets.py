"""Spreadsheets and columns as offices have them: workbooks, own titles, date and time apart."""

import time
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest.decoded_file import decode_file
from coldwitness.ingest.files import Recorded, read_files, reader_for

Cell = str | float | datetime
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, **sheets: Sequence[Sequence[Cell]]) -> Path:
    """A workbook as the standard asks for it (ECMA-376), with nothing that may be left out."""
    names = list(sheets)
    numbered = list(enumerate(names, start=1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default '
        'Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(f'<sheet name="{name}" sheetId="{n}" r:id="s{n}"/>' for n, name in numbered)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="s{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in numbered
        )
        + f'<Relationship Id="st" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
    }
    for number, name in numbered:
        rows = "".join(
            f'<row r="{r}">' + "".join(_cell(c, r, cell) for c, cell in enumerate(row)) + "</row>"
            for r, row in enumerate(sheets[name], start=1)
        )
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return path


def _cell(column: int, row: int, cell: Cell) -> str:
    at = f"{chr(65 + column)}{row}"
    if isinstance(cell, datetime):
        days = (cell - datetime(1899, 12, 30)).total_seconds() / 86400  # noqa: DTZ001
        return f'<c r="{at}" s="1"><v>{days!r}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{at}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f'<c r="{at}"><v>{cell!r}</v></c>'


def said(recorded: Recorded) -> list[tuple[int, dict[str, float]]]:
    return [(one.time_ms, dict(one.temperature_c)) for one in readings_of(recorded.table)]


NINE = datetime(2026, 11, 21, 11, 4, 5)  # noqa: DTZ001 - a spreadsheet's own, without a zone
NINE_MS = instant_ms("2026-11-21T03:04:05Z")
ROWS: Sequence[Sequence[Cell]] = [
    ["冷链温度记录"],
    [],
    ["时间", "温度(℃)", "湿度"],
    [NINE, 4.5, 51],
    ["2026年11月21日 下午 2:30", 5, 52],
    ["", "", ""],
]


def test_a_workbook_is_read_by_its_dates_titles_and_units(tmp_path: Path) -> None:
    path = workbook(tmp_path / "ZB-1.xlsx", 说明=[["仅供参考"]], 数据=ROWS)
    assert reader_for(path) == "spreadsheet"
    recorded = read_files([path], timezone="Asia/Shanghai")
    assert said(recorded) == [
        (NINE_MS, {"drug": 4.5}),
        (instant_ms("2026-11-21T06:30:00Z"), {"drug": 5.0}),
    ]
    assert recorded.refused_count == 0
    assert recorded.table.shipments == ("ZB-1",)


def test_a_workbook_s_times_have_no_zone_of_their_own(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 数据=ROWS)
    with pytest.raises(BadInput, match="zone"):
        read_files([path])


def test_a_day_number_that_the_sheet_does_not_call_a_date_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", s=[["time", "drug"], [46347, 4.5], [46347.4611, 4.5]])
    with pytest.raises(BadInput, match="2 refused"):
        read_files([path], timezone="Asia/Shanghai")


def test_decode_tells_a_workbook_without_being_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 数据=ROWS)
    assert len(decode_file(path, timezone="Asia/Shanghai").readings) == 2


@pytest.mark.parametrize("body", [b"PK\x03\x04nothing", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_what_is_no_workbook_is_one_line(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(body)
    with pytest.raises(BadInput, match=r"a\.xlsx: cannot be read as a spreadsheet"):
        read_files([path])


def test_a_workbook_without_readings_names_its_sheets(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 封面=[["x"]], 附录=[["y"]])
    with pytest.raises(BadInput, match="封面, 附录"):
        read_files([path])


CSV = "采样于,箱内温度(°F),备注\n2026-11-21T03:04:05Z,40.1,x\n"


def test_a_column_of_another_title_is_named_and_keeps_its_unit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CSV, encoding="utf-8")
    with pytest.raises(BadInput, match="expected a column time"):
        read_files([path])
    columns = ["采样于=time", "箱内温度=drug"]
    assert said(read_files([path], columns=columns)) == [(NINE_MS, {"drug": 4.5})]
    book = workbook(tmp_path / "b.xlsx", s=[["采样于", "箱内温度(°F)"], [NINE, 40.1]])
    recorded = read_files([book], timezone="Asia/Shanghai", columns=columns)
    assert said(recorded) == [(NINE_MS, {"drug": 4.5})]


@pytest.mark.parametrize(
    ("column", "words"),
    [("时间time", "expected TITLE=NAME"), ("时刻=time", "no column '时刻', got 采样于")],
)
def test_a_column_that_is_not_there_or_badly_said_is_refused(
    tmp_path: Path, column: str, words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(CSV, encoding="utf-8")
    with pytest.raises(BadInput, match=words):
        read_files([path], columns=[column])


def test_a_file_without_titles_takes_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"logger":"L","time":"2026-11-21T03:04:05Z","temperature":{"drug":4.5}}\n')
    with pytest.raises(BadInput, match="only CSV and spreadsheets"):
        read_files([path], columns=["x=time"])


@pytest.mark.parametrize(
    ("header", "day", "at"),
    [
        ("Date,Time,Temperature", "2026-11-21", "11:04:05"),
        ("日期,时间,温度", "2026/11/21", "11:04:05"),
        ("日期,时间,温度", "2026年11月21日", "上午11:04:05"),
        ("Date,Time,Temperature", "2026-11-21", "11:04:05 AM"),
    ],
)
def test_date_and_time_in_two_columns_are_one_time(
    tmp_path: Path, header: str, day: str, at: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n{day},{at},4.5\n", encoding="utf-8")
    assert said(read_files([path], timezone="Asia/Shanghai")) == [(NINE_MS, {"drug": 4.5})]


def test_a_cell_in_a_far_column_is_refused_at_once(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", a=[["time", "drug"], ["2026-11-21T01:00:00Z", 5.0]])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    for far in (b"ALM1", b"BNULL1"):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                moved = (
                    content.replace(b'r="B1"', b'r="' + far + b'"') if name == sheet else content
                )
                archive.writestr(name, moved)
        began_s = time.process_time()
        with pytest.raises(BadInput, match="at most 1,000 columns"):
            read_files([path])
        assert time.process_time() - began_s < 0.5
