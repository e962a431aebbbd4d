"""Tasmota, Shelly Gen2+ and Zigbee2MQTT sensor JSON, as their documentation shows it."""

import json
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats import DecodeContext, decoder
from tests.ingest.formats.context import RECEIVED_MS


def only(name: str, message: Any, topic: str, rule: FormatRule | None = None) -> Reading:
    context = DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=rule)
    (reading,) = decoder(name)(json.dumps(message).encode(), context).readings
    return reading


TASMOTA = {
    "Time": "2026-11-21T11:04:05",
    "DS18B20-1": {"Id": "0000083D8105", "Temperature": 4.6},
    "DS18B20-2": {"Id": "0000083D8106", "Temperature": -2.1},
    "AM2301": {"Temperature": 24.9, "Humidity": 51.3, "DewPoint": 14.1},
    "ESP32": {"Temperature": 53.3},
    "TempUnit": "C",
}


def test_tasmota_sensors_are_probes_by_their_names() -> None:
    reading = only("tasmota", TASMOTA, "tele/box_17/SENSOR")
    assert reading.logger == "box_17"
    assert reading.temperature_c == {"drug": 4.6, "DS18B20-2": -2.1, "AM2301": 24.9}
    assert reading.humidity_pct == 51.3


def test_tasmota_wall_clock_without_a_zone_gives_way_to_the_receive_time() -> None:
    reading = only("tasmota", TASMOTA, "tele/box_17/SENSOR")
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")
    zoned = {**TASMOTA, "Time": "2026-11-21T11:04:05+08:00"}
    reading = only("tasmota", zoned, "tele/box_17/SENSOR")
    assert (reading.time_ms, reading.time_source) == (1_795_230_245_000, "device")


def test_tasmota_analog_and_thermocouple_probes_are_told_apart() -> None:
    message = {
        "ANALOG": {"Temperature1": 4.5, "Temperature2": -2.5},
        "MAX31855": {"ProbeTemperature": 21.5, "ReferenceTemperature": 25.0},
    }
    assert only("tasmota", message, "tele/a/SENSOR").temperature_c == {
        "drug": 4.5,
        "ANALOG.Temperature2": -2.5,
        "MAX31855.ProbeTemperature": 21.5,
    }


def test_tasmota_fahrenheit_is_converted() -> None:
    message = {"DS18B20": {"Temperature": 41.0}, "TempUnit": "F"}
    assert only("tasmota", message, "tele/a/SENSOR").temperature_c == {"drug": 5.0}
    status = {"StatusSNS": {"DS18B20": {"Temperature": 41.0}, "TempUnit": "F"}}
    assert only("tasmota", status, "stat/a/STATUS10").temperature_c == {"drug": 5.0}


@pytest.mark.parametrize("value", [85.0, -127.0, None, "4.5", 185.0 + 100])
def test_tasmota_no_value_codes_and_texts_are_no_temperature(value: Any) -> None:
    with pytest.raises(BadMessage) as caught:
        only("tasmota", {"DS18B20": {"Temperature": value}}, "tele/a/SENSOR")
    assert caught.value.reason == "no_temperature"


def test_tasmota_power_on_value_in_fahrenheit_is_none_either() -> None:
    with pytest.raises(BadMessage):
        only("tasmota", {"DS18B20": {"Temperature": 185.0}, "TempUnit": "F"}, "tele/a/SENSOR")


def test_tasmota_an_unknown_unit_is_refused() -> None:
    with pytest.raises(BadMessage, match="TempUnit"):
        only("tasmota", {"DS18B20": {"Temperature": 4}, "TempUnit": "K"}, "tele/a/SENSOR")


