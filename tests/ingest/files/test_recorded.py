"""Files of a call: kinds, shipments, refusals, zones."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest.files import Recorded, read_files

T0_MS = 1_795_230_240_000  # 2026-11-21T03:04:00Z


def line(minute: int = 0, *, drug: Any = 4.5, **more: Any) -> dict[str, Any]:
    time = f"2026-11-21T03:{4 + minute:02d}:00Z"
    return {"logger": "LG-1", "time": time, "temperature": {"drug": drug}, **more}


def write(path: Path, *lines: Any) -> Path:
    path.write_text("".join(f"{x if isinstance(x, str) else json.dumps(x)}\n" for x in lines))
    return path


def drug(recorded: Recorded) -> list[float]:
    return [float(value) for value in recorded.table.temperature_c["drug"]]


def shipments(recorded: Recorded) -> list[str]:
    return [recorded.table.shipments[code] for code in recorded.table.shipment]


def test_ndjson_of_readings_events_and_arrays_is_read_in_one_go(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.ndjson",
        line(0, shipment="A", box="BX", courier="ql", seq=1),
        {"shipment": "A", "event": "packed", "time": "2026-11-21T03:00:00Z", "box": "BX"},
        [line(1, shipment="A"), line(2, shipment="A", drug=5)],
        "",
    )
    recorded = read_files([path])
    assert sorted(drug(recorded)) == [4.5, 4.5, 5.0]
    assert [event.event for event in recorded.events] == ["packed"]
    assert (recorded.refused_count, recorded.warnings) == (0, ())


def test_every_field_of_an_ndjson_reading_reaches_its_column(tmp_path: Path) -> None:
    said = line(
        0,
        shipment="A",
        box="BX",
        seq=7,
        humidity=50,
        position={"lat": 36.5, "lon": 118.25, "accuracy_m": 9},
        lid_open=True,
        light_lux=3,
        moving=False,
        battery_v=3.5,
    )
    said["temperature"] = {"drug": 4.5, "drug.2": 5, "ambient": None, "other": 1}
    (reading,) = readings_of(read_files([write(tmp_path / "a.ndjson", said)]).table)
    assert reading.temperature_c == {"drug": 4.5, "drug.2": 5.0}
    assert (reading.logger, reading.shipment, reading.box, reading.seq) == ("LG-1", "A", "BX", 7)
    assert (reading.lat_deg, reading.lon_deg, reading.accuracy_m) == (36.5, 118.25, 9.0)
    assert (reading.lid_open, reading.moving, reading.light_lux) == (True, False, 3.0)
    assert (reading.humidity_pct, reading.battery_v, reading.time_ms) == (50.0, 3.5, T0_MS)


@pytest.mark.parametrize(
    "bad",
    [
        line(1, drug="NaN"),
        line(1, drug="4.5"),
        {**line(1), "time": "2026-11-21T03:05:00"},
        {**line(1), "logger": "no good"},
        line(1, seq=-1),
        line(1, lid_open=1),
        line(1, drug=500),
        line(1, drug=-127),
        line(1, drug=None),
        '{"logger":"LG-1","time":"2026-11-21T03:05:00Z","temperature":{"drug":NaN}}',
        '{"logger":"LG-1","time":"2026-11-21T03:05:00Z","temperature":{"drug":4,"drug":9}}',
        "not json",
        "12",
    ],
)
def test_a_bad_line_is_refused_counted_and_the_first_is_named(tmp_path: Path, bad: Any) -> None:
    path = write(tmp_path / "a.ndjson", line(0), bad, line(2, drug=6), bad)
    recorded = read_files([path], shipments=("A",))
    assert drug(recorded) == [4.5, 6.0]
    assert recorded.refused_count == 2
    assert recorded.first_refusal is not None
    assert "a.ndjson, line 2" in recorded.first_refusal
    (warning,) = recorded.warnings
    assert recorded.first_refusal in warning


def test_the_bad_element_of_an_array_line_is_refused_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", [line(0), line(1, drug="x"), line(2)])
    recorded = read_files([path], shipments=("A",))
    assert len(recorded.table) == 2
    assert recorded.refused_count == 1
    assert "line 1, element 1" in str(recorded.first_refusal)


def test_a_pretty_printed_json_array_is_one_document(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([line(0), line(1, drug="x"), line(2)], indent=2))
    recorded = read_files([path], shipments=("A",))
    assert len(recorded.table) == 2
    assert recorded.refused_count == 1


def test_readings_without_shipment_go_to_their_boxs_stay(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.ndjson",
        {"shipment": "A", "event": "packed", "time": "2026-11-21T03:04:00Z", "box": "BX"},
        {"shipment": "A", "event": "delivered", "time": "2026-11-21T03:06:00Z", "box": "BX"},
        {"shipment": "B", "event": "packed", "time": "2026-11-21T03:07:00Z", "box": "BX"},
        line(1, box="BX"),
        line(4, box="BX"),
    )
    recorded = read_files([path])
    assert shipments(recorded) == ["A", "B"]


def test_readings_nobody_claims_are_refused_when_the_call_has_several_shipments(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.ndjson", line(0, shipment="A"), line(1, shipment="B"), line(2))
    recorded = read_files([path])
    assert shipments(recorded) == ["A", "B"]
    assert recorded.refused_count == 1
    assert "2 shipments" in str(recorded.first_refusal)


def test_readings_nobody_claims_go_to_the_only_shipment_of_the_call(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", line(0, shipment="A"), line(1))
    assert shipments(read_files([path])) == ["A", "A"]
    path = write(tmp_path / "b.ndjson", line(1))
    assert shipments(read_files([path], shipments=("M",))) == ["M"]


def test_csv_columns_aliases_and_words_are_understood(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "Timestamp, value ,drug.2,coolant,lat,lon,lid_open,moving,seq,shipment,box,logger,extra",
        "2026-11-21T03:04:00Z,4.5,5,,36.5,118.25,true,no,7,A,BX,LG-1,what,".rstrip(","),
        "2026-11-21T11:05:00+08:00,4.6,,-1.5,,,,,8.0,A,BX,LG-1,",
        "1795230360000,4.7,,,,,0,1,,A,BX,LG-1,nan",
    )
    recorded = read_files([path])
    first, second, third = readings_of(recorded.table)
    assert first.temperature_c == {"drug": 4.5, "drug.2": 5.0}
    assert (first.lat_deg, first.lon_deg, first.lid_open, first.moving) == (
        36.5,
        118.25,
        True,
        False,
    )
    assert (first.seq, first.shipment, first.box, first.logger) == (7, "A", "BX", "LG-1")
    assert second.temperature_c == {"drug": 4.6, "coolant": -1.5}
    assert (second.time_ms, second.seq, second.lid_open) == (T0_MS + 60_000, 8, None)
    assert (third.time_ms, third.seq) == (T0_MS + 120_000, None)
    assert (third.lid_open, third.moving) == (False, True)
    assert recorded.refused_count == 0


@pytest.mark.parametrize(
    "row",
    [
        "2026-11-21T03:05:00,4.5,1",
        "2026-11-21T03:05:00Z,NaN,1",
        "2026-11-21T03:05:00Z,nan,1",
        "2026-11-21T03:05:00Z,inf,1",
        "2026-11-21T03:05:00Z,1e999,1",
        "2026-11-21T03:05:00Z,null,1",
        "2026-11-21T03:05:00Z,4_5,1",
        "2026-11-21T03:05:00Z,４.5,1",
        "2026-11-21T03:05:00Z,true,1",
        "2026-11-21T03:05:00Z,,1",
        "2026-11-21T03:05:00Z,-127,1",
        "2026-11-21T03:05:00Z,999,1",
        "2026-11-21T03:05:00Z,4.5,-1",
        "2026-11-21T03:05:00Z,4.5,1.5",
        "2026-11-21T03:05:00Z,4.5",
        "2026-11-21T03:05:00Z,4.5,1,2",
        '2026-11-21T03:05:00Z,"4.5,1',
        ",4.5,1",
    ],
)
def test_a_bad_csv_row_is_refused_and_never_becomes_a_number(tmp_path: Path, row: str) -> None:
    path = write(
        tmp_path / "a.csv",
        "time,drug,seq",
        "2026-11-21T03:04:00Z,4.5,1",
        row,
        "2026-11-21T03:06:00Z,6,3",
    )
    recorded = read_files([path])
    assert drug(recorded) == [4.5, 6.0]
    assert recorded.refused_count == 1
    assert "a.csv, line 3" in str(recorded.first_refusal)


def test_a_row_with_a_position_and_no_temperature_is_kept_as_a_position(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,drug,lat,lon", "2026-11-21T03:04:00Z,,36.5,118.25")
    table = read_files([path]).table
    assert np.isnan(table.temperature_c["drug"]).all()
    assert table.lat_deg.tolist() == [36.5]


def test_csv_without_shipments_is_named_by_the_manifest_or_else_by_the_file(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "ZB-1.csv", "time,value", "2026-11-21T03:04:00Z,4.5")
    assert shipments(read_files([path])) == ["ZB-1"]
    assert shipments(read_files([path], shipments=("M",))) == ["M"]
    assert shipments(read_files([path], shipments=("M", "ZB-1"))) == ["ZB-1"]


def test_a_file_name_that_is_no_id_still_names_one_shipment(tmp_path: Path) -> None:
    rows = ("time,value", "2026-11-21T03:04:00Z,4.5")
    assert shipments(read_files([write(tmp_path / "my box (1).csv", *rows)])) == ["my-box-1"]
    (named,) = shipments(read_files([write(tmp_path / "冷链.csv", *rows)]))
    assert named.startswith("file-")


def test_csv_rows_with_a_box_follow_the_events_of_another_file(tmp_path: Path) -> None:
    events = write(
        tmp_path / "e.ndjson",
        {"shipment": "A", "event": "packed", "time": "2026-11-21T03:00:00Z", "box": "BX"},
    )
    rows = write(tmp_path / "r.csv", "time,box,drug", "2026-11-21T03:04:00Z,BX,4.5")
    assert shipments(read_files([rows, events])) == ["A"]


def test_times_without_a_zone_need_a_named_one(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "time,value",
        "2026-11-21 11:04:00,4.5",
        "2026/11/21 11:05,4.6",
        "2026-11-21T03:06:00Z,4.7",
    )
    recorded = read_files([path], timezone="Asia/Shanghai")
    assert recorded.table.time_ms.tolist() == [T0_MS, T0_MS + 60_000, T0_MS + 120_000]
    assert read_files([path], timezone="+08:00").table.time_ms[0] == T0_MS
    assert read_files([path]).refused_count == 2
    ndjson = write(tmp_path / "a.ndjson", {**line(), "time": "2026-11-21T11:04:00"})
    assert (
        read_files([ndjson], timezone="Asia/Shanghai", shipments=("A",)).table.time_ms[0] == T0_MS
    )


def test_an_unknown_zone_is_one_clear_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time,value", "2026-11-21T03:04:00Z,4.5")
    for name in ("Asia/Zibo", "../etc", "", "+99:00"):
        with pytest.raises(BadInput, match="timezone: expected an IANA name"):
            read_files([path], timezone=name)


def test_a_local_time_that_was_twice_or_never_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "time,value",
        "2026-10-25 01:59:59,1",
        "2026-10-25 02:30:00,2",
        "2026-03-29 02:30:00,3",
        "2026-10-25 03:00:00,4",
    )
    recorded = read_files([path], timezone="Europe/Berlin")
    assert drug(recorded) == [1.0, 4.0]
    assert recorded.refused_count == 2


def test_gzip_is_unpacked_by_content(tmp_path: Path) -> None:
    plain = write(tmp_path / "ZB-1.csv", "time,value", "2026-11-21T03:04:00Z,4.5").read_bytes()
    packed = tmp_path / "ZB-2.csv.gz"
    packed.write_bytes(gzip.compress(plain))
    recorded = read_files([packed])
    assert (drug(recorded), shipments(recorded)) == ([4.5], ["ZB-2"])
    packed.write_bytes(gzip.compress(plain * 5000)[:-20])
    with pytest.raises(BadInput, match="damaged gzip"):
        read_files([packed])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_no_part_of_the_header(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,value\r\n2026-11-21T03:04:00Z,4.5\r\n", encoding=encoding)
    assert drug(read_files([path])) == [4.5]


def test_semicolons_and_decimal_commas_are_understood(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time;drug", "2026-11-21T03:04:00Z;4,5")
    assert drug(read_files([path])) == [4.5]


def test_a_chinese_datum_in_a_csv_is_moved_to_wgs84(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.csv",
        "time,drug,lat,lon,datum",
        "2026-11-21T03:04:00Z,4,31.17530398,121.53154186,GCJ02",
        "2026-11-21T03:05:00Z,4,31.1774276,121.5272106,",
    )
    table = read_files([path]).table
    assert table.lat_deg == pytest.approx([31.1774276, 31.1774276], abs=1e-6)
    assert table.lon_deg == pytest.approx([121.5272106, 121.5272106], abs=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected a header line"),
        ("drug\n4.5\n", "line 1: expected a column time"),
        ("time,pressure\n", "line 1: expected a column drug"),
        ("time,drug\n", "nothing usable"),
        ("time,drug\n2026-11-21T03:04:00,4\n", "nothing usable: 1 refused, the first: .*line 2"),
    ],
)
def test_a_file_with_nothing_usable_is_one_line_of_error(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(BadInput, match=message) as caught:
        read_files([path])
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_an_unknown_reader_are_one_line_of_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.csv: cannot be read"):
        read_files([tmp_path / "none.csv"])
    with pytest.raises(BadInput, match="cannot be read"):
        read_files([tmp_path])
    path = write(tmp_path / "a.csv", "time,drug")
    with pytest.raises(BadInput, match="reader 'excel': unknown"):
        read_files([path], reader="excel")


def test_many_chunks_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldwitness.ingest.files.opening.CHUNK_LINES", 7)
    monkeypatch.setattr("coldwitness.ingest.files.opening.BLOCK_BYTES", 700)
    rows = [f"2026-11-21T03:04:{second:02d}Z,{second / 10}" for second in range(60)]
    path = write(tmp_path / "a.csv", "time,drug", *rows[:30], "bad,row", *rows[30:])
    recorded = read_files([path])
    assert drug(recorded) == [second / 10 for second in range(60)]
    assert "line 32" in str(recorded.first_refusal)
    objects = [line(0, drug=second / 10, seq=second) for second in range(40)]
    ndjson = write(tmp_path / "a.ndjson", *objects[:20], "bad", *objects[20:])
    recorded = read_files([ndjson], shipments=("A",))
    assert recorded.table.seq.tolist() == list(range(40))
    assert "line 21" in str(recorded.first_refusal)
