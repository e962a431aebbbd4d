"""No file takes more memory or time than its honest kind: what it unpacks to, a line, its depth."""

import gzip
import json
import zipfile
from pathlib import Path

import duckdb
import pytest

from coldwitness.config.storage_classes import load_storage_classes
from coldwitness.domain.errors import BadInput
from coldwitness.domain.office import RegisteredDevice
from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest import bounded_file, decoded_file, manifests
from coldwitness.ingest.files import ndjson, opening, parquet, read_files, recorded, workbook
from coldwitness.ingest.files.content import COLUMNS_MAX
from coldwitness.ingest.files.office_tables import read_office_table
from coldwitness.ingest.json_value import DEPTH_MAX
from coldwitness.ingest.manifests import read_manifest_files
from tests.ingest.files.test_spreadsheets import workbook as workbook_of

LINE = (
    b'{"shipment": "S1", "logger": "LG-1", "time": "2026-11-21T01:00:00Z",'
    b' "temperature": {"drug": 5.0}}\n'
)


@pytest.mark.parametrize("name", ["a.ndjson.gz", "a.csv.gz"])
def test_a_gzip_that_unpacks_to_more_than_the_bound_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = LINE * 1000 if "ndjson" in name else b"time,drug\n" + b"2026-11-21T01:00:00Z,5\n" * 4000
    path = tmp_path / name
    path.write_bytes(gzip.compress(text))
    monkeypatch.setattr(bounded_file, "UNPACKED_MAX_BYTES", len(text))
    assert len(read_files([path]).table)
    monkeypatch.setattr(bounded_file, "UNPACKED_MAX_BYTES", len(text) - 1)
    with pytest.raises(BadInput, match=f"{name}: unpacks to more than"):
        read_files([path])


@pytest.mark.parametrize("name", ["a.ndjson", "a.csv"])
def test_a_line_longer_than_the_bound_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_file, "LINE_MAX_BYTES", 100_000)
    monkeypatch.setattr(bounded_file, "_READ_BYTES", 4_096)
    path = tmp_path / name
    path.write_bytes((LINE if "ndjson" in name else b"time,drug\n2026-11-21T01:00:00Z,5\n") * 5000)
    assert len(read_files([path]).table)
    with path.open("ab") as file:
        file.write(b'{"x": "' + b"y" * 200_000)
    with pytest.raises(BadInput, match=f"{name}: a line of more than 100,000 bytes"):
        read_files([path])


def test_a_parquet_whose_columns_unpack_to_more_than_the_bound_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        rows = connection.sql(
            "select timestamptz '2026-11-21 03:04:00+00' as time, 5.0 as drug,"
            " repeat('L', 50) as logger from range(3000)"
        )
        rows.write_parquet(str(path))
    assert path.stat().st_size < 3000
    size = 3000 * (3 * 8 + 50)
    monkeypatch.setattr(parquet, "UNPACKED_MAX_BYTES", size)
    assert len(read_files([path]).table)
    monkeypatch.setattr(parquet, "UNPACKED_MAX_BYTES", size - 1)
    with pytest.raises(BadInput, match=r"a\.parquet: unpacks to more than"):
        read_files([path])


def test_a_workbook_that_unpacks_to_more_than_the_bound_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 100_000)
    monkeypatch.setattr(workbook, "UNPACKED_MAX_BYTES", 99_999)
    with pytest.raises(BadInput, match=r"a\.xlsx: unpacks to more than 99,999 bytes"):
        read_files([path])


@pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 600, 100_000])
def test_a_manifest_nested_too_deeply_is_one_line(levels: int, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    # The object itself is a level.
    path.write_text('{"id": "S1", "x": ' + "[" * levels + "]" * levels + "}")
    with pytest.raises(BadInput, match=r"m\.json: not JSON: nested more than 64 levels deep"):
        read_manifest_files([path], classes=load_storage_classes())


def test_a_manifest_as_deep_as_the_bound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    levels = DEPTH_MAX - 1
    deep = "[" * levels + "]" * levels
    items = '[{"name": "a", "category": "drug", "storage": "refrigerated"}]'
    path.write_text(f'{{"id": "S1", "items": {items}, "x": {deep}}}')
    (manifest,), _ = read_manifest_files([path], classes=load_storage_classes())
    assert manifest.id == "S1"


def test_manifests_beyond_the_bound_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = '{"name": "a", "category": "drug", "storage": "refrigerated"}'
    lines = "".join(f'{{"id": "S{n}", "items": [{item}]}}\n' for n in range(20)).encode()
    path = tmp_path / "m.json.gz"
    path.write_bytes(gzip.compress(lines))
    monkeypatch.setattr(manifests, "LINE_MAX_BYTES", 100)
    monkeypatch.setattr(manifests, "MAX_FILE_BYTES", len(lines))
    assert len(read_manifest_files([path], classes=load_storage_classes())[0]) == 20
    monkeypatch.setattr(manifests, "MAX_FILE_BYTES", len(lines) - 2)
    with pytest.raises(BadInput, match=rf"m\.json\.gz: more than {len(lines) - 2:,} bytes of man"):
        read_manifest_files([path], classes=load_storage_classes())


def test_a_document_of_manifests_beyond_the_bound_is_refused_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "LINE_MAX_BYTES", 100)
    path = tmp_path / "m.json"
    path.write_text('[\n{"id": "S1"},\n' + " " * 200 + '{"id": "S2"}\n]\n')
    with pytest.raises(BadInput, match="more than 100 bytes are read a line at a time, and"):
        read_manifest_files([path], classes=load_storage_classes())


