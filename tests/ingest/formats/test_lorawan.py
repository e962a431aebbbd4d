"""The Things Stack v3 and ChirpStack v4: decoded objects and raw frames by model."""

import base64
import json
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import Decoded, decoder
from tests.ingest.formats.context import RECEIVED_MS, context

TTS_TIME_MS = 1_795_230_245_787  # 2026-11-21T03:04:05.787Z


def tts(
    *,
    decoded: Any = None,
    frame: str | None = None,
    port: int | None = 2,
    model: tuple[str, str] | None = None,
    rule: FormatRule | None = None,
    **more: Any,
) -> Decoded:
    """An uplink in the shape of The Things Stack's documentation."""
    uplink: dict[str, Any] = {"received_at": "2026-11-21T03:04:05.787654321Z"}
    if decoded is not None:
        uplink["decoded_payload"] = decoded
    if frame is not None:
        uplink["frm_payload"] = base64.b64encode(bytes.fromhex(frame)).decode()
    if port is not None:
        uplink["f_port"] = port
    if model is not None:
        uplink["version_ids"] = {"brand_id": model[0], "model_id": model[1]}
    message = {
        "end_device_ids": {"device_id": "box-17", "dev_eui": "A84041FFFF000001"},
        "received_at": "2026-11-21T03:04:06Z",
        "uplink_message": uplink,
        **more,
    }
    topic = "v3/app@ttn/devices/box-17/up"
    return decoder("tts_v3")(json.dumps(message).encode(), context(topic, rule=rule))


def chirpstack(
    *,
    obj: Any = None,
    frame: str | None = None,
    profile: str = "Test device-profile",
    tags: dict[str, str] | None = None,
    port: int | None = 2,
    rule: FormatRule | None = None,
) -> Decoded:
    """An up event in the shape of ChirpStack's documentation."""
    message: dict[str, Any] = {
        "time": "2022-07-18T09:34:15.775023242+00:00",
        "deviceInfo": {
            "deviceProfileName": profile,
            "deviceName": "box-1",
            "devEui": "24e1240000000001",
            "tags": tags or {},
        },
    }
    if obj is not None:
        message["object"] = obj
    if frame is not None:
        message["data"] = base64.b64encode(bytes.fromhex(frame)).decode()
    if port is not None:
        message["fPort"] = port
    topic = "application/17c8/device/24e1240000000001/event/up"
    return decoder("chirpstack_v4")(json.dumps(message).encode(), context(topic, rule=rule))


def test_tts_decoded_payload_names_its_first_temperature_drug() -> None:
    (reading,) = tts(
        decoded={"BatV": 3.05, "TempC_SHT": 5.5, "Hum_SHT": 61.2, "TempC_DS": -4.25}
    ).readings
    assert reading.logger == "A84041FFFF000001"
    assert (reading.time_ms, reading.time_source) == (TTS_TIME_MS, "gateway")
    assert reading.temperature_c == {"drug": 5.5, "TempC_DS": -4.25}
    assert (reading.humidity_pct, reading.battery_v) == (61.2, 3.05)


def test_tts_normalized_payload_is_used_where_the_decoded_one_has_no_temperature() -> None:
    message = {
        "end_device_ids": {"dev_eui": "A84041FFFF000001"},
        "uplink_message": {
            "normalized_payload": [{"air": {"temperature": 5.5, "relativeHumidity": 40}}],
            "decoded_payload": {"bytes": "x"},
        },
    }
    (reading,) = decoder("tts_v3")(json.dumps(message).encode(), context()).readings
    assert reading.temperature_c == {"drug": 5.5}
    assert (reading.logger, reading.humidity_pct) == ("A84041FFFF000001", 40.0)
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")


@pytest.mark.parametrize(
    "message",
    [
        {"end_device_ids": {"device_id": "a"}, "join_accept": {}},
        {"end_device_ids": {}, "uplink_message": {}},
        {"end_device_ids": {"device_id": "a"}, "uplink_message": {}, "simulated": True},
        {},
        [],
    ],
)
def test_tts_messages_that_measure_nothing_are_refused(message: Any) -> None:
    with pytest.raises(BadMessage):
        decoder("tts_v3")(json.dumps(message).encode(), context())


# chirpstack/chirpstack-docs, events.md (MIT): an up event without a codec's output.
def test_chirpstack_opaque_frame_of_an_unknown_model_gives_no_reading() -> None:
    result = chirpstack(frame="aa", port=1)
    assert result.readings == ()
    assert [refusal.reason for refusal in result.refused] == ["no_decoder"]


