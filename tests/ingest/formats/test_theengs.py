"""Bluetooth sensors behind Theengs Gateway and OpenMQTTGateway, as captures in public issues and
the decoder's own descriptions show them."""

import json
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.ingest.formats import DecodeContext, decoder
from tests.ingest.formats.context import RECEIVED_MS

TOPIC = "home/OpenMQTTGateway/BTtoMQTT/C6C752663CBF"
METER: dict[str, Any] = {
    "id": "C6:C7:52:66:3C:BF",
    "mac_type": 1,
    "rssi": -23,
    "brand": "SwitchBot",
    "model": "Meter (Plus)",
    "model_id": "THX1/W230150X",
    "tempc": 17.6,
    "tempf": 63.68,
    "hum": 63,
    "batt": 100,
}


def read(message: dict[str, Any], rule: FormatRule | None = None) -> Reading:
    context = DecodeContext(topic=TOPIC, received_ms=RECEIVED_MS, rule=rule)
    (only,) = decoder("theengs")(json.dumps(message).encode(), context).readings
    return only


def test_a_sensor_is_the_logger_and_has_no_clock() -> None:
    meter = read(METER)
    assert (meter.logger, meter.time_ms, meter.time_source) == (
        "C6C752663CBF", RECEIVED_MS, "received",
    )  # fmt: skip
    assert (meter.temperature_c, meter.humidity_pct) == ({"drug": 17.6}, 63.0)


def test_battery_per_cent_are_no_volts() -> None:
    assert read(METER).battery_v is None
    assert read(METER | {"volt": 2.909}).battery_v == 2.909


def test_the_air_pressure_of_a_ruuvi_tag_is_kept() -> None:
    assert read(METER).pressure_hpa is None
    assert read(METER | {"pres": 1013.25}).pressure_hpa == 1013.25


def test_several_probes_are_told_apart_and_fahrenheit_is_not_a_probe() -> None:
    several = {"tempc": 4.5, "tempf": 40.1, "tempc2": 5.1, "tempf2": 41.18, "tempc4": -18}
    assert read(METER | several).temperature_c == {"drug": 4.5, "tempc2": 5.1, "tempc4": -18.0}


def test_a_probe_that_is_not_plugged_in_is_absent() -> None:
    rule = FormatRule(topic=TOPIC, format="theengs", probes={"tempc": "ambient", "tempc2": "drug"})
    message = {key: value for key, value in METER.items() if key != "tempc"} | {"tempc2": 4.5}
    assert read(message, rule).temperature_c == {"drug": 4.5}


def test_the_model_finds_its_probes_by_the_makers_number() -> None:
    rule = FormatRule(topic=TOPIC, format="theengs", models={"THX1/W230150X": {"tempc": "ambient"}})
    assert read(METER, rule).temperature_c == {"ambient": 17.6}


@pytest.mark.parametrize(
    ("unixtime", "time_ms", "source"),
    [
        (1_795_230_245, 1_795_230_245_000, "gateway"),
        (1_000_000_000, 1_000_000_000_000, "gateway"),
        (999_999_999, RECEIVED_MS, "received"),
        (188, RECEIVED_MS, "received"),
        (None, RECEIVED_MS, "received"),
        ("1795230245", 1_795_230_245_000, "gateway"),
        ("188", RECEIVED_MS, "received"),
    ],
)
def test_the_gateways_clock_counts_once_it_was_set(
    unixtime: object, time_ms: int, source: str
) -> None:
    """OpenMQTTGateway sends the seconds since its start until a time server has answered."""
    meter = read(METER | {"unixtime": unixtime})
    assert (meter.time_ms, meter.time_source) == (time_ms, source)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            {"uptime": 188, "version": "1", "freemem": 133276, "tempc": 48.33, "rssi": -31},
            "no_logger",
        ),
        ({"id": "", "tempc": 4.5}, "no_logger"),
        ({"id": 7, "tempc": 4.5}, "no_logger"),
        (
            {"id": "58:2D:34:11:92:08", "rssi": -79, "name": "Qingping Temp & RH Lite"},
            "no_temperature",
        ),
        ({"id": "58:2D:34:11:92:08", "hum": 51.3, "tempf": 40.1}, "no_temperature"),
        ({"id": "58:2D:34:11:92:08", "tempc": "4.5"}, "no_temperature"),
        ({"id": "58:2D:34:11:92:08", "tempc": 85.0}, "no_temperature"),
    ],
    ids=str,
)
def test_what_is_no_sensors_temperature_is_refused(message: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadMessage) as refused:
        read(message)
    assert refused.value.reason == reason
