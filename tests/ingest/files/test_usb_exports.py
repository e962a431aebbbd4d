"""Exports of USB and Bluetooth loggers, in the makers' own forms."""

from pathlib import Path

import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.ingest.files import read_files, reader_for

# Shape and values of the head of a DS1923 export of a real shipment
# (tcrombie/temp_loggers, MIT).
IBUTTON = """1-Wire/iButton Part Number: DS1923
1-Wire/iButton Registration Number: A20000005F2B2F41
Mission in Progress?  true
Sample Rate:  Every 120 second(s)
Mission Start Time:  Thu Mar 24 14:18:01 {zone} 2022
Mission Sample Count:  7871
Total Device Samples:  232623
Temperature Logging:  0.5 C

Date/Time,Unit,Value
3/24/22 2:18:01 PM,C,18.594
3/24/22 2:20:01 PM,C,18.594
3/25/22 12:00:01 AM,C,18.093
3/25/22 12:02:01 PM,C,12,575
"""
FIRST_MS = 1_648_149_481_000  # 2022-03-24T19:18:01Z


def ibutton(folder: Path, text: str) -> Path:
    path = folder / "button.csv"
    path.write_text(text)
    return path


def test_an_ibutton_export_is_read_in_its_headers_zone(tmp_path: Path) -> None:
    path = ibutton(tmp_path, IBUTTON.format(zone="CDT"))
    assert reader_for(path) == "ibutton"
    table = read_files([path]).table
    assert table.loggers == ("A20000005F2B2F41",)
    assert table.shipments == ("button",)
    assert table.time_ms.tolist() == [
        FIRST_MS,
        FIRST_MS + 120_000,
        FIRST_MS + 34_920_000,
        FIRST_MS + 78_240_000,
    ]
    assert table.temperature_c["drug"].tolist() == [18.594, 18.594, 18.093, 12.575]


def test_a_named_zone_wins_over_the_headers(tmp_path: Path) -> None:
    path = ibutton(tmp_path, IBUTTON.format(zone="CDT"))
    table = read_files([path], timezone="UTC", reader="ibutton").table
    assert table.time_ms[0] == FIRST_MS - 5 * 3600 * 1000


# Rows as OneWireViewer wrote them on PCs of other countries: England and Chile (public
# repositories' samples), Spain with a decimal comma, Germany, China; always the same header.
@pytest.mark.parametrize(
    ("start", "rows"),
    [
        ("Mission Start:  Sun Aug 21 21:05:00 UTC 2016", "21/08/16 9:05:00 PM,C,7.5"),
        ("Mission Start:  Sun Aug 07 21:05:00 UTC 2016", "07/08/16 9:05:00 PM,C,7.5"),
        ("Mission Start:  Fri Jul 08 21:05:00 UTC 2016", "7/8/16 9:05:00 PM,C,7.5"),
        ("Mission Start Time:  Sun Jul 20 21:05:00 UTC 2025", "20-07-25 21:05:00,C,7,5"),
        ("Mission Start Time:  Sat Jul 20 21:05:00 UTC 2024", "20.07.24 21:05:00,C,7.5"),
        ("First Sample Timestamp:  Thu Mar 24 21:05:00 UTC 2022", "22-3-24 下午9:05:00,C,7.5"),
        ("First Sample Timestamp:  Thu Mar 24 21:05:00 UTC 2022", "2022-3-24 21:05:00,°C,7.5"),
        ("First Sample Timestamp:  Thu Mar 24 21:05:00 UTC 2022", "24/3/22 9:05:00 p. m.,C,7.5"),
        ("Nothing:", "20-07-25 21:05:00,C,7.5\n21-07-25 21:05:00,C,7.5"),
        ("Nothing:", "7/12/25 21:05:00,C,7.5\n7/13/25 21:05:00,C,7.5"),
        ("Nothing:", "7/8/25 21:05:00,C,7.5\n8/8/25 21:05:00,C,7.5"),
    ],
)
def test_dates_in_the_order_of_other_countries(tmp_path: Path, start: str, rows: str) -> None:
    expected = {
        "21/08/16": "2016-08-21", "07/08/16": "2016-08-07", "7/8/16": "2016-07-08",
        "20-07-25": "2025-07-20", "20.07.24": "2024-07-20", "22-3-24": "2022-03-24",
        "2022-3-24": "2022-03-24", "24/3/22": "2022-03-24", "7/12/25": "2025-07-12",
        "7/8/25": "2025-08-07",
    }[rows.partition(" ")[0]]  # fmt: skip
    path = ibutton(
        tmp_path,
        f"1-Wire/iButton Part Number: DS1921G-F5\n{start}\n\nDate/Time,Unit,Value\n{rows}\n",
    )
    table = read_files([path], timezone="UTC").table
    assert table.temperature_c["drug"].tolist()[0] == 7.5
    assert table.time_ms[0] == instant_ms(f"{expected}T21:05:00Z")


