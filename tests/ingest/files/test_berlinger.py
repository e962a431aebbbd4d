"""Berlinger exports: heads and rows as in msupply-foundation/temperature-sensor's samples
(data/, devices read out by its makers), shortened."""

from pathlib import Path

import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.ingest.files import read_files, reader_for

FRIDGE_TAG_2L = """Device: Q-tag Fridge-tag 2 L
Vers: 0.5
Fw Vers: 4.0p0o
Sensor: 1
Conf:
 Serial: 130500109088
 Zone: {zone}
 Temp unit: C
 Alarm:
  0:
   T AL: +2.0, t AL: 60
 Logging Interval: 5
Hist:
 TS Actv: 2022-05-02 04:44
 1:
  Date: 2022-06-08
  Min T: +4.0, TS Min T: 00:42
  Max T: +6.2, TS Max T: 09:52
Data:
\tyyyy-MM-dd hh:mm\tT\tOut of limits
\t2022-05-02 04:44\t26.3\tx
\t2022-05-02 10:36\t27.5\tx
\t2022-05-02 11:16\t7.3
\t2022-05-02 11:21\t--.-\tx
\t2022-05-02 11:26\t-0.5\tx
Cert:
 Vers: 1.0
Sig: c529ddd52ad291ea
"""
FIRST_MS = 1_651_466_640_000  # 2022-05-02T04:44:00Z

FRIDGE_TAG_2 = """Device: Q-tag Fridge-tag 2
Conf:
 Serial: 130400191542
 Zone: 0.00
 Temp unit: C
Hist:
 TS Actv: 2022-03-24 02:22
 1:
  Date: 2023-02-14
  Min T: +18.0, TS Min T: 00:00
  Max T: +18.8, TS Max T: 04:57
  Avrg T: +18.5
 2:
  Date: 2023-02-13
  Min T: +16.5, TS Min T: 20:19
  Max T: --.-, TS Max T: 05:30
"""


def export(folder: Path, text: str) -> Path:
    path = folder / "130500109088_202206081014.txt"
    path.write_text(text)
    return path


def test_a_logging_fridge_tag_is_read_row_by_row(tmp_path: Path) -> None:
    path = export(tmp_path, FRIDGE_TAG_2L.format(zone="0.00"))
    assert reader_for(path) == "berlinger"
    recorded = read_files([path])
    assert recorded.table.loggers == ("130500109088",)
    assert recorded.table.temperature_c["drug"].tolist() == [26.3, 27.5, 7.3, -0.5]
    assert recorded.table.time_ms[0] == FIRST_MS
    assert recorded.table.time_ms[3] == FIRST_MS + (6 * 60 + 42) * 60_000
    assert recorded.refused_count == 0


def test_the_devices_zone_counts_and_a_named_one_wins(tmp_path: Path) -> None:
    path = export(tmp_path, FRIDGE_TAG_2L.format(zone="+5.50"))
    assert read_files([path]).table.time_ms[0] == FIRST_MS - 5 * 3_600_000 - 1_800_000
    shanghai = read_files([path], timezone="Asia/Shanghai", reader="berlinger")
    assert shanghai.table.time_ms[0] == FIRST_MS - 8 * 3_600_000


def test_without_any_zone_the_times_are_refused(tmp_path: Path) -> None:
    text = FRIDGE_TAG_2L.replace(" Zone: {zone}\n", "")
    with pytest.raises(BadInput, match=r"nothing usable: 4 refused.*line 20.*expected a zone"):
        read_files([export(tmp_path, text)])


def test_a_fridge_tag_without_logging_gives_its_daily_extremes(tmp_path: Path) -> None:
    table = read_files([export(tmp_path, FRIDGE_TAG_2)]).table
    assert table.temperature_c["drug"].tolist() == [18.0, 18.8, 16.5]
    assert table.time_ms.tolist() == [1_676_332_800_000, 1_676_350_620_000, 1_676_319_540_000]


def test_a_q_tag_with_trailing_tabs_and_markers_is_read(tmp_path: Path) -> None:
    text = (
        "Device: Q-tag CLm doc LR\nConf:\n Serial: RCPJ00010\n Zone: 0.00\nMarker:\n"
        "\tNumber\tT\tyyyy-MM-dd hh:mm\t\nData:\n\tyyyy-MM-dd hh:mm\tT\tOut of limits\n"
        "\t2022-11-08 04:49\t4.4\t\n\t2022-11-08 05:59\t1.6\tx\nCert:\n"
    )
    table = read_files([export(tmp_path, text)]).table
    assert table.loggers == ("RCPJ00010",)
    assert table.temperature_c["drug"].tolist() == [4.4, 1.6]