# Captured messages, as public repositories keep them: multi-sensor SENSOR of firmware 9
# (mqttToInflux's tests), of firmware 5 (ioBroker.sonoff's tests), Tasmota's page on AM2301.
CAPTURED = [
    (
        {
            "Time": "2020-11-15T21:05:00",
            "DS18B20-1": {"Id": "01183379C9FF", "Temperature": 46.9},
            "DS18B20-2": {"Id": "011833902FFF", "Temperature": 44.1},
            "DS18B20-3": {"Id": "0300A279BDBD", "Temperature": 13.4},
            "DS18B20-4": {"Id": "0300A279C76C", "Temperature": 8.0},
            "DS18B20-5": {"Id": "0319A2794947", "Temperature": 6.9},
            "TempUnit": "C",
        },
        {"drug": 46.9, "DS18B20-2": 44.1, "DS18B20-3": 13.4, "DS18B20-4": 8.0, "DS18B20-5": 6.9},
        None,
    ),
    (
        {
            "Time": "2020-11-15T18:35:34",
            "SHT3X-0x44": {"Temperature": 22.1, "Humidity": 57.5, "DewPoint": 13.3},
            "TempUnit": "C",
        },
        {"drug": 22.1},
        57.5,
    ),
    (
        {
            "Time": "2021-02-14T18:18:54",
            "Switch1": "OFF",
            "BME280": {"Temperature": 22.9, "Humidity": 33.0, "DewPoint": 5.7, "Pressure": 1027.4},
            "PressureUnit": "hPa",
            "TempUnit": "C",
        },
        {"drug": 22.9},
        33.0,
    ),
    (
        {
            "Time": "2017-10-05T17:43:19",
            "DS18x20": {
                "DS1": {"Type": "DS18B20", "Address": "28FF9A9876815022A", "Temperature": 12.2}
            },
            "TempUnit": "C",
        },
        {"drug": 12.2},
        None,
    ),
    (
        {"Time": "2017-10-03T14:02:25", "AM2301-14": {"Temperature": 21.6, "Humidity": 54.7}},
        {"drug": 21.6},
        54.7,
    ),
    (
        {
            "Time": "2019-01-01T00:00:00",
            "AM2301": {"Temperature": 24.6, "Humidity": 58.2},
            "TempUnit": "C",
        },
        {"drug": 24.6},
        58.2,
    ),
    (
        {
            "Time": "2024-11-24T22:07:28",
            "ANALOG": {"CTEnergy1": {"Energy": 62.962, "Power": 2, "Voltage": 220}, "Range5": 188},
            "DS18B20-1": {"Id": "3C01F09620CB", "Temperature": 38.2},
            "DS18B20-2": {"Id": "1DA15B1E64FF", "Temperature": 37.6},
            "TempUnit": "C",
        },
        {"drug": 38.2, "DS18B20-2": 37.6},
        None,
    ),
]


@pytest.mark.parametrize(("message", "expected", "humidity"), CAPTURED)
def test_captured_tasmota_messages_of_several_firmwares(
    message: Any, expected: dict[str, float], humidity: float | None
) -> None:
    for topic, body in (
        ("tele/box/SENSOR", message),
        ("stat/box/STATUS8", {"StatusSNS": message}),
        ("stat/box/STATUS10", {"StatusSNS": message}),
    ):
        reading = only("tasmota", body, topic)
        assert (reading.logger, reading.temperature_c) == ("box", expected)
        assert reading.humidity_pct == humidity
        assert reading.time_source == "received"


def test_tasmota_probes_are_mapped_by_their_own_number_or_their_place() -> None:
    by_id = FormatRule(
        topic="#",
        format="tasmota",
        loggers={"box": {"0319A2794947": "drug", "DS18B20-4": "coolant"}},
    )
    reading = only("tasmota", CAPTURED[0][0], "tele/box/SENSOR", by_id)
    assert reading.temperature_c["drug"] == 6.9
    assert reading.temperature_c["coolant"] == 8.0
    nested = FormatRule(topic="#", format="tasmota", probes={"28FF9A9876815022A": "coolant"})
    assert only("tasmota", CAPTURED[3][0], "tele/box/SENSOR", nested).temperature_c == {
        "coolant": 12.2
    }


