"""Ruuvi data formats 3, 5 and 6 with the vectors of Ruuvi's own documentation."""

import json

import pytest

from domain.errors import BadMessage
from ingest.formats import DecodeContext, decoder
from ingest.formats.ruuvi_gateway import parse_broadcast
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


def test_format_6_light_is_logarithmic() -> None:
    light = parse_broadcast(bytes.fromhex(VECTORS[6][0])).light_lux
    assert light == pytest.approx(13026.67, abs=0.01)


@pytest.mark.parametrize(
    "hex_text",
    [
        "058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF",
        "068000FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
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