def test_chirpstack_object_is_read_with_the_networks_time() -> None:
    (reading,) = chirpstack(obj={"temperature": 4.4, "humidity": 11.5}, frame="03672c00").readings
    assert reading.logger == "24e1240000000001"
    assert reading.temperature_c == {"drug": 4.4}
    assert reading.humidity_pct == 11.5
    assert (reading.time_ms, reading.time_source) == (1_658_136_855_775, "gateway")


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        # Cayenne LPP as ChirpStack writes it.
        ({"temperatureSensor": {"1": 5.5, "2": 20}}, {"drug": 5.5, "temperatureSensor.2": 20.0}),
        ({"temperature": {"value": 21.875, "unit": "°C"}}, {"drug": 21.875}),
        ({"temperature": {"value": 41.0, "unit": "°F"}}, {"drug": 5.0}),
        ({"temp_f": 41.0, "temp_c": 5.0}, {"drug": 5.0}),
        ({"mcu_temperature": 30.0, "ambient_temperature": 5.0}, {"ambient_temperature": 5.0}),
        ({"temperature_alarm": 1, "temperature": 5.0}, {"drug": 5.0}),
        ({"ambient": 20.0, "temperature": 5.0}, {"drug": 5.0}),
        ({"TempC_DS": 327.67, "TempC_SHT": 5.0}, {"TempC_SHT": 5.0}),
    ],
)
def test_names_and_units_of_decoded_objects(obj: Any, expected: dict[str, float]) -> None:
    (reading,) = chirpstack(obj=obj).readings
    assert reading.temperature_c == expected


def rule(**changes: Any) -> FormatRule:
    return FormatRule(topic="v3/#", format="tts_v3", **changes)


def test_names_map_to_roles_by_logger_over_model_over_rule() -> None:
    decoded = {"TempC_SHT": 5.5, "TempC_DS": -4.25}
    by_rule = {"TempC_SHT": "ambient", "TempC_DS": "drug"}
    (reading,) = tts(decoded=decoded, rule=rule(probes=by_rule)).readings
    assert reading.temperature_c == {"ambient": 5.5, "drug": -4.25}
    by_model = {"lht65n": {"TempC_DS": "coolant"}}
    (reading,) = tts(
        decoded=decoded, model=("dragino", "lht65n"), rule=rule(probes=by_rule, models=by_model)
    ).readings
    assert reading.temperature_c == {"ambient": 5.5, "coolant": -4.25}
    by_logger = {"a84041ffff000001": {"TempC_SHT": "goods", "box": "BX-9", "courier": "c9"}}
    (reading,) = tts(
        decoded=decoded,
        model=("dragino", "lht65n"),
        rule=rule(probes=by_rule, models=by_model, loggers=by_logger),
    ).readings
    assert reading.temperature_c == {"goods": 5.5, "coolant": -4.25}
    assert (reading.box, reading.courier, reading.logger) == ("BX-9", "c9", "A84041FFFF000001")


def test_with_a_mapping_nothing_is_guessed() -> None:
    (reading,) = tts(
        decoded={"TempC_SHT": 5.5, "TempC_DS": 4.0}, rule=rule(probes={"TempC_DS": "ambient"})
    ).readings
    assert reading.temperature_c == {"TempC_SHT": 5.5, "ambient": 4.0}


def test_two_names_mapped_to_one_probe_are_refused() -> None:
    result = tts(
        decoded={"TempC_SHT": 5.5, "TempC_DS": 4.0},
        rule=rule(probes={"TempC_DS": "drug", "TempC_SHT": "drug"}),
    )
    assert [refusal.reason for refusal in result.refused] == ["bad_mapping"]


FRAMES = [
    # chirpstack/chirpstack-device-profiles, dragino test_decode_lht65n.json (MIT).
    ("Dragino LHT65N", "cbc6008200f2017fff7fff", 2, {"drug": 1.3}, 24.2, 3.014),
    # TheThingsNetwork/lorawan-devices, vendor/dragino/lht65-codec.yaml (Apache-2.0).
    ("dragino lht65", "cbf60b0d0376010add7fff", 2, {"drug": 28.29, "TempC_DS": 27.81}, 88.6, 3.062),
    # the same, lht52-codec.yaml: 0x7FFF is no external probe.
    ("dragino lht52", "08cd02207fff0161cd4edd", 2, {"drug": 22.53}, 54.4, None),
    # chirpstack-device-profiles, milesight test_decode_em300-th.json (MIT); port not given.
    ("milesight EM300-TH", "03672c00046817", None, {"drug": 4.4}, 11.5, None),
    # The shape of milesight-iot/em500-pt100.js: battery, then -18.5 °C little-endian.
    ("Milesight EM500-PT100", "0175640367" + "47ff", 85, {"drug": -18.5}, None, None),
    # lorawan-devices, vendor/tektelic/t00061xx-codec.yaml.
    (
        "tektelic t00061xx",
        "036701260468" + "3300ba0bd1",
        10,
        {"ambient_temperature": 29.4},
        25.5,
        3.025,
    ),
    # lorawan-devices, vendor/decentlab/dl-ds18-codec.yaml.
    ("decentlab dl-ds18", "02023d0003815e0c15", 1, {"drug": 21.875}, None, 3.093),
    # ELSYS payload document: 0100E2 is 22.6 °C, 0229 41 %, 0400270506 060308 070D62 3426 mV.
    ("elsys ers", "0100e202290400270506060308070d62", 5, {"drug": 22.6}, 41.0, 3.426),
    ("elsys elt-2", "0100e20cffd8", 5, {"drug": 22.6, "externalTemperature": -4.0}, None, None),
]