@pytest.mark.parametrize("clock", ["1970-01-01T00:00:05", "1970-01-01T00:00:05+08:00"])
def test_tasmota_clock_that_was_never_set_gives_way_to_the_receive_time(clock: str) -> None:
    reading = only("tasmota", {**TASMOTA, "Time": clock}, "tele/box/SENSOR")
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")


def test_shelly_notify_status_is_read_with_its_clock() -> None:
    # Shape of a Shelly Plus H&T notification (Shelly Gen2 API documentation).
    message = {
        "src": "shellyhtg3-84fce63ad204",
        "dst": "shellyhtg3-84fce63ad204/events",
        "method": "NotifyFullStatus",
        "params": {
            "ts": 1795230245.12,
            "temperature:0": {"id": 0, "tC": 4.6, "tF": 40.28},
            "humidity:0": {"id": 0, "rh": 61.7},
            "devicepower:0": {"id": 0, "battery": {"V": 5.02, "percent": 70}},
            "temperature:100": {"id": 100, "tC": -3.5, "tF": 25.7},
            "switch:0": {"id": 0, "temperature": {"tC": 52.9, "tF": 127.2}},
        },
    }
    reading = only("shelly", message, "shellyhtg3-84fce63ad204/events/rpc")
    assert reading.logger == "shellyhtg3-84fce63ad204"
    assert reading.temperature_c == {"drug": 4.6, "temperature:100": -3.5}
    assert (reading.time_ms, reading.time_source) == (1_795_230_245_120, "device")
    assert (reading.humidity_pct, reading.battery_v) == (61.7, 5.02)


def test_shelly_component_status_takes_device_and_component_from_the_topic() -> None:
    message = {"id": 101, "tC": 4.6, "tF": 40.3}
    rule = FormatRule(topic="+/status/#", format="shelly", probes={"temperature:101": "coolant"})
    reading = only("shelly", message, "shellyplus1-a8/status/temperature:101", rule)
    assert (reading.logger, reading.temperature_c) == ("shellyplus1-a8", {"coolant": 4.6})
    assert reading.time_source == "received"


def test_shelly_full_status_answers_are_read() -> None:
    message = {
        "src": "shelly-1",
        "result": {"temperature:0": {"tC": 4.5}, "sys": {"unixtime": 1795230245}},
    }
    reading = only("shelly", message, "client/rpc")
    assert (reading.temperature_c, reading.time_ms) == ({"drug": 4.5}, 1_795_230_245_000)


@pytest.mark.parametrize(
    "message",
    [
        {"src": "s", "method": "NotifyEvent", "params": {"ts": 1, "events": []}},
        {"src": "s", "method": "NotifyStatus", "params": {"temperature:0": {"tC": None}}},
        {"src": "s", "method": "NotifyStatus", "params": {"temperature:0": {"errors": ["read"]}}},
        {},
    ],
)
def test_shelly_messages_without_a_temperature_are_refused(message: Any) -> None:
    with pytest.raises(BadMessage):
        only("shelly", message, "shelly-1/events/rpc")


def test_a_shelly_plus_ht_that_woke_up_is_read_as_it_was_captured() -> None:
    # A capture of a Shelly Plus H&T over MQTT (gist NelsonMinar/494a0f53785c20290b395639548349fa).
    message = {
        "src": "shellyplusht-b8d61a8b17cc",
        "dst": "shellyplusht-b8d61a8b17cc/events",
        "method": "NotifyFullStatus",
        "params": {
            "ts": 1680962879.62,
            "ble": {},
            "cloud": {"connected": False},
            "devicepower:0": {
                "id": 0,
                "battery": {"V": 0.43, "percent": 0},
                "external": {"present": True},
            },
            "ht_ui": {},
            "humidity:0": {"id": 0, "rh": 42.2},
            "sys": {"mac": "B8D61A8B17CC", "time": None, "unixtime": None, "uptime": 3},
            "temperature:0": {"id": 0, "tC": 19.8, "tF": 67.6},
        },
    }
    reading = only("shelly", message, "shellyplusht-b8d61a8b17cc/events/rpc")
    assert (reading.logger, reading.temperature_c) == ("shellyplusht-b8d61a8b17cc", {"drug": 19.8})
    assert (reading.time_ms, reading.humidity_pct) == (1_680_962_879_620, 42.2)


