"""What is a measurement in decoded objects of all makers, whatever they call it."""

import math
from typing import Any

import pytest

from coldwitness.ingest.formats.measurements import measurements


@pytest.mark.parametrize(
    ("decoded", "temperatures"),
    [
        ({"TempC_DS": "3.25", "TempC_SHT": "24.75"}, {"TempC_DS": 3.25, "TempC_SHT": 24.75}),
        ({"temperature": "4.5 °C"}, {"temperature": 4.5}),
        ({"temperature": "40.1°F"}, {"temperature": 4.5}),
        ({"temperature": "4.5℃"}, {"temperature": 4.5}),
        ({"temperature_1": 4.5, "relative_humidity_2": 50}, {"temperature_1": 4.5}),
        ({"Temperature_C": 4.5, "Temperature_F": 40.1}, {"Temperature_C": 4.5}),
        ({"temp": 4.5, "temp_scale": 10, "temp_coeff": 2}, {"temp": 4.5}),
        (
            {"药品温度": 4.5, "环境温度": 25.5, "温度上限": 8, "温度下限": 2, "温度报警": 1},
            {"药品温度": 4.5, "环境温度": 25.5},
        ),
        ({"温度": "4.5", "温度校准": 0.3, "露点温度": 1.0, "平均温度": 4.4}, {"温度": 4.5}),
        (
            {"sensors": [{"temperature": 4.5}, {"temperature": None}, {"temperature": -2.5}]},
            {"sensors.1.temperature": 4.5, "sensors.3.temperature": -2.5},
        ),
        ({"temperature": "4,5", "temp2": "cold", "temp3": True, "temp4": "1e3"}, {}),
    ],
)
def test_temperatures_are_found_and_settings_are_not(
    decoded: dict[str, Any], temperatures: dict[str, float]
) -> None:
    found = measurements(decoded, mapped={}).temperature_c
    assert {name: value for name, value in found.items() if not math.isnan(value)} == temperatures


def test_what_goes_with_them_is_found_in_chinese_too() -> None:
    found = measurements({"温度": 4.5, "湿度": 61, "电池电压": 3600}, mapped={})
    assert (found.humidity_pct, found.battery_v) == (61.0, 3.6)
    assert measurements({"temp": 1, "relative_humidity_2": 50}, mapped={}).humidity_pct == 50.0


def test_a_mapping_takes_any_name() -> None:
    decoded = {"温度上限": 8, "v": {"x": 4.5}}
    found = measurements(decoded, mapped={"v.x": "drug", "温度上限": "goods"})
    assert found.temperature_c == {"温度上限": 8.0, "v.x": 4.5}
