"""One meaning at two speeds, one table from every kind of file, and no traceback from any bytes."""

import csv
import json
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest.files import READERS, read_files
from coldwitness.ingest.formats import DecodeContext
from coldwitness.ingest.formats.native import convert_object

odd_numbers = st.sampled_from(
    [4.5, -1, 0, 85.0, -127, 200, 200.1, -200, 1e300, 327.67, True, None, "4", 3.0, 2**63, 1e9]
)
odd_texts = st.sampled_from(["A", "B-1", "", "a b", "冷", "x" * 65, None, 7, True])
odd_times = st.sampled_from(
    [
        "2026-11-21T03:04:05Z", "2026-11-21T03:04:05.9999+08:00", "2026-11-21T03:04:05",
        "2016-12-31T23:59:60Z", "1969-01-01T00:00:00Z", 1795230245123, 1795230245, -1, 0, 4.5,
        None, "soon", 1795230245123.0, 5_000_000_000_000,
    ]
)  # fmt: skip
objects = st.fixed_dictionaries(
    {"logger": odd_texts, "time": odd_times},
    optional={
        "temperature": st.dictionaries(
            st.sampled_from(["drug", "drug.1", "drug.2", "drug.02", "coolant", "x", "drug.0"]),
            odd_numbers,
            max_size=3,
        ),
        "shipment": odd_texts,
        "box": odd_texts,
        "courier": odd_texts,
        "seq": odd_numbers,
        "humidity": odd_numbers,
        "position": st.none()
        | st.fixed_dictionaries(
            {"lat": odd_numbers, "lon": odd_numbers},
            optional={
                "accuracy_m": odd_numbers,
                "datum": st.sampled_from(["WGS84", "GCJ02", "x", None]),
            },
        ),
        "lid_open": odd_numbers,
        "moving": st.booleans() | st.none(),
        "light_lux": odd_numbers,
        "battery_v": odd_numbers,
        "event": st.sampled_from([None, "packed", "lost"]),
        "other": odd_numbers,
    },
)


@settings(max_examples=80, deadline=None)
@given(lines=st.lists(objects, min_size=1, max_size=12))
def test_ndjson_means_line_by_line_what_the_native_decoder_says(
    lines: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("n") / "a.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    expected: list[Reading] = []
    events = refused = 0
    for line in lines:
        try:
            said = convert_object(line, DecodeContext(topic="", received_ms=0))
        except BadMessage:
            refused += 1
            continue
        if isinstance(said, Reading):
            expected.append(said)
        else:
            events += 1
    try:
        recorded = read_files([path], shipments=("A", "OTHER"))
    except BadInput:
        assert events == 0
        assert all(reading.shipment is None for reading in expected)
        return
    named = [reading for reading in expected if reading.shipment is not None]
    boxless = len(expected) - len(named)
    found = readings_of(recorded.table)
    by_box = len(found) - len(named)  # rows that a packed event gave their shipment
    assert len(recorded.events) == events
    assert recorded.refused_count == refused + boxless - by_box
    for reading in named:
        assert reading in found


rows = st.lists(
    st.tuples(
        st.integers(1_000_000_000_000, 4_000_000_000_000),
        st.sampled_from(["A", "B"]),
        st.floats(-100, 80).map(lambda value: round(value, 2)),
        st.none() | st.floats(-100, 80).map(lambda value: round(value, 3)),
        st.none() | st.integers(0, 10**9),
        st.none() | st.booleans(),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=20, deadline=None)
@given(rows)
def test_csv_parquet_and_ndjson_of_the_same_rows_are_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, data: list[tuple[Any, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("t")
    names = ("time", "shipment", "drug", "coolant", "seq", "lid_open")
    with (folder / "a.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(["" if cell is None else cell for cell in row] for row in data)
    with (folder / "a.ndjson").open("w") as file:
        for time, shipment, drug, coolant, seq, lid in data:
            temperature = {"drug": drug, "coolant": coolant}
            said = {"logger": "unknown", "time": time, "shipment": shipment, "seq": seq,
                    "temperature": temperature, "lid_open": lid}  # fmt: skip
            file.write(json.dumps(said) + "\n")
    with duckdb.connect() as connection:
        connection.execute(
            "create table t (time bigint, shipment varchar, drug double, coolant double,"
            " seq bigint, lid_open boolean)"
        )
        connection.executemany("insert into t values (?, ?, ?, ?, ?, ?)", data)
        connection.execute(f"copy t to '{folder / 'a.parquet'}' (format parquet)")
    tables = [
        readings_of(read_files([folder / f"a.{ending}"]).table)
        for ending in ("csv", "ndjson", "parquet")
    ]
    assert tables[0] == tables[1] == tables[2]
    assert len(tables[0]) == len(data)


_PIECES = (
    b"time,drug\n", b"2026-11-21T03:04:05Z,4.5\n", b"\xff\xfe", b'"', b"\x00", b"PAR1",
    b"\x1f\x8b\x08", b"1-Wire/iButton\nDate/Time,Unit,Value\n", b"3/24/22 2:18:01 PM,C,4\n",
    b"Device: Fridge-tag\nData:\n\tyyyy-MM-dd hh:mm\tT\n", b"\t2022-05-02 04:44\t26.3\n",
    b"timestamp,temperature,movement counter\n", b'{"logger":"L"}\n', b"[", b"]\n", b"55 01 0B ",
    b"\n", b",", b";",
)  # fmt: skip


@pytest.mark.parametrize("reader", [None, *READERS])
@settings(max_examples=30, deadline=None)
@given(pieces=st.lists(st.sampled_from(_PIECES) | st.binary(max_size=20), max_size=8))
def test_any_bytes_are_read_or_are_one_line_of_error(
    reader: str | None, pieces: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("b") / "a.bin"
    path.write_bytes(b"".join(pieces))
    said = ""
    try:
        read_files([path], reader=reader)
    except BadInput as error:
        said = str(error)
    assert said.encode().count(b"\n") == 0
