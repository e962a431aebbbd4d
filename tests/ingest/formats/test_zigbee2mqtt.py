"""States as Zigbee2MQTT published them: captures in public issues of the project."""

import json
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats import DecodeContext, decoder
from coldwitness.ingest.formats.naming import logger_id
from tests.ingest.formats.context import RECEIVED_MS


def only(message: str, topic: str, rule: FormatRule | None = None) -> Reading:
    context = DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=rule)
    (reading,) = decoder("zigbee2mqtt")(message.encode(), context).readings
    return reading


# Koenkk/zigbee2mqtt issues 28806, 23365, 21785 and 15191 (shortened to what a reading needs).
CAPTURED = [
    (
        """{"battery":37,"humidity":67.11,"linkquality":232,"power_outage_count":9,
        "pressure":1022.8,"temperature":6.56,"voltage":2905}""",
        ({"drug": 6.56}, 67.11, 2.905, RECEIVED_MS, "received"),
    ),
    (
        """{"battery":3,"humidity":32.4,"linkquality":168,"power_outage_count":11,
        "pressure":1022.7,"temperature":-16.8,"voltage":2855}""",
        ({"drug": -16.8}, 32.4, 2.855, RECEIVED_MS, "received"),
    ),
    (
        """{"battery":61,"humidity":70.1,"last_seen":"2024-07-18T11:07:21+02:00",
        "linkquality":91,"temperature":21.23,"voltage":2800}""",
        ({"drug": 21.23}, 70.1, 2.8, 1_721_293_641_000, "gateway"),
    ),
    (
        """{"battery":90,"battery_state":"high","last_seen":"2024-03-13T13:06:51.665Z",
        "linkquality":83,"soil_moisture":56,"temperature":0,"temperature_unit":"celsius"}""",
        ({"drug": 0.0}, None, None, 1_710_335_211_665, "gateway"),
    ),
]


@pytest.mark.parametrize(("state", "expected"), CAPTURED)
def test_captured_states_mean_what_their_devices_measured(state: str, expected: Any) -> None:
    reading = only(state, "zigbee2mqtt/fridge")
    assert (
        reading.temperature_c,
        reading.humidity_pct,
        reading.battery_v,
        reading.time_ms,
        reading.time_source,
    ) == expected


def test_the_device_block_before_the_temperature_changes_nothing() -> None:
    state = """{"battery":90,"humidity":41,"last_seen":"2022-12-02T20:13:20.551Z",
        "temperature_unit":"celsius","device":{"applicationVersion":72,
        "friendlyName":"GARDEN_SOIL_01","hardwareVersion":1,"ieeeAddr":"0xa4c138bcc914bc7f",
        "manufacturerID":4417,"model":"TS0601_soil","networkAddress":23478,
        "type":"EndDevice"},"temperature":11}"""
    rule = FormatRule(
        topic="zigbee2mqtt/+",
        format="zigbee2mqtt",
        loggers={"GARDEN_SOIL_01": {"temperature": "coolant", "box": "BX-1"}},
    )
    reading = only(state, "zigbee2mqtt/GARDEN_SOIL_01", rule)
    assert (reading.logger, reading.box) == ("0xa4c138bcc914bc7f", "BX-1")
    assert reading.temperature_c == {"coolant": 11.0}


def test_a_displays_unit_does_not_turn_celsius_into_fahrenheit() -> None:
    state = """{"temperature": 4.5, "temperature_unit": "fahrenheit", "humidity": 50}"""
    assert only(state, "zigbee2mqtt/fridge").temperature_c == {"drug": 4.5}


def test_settings_of_a_device_are_no_probes_and_several_probes_keep_their_names() -> None:
    state = {
        "temperature_l1": 4.5,
        "temperature_l2": -3.25,
        "temperature_sensitivity": 0.6,
        "max_temperature": 60,
        "min_temperature": -20,
        "temperature_alarm": "cancel",
        "temperature_periodic_report": 120,
        "temperature_calibration": 1.5,
        "temperature_threshold": 8,
        "update": {"state": "idle", "temperature": 99},
    }
    rule = FormatRule(
        topic="zigbee2mqtt/+",
        format="zigbee2mqtt",
        probes={"temperature_l1": "drug", "temperature_l2": "coolant"},
    )
    reading = only(json.dumps(state), "zigbee2mqtt/fridge", rule)
    assert reading.temperature_c == {"drug": 4.5, "coolant": -3.25}


@pytest.mark.parametrize("empty", ["null", "-127", "85.0", "327.67", "-327.68"])
def test_a_sensor_without_a_value_has_none(empty: str) -> None:
    with pytest.raises(BadMessage, match="no temperature") as refusal:
        only(f'{{"temperature": {empty}, "humidity": 50}}', "zigbee2mqtt/fridge")
    assert refusal.value.reason == "no_temperature"


def test_friendly_names_in_chinese_stay_different_loggers() -> None:
    names = ["冷藏箱17", "保温箱17", "冷藏箱", "17"]
    loggers = [only('{"temperature": 4.5}', f"zigbee2mqtt/{name}").logger for name in names]
    assert len(set(loggers)) == len(names)
    assert loggers[0].startswith("17-")
    assert loggers[2].startswith("logger-")
    assert loggers[3] == "17"
    rule = FormatRule(
        topic="zigbee2mqtt/+", format="zigbee2mqtt", loggers={"冷藏箱17": {"box": "BX-17"}}
    )
    assert only('{"temperature": 4.5}', "zigbee2mqtt/冷藏箱17", rule).box == "BX-17"


def test_a_serial_without_letter_or_digit_is_refused() -> None:
    for serial in ("", "---", " ; ", "🧊"):
        with pytest.raises(BadMessage, match="expected a serial number"):
            logger_id(serial)
