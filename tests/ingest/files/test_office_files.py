"""Files as offices and the programs of common loggers write them."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.ingest.files.instant_columns import named_zone, text_ms
from coldwitness.ingest.files.recorded import Recorded, read_files
from coldwitness.ingest.files.titles import name_and_unit

CHINA = named_zone("Asia/Shanghai")
AT = "2026-11-21 11:04:00"
AT_MS = 1_795_230_240_000


def read(tmp_path: Path, text: str | bytes) -> Recorded:
    path = tmp_path / "f.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_files([path], timezone="Asia/Shanghai")


def drug(recorded: Recorded) -> list[float]:
    found: list[float] = recorded.table.temperature_c["drug"].tolist()
    return found


@pytest.mark.parametrize(
    "header",
    ["时间,温度(℃)", "时间,温度（°C）", "日期时间,温度",
     "DateTime,Temperature(C)", "Time,Temperature°C",
     "Date/Time,Temperature [°C]", "date / time,drug (°C)", "time,temperature_c",
     "记录时间,药品温度"],
)  # fmt: skip
def test_titles_of_common_loggers_and_chinese_ones_are_understood(
    tmp_path: Path, header: str
) -> None:
    recorded = read(tmp_path, f"{header},湿度(%RH)\n{AT},4.5,61\n")
    assert drug(recorded) == [4.5]
    assert recorded.table.humidity_pct.tolist() == [61.0]


@given(
    celsius=st.integers(-30, 40),
    name=st.sampled_from(["drug", "temperature", "value", "温度", "coolant", "ambient.2"]),
    unit=st.sampled_from(["(°F)", " [°F]", "（℉）", "(F)", " (K)", "(Kelvin)", "(°C)", "℃"]),
)
def test_a_unit_in_a_title_is_never_ignored(
    tmp_path_factory: pytest.TempPathFactory, celsius: int, name: str, unit: str
) -> None:
    sent = {"F": celsius * 1.8 + 32, "K": celsius + 273.15, "C": celsius}
    _, known = name_and_unit(name + unit)
    assert known is not None
    recorded = read(tmp_path_factory.mktemp("u"), f"time,{name}{unit}\n{AT},{sent[known]:.3f}\n")
    (values,) = recorded.table.temperature_c.values()
    assert values.tolist() == [pytest.approx(celsius, abs=1e-3)]


def test_a_unit_column_speaks_for_each_row(tmp_path: Path) -> None:
    rows = ["40.1,°F", "4.5,℃", "277.65,K", "61,%RH", "4.5,", "4.5,psi"]
    recorded = read(tmp_path, "time,value,unit\n" + "".join(f"{AT},{row}\n" for row in rows))
    assert drug(recorded) == [4.5, 4.5, 4.5, 4.5]
    assert recorded.refused_count == 1
    assert "unit_unknown" in (recorded.first_refusal or "")


def test_units_of_parquet_columns_count_as_those_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    with duckdb.connect() as connection:
        connection.sql(
            f"select {AT_MS}::bigint as time, 40.1 as \"drug (°F)\", 270.15 as value, 'K' as unit"
        ).write_parquet(str(path))
    assert drug(read_files([path])) == [4.5]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_json_in_utf_16_is_read_as_in_utf_8(tmp_path: Path, encoding: str) -> None:
    said = '{"logger":"L","shipment":"S","time":"%s","temperature":{"drug":4.5}}'
    event = '{"shipment":"S","event":"packed","time":"2026-11-21T03:00:00Z","note":"冷藏箱 😀"}'
    lines = [said % "2026-11-21T03:04:00Z", event, "{broken", said % "2026-11-21T03:05:00Z"]
    path = tmp_path / "f.ndjson"
    path.write_bytes("\r\n".join(lines * 6000).encode(encoding))
    recorded = read_files([path])
    assert (len(drug(recorded)), recorded.refused_count) == (12_000, 6000)
    assert recorded.events[-1].note == "冷藏箱 😀"
    assert "line 3:" in (recorded.first_refusal or "")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="two columns are called 'drug'"):
        read(tmp_path, f"time,drug,drug\n{AT},4.5,25\n")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-8", "utf-8-sig"])
def test_a_chinese_file_is_read_in_the_encoding_its_office_saved_it_in(
    tmp_path: Path, encoding: str
) -> None:
    text = f"冷藏箱温度记录\n\n时间,温度(℃)\n{AT},4.5\n,\n"
    recorded = read(tmp_path, text.encode(encoding))
    assert (drug(recorded), recorded.refused_count) == ([4.5], 0)


def test_a_degree_sign_of_windows_is_no_chinese_word(tmp_path: Path) -> None:
    assert drug(read(tmp_path, f"time,drug (°F)\n{AT},40.1\n".encode("cp1252"))) == [4.5]


def test_a_refusal_shows_chinese_as_it_stands_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"line 1: expected a column time .* got 时刻, 温度"):
        read(tmp_path, f"时刻,温度\n{AT},4.5\n".encode("gb18030"))


def test_separator_line_title_row_decimal_commas_and_blank_rows(tmp_path: Path) -> None:
    text = f"sep=;\nTrip 7;;\n;;\ntime;drug;seq\n{AT};4,5;0\n;;\n ; ;\n\n"
    recorded = read(tmp_path, text)
    assert (drug(recorded), recorded.refused_count) == ([4.5], 0)


@pytest.mark.parametrize(
    "text",
    ["2026年11月21日 11:04", "2026年11月21日11时04分00秒", "2026/11/21 上午 11:04", "202611211104",
     "20261121110400", "2026/11/21 11:04:00 AM", "2026-11-21 AM 11:04", "1795230240000"],
)  # fmt: skip
def test_times_as_chinese_offices_write_them(text: str) -> None:
    assert text_ms(text, zone=CHINA) == AT_MS


@given(hour=st.integers(1, 12), minute=st.integers(0, 59))
def test_twelve_hours_are_told_apart_by_their_half(hour: int, minute: int) -> None:
    midnight = text_ms("2026-11-21 00:00", zone=CHINA)
    for words, later in ((("上午", "AM"), 0), (("下午", "PM"), 12)):
        expected = midnight + ((hour % 12 + later) * 60 + minute) * 60_000
        assert text_ms(f"2026/11/21 {words[0]} {hour}:{minute:02}", zone=CHINA) == expected
        assert text_ms(f"2026-11-21 {hour}:{minute:02}:00 {words[1]}", zone=CHINA) == expected


@given(number=st.integers(0, 999_999_999))
def test_a_short_number_is_no_time(number: int) -> None:
    with pytest.raises(BadMessage, match="spreadsheet"):
        text_ms(str(number), zone=CHINA)


@pytest.mark.parametrize("text", ["上午 14:00", "下午 0:30"])
def test_an_hour_that_its_half_does_not_have_is_no_time(text: str) -> None:
    with pytest.raises(BadMessage, match="no such time"):
        text_ms(f"2026-11-21 {text}", zone=CHINA)


def test_a_compact_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadMessage, match="zone"):
        text_ms("20261121110400", zone=None)


def test_the_name_of_a_ruuvi_tag_may_stand_above_the_header(tmp_path: Path) -> None:
    header = "Date,ISO8601,Temperature (°C),Humidity (%)"
    row = "2026-11-21 11:04:00,2026-11-21T11:04:00+0800,4.5,61.2"
    recorded = read(tmp_path, f"Kitchen fridge\n{header}\n{row}\n")
    assert drug(recorded) == [4.5]
    assert np.array_equal(recorded.table.time_ms, [AT_MS])
