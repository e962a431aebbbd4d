"""The same in other makers' words: names, units, clocks, devices and damage as they are met in the
field, beside those that a report named first."""

import json
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats import Decoded, decoder
from coldwitness.ingest.formats.drug_names import may_be_drug
from coldwitness.ingest.formats.measurements import is_temperature_name
from coldwitness.ingest.formats.name_words import is_elsewhere, is_no_measurement
from tests.ingest.formats.context import context

PACKET = bytes.fromhex(
    "000000000000002b0801000001a1fc0fa10300468325c015f2494000000000090000000301f00101190c3501480000"
    "002d00010000d4c6"
)
NEVER_SET = [12, 315964812, "12", "1980-01-06T00:00:00Z", True, None, "never"]
ELSEWHERE = """
    battery_temperature batteryTemp 电池温度 icepack_temp iceTemp pcm_temp PCMTemp TempAmb
    roomTemperature envTemp cargo_temp 冷媒温度 冷源温度 冰板温度 干冰温度 engineTemp
    compressor_temp evaporatorTemp cabTemp vehicle_temp cold_junction_temp
    temperature_internal int_temp sysTemp modem_temperature case_temp oil_temp ambienttemp
    battery.temp 车厢温度
"""
NO_MEASUREMENT = """
    setTemp tempSet tempMin24h TempMaxToday lowTemp TempHigh warnTemp desired_temp SP_temp
    wet_bulb_temperature apparent_temperature prev_temperature temp_raw deviceTemperature
    mainboardTemp MCU_Temp pcb_temp external_temperature_input 主机温度 板载温度 上次温度
    温差
"""
PROBES = """
    MAX31855.ProbeTemperature notice_temp 冷藏室温度 空气温度 freezer_temp
    refrigerator_temp extTemp TempC_SHT dallas_temperature_1 temp_input Node-1/Temperature
"""
IMEI = b"\x00\x0f352093081452251"


def said(name: str, message: Any, topic: str = "a/b", rule: FormatRule | None = None) -> Decoded:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return decoder(name)(body, context(topic=topic, rule=rule))


def one(name: str, message: Any, topic: str = "a/b") -> Reading:
    (reading,) = said(name, message, topic).readings
    return reading


def uplink(decoded: dict[str, Any], model: str = "") -> dict[str, Any]:
    about = {"devEui": "24e1240000000001", "deviceProfileName": model}
    return {"time": "2026-11-21T03:04:05Z", "deviceInfo": about, "object": decoded}


@pytest.mark.parametrize("name", ELSEWHERE.split())
def test_what_was_measured_elsewhere_is_kept_and_never_drug(name: str) -> None:
    assert is_elsewhere(name)
    assert not may_be_drug(name)
    assert one("chirpstack_v4", uplink({name: 31.0, "temp": 4.5})).temperature_c == {
        name: 31.0,
        "drug": 4.5,
    }


@pytest.mark.parametrize("name", NO_MEASUREMENT.split())
def test_settings_statistics_and_the_device_itself_are_no_temperature(name: str) -> None:
    assert is_no_measurement(name)
    assert not is_temperature_name(name)
    assert one("chirpstack_v4", uplink({name: 8.0, "temp": 4.5})).temperature_c == {"drug": 4.5}


@pytest.mark.parametrize("name", PROBES.split())
def test_names_of_probes_stay_names_of_probes(name: str) -> None:
    assert may_be_drug(name)
    assert not is_no_measurement(name)


@pytest.mark.parametrize("chip", ["DS3231", "MPU6050", "AXP192", "ENERGY", "ESP32"])
def test_a_chips_own_temperature_is_no_probe_of_tasmota(chip: str) -> None:
    message = {chip: {"Temperature": 33.1}, "DS18B20": {"Temperature": 4.5}}
    assert one("tasmota", message, "tele/b/SENSOR").temperature_c == {"drug": 4.5}


@pytest.mark.parametrize("model", ["s31-lb", "lsn50v2-s31", "Dragino S31B-LB"])
def test_an_s31s_first_place_is_of_no_probe_without_its_frame_as_well(model: str) -> None:
    decoded = {"TempC1": 0, "TempC_SHT": 4.5, "Hum_SHT": 60, "BatV": 3.3}
    assert one("chirpstack_v4", uplink(decoded, model)).temperature_c == {"drug": 4.5}


