"""Whole uplinks as the two servers publish them (thingsboard/data-converters, VENDORS/*:
payload.json and result.json, Apache-2.0; parts that say nothing here are left out), against the
values and times their converters give."""

import json
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.instants import instant_ms
from coldwitness.ingest.formats import DecodeContext, decoder
from tests.ingest.formats.context import RECEIVED_MS


def tts(device: str, eui: str, port: int, frame: str, received_at: str) -> dict[str, Any]:
    return {
        "end_device_ids": {
            "device_id": device,
            "application_ids": {"application_id": "application-tts-name"},
            "dev_eui": eui,
            "dev_addr": "20000001",
        },
        "correlation_ids": ["as:up:01H0S7ZJQ9MQPMVY49FT3SE07M"],
        "received_at": "2023-05-19T05:33:35.848446463Z",
        "uplink_message": {
            "session_key_id": "AYfqmb0pc/1uRZv9xUydgQ==",
            "f_port": port,
            "f_cnt": 10335,
            "frm_payload": frame,
            "rx_metadata": [
                {"time": "2023-05-19T05:33:35.608982Z", "timestamp": 3893546133, "rssi": -35}
            ],
            "settings": {"frequency": "867100000", "timestamp": 3893546133},
            "received_at": received_at,
            "network_ids": {"net_id": "000013", "tenant_id": "ttn"},
        },
    }


def chirpstack(eui: str, port: int, frame: str) -> dict[str, Any]:
    return {
        "deduplicationId": "57433366-50a6-4dc2-8145-2df1bbc70d9e",
        "time": "2023-05-22T07:47:05.404859+00:00",
        "deviceInfo": {
            "tenantName": "ChirpStack",
            "deviceProfileName": "Chirpstack default device profile",
            "deviceName": "Device name",
            "devEui": eui,
            "tags": {},
        },
        "devAddr": "20000001",
        "adr": True,
        "dr": 5,
        "fCnt": 4,
        "fPort": port,
        "confirmed": False,
        "data": frame,
        "rxInfo": [{"gatewayId": "6a7e111a10000000", "time": "2023-05-22T07:47:05.404859+00:00"}],
        "txInfo": {"frequency": 868500000},
    }


EUI = "1000000000000001"
CAPTURED = [
    (
        "tts_v3",
        "EM500-PT100",
        tts(f"eui-{EUI}", EUI, 85, "AXVkA2cZAQ==", "2023-05-19T05:33:35.641841782Z"),
        (f"eui-{EUI}", 28.1, None, None, "2023-05-19T05:33:35.641Z"),
    ),
    (
        "tts_v3",
        "DL-DS18",
        tts("03022", "70B3D57BA0000BCE", 1, "AgI9AAOBXgwV", "2020-02-06T09:46:05.234172599Z"),
        ("03022", 21.875, None, 3.093, "2020-02-06T09:46:05.234Z"),
    ),
    (
        "chirpstack_v4",
        "EM500-PT100",
        chirpstack(EUI, 85, "AXVkA2cZAQ=="),
        (EUI, 28.1, None, None, "2023-05-22T07:47:05.404Z"),
    ),
    (
        "chirpstack_v4",
        "Tektelic Comfort",
        chirpstack(EUI, 10, "A2cA4QRoTQC6C54="),
        (EUI, 22.5, 38.5, 2.974, "2023-05-22T07:47:05.404Z"),
    ),
    (
        "chirpstack_v4",
        "ERS2",
        chirpstack(EUI, 85, "AQDiAikHDWI="),
        (EUI, 22.6, 41.0, 3.426, "2023-05-22T07:47:05.404Z"),
    ),
]


@pytest.mark.parametrize(("server", "model", "message", "expected"), CAPTURED)
def test_captured_uplinks_mean_what_their_converters_say(
    server: str, model: str, message: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    logger, temperature, humidity, battery, time = expected
    rule = FormatRule(topic="#", format=server, loggers={logger: {"model": model}})
    context = DecodeContext(topic="t", received_ms=RECEIVED_MS, rule=rule)
    (reading,) = decoder(server)(json.dumps(message).encode(), context).readings
    name = "ambient_temperature" if model.startswith("Tektelic") else "drug"
    assert (reading.logger, reading.temperature_c) == (logger, {name: temperature})
    assert (reading.humidity_pct, reading.battery_v) == (humidity, battery)
    assert (reading.time_ms, reading.time_source) == (instant_ms(time), "gateway")


@pytest.mark.parametrize("server", ["tts_v3", "chirpstack_v4"])
def test_a_probe_that_measured_nothing_is_no_reading(server: str) -> None:
    # DL-DS18, payload_01.json: flags say battery alone.
    message = (
        chirpstack(EUI, 1, "AgI9AAIMFQ==")
        if server == "chirpstack_v4"
        else tts(EUI, EUI, 1, "AgI9AAIMFQ==", "2024-11-10T12:51:50Z")
    )
    rule = FormatRule(topic="#", format=server, loggers={EUI: {"model": "DL-DS18"}})
    context = DecodeContext(topic="t", received_ms=RECEIVED_MS, rule=rule)
    result = decoder(server)(json.dumps(message).encode(), context)
    assert result.readings == ()
    assert [refusal.reason for refusal in result.refused] == ["no_temperature"]


def test_a_profile_that_names_no_model_is_refused_with_what_to_do() -> None:
    context = DecodeContext(topic="t", received_ms=RECEIVED_MS)
    message = chirpstack(EUI, 85, "AXVkA2cZAQ==")
    result = decoder("chirpstack_v4")(json.dumps(message).encode(), context)
    assert [refusal.reason for refusal in result.refused] == ["no_decoder"]
    assert "name it in the settings" in result.refused[0].text