def test_a_document_of_readings_beyond_the_bound_is_refused_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps([json.loads(LINE)], indent=1).encode())
    assert len(read_files([path]).table) == 1
    monkeypatch.setattr(ndjson, "LINE_MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(BadInput, match=r"a\.json: a JSON document of more than \d+ bytes; write a"):
        read_files([path])


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_of_more_elements_than_the_bound_is_refused_whole(
    indent: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([json.loads(LINE)] * 3, indent=indent))
    monkeypatch.setattr(ndjson, "ARRAY_ELEMENTS_MAX", 3)
    assert len(read_files([path]).table) == 3
    monkeypatch.setattr(ndjson, "ARRAY_ELEMENTS_MAX", 2)
    with pytest.raises(BadInput, match="expected at most 2 elements, got 3"):
        read_files([path])


def test_long_lines_of_csv_are_worked_on_in_smaller_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "CHUNK_LETTERS", 10)
    lines = ["12345", "67890", "1", "a" * 30, "b"]
    assert list(opening.chunks(iter(lines))) == [lines[:2], lines[2:4], lines[4:]]


def test_a_table_of_more_columns_than_the_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for more in (COLUMNS_MAX - 2, COLUMNS_MAX - 1):
        titles = ",".join(["time", "drug", *(f"x{n}" for n in range(more))])
        path.write_text(f"{titles}\n2026-11-21T01:00:00Z,5{',' * more}\n")
        if more + 2 <= COLUMNS_MAX:
            assert len(read_files([path]).table) == 1
        else:
            with pytest.raises(BadInput, match=r"line 1: expected at most 1,000 columns"):
                read_files([path])


def test_a_parquet_of_more_columns_than_the_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    more = ", ".join(f"{n} as x{n}" for n in range(COLUMNS_MAX))
    with duckdb.connect() as connection:
        connection.sql(f"select 5.0 as drug, {more}").write_parquet(str(path))
    with pytest.raises(BadInput, match=r"expected at most 1,000 columns, got 1,001"):
        read_files([path])


def test_more_readings_of_a_shipment_than_the_bound_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(LINE * 3 + LINE.replace(b'"S1"', b'"S2"') * 3)
    monkeypatch.setattr(recorded, "SHIPMENT_READINGS_MAX", 3)
    assert len(read_files([path]).table) == 6
    monkeypatch.setattr(recorded, "SHIPMENT_READINGS_MAX", 2)
    with pytest.raises(BadInput, match="shipment S1: 3 readings; at most 2 of one shipment"):
        read_files([path])


def test_a_parquet_is_read_in_parts_to_the_same_table_and_the_same_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as connection:
        rows = connection.sql(
            "select 1795230245000 + range * 1000 as time, if(range = 7, 900.0, 5.0 + range) as"
            " drug, 'LG-' || (range // 4) as logger from range(10)"
        )
        rows.write_parquet(str(path))
    whole = read_files([path])
    monkeypatch.setattr(parquet, "PART_CELLS", 9)
    parts = read_files([path])
    assert readings_of(parts.table) == readings_of(whole.table)
    assert len(parts.table) == 9
    assert parts.first_refusal == whole.first_refusal
    assert "row 8" in str(parts.first_refusal)


def test_a_workbook_that_asks_for_more_memory_than_the_bound_is_refused(tmp_path: Path) -> None:
    path = workbook_of(tmp_path / "a.xlsx", a=[["time", "drug"], ["2026-11-21T01:00:00Z", 5.0]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts[sheet] = parts[sheet].replace(b"</sheetData>", far)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    for read in (
        lambda: read_files([path]),
        lambda: read_office_table(path, RegisteredDevice, called="devices"),
    ):
        with pytest.raises(BadInput, match=r"it takes more than 500,000,000 bytes of memory"):
            read()


def test_what_decode_shows_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(LINE * 3)
    assert len(decoded_file.decode_file(path).readings) == 3
    monkeypatch.setattr(decoded_file, "DECODED_MAX_READINGS", 2)
    with pytest.raises(BadInput, match="3 readings, at most 2 are shown"):
        decoded_file.decode_file(path)
    monkeypatch.setattr(decoded_file, "DECODED_MAX_BYTES", 3 * len(LINE) - 1)
    with pytest.raises(BadInput, match=r"`coldwitness check` reads large files"):
        decoded_file.decode_file(path)