@pytest.mark.parametrize(("model", "frame", "port", "expected", "humidity", "battery"), FRAMES)
def test_raw_frames_are_read_by_model_with_either_server(
    model: str,
    frame: str,
    port: int | None,
    expected: dict[str, float],
    humidity: float | None,
    battery: float | None,
) -> None:
    brand, name = model.split(" ", 1)
    via_tts = tts(frame=frame, port=port, model=(brand, name))
    via_chirpstack = chirpstack(frame=frame, port=port, profile=model)
    tagged = chirpstack(frame=frame, port=port, tags={"model": model})
    for result in (via_tts, via_chirpstack, tagged):
        (reading,) = result.readings
        assert reading.temperature_c == pytest.approx(expected)
        assert reading.humidity_pct == humidity
        assert reading.battery_v == battery


def test_the_settings_name_a_model_the_server_does_not() -> None:
    settings = rule(loggers={"box-17": {"model": "LHT65N", "TempC_SHT": "drug"}})
    (reading,) = tts(frame="cbc6008200f2017fff7fff", rule=settings).readings
    assert reading.temperature_c == {"drug": 1.3}


def test_an_lht52_frame_carries_its_own_clock() -> None:
    (reading,) = tts(frame="08cd02207fff0161cd4edd", model=("dragino", "lht52")).readings
    assert (reading.time_ms, reading.time_source) == (1_640_845_021_000, "device")
    (unset,) = tts(frame="08cd02207fff0100000100", model=("dragino", "lht52")).readings
    assert (unset.time_ms, unset.time_source) == (TTS_TIME_MS, "gateway")


def test_stored_lht65n_records_are_readings_of_their_own() -> None:
    # Dragino's LHT65N manual: 7FFF089801464160065F97 was taken at 2021-01-19T04:27:03Z.
    stored = "7fff089801464160065f97"
    result = tts(frame=stored * 2, model=("dragino", "lht65n-temp"))
    assert [reading.temperature_c for reading in result.readings] == [{"drug": 22.0}] * 2
    assert {reading.time_ms for reading in result.readings} == {1_611_030_423_000}
    assert result.readings[0].humidity_pct == 32.6


def test_stored_milesight_records_are_told_apart_by_their_size() -> None:
    clock = "97610660"  # little-endian 0x60066197
    with_humidity = tts(frame=f"20ce{clock}2c0017" * 8, model=("milesight", "em300-th"), port=85)
    assert [reading.temperature_c["drug"] for reading in with_humidity.readings] == [4.4] * 8
    assert with_humidity.readings[0].humidity_pct == 11.5
    without = tts(frame=f"20ce{clock}2c00" * 9, model=("milesight", "em500-pt100"), port=85)
    assert [reading.temperature_c["drug"] for reading in without.readings] == [4.4] * 9
    assert {reading.time_ms for reading in without.readings} == {0x60066197 * 1000}
    assert without.readings[0].humidity_pct is None


def test_lsn50_with_three_probes_names_them_all() -> None:
    # Layout of lsn50v2-d20.js: mode 3 in bits 2 to 6 of byte 6, tenths of a degree.
    frame = "0ccd" + "0037" + "0000" + "0c" + "ffd8" + "00d7"
    (reading,) = tts(frame=frame, model=("dragino", "lsn50v2-d23")).readings
    assert reading.temperature_c == {"drug": 5.5, "TempC2": -4.0, "TempC3": 21.5}
    assert reading.battery_v == 3.277