def test_the_humidity_rows_of_a_ds1923_are_passed_over(tmp_path: Path) -> None:
    text = IBUTTON.format(zone="CDT") + "3/24/22 2:18:01 PM,%RH,41.2\n"
    recorded = read_files([ibutton(tmp_path, text)])
    assert (len(recorded.table), recorded.refused_count) == (4, 0)


def test_an_abbreviation_of_two_meanings_has_to_be_named(tmp_path: Path) -> None:
    path = ibutton(tmp_path, IBUTTON.format(zone="CST"))
    with pytest.raises(BadInput, match=r"line 5: zone 'CST' has more than one meaning"):
        read_files([path])
    shanghai = read_files([path], timezone="Asia/Shanghai").table
    assert shanghai.time_ms[0] == FIRST_MS - 13 * 3600 * 1000


def test_an_ibutton_export_without_any_zone_is_one_error(tmp_path: Path) -> None:
    """Every row would be refused; nothing usable would come out."""
    text = "".join(line for line in IBUTTON.splitlines(keepends=True) if "{zone}" not in line)
    path = ibutton(tmp_path, text)
    with pytest.raises(BadInput, match=r"says the zone of the rows; name it with --timezone"):
        read_files([path])
    assert read_files([path], timezone="UTC").table.time_ms.size > 0


def test_ibutton_fahrenheit_is_converted_and_bad_rows_are_refused(tmp_path: Path) -> None:
    rows = (
        "Date/Time,Unit,Value\n3/24/22 2:18:01 PM,F,41.0\n3/24/22 13:20:01 PM,C,5\n"
        "3/24/22 2:22:01 PM,K,278\n3/24/22 2:24:01 PM,C,NaN\n3/24/22 2:26:01 PM,C,85.0\n"
        "13/24/22 2:26:01 PM,C,4\n24.3.22,C,4\n"
    )
    path = ibutton(tmp_path, f"1-Wire/iButton Part Number: DS1921G\n{rows}")
    recorded = read_files([path], timezone="UTC")
    assert recorded.table.temperature_c["drug"].tolist() == [5.0]
    assert recorded.refused_count == 6
    assert "line 4" in str(recorded.first_refusal)


@pytest.mark.parametrize("limit_c", [2.0, 8.0, 25.0, -20.0, 15.0])
def test_a_limit_written_in_fahrenheit_or_kelvin_stays_the_limit(
    tmp_path: Path, limit_c: float
) -> None:
    fahrenheit, kelvin = f"{limit_c * 1.8 + 32:.2f}", f"{limit_c + 273.15:.2f}"
    rows = f"Date/Time,Unit,Value\n3/24/22 14:18:01,F,{fahrenheit}\n"
    button = ibutton(tmp_path, f"1-Wire/iButton Part Number: DS1921G\n{rows}")
    table = read_files([button], timezone="UTC").table
    assert table.temperature_c["drug"].tolist() == [limit_c]
    path = tmp_path / "fridge.csv"
    for unit, text in (("°F", fahrenheit), ("K", kelvin)):
        path.write_text(
            f"timestamp,temperature ({unit}),humidity (%),pressure (hPa),rssi\n"
            f"2026-11-21T11:04:00+0800,{text},61.2,1013.25,-71\n"
        )
        assert read_files([path]).table.temperature_c["drug"].tolist() == [limit_c]


def test_an_ibutton_export_without_its_table_is_an_error(tmp_path: Path) -> None:
    path = ibutton(tmp_path, "1-Wire/iButton Part Number: DS1923\n")
    with pytest.raises(BadInput, match="expected a line Date/Time,Unit,Value"):
        read_files([path])


# First rows of a Ruuvi Station export of 2020 (pbielefeldt/ruuvi-plots, MPL-2.0).
RUUVI_2020 = (
    "timestamp,temperature,humidity,pressure,rssi,acceleration x,acceleration y,"
    "acceleration z,voltage,movement counter,measurement sequence number\n"
    "2020-05-05T09:21:56+0200,1.73,44.2,1013.06,-96,-0.032,-0.008,1.036,2.917,197,29478\n"
    "2020-05-05T09:22:06+0200,1.72,44.18,1013.06,-96,-0.028,-0.016,1.04,2.911,197,31526\n"
)


def test_a_ruuvi_station_export_is_read_with_its_offsets(tmp_path: Path) -> None:
    path = tmp_path / "fridge.csv"
    path.write_text(RUUVI_2020)
    assert reader_for(path) == "ruuvi_station"
    table = read_files([path]).table
    assert table.time_ms.tolist() == [1_588_663_316_000, 1_588_663_326_000]
    assert table.temperature_c["drug"].tolist() == [1.73, 1.72]
    assert table.humidity_pct.tolist() == [44.2, 44.18]
    assert table.battery_v.tolist() == [2.917, 2.911]
    # The sensor's own counter jumps by hundreds between two received broadcasts: no seq of ours.
    assert table.seq.tolist() == [-1, -1]