def test_a_shelly_value_with_a_read_error_is_missing() -> None:
    parts = {
        "temperature:0": {"tC": 0.0, "errors": ["out_of_range"]},
        "temperature:1": {"tC": 4.5, "errors": []},
    }
    message = {"src": "s", "method": "NotifyStatus", "params": {"ts": 1795230245, **parts}}
    assert only("shelly", message, "s/events/rpc").temperature_c == {"temperature:1": 4.5}


def test_bthome_sensors_of_a_shelly_count_where_the_settings_map_them() -> None:
    # Shelly's BTHomeSensor: value and last_updated_ts; what it measures stands in its set-up.
    status = {
        "ts": 1795230245.12,
        "bthomesensor:200": {"id": 200, "value": 4.5, "last_updated_ts": 1795230244},
        "bthomesensor:201": {"id": 201, "value": 61, "last_updated_ts": 1795230244},
    }
    message = {"src": "shellyplus1-a8", "method": "NotifyStatus", "params": status}
    rule = FormatRule(
        topic="#", format="shelly", loggers={"shellyplus1-a8": {"bthomesensor:200": "drug"}}
    )
    reading = only("shelly", message, "shellyplus1-a8/events/rpc", rule)
    assert (reading.temperature_c, reading.time_ms) == ({"drug": 4.5}, 1_795_230_244_000)
    with pytest.raises(BadMessage):
        only("shelly", message, "shellyplus1-a8/events/rpc")
    one = only(
        "shelly",
        {"id": 200, "value": 4.25, "last_updated_ts": 1795230244},
        "shellyplus1-a8/status/bthomesensor:200",
        rule,
    )
    assert (one.temperature_c, one.time_ms) == ({"drug": 4.25}, 1_795_230_244_000)


def test_what_a_bluetooth_sensor_said_an_hour_ago_is_no_measurement_of_now() -> None:
    status = {
        "ts": 1795230245,
        "temperature:0": {"tC": 24.5},
        "humidity:0": {"rh": 50},
        "bthomesensor:200": {"value": 4.5, "last_updated_ts": 1795226645},
        "bthomesensor:201": {"value": -127, "last_updated_ts": 1795226646},
        "bthomesensor:202": {"value": 5.5, "last_updated_ts": None},
    }
    message = {"src": "s-1", "method": "NotifyFullStatus", "params": status}
    rule = FormatRule(
        topic="#",
        format="shelly",
        probes={
            "temperature:0": "ambient",
            "bthomesensor:200": "drug",
            "bthomesensor:201": "coolant",
            "bthomesensor:202": "drug.2",
        },
    )
    context = DecodeContext(topic="s-1/events/rpc", received_ms=RECEIVED_MS, rule=rule)
    result = decoder("shelly")(json.dumps(message).encode(), context)
    assert [(r.time_ms, r.temperature_c, r.humidity_pct) for r in result.readings] == [
        (1_795_226_645_000, {"drug": 4.5}, None),
        (1_795_230_245_000, {"ambient": 24.5, "drug.2": 5.5}, 50.0),
    ]
    assert [refusal.reason for refusal in result.refused] == ["no_temperature"]


# A packet as the BLU scripts of Shelly's examples publish it.
BLU = {
    "encryption": False,
    "BTHome_version": 2,
    "pid": 105,
    "battery": 98,
    "temperature": 4.5,
    "humidity": 56,
    "rssi": -70,
    "address": "e8:e0:7e:d0:f9:89",
}


