"""Ruuvi data formats 3, 5 and 6 with the vectors of Ruuvi's own documentation."""

import json

import pytest

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import DecodeContext, decoder
from coldwitness.ingest.formats.ruuvi_broadcast import parse_broadcast
from tests.ingest.formats.context import RECEIVED_MS

decode = decoder("ruuvi_gateway")
TOPIC = "ruuvi/C8:25:2D:8E:9C:2C/F4:1F:0C:28:CB:D6"


def context(topic: str = TOPIC) -> DecodeContext:
    return DecodeContext(topic=topic, received_ms=RECEIVED_MS)


# ruuvi/docs and ruuvi.endpoints.c (BSD-3-Clause): valid, maximum, minimum of each format.
VECTORS = [
    ("03291A1ECE1EFC18F94202CA0B53", 26.3, 20.5, 2.899),
    ("03FF7F63FFFF7FFF7FFF7FFFFFFF", 127.99, 127.5, 65.535),
    ("0300FF6300008001800180010000", -127.99, 0.0, 0.0),
    ("0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F", 24.3, 53.49, 2.977),
    ("057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F", 163.835, 163.835, 3.646),
    ("058001000000008001800180010000000000CBB8334C884F", -163.835, 0.0, 1.6),
    ("06170C5668C79E007000C90501D9FFCD004C884F", 29.5, 55.3, None),
    ("067FFF9C40FFFE27109C40FAFAFEFFFF074C8F4F", 163.835, 100.0, None),
    ("0680010000000000000000000000FF00004C884F", -163.835, 0.0, None),
    ("C512FC5394C37CAC364200CDCBB8334C884F", 24.3, 53.49, 2.977),
    (
        "E1170C5668C79E0065007004BD11CA00C90A0213E0ACFFFFFFDECDEE01FFFFFFFFFFCBB8334C884F",
        29.5,
        55.3,
        None,
    ),
    (
        "E17FFF9C40FFFE27102710271027109C40FAFADC28F0FFFFFFFFFFFE3FFFFFFFFFFFCBB8334C884F",
        163.835,
        100.0,
        None,
    ),
    (
        "E1800100000000000000000000000000000000000000FFFFFF00000000FFFFFFFFFFCBB8334C884F",
        -163.835,
        0.0,
        None,
    ),
]


@pytest.mark.parametrize(("hex_text", "temperature", "humidity", "battery"), VECTORS)
def test_documented_vectors(
    hex_text: str, temperature: float, humidity: float, battery: float | None
) -> None:
    broadcast = parse_broadcast(bytes.fromhex(hex_text))
    assert broadcast.temperature_c == pytest.approx(temperature, abs=1e-9)
    assert broadcast.humidity_pct == pytest.approx(humidity, abs=1e-9)
    assert broadcast.battery_v == battery
    for body in (hex_text.encode(), bytes.fromhex(hex_text)):
        (reading,) = decode(body, context()).readings
        assert reading.temperature_c == {"drug": pytest.approx(temperature, abs=1e-9)}


def test_format_e1_light_is_in_hundredths_of_a_lux() -> None:
    assert parse_broadcast(bytes.fromhex(VECTORS[10][0])).light_lux == 13_027.0


@pytest.mark.parametrize(
    ("hex_text", "pressure_hpa"),
    [
        (VECTORS[0][0], 1027.66),
        (VECTORS[3][0], 1000.44),
        (VECTORS[5][0], 500.0),
        (VECTORS[6][0], 1011.02),
        (VECTORS[9][0], 1000.44),
        (VECTORS[10][0], 1011.02),
        # The highest code is 1155.34 hPa, which no air on earth has.
        (VECTORS[4][0], None),
        (VECTORS[3][0].replace("C37C", "FFFF"), None),
    ],
)
def test_pressure_of_the_documented_vectors(hex_text: str, pressure_hpa: float | None) -> None:
    (reading,) = decode(hex_text.encode(), context()).readings
    assert reading.pressure_hpa == pressure_hpa


@pytest.mark.parametrize(("sent", "kept"), [(100_044, 1000.44), (1000.44, 1000.44), (90, None)])
def test_decoded_pressure_is_in_pa_or_hpa(sent: float, kept: float | None) -> None:
    message = {"id": "F41F0C28CBD6", "temperature": 4.5, "pressure": sent}
    (reading,) = decode(json.dumps(message).encode(), context()).readings
    assert reading.pressure_hpa == kept


