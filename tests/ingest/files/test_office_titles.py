"""Titles, units, times and rows as the programs of common loggers and offices write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.ingest.decoded_file import decode_bytes
from coldwitness.ingest.files.csv_rows import read_lines
from coldwitness.ingest.files.day_orders import told_order, year_first
from coldwitness.ingest.files.header import columns_of
from coldwitness.ingest.files.instant_columns import named_zone, text_ms, texts_ms
from coldwitness.ingest.files.recorded import read_files

CHINA = named_zone("Asia/Shanghai")
AT = "2026-11-21 11:04:00"
AT_MS = 1_795_230_240_000


def rows(text: str, *, zone: str | None = "Asia/Shanghai") -> tuple[list[dict[str, float]], str]:
    """Temperatures of each row, and what was refused."""
    content = read_lines(
        iter(text.splitlines(keepends=True)), "f.csv", zone=named_zone(zone), columns={}
    )
    columns = content.table.temperature_c
    read = [
        {name: float(values[row]) for name, values in columns.items()}
        for row in range(len(content.table))
    ]
    return read, "\n".join(content.refusals.lines)


FAHRENHEIT = """
Temp(°F)
Temperature/°F
温度/℉
Temp F
temp_degF
华氏温度
Temperature °F
Temperature_Fahrenheit
Fahrenheit(°F)
T(°F)
CH1(°F)
Temp (degF)
temperatureF
温度(华氏度)
Ch. 1 °F
Reading (°F)
Temp, °F (LGR S/N: 1021, SEN S/N: 1021)
°F [1]
"""


@pytest.mark.parametrize("title", FAHRENHEIT.split("\n")[1:-1])
def test_a_unit_is_found_wherever_a_title_has_it(title: str) -> None:
    assert rows(f'time,"{title}"\n{AT},40.1\n') == ([{"drug": 4.5}], "")


CELSIUS = """
温度值
Celsius(°C)
T(℃)
CH1(℃)
通道1温度(℃)
测量值
探头温度
探头1(℃)
实时温度
Temperature_Celsius(℃)
T1 [°C]
C:1 [°C]
Channel 1 [°C]
Reading
温度1
temp1
Probe 1 (°C)
箱内温度
冷藏室温度
"""


@pytest.mark.parametrize("title", CELSIUS.split("\n")[1:-1])
def test_a_temperature_is_told_by_its_word_or_its_unit(title: str) -> None:
    assert rows(f"time,{title}\n{AT},4.5\n") == ([{"drug": 4.5}], "")


@pytest.mark.parametrize(
    "title", ["Ambient Temperature (°C)", "环境温度", "Internal (°C)", "电池温度"]
)
def test_a_column_that_says_something_else_keeps_its_title(title: str) -> None:
    assert rows(f"time,{title}\n{AT},25\n") == ([{title: 25.0}], "")
    assert rows(f"time,{title},Probe (°C)\n{AT},25,4.5\n") == ([{"drug": 4.5, title: 25.0}], "")


@pytest.mark.parametrize(
    "title", ["Set point (°C)", "Max (°C)", "Dew point (°C)", "High Alarm (°C)"]
)
def test_limits_and_statistics_are_no_columns_of_ours(title: str) -> None:
    assert columns_of(["time", title, "湿度%RH"]).keys() == {"time", "humidity"}


def test_of_two_temperatures_none_is_dropped_without_a_word() -> None:
    assert rows(f"time,temperature,value\n{AT},4.5,20\n")[0] == [{"drug": 4.5}]
    assert rows(f"time,温度,Temp\n{AT},4.5,20\n")[0] == [{"drug": 4.5, "Temp": 20.0}]
    both = rows(f"time,Temperature (°C),Temperature (°F)\n{AT},4.5,40.1\n")[0]
    assert both == [{"drug": 4.5, "Temperature (°F)": 4.5}]


TIMES = """
采样时间
监测时间
检测时间
日期/时间
时间戳
Date-Time
Datum/Zeit
Local Time
Recorded at
Timestamp for sample frequency every 1 min min
Date/time
"""


@pytest.mark.parametrize("title", TIMES.split("\n")[1:-1])
def test_a_rows_time_is_told_by_its_title(title: str) -> None:
    assert rows(f"{title},drug\n{AT},4.5\n") == ([{"drug": 4.5}], "")


@pytest.mark.parametrize(
    ("title", "hours"),
    [("Time (UTC)", 0), ("time(UTC+8)", 8), ("时间(北京时间)", 8), ('"Date Time, GMT+08:00"', 8),
     ("Date/Time (GMT-5)", -5)],
)  # fmt: skip
def test_a_zone_in_the_title_is_that_of_its_times(title: str, hours: int) -> None:
    content = read_lines(iter([f"{title},drug\n", f"{AT},4.5\n"]), "f", zone=None, columns={})
    assert content.table.time_ms.tolist() == [AT_MS + (8 - hours) * 3_600_000]


def test_the_row_below_the_titles_may_hold_their_units() -> None:
    assert rows(f"time,temperature\n,°F\n{AT},40.1\n") == ([{"drug": 4.5}], "")
    assert rows(f"时间,温度,湿度\n,℃,%RH\n{AT},4.5,60\n") == ([{"drug": 4.5}], "")


def test_a_unit_behind_a_number_is_its_own() -> None:
    read, refused = rows(f"time,drug\n{AT},40.1 °F\n{AT},4.5℃\n{AT},277.65 K\n{AT},4.6\n")
    assert [row["drug"] for row in read] == [4.5, 4.5, 4.5, 4.6]
    assert refused == ""
    assert "as in the column's title" in rows(f"time,drug (°F)\n{AT},4.5 °C\n")[1]


def test_rows_of_other_quantities_are_passed_over() -> None:
    for title, words in (
        ("type", "temperature humidity battery"),
        ("参数", "温度 湿度 电量"),
        ("sensor", "temp1 rh voltage"),
        ("_field", "temperature humidity co2"),
    ):
        said = zip(words.split(), (4.5, 60, 87), strict=True)
        cells = "".join(f"{AT},{word},{value}\n" for word, value in said)
        assert rows(f"time,{title},value\n{cells}") == ([{"drug": 4.5}], ""), title
    assert rows(f"time,sensor,value\n{AT},LG-1,4.5\n") == ([{"drug": 4.5}], "")


def test_totals_below_the_rows_are_no_readings() -> None:
    text = f"序号,时间,温度\n1,{AT},4.5\n合计,1,\n最高温度,,4.5\n平均,,4.5\n"
    assert rows(text) == ([{"drug": 4.5}], "")
    assert rows(f"time,drug\n{AT},4.5\nMax,4.5\nMKT,4.5\n") == ([{"drug": 4.5}], "")


def test_each_refused_row_says_what_stood_in_it() -> None:
    _, refused = rows(f"时间,温度\n{AT},坏的\n{AT},ERR\nnever,4.5\n")
    assert "line 2: drug: expected a number, got '坏的'" in refused
    assert "line 3: drug: expected a number, got 'ERR'" in refused
    assert "line 4: time:" in refused


def test_cells_as_spreadsheets_keep_texts() -> None:
    for cells in (f"'{AT},4.5", f'="{AT}",="4.5"', f"{AT.replace(' ', chr(160))},4.5\u00a0",
                  f'{AT},"4,5"'):  # fmt: skip
        assert rows(f"time,drug\n{cells}\n") == ([{"drug": 4.5}], ""), cells
    assert rows(f"time|drug\n{AT}|\u22124.5\n") == ([{"drug": -4.5}], "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("21/11/2026 11:04", "2026-11-21 11:04"),
        ("11/21/2026 11:04:00 AM", "2026-11-21 11:04"),
        ("11/21/26 11:04", "2026-11-21 11:04"),
        ("21.11.2026 11:04", "2026-11-21 11:04"),
        ("05.11.2026 11:04", "2026-11-05 11:04"),
        ("21-Nov-2026 11:04:05", "2026-11-21 11:04:05"),
        ("Nov 21, 2026 11:04", "2026-11-21 11:04"),
        ("20261121 1104", "2026-11-21 11:04"),
        ("2026-11-21 周六 11:04", "2026-11-21 11:04"),
        ("2026年11月21日 星期六 晚上8:00", "2026-11-21 20:00"),
        ("2026-11-21 凌晨3:00", "2026-11-21 03:00"),
        ("2026-11-21 中午12:30", "2026-11-21 12:30"),
        ("2026-11-21 中午1:30", "2026-11-21 13:30"),
    ],
)
def test_dates_are_understood_in_whatever_order_they_can_only_be(text: str, said: str) -> None:
    found, wrong = texts_ms([text], zone=CHINA)
    assert not wrong
    assert found.tolist() == [text_ms(said, zone=CHINA)]


GUESSES = """
11/12/2026 11:04
26-11-21 11:04
11/12/26 11:04
1980-01-06 00:00
46347.4611
2026-11-21 晚上12:00
11:04:05
"""


@pytest.mark.parametrize("text", GUESSES.split("\n")[1:-1])
def test_a_time_that_would_have_to_be_guessed_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        text_ms(text, zone=CHINA, order=told_order([text]))


@given(st.dates(), st.sampled_from(["day", "month"]))
def test_one_row_that_tells_the_order_tells_it_for_all(date: object, first: str) -> None:
    form = "{0.day}/{0.month}/{0.year:04}" if first == "day" else "{0.month}/{0.day}/{0.year:04}"
    other = "21/11/2026" if first == "day" else "11/21/2026"
    text = form.format(date)
    order = told_order([text, other])
    assert year_first(text, order) == f"{date.year:04}-{date.month}-{date.day}"


def test_rows_of_two_orders_are_refused() -> None:
    _, wrong = texts_ms(["21/11/2026 11:04", "11/21/2026 11:04"], zone=CHINA)
    assert len(wrong) == 2


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_file_without_an_ending_is_told_by_its_header(encoding: str) -> None:
    text = f"冷链温度记录表\n时间,温度(℃)\n{AT},4.5\n".encode(encoding)
    decoded = decode_bytes(text, timezone="Asia/Shanghai")
    assert [reading.temperature_c for reading in decoded.readings] == [{"drug": 4.5}]


def test_a_column_named_as_nothing_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f"采样点,读数甲(℉)\n{AT},40.1\n", encoding="gb18030")
    good = read_files([path], timezone="Asia/Shanghai", columns=["采样点=time", "读数甲=drug"])
    assert good.table.temperature_c["drug"].tolist() == [4.5]
    with pytest.raises(BadInput, match="读数甲=drugs"):
        read_files([path], timezone="Asia/Shanghai", columns=["采样点=time", "读数甲=drugs"])


HOBO = """"Plot Title: Box 3"
"#","Date Time, GMT+08:00","Temp, °F (LGR S/N: 1021, SEN S/N: 1021)","Stopped (LGR S/N: 1021)"
1,11/21/26 11:04:00 AM,40.1,
2,11/21/26 11:05:00 AM,40.1,Logged
"""
TESTO = "Datum;Uhrzeit;T1 [°C];rF [%]\n21.11.2026;11:04:00;4,5;60,0\n"
LASCAR = (
    f"MyLogger,Time,Celsius(°C),Humidity(%rh),dew point(°C),Serial Number\n1,{AT},4.5,60,-2,1\n"
)
ELITECH = (
    f"Serial Number,EF72\nStart Time,{AT}\nNo.,Time,Temperature°C,Humidity%RH\n1,{AT},4.5,60\n"
)
LOGTAG = "Date,Time,Elapsed Time,Reading (°C)\n2026-11-21,11:04:00,0:00,4.5\n"
SWITCHBOT = f"Date,Temperature_Celsius(℃),Relative_Humidity(%),DPT_Celsius(℃)\n{AT},4.5,60,-2\n"


@pytest.mark.parametrize("export", [HOBO, TESTO, LASCAR, ELITECH, LOGTAG, SWITCHBOT])
def test_exports_of_common_programs_are_read(export: str) -> None:
    read, refused = rows(export, zone=None if export is HOBO else "Asia/Shanghai")
    assert read[0] == {"drug": 4.5}
    assert refused == ""