def test_fahrenheit_is_converted_and_other_date_orders_are_read(tmp_path: Path) -> None:
    text = (
        "Device: Fridge-tag 2 L\nConf:\n Serial: 1\n Zone: 0.00\n Temp unit: F\nData:\n"
        "\tdd.MM.yyyy hh:mm\tT\n\t02.05.2022 04:44\t41,0\n"
    )
    table = read_files([export(tmp_path, text)]).table
    assert table.temperature_c["drug"].tolist() == [5.0]
    assert table.time_ms.tolist() == [FIRST_MS]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("yyyy-MM-dd hh:mm\tT", "when\tT", "line 20: expected the table's head"),
        ("Temp unit: C", "Temp unit: K", "Temp unit: expected C or F"),
        ("Device: Q-tag", "Thing:", "expected Device"),
    ],
)
def test_what_does_not_fit_is_one_line_of_error(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = FRIDGE_TAG_2L.format(zone="0.00").replace(old, new)
    with pytest.raises(BadInput, match=message):
        read_files([export(tmp_path, text)], reader="berlinger")


def test_a_row_without_its_time_is_refused_alone(tmp_path: Path) -> None:
    whole = FRIDGE_TAG_2L.format(zone="0.00")
    text = whole.replace("\t2022-05-02 10:36\t27.5\tx", "\tyesterday\t27.5")
    recorded = read_files([export(tmp_path, text.replace("11:16\t7.3", "11:66\t7.3"))])
    assert recorded.table.temperature_c["drug"].tolist() == [26.3, -0.5]
    assert recorded.refused_count == 2
    assert recorded.first_refusal is not None
    assert "line 22: expected yyyy-MM-dd" in recorded.first_refusal
    daily = read_files([export(tmp_path, FRIDGE_TAG_2.replace("04:57", "24:57"))])
    assert daily.table.temperature_c["drug"].tolist() == [18.0, 16.5]
    assert daily.refused_count == 1


# The first rows and the head of 100800001215 (an Ultra Low with its outer sensor, which has
# no value before it is put in), and three days of 130400191544.
ULTRA_LOW = """Device: Q-tag Fridge-tag Ultra Low
Conf:
 Serial: 100800001215
 Zone: 0.00
 Temp unit: C
 Ext Sensor: 1
Data:
\tyyyy-MM-dd hh:mm\tT\tOut of limits
\t2023-04-17 16:06\t--.-\t
\t2023-04-17 16:21\t-9.6\tx
\t2023-04-17 16:26\t-11.5\tx
"""
DAILY = """Device: Q-tag Fridge-tag 2
Conf:
 Serial: 130400191544
 Zone: 0.00
 Temp unit: C
Hist:
 1:
  Date: 2023-04-20
  Min T: +2.0, TS Min T: 13:30
  Max T: +8.0, TS Max T: 14:33
 4:
  Date: 2023-04-17
  Max T: +20.8, TS Max T: 19:41
"""


def test_an_ultra_low_fridge_tag_has_no_value_before_its_sensor_is_in(tmp_path: Path) -> None:
    table = read_files([export(tmp_path, ULTRA_LOW)]).table
    assert table.loggers == ("100800001215",)
    assert table.temperature_c["drug"].tolist() == [-9.6, -11.5]
    assert table.time_ms.tolist() == [1_681_748_460_000, 1_681_748_760_000]


def test_daily_extremes_are_read_with_the_day_they_stand_under(tmp_path: Path) -> None:
    table = read_files([export(tmp_path, DAILY)]).table
    assert table.temperature_c["drug"].tolist() == [2.0, 8.0, 20.8]
    assert table.time_ms.tolist() == [1_681_997_400_000, 1_682_001_180_000, 1_681_760_460_000]


def test_a_cell_that_is_no_number_is_refused_alone(tmp_path: Path) -> None:
    text = FRIDGE_TAG_2L.format(zone="0.00").replace("\t7.3", "\tNaN").replace("\t27.5", "\t999")
    recorded = read_files([export(tmp_path, text)])
    assert recorded.table.temperature_c["drug"].tolist() == [26.3, -0.5]
    assert recorded.refused_count == 2