@pytest.mark.parametrize(
    ("model", "frame", "port"),
    [
        ("lht65", "cbf60b0d0376010add7fff", 5),
        ("lht65", "cbf60b0d0376010add7f", 2),
        ("lht52", "0b880100250001", 5),
        ("lsn50", "0ccd", 2),
        ("t00061xx", "03670126", 100),
        ("t00061xx", "0367", 10),
        ("dl-ds18", "01023d0003815e0c15", 1),
        ("dl-ds18", "02023d000381", 1),
        ("em300-th", "0367", 85),
        ("elsys", "01", 5),
    ],
)
def test_frames_that_do_not_fit_are_refused_and_not_misread(
    model: str, frame: str, port: int
) -> None:
    with pytest.raises(BadMessage) as caught:
        tts(frame=frame, port=port, model=("x", model))
    assert caught.value.reason == "bad_frame"


@pytest.mark.parametrize(
    ("model", "frame", "port"),
    [
        # lorawan-devices: a T00061xx light event, and a DL-DS18 frame without temperature.
        ("t00061xx", "020001", 10),
        ("dl-ds18", "02023d00020c15", 1),
        # No probe at all; 85.0 °C, what a DS18B20 says right after power-on.
        ("lsn50", "0ccd7fff00000000000000", 2),
        ("dl-ds18", "02023d00038550" + "0c15", 1),
    ],
)
def test_frames_without_a_temperature_say_so(model: str, frame: str, port: int) -> None:
    result = tts(frame=frame, port=port, model=("x", model))
    assert result.readings == ()
    assert [refusal.reason for refusal in result.refused] == ["no_temperature"]


def test_a_frame_that_is_not_base64_is_refused() -> None:
    message = {
        "end_device_ids": {"device_id": "a"},
        "uplink_message": {"frm_payload": "%%%", "version_ids": {"model_id": "lht65"}},
    }
    with pytest.raises(BadMessage, match="base64"):
        decoder("tts_v3")(json.dumps(message).encode(), context())


def test_a_decoded_history_is_readings_of_their_own_times() -> None:
    # Milesight's decoder gives stored records so (SensorDecoders, em300-th README.md).
    history = [
        {"timestamp": 1665561758, "temperature": 27.2, "humidity": 46.5},
        {"timestamp": 1665561818000, "temperature": 27.3},
        {"timestamp": 0, "temperature": 27.4},
        {"timestamp": "2022-10-12T08:03:38Z", "temperature": "27.50"},
        {"timestamp": 1665561998, "temperature": 327.67},
        7,
    ]
    result = chirpstack(obj={"history": history}, profile="EM300-TH")
    assert [(r.temperature_c, r.time_ms, r.time_source) for r in result.readings] == [
        ({"drug": 27.2}, 1_665_561_758_000, "device"),
        ({"drug": 27.3}, 1_665_561_818_000, "device"),
        ({"drug": 27.5}, 1_665_561_818_000, "device"),
    ]
    assert result.readings[0].humidity_pct == 46.5
    assert [(refusal.index, refusal.reason) for refusal in result.refused] == [
        (2, "bad_record"),
        (4, "no_temperature"),
    ]
    both = chirpstack(obj={"temperature": 4.5, "history": history[:1]})
    assert [r.time_source for r in both.readings] == ["device", "gateway"]


def test_a_clock_in_draginos_decoded_object_is_the_readings_time() -> None:
    # lorawan-devices, lht52-codec.yaml: the object of its example.
    decoded = {"Ext": 1, "Hum_SHT": 54.4, "Systimestamp": 1640845021, "TempC_DS": 327.67,
               "TempC_SHT": 22.53}  # fmt: skip
    (reading,) = tts(decoded=decoded).readings
    assert (reading.time_ms, reading.time_source) == (1_640_845_021_000, "device")
    assert reading.temperature_c == {"TempC_SHT": 22.53}
    (unset,) = tts(decoded={**decoded, "Systimestamp": 300}).readings
    assert (unset.time_ms, unset.time_source) == (TTS_TIME_MS, "gateway")


def test_what_a_decoder_left_undecoded_is_read_from_the_frame_by_the_model_it_names() -> None:
    # Dragino's LHT65N codec puts stored records into a text; its LHT52 codec gives up on them.
    stored = "7fff089801464160065f97"
    for decoded in (
        {"DATALOG": "[327.67,22,32.6,2021-01-19 04:27:03],", "Node_type": "LHT65N"},
        {"Status": "RPL data or sensor reset", "Node_type": "LHT65N"},
    ):
        (reading,) = tts(decoded=decoded, frame=stored).readings
        assert (reading.temperature_c, reading.time_ms) == ({"drug": 22.0}, 1_611_030_423_000)


