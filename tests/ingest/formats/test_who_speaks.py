"""Whose temperature a message tells, and which numbers in it are none."""

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats import DecodeContext, Decoded, decoder
from coldwitness.ingest.formats.measurements import is_temperature_name
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Row

RECEIVED_MS = 1_795_230_300_000
MEASURED_MS = 1_795_230_245_000


def said(name: str, message: Any, topic: str, rule: FormatRule | None = None) -> Decoded:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return decoder(name)(body, DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=rule))


def uplink(model: str, frame: str, **decoded: Any) -> Decoded:
    sent = {"f_port": 85, "frm_payload": base64.b64encode(bytes.fromhex(frame)).decode()}
    about = {"brand_id": "milesight-iot", "model_id": model}
    message = {
        "end_device_ids": {"device_id": "l1"},
        "uplink_message": {**sent, "version_ids": about, **decoded},
    }
    return said("tts_v3", message, "v3/a@ttn/devices/l1/up")


def loggers(decoded: Decoded) -> list[tuple[str, dict[str, float]]]:
    return [(reading.logger, dict(reading.temperature_c)) for reading in decoded.readings]


RULES = {
    "tasmota": ("tele/a/SENSOR", b'{"T":{"Temperature":4.5}}'),
    "zigbee2mqtt": ("zigbee2mqtt/a", b'{"temperature":4.5}'),
    "influx_line": ("telegraf/a", b"m,logger=L temperature=4.5"),
    "senml": ("senml/a", b'[{"n":"urn:dev:ow:1","u":"Cel","v":4.5}]'),
    "native": (
        "coldchain/v1/c/b/readings",
        b'{"logger":"L","time":1795230245123,"temperature":{"drug":4.5}}',
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_a_retained_message_is_listed_and_never_a_reading(name: str) -> None:
    topic, body = RULES[name]
    rules = [FormatRule(topic=topic, format=name, courier="c", box="b")] if name != "native" else []
    routes = Routes(rules)
    rows = [
        Row("w", 1, RECEIVED_MS, topic, body, 1, retain, False, False) for retain in (False, True)
    ]
    live, retained = (routes.decode(row) for row in rows)
    assert len(live.readings) == 1
    assert not live.refused
    assert not retained.readings
    assert [refusal.reason for refusal in retained.refused] == ["retained"]


def test_a_retained_event_keeps_its_own_time_and_stands() -> None:
    body = b'{"event":"delivered","shipment":"S","time":1795230245123}'
    row = Row("w", 1, RECEIVED_MS, "coldchain/v1/c/b/events", body, 1, True, False, False)
    decoded = Routes().decode(row)
    assert len(decoded.events) == 1
    assert not decoded.refused


@pytest.mark.parametrize(
    "name",
    ["color_temp", "colour_temperature", "antifrost_temperature", "open_window_temperature",
     "upper_temp", "probe_temperature_v0_set", "temperature_high", "minimumTemperature",
     "chip_temperature", "dew_point_temperature", "temperature_set", "色温", "valve_temp"],
)  # fmt: skip
def test_settings_limits_and_colours_are_no_temperature(name: str) -> None:
    assert not is_temperature_name(name)


@given(value=st.floats(0, 100), name=st.sampled_from(["battery", "bat", "count", "uptime", "n1"]))
def test_a_senml_number_without_unit_or_quantity_is_no_temperature(value: float, name: str) -> None:
    pack = [{"bn": "urn:dev:ow:1:", "n": name, "v": value}]
    for records in (pack, [{"n": name, "v": value}], [{"n": f"urn:dev:mac:1/{name}", "v": value}]):
        with pytest.raises(BadMessage, match="no temperature"):
            said("senml", records, "senml/a")


def test_each_device_behind_a_tasmota_bridge_is_a_logger_of_its_own() -> None:
    heard = {
        "0x9D07": {"Device": "0x9D07", "Name": "BoxA", "Temperature": 4.5},
        "0x1234": {"Device": "0x1234", "Temperature": 19.5},
        "0x5678": {"Device": "0x5678", "Power": 1},
    }
    decoded = said("tasmota", {"ZbReceived": heard}, "tele/zb/SENSOR")
    assert loggers(decoded) == [("zb-BoxA", {"drug": 4.5}), ("zb-0x1234", {"drug": 19.5})]


@pytest.mark.parametrize("code", [-100.0, 327.67, 85.0, -127.0])
def test_a_zigbee_sensors_code_of_no_value_is_none(code: float) -> None:
    with pytest.raises(BadMessage, match="no temperature"):
        said("zigbee2mqtt", {"temperature": code}, "zigbee2mqtt/a")
    bridged = {"ZbReceived": {"0x1": {"Name": "A", "Temperature": code}}}
    assert not said("tasmota", bridged, "tele/zb/SENSOR").readings


@pytest.mark.parametrize(
    ("name", "topic"), [("tasmota", "tele/{}/SENSOR"), ("zigbee2mqtt", "zigbee2mqtt/{}")]
)
def test_levels_inside_a_name_keep_two_loggers_apart(name: str, topic: str) -> None:
    message = {"temperature": 4.5, "S": {"Temperature": 4.5}}
    one, two = (said(name, message, topic.format(f"room{room}/fridge")) for room in "AB")
    assert [r.logger for d in (one, two) for r in d.readings] == ["roomA-fridge", "roomB-fridge"]


def test_telegraf_points_are_told_apart_by_topic_and_never_by_the_collector() -> None:
    points = b"mqtt_consumer,host=h,topic=s/box1/env temp=4.5\nmqtt_consumer,host=h temp=9\n"
    decoded = said("influx_line", points, "telegraf/all")
    assert loggers(decoded) == [("s-box1-env", {"drug": 4.5})]
    assert [(refusal.reason, refusal.index) for refusal in decoded.refused] == [("no_logger", 1)]
    assert "topic_tag" in decoded.refused[0].text


@given(
    note=st.text(st.characters(exclude_characters='"\\\0', exclude_categories=["Cs"]), max_size=9)
)
def test_a_line_break_in_a_quoted_field_ends_no_point(note: str) -> None:
    first = f'box,logger=L note="{note}\n{note}",temperature=4.5 1795230245000'
    points = f"{first}\nbox,logger=M temperature=5"
    assert loggers(said("influx_line", points.encode(), "t")) == [
        ("L", {"drug": 4.5}),
        ("M", {"drug": 5.0}),
    ]


def test_an_open_quote_costs_its_own_line_alone() -> None:
    points = b'm,logger=L note="open,temperature=4 1795230245000\nm,logger=M temperature=5'
    decoded = said("influx_line", points, "t")
    assert loggers(decoded) == [("M", {"drug": 5.0})]
    assert len(decoded.refused) == 1


@pytest.mark.parametrize(
    "stamp",
    [
        {"Time": 1795230245},
        {"Time": "1795230245"},
        {"Time": 1795230245000},
        {"Time": "2026-11-21T11:04:05", "Epoch": 1795230245},
    ],
)
def test_an_epoch_that_tasmota_sends_is_its_time(stamp: dict[str, Any]) -> None:
    (reading,) = said("tasmota", {**stamp, "S": {"Temperature": 4.5}}, "tele/a/SENSOR").readings
    assert (reading.time_ms, reading.time_source) == (MEASURED_MS, "device")


@given(seconds=st.integers(0, 999_999_999))
def test_a_clock_that_was_never_set_gives_way_to_the_receipt(seconds: int) -> None:
    data = "0201061BFF99040515AE4C6DC6D7000CFFF803F4ADB6AD697FF41F0C28CBD6"
    ruuvi = {"gw_mac": "C8:25:2D:8E:9C:2C", "ts": str(seconds), "gwts": seconds, "data": data}
    topics = {
        "ruuvi_gateway": "ruuvi/C8:25:2D:8E:9C:2C/F4:1F:0C:28:CB:D6",
        "tasmota": "tele/a/SENSOR",
    }
    for name, message in (
        ("ruuvi_gateway", ruuvi),
        ("tasmota", {"Time": seconds, "Epoch": seconds, "S": {"Temperature": 4.5}}),
    ):
        (reading,) = said(name, message, topics[name]).readings
        assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")


def test_a_mapping_reaches_any_key_of_a_tasmota_sensor() -> None:
    message = {"MLX90614": {"OBJTMP": 4.5, "AMBTMP": 22.0}}
    for key in ("MLX90614.OBJTMP", "OBJTMP"):
        rule = FormatRule(topic="tele/+/SENSOR", format="tasmota", loggers={"a": {key: "drug"}})
        assert loggers(said("tasmota", message, "tele/a/SENSOR", rule)) == [("a", {"drug": 4.5})]


def test_models_without_a_thermometer_or_with_two_are_read_as_what_they_are() -> None:
    for frame in ("20ce9e744663000000", "20ce9e74466300000001", "0175640367f600"):
        with pytest.raises(BadMessage, match="no thermometer"):
            uplink("em300-mld", frame)
    (reading,) = uplink("ts302", "0175640367fb0004670101").readings
    assert list(reading.temperature_c.values()) == [25.1, 25.7]


def test_what_follows_an_unknown_channel_is_refused_and_what_stood_before_it_stands() -> None:
    decoded = uplink("em300-th", "03672c007799010203")
    assert [reading.temperature_c for reading in decoded.readings] == [{"drug": 4.4}]
    assert [refusal.reason for refusal in decoded.refused] == ["bad_record"]
    assert "77 99" in decoded.refused[0].text


def test_two_packets_of_one_read_are_both_read_and_a_damaged_one_spoils_none() -> None:
    one = bytes.fromhex(
        "00000000000000260801000001a1fc0fa08800468325c015ef3c00000000000900000001000001480000002d"
        "000100005006"
    )
    two = bytes.fromhex(
        "00000000000000260801000001a1fc108ae800468325c015ef3c00000000000900000001000001480000002e"
        "0001000076b3"
    )
    both = said("teltonika_codec8", one + two, "teltonika/1").readings
    assert [reading.temperature_c["drug"] for reading in both] == [4.5, 4.6]
    damaged = one[:-1] + bytes([one[-1] ^ 1])
    for packets, kept in ((damaged + two, 4.6), (two + damaged, 4.6), (one + two[:-9], 4.5)):
        decoded = said("teltonika_codec8", packets, "teltonika/1")
        assert [reading.temperature_c["drug"] for reading in decoded.readings] == [kept]
        assert len(decoded.refused) == 1


def test_a_sparkplug_temperature_in_text_is_a_number() -> None:
    body = bytes.fromhex("0888c1bee09f3412160a0b74656d70657261747572651000200c7a03342e351800")
    context = DecodeContext(topic="spBv1.0/G/DBIRTH/E/D", received_ms=RECEIVED_MS)
    row = Row("w", 1, RECEIVED_MS, context.topic, body, 1, False, False, False)
    routes = Routes([FormatRule(topic="spBv1.0/#", format="sparkplug_b")])
    (reading,) = routes.decode(row).readings
    assert isinstance(reading, Reading)
    assert math.isclose(reading.temperature_c["drug"], 4.5)


ONE = {"Device": "0x9D07", "Name": "BoxA", "Temperature": 4.5}
TWO = {"Device": "0x1234", "Temperature": 19.5}


@pytest.mark.parametrize(
    ("message", "topic", "expected"),
    [
        ({"ZbReceived": {"BoxA": ONE}}, "tele/zb/SENSOR", "zb-BoxA"),  # SetOption83
        ({"0x1234": TWO}, "tele/zb/SENSOR", "zb-0x1234"),  # SetOption118
        (TWO, "tele/zb/1234/SENSOR", "zb-1234-0x1234"),  # SetOption119, SetOption89
        ({"ZbReceived": TWO}, "tele/zb/SENSOR", "zb-0x1234"),
        ({"ATC-8fde98": {"mac": "a4c1388fde98", "Temperature": 4.5}}, "tele/esp/SENSOR",
         "a4c1388fde98"),
        ({"MJ_HT_V1-d97feb": {"Temperature": 4.5}}, "tele/esp/SENSOR", "MJ_HT_V1-d97feb"),
        ({"DS18B20": {"Temperature": 4.5}}, "tele/esp/SENSOR", "esp"),
    ],
)  # fmt: skip
def test_a_tasmota_gateway_is_no_logger_however_it_names_what_it_heard(
    message: dict[str, Any], topic: str, expected: str
) -> None:
    (reading,) = said("tasmota", message, topic).readings
    assert reading.logger == expected
    assert "drug" in reading.temperature_c


@pytest.mark.parametrize("name", ["drug", "drug.2", "t1", "ice_pack", "probe-2"])
def test_a_senml_name_that_every_box_has_is_no_logger(name: str) -> None:
    pack = [{"n": name, "u": "Cel", "v": 4.5}]
    one, two = (said("senml", pack, f"sensors/box-{box}/senml").readings[0] for box in "AB")
    assert (one.logger, two.logger) == ("box-A", "box-B")
    assert [refusal.reason for refusal in said("senml", pack, "senml").refused] == ["no_logger"]


def test_a_senml_name_that_is_a_serial_is_the_logger() -> None:
    pack = [{"n": "LG-7F01", "u": "Cel", "v": 4.5}]
    assert said("senml", pack, "senml/up").readings[0].logger == "LG-7F01"


@pytest.mark.parametrize(
    "point", ["temperature,host=collector value=4.5", "m,site=zibo,room=3 temperature=4.5"]
)
def test_a_point_whose_tags_do_not_name_the_device_is_refused_and_says_what_to_set(
    point: str,
) -> None:
    decoded = said("influx_line", point.encode(), "telegraf/all")
    assert not decoded.readings
    assert [refusal.reason for refusal in decoded.refused] == ["no_logger"]
    assert "tag" in decoded.refused[0].text


def test_a_host_that_the_settings_name_is_a_logger() -> None:
    rule = FormatRule(topic="#", format="influx_line", loggers={"pi-7": {"temp": "drug"}})
    decoded = said("influx_line", b"m,host=pi-7 temp=4.5", "telegraf/all", rule)
    assert loggers(decoded) == [("pi-7", {"drug": 4.5})]


def test_a_shelly_prefix_with_levels_keeps_two_devices_apart() -> None:
    found = [
        said("shelly", {"id": 0, "tC": 4.5}, f"room{room}/fridge/status/temperature:0").readings[0]
        for room in "AB"
    ]
    assert [reading.logger for reading in found] == ["roomA-fridge", "roomB-fridge"]


def test_a_command_to_a_zigbee_device_is_no_state_of_it() -> None:
    with pytest.raises(BadMessage, match="command"):
        said("zigbee2mqtt", {"temperature": 5}, "zigbee2mqtt/fridge/set")


def one_uplink(application: str, rules: list[FormatRule], **ids: object) -> str:
    """The logger's id as ingest tells it."""
    body = {"end_device_ids": ids, "uplink_message": {"decoded_payload": {"temperature": 4.5}}}
    topic = f"v3/{application}/devices/{ids['device_id']}/up"
    row = Row("w", 1, RECEIVED_MS, topic, json.dumps(body).encode(), 1, False, False, False)
    (reading,) = Routes(rules).decode(row).readings
    return reading.logger


def things_stack(topic: str, courier: str = "c", **loggers: dict[str, str]) -> FormatRule:
    return FormatRule(topic=topic, format="tts_v3", courier=courier, loggers=loggers)


def test_one_device_id_of_two_applications_is_two_loggers() -> None:
    every = [things_stack("v3/+/devices/+/up")]
    one, two = (one_uplink(app, every, device_id="l1") for app in ("a@ttn", "b@ttn"))
    assert (one[:9], two[:9], len(one)) == ("a-ttn-l1-", "b-ttn-l1-", 17)
    near, far = (
        one_uplink(app, every, device_id=name) for app, name in (("a-b", "c"), ("a", "b-c"))
    )
    assert (near[:6], far) == ("a-b-c-", "a-b-c")
    known = [one_uplink("a", every, device_id="l1", dev_eui=eui) for eui in ("A84041", "A84042")]
    assert known == ["A84041", "A84042"]
    assert one_uplink("a", every, device_id="eui-a84041", dev_eui="A84041") == "eui-a84041"


def test_a_device_id_stays_where_no_other_application_can_have_it() -> None:
    first, second = things_stack("v3/a@ttn/devices/+/up"), things_stack("v3/b@ttn/devices/+/up")
    assert one_uplink("a@ttn", [first], device_id="l1", dev_eui="A84041") == "l1"
    rules = [first, second]
    assert one_uplink("a@ttn", rules, device_id="l1", dev_eui="A84041") == "l1"
    assert one_uplink("b@ttn", rules, device_id="l1", dev_eui="A84042") == "A84042"
    others = things_stack("v3/b@ttn/devices/+/up", "other")
    assert one_uplink("b@ttn", [first, others], device_id="l1", dev_eui="A84042") == "l1"
    lent = things_stack("v3/b@ttn/devices/+/up", "other", l2={"courier": "c"})
    assert one_uplink("b@ttn", [first, lent], device_id="l1", dev_eui="A84042") == "A84042"


def test_settings_name_a_device_by_its_id_or_within_its_application() -> None:
    entries = {"l1": {"box": "B1"}, "b/l1": {"box": "B2"}}
    every = [things_stack("v3/+/devices/+/up", "c", **entries)]
    assert one_uplink("a", every, device_id="l1", dev_eui="A84041") == "l1"
    assert one_uplink("b", every, device_id="l1", dev_eui="A84042") == "A84042"
    uplinked = {"decoded_payload": {"temperature": 4.5}}
    message = {"end_device_ids": {"device_id": "l1"}, "uplink_message": uplinked}
    assert said("tts_v3", message, "v3/b/devices/l1/up", every[0]).readings[0].box == "B2"


def test_a_name_that_two_bridges_gave_is_two_loggers_and_an_address_is_one() -> None:
    heard = {"ZbReceived": {"0x9D07": {"Name": "fridge", "Temperature": 4.5}}}
    one, two = (said("tasmota", heard, f"tele/zb{n}/SENSOR").readings[0].logger for n in "12")
    assert (one, two) == ("zb1-fridge", "zb2-fridge")
    rule = FormatRule(topic="#", format="tasmota", loggers={"fridge": {"box": "B1"}})
    assert said("tasmota", heard, "tele/zb1/SENSOR", rule).readings[0].logger == "fridge"
    moving = {"ATC-8fde98": {"mac": "a4c1388fde98", "Name": "fridge", "Temperature": 4.5}}
    told = {said("tasmota", moving, f"tele/esp{n}/SENSOR").readings[0].logger for n in "12"}
    assert told == {"a4c1388fde98"}


def test_a_trackers_name_that_is_no_imei_stands_with_its_levels() -> None:
    frame = bytes.fromhex(
        "00000000000000260801000001a1fc0fa08800468325c015ef3c00000000000900000001000001480000002d"
        "000100005006"
    )
    topics = ("x/teltonika/352093081452251/data", "east/van", "west/van")
    told = [said("teltonika_codec8", frame, topic).readings[0].logger for topic in topics]
    assert told == ["352093081452251", "east-van", "west-van"]