def test_an_lsn50_is_known_by_its_working_mode_and_a_tenth_below_zero_is_no_probe() -> None:
    decoded = {"BatV": 3.3, "Work_mode": "3DS18B20", "TempC1": -0.1, "TempC2": -0.1, "TempC3": 4.5}
    assert one("chirpstack_v4", uplink(decoded)).temperature_c == {"TempC3": 4.5}
    assert one("chirpstack_v4", uplink({"TempC1": -0.1})).temperature_c == {"drug": -0.1}


@pytest.mark.parametrize(
    "stated",
    [{"unit": "华氏度"}, {"units": "F"}, {"temperature_unit": "°F"}, {"temp_unit": "℉"},
     {"TempUnit": "F"}, {"temperature": {"drug": 40.1, "unit": "F"}},
     {"unit": "F", "temperature_unit": "F"}],
)  # fmt: skip
def test_a_unit_is_never_passed_over_for_the_key_it_stands_under(stated: dict[str, Any]) -> None:
    sent = {"logger": "L", "time": "2026-11-21T03:04:05Z", "temperature": {"drug": 40.1}} | stated
    assert one("native", sent).temperature_c == {"drug": 4.5}


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        ({"unit": "F", "units": "C"}, "unit_unknown"),
        ({"temperature_unit": "Rankine"}, "unit_unknown"),
        ({"Shipment": "E14"}, "wrong_key"),
        ({"LOGGER": "L"}, "wrong_key"),
    ],
)
def test_a_key_that_is_ours_but_for_its_capitals_is_refused(
    stated: dict[str, Any], reason: str
) -> None:
    sent = {"logger": "L", "time": "2026-11-21T03:04:05Z", "temperature": {"drug": 4.5}} | stated
    assert [refusal.reason for refusal in said("native", sent).refused] == [reason]


def test_a_points_unit_is_converted_or_refused() -> None:
    lines = (
        b"temperature,logger=L,unit=\xc2\xb0F value=40.1 1795230245\n"
        b"temperature,logger=L,unit=% value=60 1795230305\n"
        b"temperature,logger=L,unit=X value=4.5 1795230305\n"
        b"temperature,logger=L,unit=fridge-3 value=4.6 1795230365\n"
        b"env,logger=M temperature_f=40.1 1795230245\n"
        b"env,logger=N temperature_f=40.1,temperature=4.5 1795230245"
    )
    decoded = said("influx_line", lines)
    assert [reading.temperature_c["drug"] for reading in decoded.readings] == [4.5, 4.6, 4.5, 4.5]
    assert [refusal.reason for refusal in decoded.refused] == ["unit_unknown"] * 2


@pytest.mark.parametrize("stamp", [1795230245123, "1795230245123", "2026-11-21T03:04:05.123Z"])
def test_an_epoch_that_is_there_is_used_however_it_is_written(stamp: Any) -> None:
    broadcast = "0201061BFF99040515AE4C6DC6D7000CFFF803F4ADB6AD697FF41F0C28CBD6"
    for name, message in (
        ("theengs", {"id": "A4:C1:38:16:5B:5D", "tempc": 4.5, "unixtime": stamp}),
        ("shelly", {"src": "s", "method": "NotifyStatus",
                    "params": {"ts": stamp, "temperature:0": {"tC": 4.5}}}),
        ("ruuvi_gateway", {"gw_mac": "C8", "ts": stamp, "data": broadcast}),
    ):  # fmt: skip
        assert one(name, message).time_ms == 1795230245123, name


@pytest.mark.parametrize(
    "stamp", [12, 315964812, "12", "1980-01-06T00:00:00Z", True, None, "never"]
)
def test_a_clock_that_was_never_set_gives_way_however_it_is_written(stamp: Any) -> None:
    for name, message in (
        ("theengs", {"id": "A4:C1:38:16:5B:5D", "tempc": 4.5, "unixtime": stamp}),
        ("shelly", {"src": "s", "method": "NotifyStatus",
                    "params": {"ts": stamp, "temperature:0": {"tC": 4.5}}}),
    ):  # fmt: skip
        assert one(name, message).time_source == "received", name


