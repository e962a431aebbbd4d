"""Telemetry as Tasmota devices sent it: captures in public issues (arendst/Tasmota 9449 and 6853,
home-assistant/core 98699, homebridge-mqttthing 18, hobbyquaker/homekit2mqtt 168)."""

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.ingest.formats import DecodeContext, decoder
from tests.ingest.formats.context import RECEIVED_MS

CAPTURED = [
    (
        "tele/wemos/SENSOR",
        """{"Time":"2020-10-02T10:57:43","Switch1":"OFF","ANALOG":{"Temperature":27.5},
        "ENERGY":{"TotalStartTime":"2020-09-28T10:13:30","Total":0.000,"Yesterday":0.000,
        "Today":0.000,"Period":0,"Power":0},"DS18B20":{"Id":"01193838E3D1","Temperature":24.2},
        "TempUnit":"C"}""",
        {"DS18B20": "drug", "ANALOG": "ambient"},
        {"drug": 24.2, "ambient": 27.5},
        None,
    ),
    (
        "tele/Wetterstation2023/SENSOR",
        """{"Time":"2023-08-20T11:09:47","DS18B20":{"Id":"3CE10457A8F9","Temperature":27.9},
        "BME280":{"Temperature":27.8,"Humidity":54.5,"DewPoint":17.8,"Pressure":1018.0},
        "BH1750":{"Illuminance":171},"PressureUnit":"hPa","TempUnit":"C"}""",
        {"3CE10457A8F9": "drug", "BME280": "ambient"},
        {"drug": 27.9, "ambient": 27.8},
        54.5,
    ),
    (
        "stat/sonoff_test/STATUS10",
        """{"StatusSNS":{"Time":"2018-09-08T09:39:41","Switch1":"OFF","Switch2":"ON",
        "DS18B20":{"Temperature":25.3},"TempUnit":"C"}}""",
        {},
        {"drug": 25.3},
        None,
    ),
    (
        "tele/tasmota_C57651/SENSOR",
        """{"Time":"2021-09-23T18:26:49","DHT11":{"Temperature":20.0,"Humidity":60.0,
        "DewPoint":12.0},"TempUnit":"C"}""",
        {},
        {"drug": 20.0},
        60.0,
    ),
    (
        "tele/boiler/SENSOR",
        """{"Time":"2019-11-06T10:00:00","DS18B20-1":{"Id":"011543E249BA","Temperature":55.2},
        "DS18B20-2":{"Id":"0115340334BA","Temperature":45.3},"TempUnit":"C"}""",
        {"0115340334BA": "drug", "011543E249BA": "ambient"},
        {"drug": 45.3, "ambient": 55.2},
        None,
    ),
]


@pytest.mark.parametrize(("topic", "message", "names", "temperatures", "humidity"), CAPTURED)
def test_captured_telemetry_is_read_at_the_receive_time(
    topic: str,
    message: str,
    names: dict[str, str],
    temperatures: dict[str, float],
    humidity: float | None,
) -> None:
    rule = FormatRule(topic="#", format="tasmota", probes=names)
    context = DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=rule)
    (reading,) = decoder("tasmota")(message.encode(), context).readings
    assert reading.logger == topic.split("/")[1]
    assert (reading.temperature_c, reading.humidity_pct) == (temperatures, humidity)
    # None of these clocks names its zone.
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")