def test_what_a_gateway_collected_is_judged_tag_by_tag() -> None:
    # ruuvi/docs, http-time-stamped-data-from-bluetooth-sensors.md: its envelope and its data.
    good = {
        "rssi": -71,
        "timestamp": "1653633987",
        "data": "0201061BFF99040513C85714C7CC00240008041CAB76F41C3CC6A5B9E0AD06",
    }
    message = {
        "data": {
            "coordinates": "",
            "timestamp": "1653633988",
            "nonce": "2636366621",
            "gw_mac": "C8:25:2D:8E:9C:2C",
            "tags": {
                "C6:A5:B9:E0:AD:06": good,
                "C6:A5:B9:E0:AD:07": {"data": "0201"},
                "C6:A5:B9:E0:AD:08": 7,
                "C6:A5:B9:E0:AD:09": {**good, "data": "0201061BFF990403291A1ECE1EFC18F94202CA0B53"},
            },
        }
    }
    result = decode(json.dumps(message).encode(), context("ruuvi/gateway"))
    assert [(r.logger, r.temperature_c, r.time_ms) for r in result.readings] == [
        ("C6A5B9E0AD06", {"drug": 25.32}, 1_653_633_987_000),
        ("C6A5B9E0AD09", {"drug": 26.3}, 1_653_633_987_000),
    ]
    assert [(refusal.index, refusal.reason) for refusal in result.refused] == [
        (1, "not_ruuvi"),
        (2, "not_ruuvi"),
    ]


def test_a_gateway_without_timestamps_leaves_the_time_of_receipt() -> None:
    # ruuvi/docs, mqtt-data-from-bluetooth-sensors-without-timestamps.md.
    message = {
        "gw_mac": "C8:25:2D:8E:9C:2C",
        "rssi": -25,
        "aoa": [],
        "cnt": "338",
        "data": "0201061BFF990405166455D5C6DE0008FFF403F0AE760F2A8BF41F0C28CBD6",
        "coords": "",
    }
    (reading,) = decode(json.dumps(message).encode(), context()).readings
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")
    assert reading.temperature_c == {"drug": 28.66}
    assert reading.humidity_pct == pytest.approx(0x55D5 * 0.0025)


def test_format_6_light_is_logarithmic() -> None:
    light = parse_broadcast(bytes.fromhex(VECTORS[6][0])).light_lux
    assert light == pytest.approx(13026.67, abs=0.01)


@pytest.mark.parametrize(
    "hex_text",
    [
        "058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF",
        "068000FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "E18000" + "FF" * 37,
        "C58000" + "FF" * 15,
    ],
)
def test_not_available_is_no_reading_and_no_number(hex_text: str) -> None:
    broadcast = parse_broadcast(bytes.fromhex(hex_text))
    assert broadcast.temperature_c is None
    assert broadcast.humidity_pct is None
    assert broadcast.mac is None
    with pytest.raises(BadMessage) as caught:
        decode(hex_text.encode(), context())
    assert caught.value.reason == "no_temperature"


@pytest.mark.parametrize("stamp", ["1653668027", 1653668027])
def test_the_gateways_message_is_read_with_its_time(stamp: str | int) -> None:
    # ruuvi/docs, mqtt-time-stamped-data-from-bluetooth-sensors.md.
    message = {
        "gw_mac": "C8:25:2D:8E:9C:2C",
        "rssi": -26,
        "gwts": stamp,
        "ts": stamp,
        "data": "0201061BFF99040515AE4C6DC6D7000CFFF803F4ADB6AD697FF41F0C28CBD6",
        "coords": "",
    }
    (reading,) = decode(json.dumps(message).encode(), context()).readings
    assert reading.logger == "F41F0C28CBD6"
    assert (reading.time_ms, reading.time_source) == (1_653_668_027_000, "gateway")
    assert reading.temperature_c == {"drug": 27.75}
    assert reading.humidity_pct == pytest.approx(48.9125)
    assert (reading.battery_v, reading.lat_deg) == (2.989, None)


def test_a_gateway_that_decodes_itself_is_understood() -> None:
    message = {"id": "F4:1F:0C:28:CB:D6", "ts": 1653668027, "temperature": 4.5, "humidity": 50.1}
    (reading,) = decode(json.dumps(message).encode(), context("ruuvi/x")).readings
    assert (reading.logger, reading.temperature_c) == ("F41F0C28CBD6", {"drug": 4.5})


def test_half_an_address_gives_way_to_the_topics_whole_one() -> None:
    (reading,) = decode(VECTORS[6][0].encode(), context()).readings
    assert reading.logger == "F41F0C28CBD6"
    (reading,) = decode(VECTORS[6][0].encode(), context("")).readings
    assert reading.logger == "4C884F"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_ruuvi"),
        (b"{}", "not_ruuvi"),
        (b'{"data":"02010303"}', "not_ruuvi"),
        (b'{"data":"zz"}', "bad_frame"),
        (b'{"data":"0201061BFF9904"}', "not_ruuvi"),
        (b'{"data":"0201060AFF990405120000"}', "bad_frame"),
        (b'{"data":"02010608FF990404120000"}', "not_ruuvi"),
        (b"0512FC", "bad_frame"),
        (b"03290A64CE1EFC18F94202CA0B53", "bad_frame"),
    ],
)
def test_what_is_no_ruuvi_broadcast_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as caught:
        decode(body, context())
    assert caught.value.reason == reason
