"""What is verified is read in parts: columns as arrays, a package's files as they lie in it."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.reports import judged_day, report_of, second_by_second
from coldwitness.api.reports.made import written
from coldwitness.api.reports.made.columns import Column
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.seal import canonical
from coldwitness.api.reports.made.twin import earlier_parts, read_json, render_json
from coldwitness.api.reports.made.written import Given, Kept, says
from coldwitness.api.reports.packed import package_check
from coldwitness.api.reports.packed.members import Member, members_of
from coldwitness.api.reports.packed.package_check import some_of, verify_any
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.errors import BadInput
from coldwitness.judging.rulebook import load_rulebook
from tests.reports.packages import honest, rulebook

COLUMNS = ("time", "received", "logger", "seq", "conflict", "lat", "lid_open")
ODD: dict[str, st.SearchStrategy[object]] = {
    "time": st.sampled_from(
        ["2026-11-20T01:00:00Z", "2026-11-20T01:00:00.250Z", "2026-11-20T01:00:00+00:00", "2026",
         "NaT", "NaTZ", "9999-12-31T23:59:59Z", "x", "2026-11-20 01:00:00Z", "-0044-01-01T00:00Z"]
    ),
    "received": st.sampled_from([None, "2026-11-20T01:00:00Z", "2026-11-20T01:00:00.000Z", ""]),
    "logger": st.integers(-(2**70), 2**70) | st.integers(-2, 2),
    "seq": st.none() | st.integers(-2, 9) | st.sampled_from([2**53 - 1, 2**53, 2**80]),
    "conflict": st.integers(-1, 3),
    "lat": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
    "lid_open": st.sampled_from([None, True, False]),
}  # fmt: skip


@pytest.fixture(scope="module")
def report() -> Report:
    table, manifest = second_by_second(50)
    return report_of(judged_day(table, manifest, load_rulebook(JudgingSettings())), manifest)


@given(st.fixed_dictionaries({name: st.lists(ODD[name], max_size=4) for name in COLUMNS}))
def test_columns_are_read_back_as_they_stand(
    report: Report, columns: dict[str, list[object]]
) -> None:
    values = json.loads(render_json(report))
    values["readings"] |= columns
    read = read_json(json.dumps(values).encode()).readings
    for name, column in columns.items():
        assert list(getattr(read, name)) == column, name
        assert getattr(read, name) == column, name


def test_usual_columns_are_arrays(report: Report) -> None:
    read = read_json(render_json(report)).readings
    assert read == report.readings
    assert all(isinstance(getattr(read, name), Column) for name in COLUMNS)
    assert read.lon.array.strides == (0,), "one value for all rows"  # type: ignore[attr-defined]


def test_what_is_wrong_with_a_column_names_its_place(report: Report) -> None:
    values = json.loads(render_json(report))
    for name, wrong in (("lat", ["x"]), ("seq", [0.5]), ("time", [None]), ("moving", 1)):
        edited = values | {"readings": values["readings"] | {name: wrong}}
        with pytest.raises(BadInput, match=rf"\$\.readings\.{name}"):
            read_json(json.dumps(edited).encode())
    del values["readings"]["light_lux"]
    with pytest.raises(BadInput, match=r"light_lux.*\$\.readings"):
        read_json(json.dumps(values).encode())


def test_a_report_of_any_form_is_written_member_by_member(report: Report) -> None:
    values = json.loads(render_json(report)) | {"später": {"a": 1.0}, "readings": {"x": [1, {}]}}
    data = json.dumps(values).encode()
    assert b"".join(earlier_parts(data, with_seal=True)) == canonical(values)
    del values["seal"]
    assert b"".join(earlier_parts(data, with_seal=False)) == canonical(values)


def test_bytes_in_memory_and_on_the_disk_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(range(256)) * 40
    for most in (written.IN_MEMORY, 100):
        monkeypatch.setattr(written, "IN_MEMORY", most)
        kept = Kept([data[:100], memoryview(data)[100:]])
        for one in (kept, Given(data), Member(kept, 0, len(data))):
            assert one.size == len(data)
            assert b"".join(one.parts()) == bytes(one.held()) == data
            assert says(one, [data[:7], data[7:]])
            assert not says(one, [data[:7]])
            assert not says(one, [data, b"x"])
        inner = Member(kept, 5, 20)
        assert bytes(inner.read(15, 100)) == data[20:25], "no further than its end"


def test_a_packages_files_are_not_read_into_memory() -> None:
    package = honest()
    files, ours = members_of(Kept([package]))
    assert ours
    assert all(isinstance(file, Member) for file in files.values())
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert {name: bytes(file.held()) for name, file in files.items()} == {
            name: archive.read(name) for name in archive.namelist()
        }


def test_a_zip_of_very_many_files_is_refused_before_its_list_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}", b"")
    for data in (out.getvalue(), out.getvalue()[:-2] + b"\x03\x00abc"):
        found = verify_any(data, rulebook=rulebook())
        assert [(one.code, one.detail) for one in found.problems] == [
            ("not_readable", "too many files")
        ]


def test_a_file_that_is_too_large_is_read_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_check, "_FILE_BYTES", 2_500_000)
    path = tmp_path / "a.json"
    path.write_bytes(b"{" + bytes(9_000_000))
    with path.open("rb") as file:
        data = Kept(some_of(file))
    assert data.size == 2_500_001
    (problem,) = verify_any(data, rulebook=rulebook()).problems
    assert (problem.code, problem.detail) == ("not_readable", "too large")


def test_a_report_with_another_readings_column_differs(report: Report) -> None:
    readings = replace(report.readings, lat=[*report.readings.lat[:-1], 1.0])
    edited = render_json(replace(report, readings=readings))
    codes = {one.code for one in verify_any(edited, rulebook=rulebook()).problems}
    assert "digest_mismatch" in codes