def test_newer_ruuvi_headers_have_units_local_times_and_blanks(tmp_path: Path) -> None:
    path = tmp_path / "fridge.csv"
    path.write_text(
        '"Date","Temperature (°F)","Humidity (g/m³)","Movement Counter"\n'
        '"2026-11-21 11:04:00","41","6.1","3"\n"2026-11-21 11:05:00","-","6.1","3"\n'
        '"2026-11-21 11:06:00","nan","6.1","3"\n'
    )
    recorded = read_files([path], timezone="Asia/Shanghai")
    assert recorded.table.time_ms.tolist() == [1_795_230_240_000]
    assert recorded.table.temperature_c["drug"].tolist() == [5.0]
    assert recorded.table.humidity_pct.tolist() != recorded.table.humidity_pct.tolist()
    assert recorded.refused_count == 2
    with pytest.raises(BadInput, match="expected a zone"):
        read_files([path])


# Headers as the apps write them: Android's CsvExporter.kt (ruuvi/com.ruuvi.station), by data format
# of the tag, and iOS's RuuviServiceExport (ruuvi/com.ruuvi.station.ios), old and new.
_ROW_MS = 1_795_230_240_000  # 2026-11-21T11:04:00+08:00
RUUVI_HEADERS = [
    (
        "timestamp,temperature (°C),humidity (%),pressure (hPa),rssi\n"
        "2026-11-21T11:04:00+0800,4.5,61.2,1013.25,-71\n",
        None,
        61.2,
    ),
    (
        "timestamp,temperature (°F),humidity (g/m³),pressure (hPa),rssi,acceleration x,"
        "acceleration y,acceleration z,voltage\n"
        "2026-11-21T11:04:00+0800,40.1,4.2,1013.25,-71,0.01,0.02,1.0,2.95\n",
        None,
        None,
    ),
    (
        "timestamp,temperature (K),humidity (%),pressure (hPa),rssi,acceleration x,acceleration y,"
        "acceleration z,voltage,movement counter,measurement sequence number\n"
        "2026-11-21T11:04:00+0800,277.65,61.2,1013.25,-71,0.01,0.02,1.0,2.95,7,1234\n",
        None,
        61.2,
    ),
    (
        "Date,ISO8601,Temperature (°C),Humidity (%),Pressure (hPa),Acceleration X,Acceleration Y,"
        "Acceleration Z,Voltage (V),Movement Counter,Measurement Sequence Number,TX Power\n"
        "2026-11-21 11:04:00,2026-11-21T11:04:00+08:00,4.5,61.2,1013.25,0.01,0.02,1.0,2.95,7,1,4\n",
        None,
        61.2,
    ),
    (
        "Date,Temperature (°C),Temperature (°F),Temperature (K),Humidity (%),Humidity (g/m³),"
        "RSSI (dBm),Movement Counter (movements),Measurement Sequence Number\n"
        "2026-11-21 11:04:00,4.5,40.1,277.65,61.2,4.2,-71,7,1234\n",
        "Asia/Shanghai",
        61.2,
    ),
    (
        "Päivämäärä;Lämpötila (°C);Ilmankosteus (%);Ilmanpaine (hPa);RSSI (dBm);Jännite (V)\n"
        "2026-11-21 11:04:00;4,5;61,2;1013,25;-71;2,95\n",
        "Asia/Shanghai",
        61.2,
    ),
]


@pytest.mark.parametrize(("text", "timezone", "humidity"), RUUVI_HEADERS)
def test_ruuvi_exports_of_both_apps_are_told_and_read(
    tmp_path: Path, text: str, timezone: str | None, humidity: float | None
) -> None:
    path = tmp_path / "fridge.csv"
    path.write_text(text, encoding="utf-8")
    assert reader_for(path) == "ruuvi_station"
    table = read_files([path], timezone=timezone).table
    assert table.time_ms.tolist() == [_ROW_MS]
    assert table.temperature_c["drug"].tolist() == pytest.approx([4.5])
    if humidity is not None:
        assert table.humidity_pct.tolist() == [humidity]


def test_our_own_csv_is_not_taken_for_a_ruuvi_export(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("timestamp,temperature,humidity\n2026-11-21T03:04:00Z,4.5,61\n")
    assert reader_for(path) != "ruuvi_station"
    assert read_files([path]).table.temperature_c["drug"].tolist() == [4.5]


def test_a_ruuvi_header_without_temperature_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "fridge.csv"
    path.write_text("timestamp,movement counter\n")
    with pytest.raises(BadInput, match="line 1: expected a column temperature"):
        read_files([path], reader="ruuvi_station")
