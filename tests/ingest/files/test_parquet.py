"""Parquet with the CSV's columns, in the column types that writers choose."""

import gzip
from pathlib import Path

import duckdb
import numpy as np
import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest.files import read_files

T0_MS = 1_795_230_240_000  # 2026-11-21T03:04:00Z


def parquet(path: Path, select: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")
    return path


def test_typed_columns_arrive_with_nulls_as_absent(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet",
        """select * from (values
          (timestamptz '2026-11-21 03:04:00+00', 4.5::double, 5.0::float, 'A', 'BX', 'L1',
           1::integer, true, null::boolean, 36.5, 118.25, 1),
          (timestamptz '2026-11-21 11:05:00+08', null, 5.5, 'B', null, 'L1',
           null, false, true, null, null, 2)
        ) t("timestamp", "value", "drug.2", shipment, box, logger, seq, lid_open, moving, lat, lon,
            extra)""",
    )
    first, second = readings_of(read_files([path]).table)
    assert first.temperature_c == {"drug": 4.5, "drug.2": 5.0}
    assert (first.time_ms, first.seq, first.shipment, first.box) == (T0_MS, 1, "A", "BX")
    assert (first.lid_open, first.moving, first.lat_deg, first.lon_deg) == (
        True,
        None,
        36.5,
        118.25,
    )
    assert second.temperature_c == {"drug.2": 5.5}
    assert (second.time_ms, second.seq, second.box) == (T0_MS + 60_000, None, None)
    assert (second.lid_open, second.moving, second.lat_deg) == (False, True, None)


@pytest.mark.parametrize(
    "time",
    [
        f"{T0_MS}::bigint",
        "'2026-11-21T11:04:00+08:00'",
        "timestamptz '2026-11-21 03:04:00.000999+00'",
    ],
)
def test_times_may_be_integers_texts_or_zoned_timestamps(tmp_path: Path, time: str) -> None:
    path = parquet(tmp_path / "a.parquet", f"select {time} as time, 4.5 as drug")
    assert read_files([path]).table.time_ms.tolist() == [T0_MS]


def test_a_timestamp_without_zone_needs_a_named_one(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet",
        "select timestamp '2026-11-21 11:04:00.250' as time, 4.5 as drug",
    )
    with pytest.raises(BadInput, match="row 1: time: expected a zone"):
        read_files([path])
    assert read_files([path], timezone="Asia/Shanghai").table.time_ms.tolist() == [T0_MS + 250]


def test_local_timestamps_around_a_change_of_the_clocks(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet",
        """select unnest([timestamp '2026-10-25 01:59:59', timestamp '2026-10-25 02:30:00',
        timestamp '2026-10-25 03:00:00']) as time, 4.5 as drug""",
    )
    recorded = read_files([path], timezone="Europe/Berlin")
    assert np.diff(recorded.table.time_ms).tolist() == [2 * 3600 * 1000 + 1000]
    assert recorded.refused_count == 1


def test_nan_is_missing_infinity_and_nan_text_are_wrong(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet",
        """select 1795230240000 + i as time, 4.0 as drug, d as coolant, t as ambient from (values
        (0, 'nan'::double, '20'), (1, 'inf'::double, '20'), (2, 3.0, 'NaN'), (3, 3.0, null))
        v(i, d, t)""",
    )
    recorded = read_files([path])
    assert (recorded.table.time_ms - T0_MS).tolist() == [0, 3]
    assert np.isnan(recorded.table.temperature_c["coolant"]).tolist() == [True, False]
    assert recorded.refused_count == 2
    assert "row 2: coolant" in str(recorded.first_refusal)


def test_names_with_wildcards_and_gzip_are_plain_files(tmp_path: Path) -> None:
    plain = parquet(tmp_path / "a.parquet", f"select {T0_MS} as time, 4.5 as drug")
    odd = tmp_path / "a[1]*.parquet"
    odd.write_bytes(plain.read_bytes())
    assert len(read_files([odd]).table) == 1
    packed = tmp_path / "ZB-9.parquet.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_files([packed], reader="parquet").table.shipments == ("ZB-9",)
    assert read_files([packed]).table.shipments == ("ZB-9",)


def test_a_damaged_file_is_one_line_of_error(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 and then nothing of use")
    with pytest.raises(BadInput, match="not readable as Parquet") as caught:
        read_files([path])
    assert "\n" not in str(caught.value)


def test_a_name_of_a_column_that_is_no_text_is_one_line_of_error(tmp_path: Path) -> None:
    query = "select timestamptz '2026-11-21 03:04:00+00' as time, 4.5 as drug, 'A' as shipment"
    path = parquet(tmp_path / "a.parquet", query)
    path.write_bytes(path.read_bytes().replace(b"shipment", b"shi\xf0ment"))
    with pytest.raises(BadInput, match="not readable as Parquet"):
        read_files([path])
