"""No file takes more memory or time than its honest kind: what it unpacks to, a line, its depth."""

import gzip
import zipfile
from pathlib import Path

import duckdb
import pytest

from coldwitness.config.storage_classes import load_storage_classes
from coldwitness.domain.errors import BadInput
from coldwitness.ingest import bounded_file
from coldwitness.ingest.files import parquet, read_files, spreadsheets
from coldwitness.ingest.json_value import DEPTH_MAX
from coldwitness.ingest.manifests import read_manifest_files

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
    monkeypatch.setattr(spreadsheets, "_UNPACKED_MAX_BYTES", 99_999)
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
    monkeypatch.setattr("coldwitness.ingest.manifests.MAX_FILE_BYTES", 20)
    path = tmp_path / "m.json.gz"
    path.write_bytes(gzip.compress(b'{"id": "S1"}' + b" " * 9))
    with pytest.raises(BadInput, match="more than 20 bytes of manifests"):
        read_manifest_files([path], classes=load_storage_classes())