def test_a_senml_clock_that_counts_from_its_start_is_of_now_and_of_a_backlog_of_nobody() -> None:
    for start in (12, 315964812):
        pack = [{"bn": "LG:", "bt": start, "n": "drug", "u": "Cel", "v": 4.5}]
        assert one("senml", pack).time_source == "received"
        backlog = [*pack, {"n": "drug", "u": "Cel", "v": 4.6, "t": 60}]
        assert [refusal.reason for refusal in said("senml", backlog).refused] == ["bad_time"] * 2
    before = one("senml", [{"bn": "LG:", "n": "drug", "u": "Cel", "v": 4.5, "t": -60}])
    assert before.time_ms == context().received_ms - 60_000


@pytest.mark.parametrize(
    ("name", "message", "topics"),
    [
        ("zigbee2mqtt", {"temperature": 4.5}, ("a/zigbee2mqtt/fridge", "b/zigbee2mqtt/fridge")),
        ("senml", [{"n": "drug", "u": "Cel", "v": 4.5}], ("a/box/senml", "b/box/senml")),
        ("influx_line", b"env temp=4.5 1795230245", ("telegraf/a/box", "telegraf/b/box")),
    ],
)
def test_levels_that_tell_two_devices_apart_stay_and_the_settings_still_find_the_last(
    name: str, message: Any, topics: tuple[str, str]
) -> None:
    readings = [one(name, message, topic) for topic in topics]
    assert len({reading.logger for reading in readings}) == 2
    last = topics[0].removesuffix("/senml").rpartition("/")[2]
    rule = FormatRule(topic="#", format=name, loggers={last: {"box": "BX-1"}})
    (found,) = said(name, message, topics[0], rule).readings
    assert found.box == "BX-1"


def test_what_hangs_on_two_hosts_under_one_name_is_two_loggers() -> None:
    lines = b"temp,host=a,sensor=t1 temp=4 1795230245\ntemp,host=b,sensor=t1 temp=9 1795230245"
    loggers = [reading.logger for reading in said("influx_line", lines).readings]
    assert loggers == ["a-t1", "b-t1"]
    rule = FormatRule(topic="#", format="influx_line", loggers={"t1": {"box": "BX-1"}})
    assert {r.logger for r in said("influx_line", lines, rule=rule).readings} == {"t1"}


@pytest.mark.parametrize(
    ("before", "between", "refused"),
    [
        (IMEI, b"", 0),
        (b"\xff", b"\xff\xff", 0),
        (b"", bytes.fromhex("000000000000000f0c010500000007676574696e666f0100004312"), 1),
        (PACKET[:20], b"", 1),
        (b"", b"\x00\x00\x00\x00\x01", 1),
        (PACKET[:-2] + b"\0\0", b"", 1),
    ],
)
def test_what_a_read_of_a_socket_took_up_beside_packets_leaves_them_standing(
    before: bytes, between: bytes, refused: int
) -> None:
    decoded = said("teltonika_codec8", before + PACKET + between + PACKET, "teltonika/1")
    assert [reading.temperature_c for reading in decoded.readings] == [{"drug": 4.5}] * 2
    reasons = [refusal.reason for refusal in decoded.refused if refusal.reason != "model_unknown"]
    assert len(reasons) == refused


def test_a_value_that_is_cut_off_leaves_those_before_it_standing() -> None:
    for model, frame in (("em300-th", "A2csAARo"), ("elsys ers", "AQDiAg=="),
                         ("T0006101", "A2cALARo")):  # fmt: skip
        message = uplink({}, model) | {"data": frame, "fPort": 10 if model[0] == "T" else 85}
        decoded = said("chirpstack_v4", message)
        assert len(decoded.readings) == 1, model
        assert [refusal.reason for refusal in decoded.refused] == ["bad_record"], model


def test_an_escaped_quote_beside_a_line_break_ends_no_text() -> None:
    line = b'env,logger=L note="a \\" b\nc",temperature=4.5 1795230245'
    assert one("influx_line", line).temperature_c == {"drug": 4.5}