def test_a_blu_sensor_heard_by_a_shelly_is_a_logger_of_its_own() -> None:
    events = [
        {"component": "input:0", "event": "toggle", "ts": 1795230245},
        {"component": "script:1", "event": "shelly-blu", "data": BLU, "ts": 1795230245.5},
    ]
    message = {
        "src": "shellyplus1-a8",
        "method": "NotifyEvent",
        "params": {"ts": 1795230246, "events": events},
    }
    reading = only("shelly", message, "shellyplus1-a8/events/rpc")
    assert (reading.logger, reading.temperature_c) == ("E8E07ED0F989", {"drug": 4.5})
    assert (reading.time_ms, reading.time_source) == (1_795_230_245_500, "gateway")
    assert reading.humidity_pct == 56.0
    bare = only("shelly", BLU, "shelly-blu/events/e8:e0:7e:d0:f9:89")
    assert (bare.logger, bare.time_source) == ("E8E07ED0F989", "received")


def test_one_bad_blu_packet_does_not_take_the_others_with_it() -> None:
    events = [
        {"data": {**BLU, "temperature": None}},
        {"data": {**BLU, "temperature": [4.5, 20.0]}, "ts": 1795230245},
        7,
    ]
    message = {"src": "s", "method": "NotifyEvent", "params": {"events": events}}
    context = DecodeContext(topic="s/events/rpc", received_ms=RECEIVED_MS)
    result = decoder("shelly")(json.dumps(message).encode(), context)
    (reading,) = result.readings
    assert reading.temperature_c == {"drug": 4.5, "temperature.2": 20.0}
    assert [(refusal.index, refusal.reason) for refusal in result.refused] == [
        (0, "no_temperature")
    ]


ZIGBEE = {
    "battery": 97,
    "humidity": 58.2,
    "linkquality": 120,
    "temperature": 4.71,
    "device_temperature": 26,
    "temperature_calibration": 0,
    "voltage": 2975,
    "contact": False,
}


def test_zigbee2mqtt_state_is_read_by_friendly_name() -> None:
    reading = only("zigbee2mqtt", ZIGBEE, "zigbee2mqtt/box 17")
    assert reading.logger == "box-17"
    assert reading.temperature_c == {"drug": 4.71}
    assert (reading.humidity_pct, reading.battery_v, reading.lid_open) == (58.2, 2.975, True)
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")


@pytest.mark.parametrize(
    ("seen", "expected_ms", "source"),
    [
        ("2026-11-21T11:04:05+08:00", 1_795_230_245_000, "gateway"),
        ("2026-11-21T03:04:05.000Z", 1_795_230_245_000, "gateway"),
        (1_795_230_245_000, 1_795_230_245_000, "gateway"),
        (None, RECEIVED_MS, "received"),
        ("2026-11-21T03:04:05", RECEIVED_MS, "received"),
        # A damaged or unset stamp of the gateway is no reason to lose the temperature.
        ("N/A", RECEIVED_MS, "received"),
        ("1970-01-01T00:00:09.000Z", RECEIVED_MS, "received"),
        (0, RECEIVED_MS, "received"),
        (1_795_230_245, RECEIVED_MS, "received"),
        (True, RECEIVED_MS, "received"),
    ],
)
def test_zigbee2mqtt_last_seen_is_the_gateways_time(
    seen: Any, expected_ms: int, source: str
) -> None:
    reading = only("zigbee2mqtt", {**ZIGBEE, "last_seen": seen}, "zigbee2mqtt/box")
    assert (reading.time_ms, reading.time_source) == (expected_ms, source)


def test_zigbee2mqtt_device_address_names_the_logger_and_either_name_finds_its_entry() -> None:
    message = {**ZIGBEE, "device": {"ieeeAddr": "0x00158d0001dc126a", "model": "WSDCGQ11LM"}}
    for key in ("0x00158d0001dc126a", "kitchen/fridge", "fridge"):
        rule = FormatRule(
            topic="zigbee2mqtt/#",
            format="zigbee2mqtt",
            loggers={key: {"temperature": "ambient"}} if key != "kitchen/fridge" else {},
            models={"WSDCGQ11LM": {"temperature": "ambient"}} if key == "kitchen/fridge" else {},
        )
        reading = only("zigbee2mqtt", message, "zigbee2mqtt/kitchen/fridge", rule)
        assert reading.logger == "0x00158d0001dc126a"
        assert reading.temperature_c == {"ambient": 4.71}