@pytest.mark.parametrize(
    ("times", "expected_ms"),
    [
        ({"received_at": "2026-11-21T03:04:05.787Z"}, TTS_TIME_MS),
        ({"received_at": None, "settings": {"time": "2026-11-21T03:04:05.787Z"}}, TTS_TIME_MS),
        (
            {"received_at": "soon", "settings": 7,
             "rx_metadata": [3, {"time": "2026-11-21T03:04:05.787Z"}]},
            TTS_TIME_MS,
        ),
        ({"received_at": ""}, TTS_TIME_MS + 213),
    ],
)  # fmt: skip
def test_tts_time_is_the_first_stamp_that_is_one(times: Any, expected_ms: int) -> None:
    message = {
        "end_device_ids": {"device_id": "a"},
        "received_at": "2026-11-21T03:04:06Z",
        "uplink_message": {"decoded_payload": {"temperature": 5}, **times},
    }
    (reading,) = decoder("tts_v3")(json.dumps(message).encode(), context()).readings
    assert (reading.time_ms, reading.time_source) == (expected_ms, "gateway")


def test_chirpstack_time_falls_back_to_the_gateways_and_then_to_the_receive_time() -> None:
    message: dict[str, Any] = {
        "deviceInfo": {"devEui": "24e1240000000001"},
        "rxInfo": [{"gatewayId": "x"}, {"nsTime": "2026-11-21T03:04:05.787Z"}],
        "object": {"temperature": 5},
    }
    (reading,) = decoder("chirpstack_v4")(json.dumps(message).encode(), context()).readings
    assert (reading.time_ms, reading.time_source) == (TTS_TIME_MS, "gateway")
    del message["rxInfo"]
    (reading,) = decoder("chirpstack_v4")(json.dumps(message).encode(), context()).readings
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({"temperature": "4.50", "humidity": "61"}, {"drug": 4.5}),
        ({"temperature": "NULL", "probe_temp": 5.0}, {"probe_temp": 5.0}),
        ({"temp_f": 41.0}, {"drug": 5.0}),
        ({"temperatureF": "41.0"}, {"drug": 5.0}),
        ({"temperature": 41.0, "temperature_unit": "F"}, {"drug": 5.0}),
        ({"temperature": 41.0, "tempUnit": "°F", "temp_alarm": 1}, {"drug": 5.0}),
        ({"temperature": 5.0, "temperature_unit": "auto"}, {"drug": 5.0}),
        ({"temperature": 327.67, "temperature_unit": "F", "probe_temp_c": 5.0},
         {"probe_temp_c": 5.0}),
        ({"temp_e": 4.0, "temp_f": 5.0}, {"drug": 4.0}),
        ({"temperature_sensitivity": 0.5, "max_temperature": 60, "temperature": 5.0},
         {"drug": 5.0}),
        ({"externalTemperature2": [-4.0, 5.5]},
         {"drug": -4.0, "externalTemperature2.2": 5.5}),
    ],
)  # fmt: skip
def test_texts_units_and_settings_in_decoded_objects(obj: Any, expected: dict[str, float]) -> None:
    (reading,) = chirpstack(obj=obj).readings
    assert reading.temperature_c == pytest.approx(expected)


def test_a_mapped_name_that_says_fahrenheit_is_converted() -> None:
    settings = FormatRule(topic="#", format="chirpstack_v4", probes={"probe_temp_f": "drug"})
    (reading,) = chirpstack(obj={"probe_temp_f": 41.0, "temp_c": 20.0}, rule=settings).readings
    assert reading.temperature_c == {"drug": 5.0, "temp_c": 20.0}


def test_the_built_in_and_the_external_probe_of_one_logger_have_roles_of_their_own() -> None:
    # lorawan-devices, lht65-codec.yaml, once as frame and once as decoded object.
    roles = {"lht65": {"TempC_SHT": "ambient", "TempC_DS": "drug"}}
    settings = rule(models=roles)
    frame = "cbf60b0d0376010add7fff"
    decoded = {"BatV": 3.062, "Hum_SHT": 88.6, "TempC_DS": 27.81, "TempC_SHT": 28.29}
    for result in (
        tts(frame=frame, model=("dragino", "lht65"), rule=settings),
        tts(decoded=decoded, model=("dragino", "lht65"), rule=settings),
        chirpstack(frame=frame, tags={"model": "LHT65"}, rule=settings),
        chirpstack(obj=decoded, profile="LHT65", rule=settings),
    ):
        (reading,) = result.readings
        assert reading.temperature_c == {"ambient": 28.29, "drug": 27.81}
    unplugged = tts(frame="cbf60b0d0376017fff7fff", model=("dragino", "lht65"), rule=settings)
    assert unplugged.readings[0].temperature_c == {"ambient": 28.29}
