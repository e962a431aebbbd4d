"""One message of each model in the table, as its network server's decoder writes it, is decoded.

Names and shapes are those of the published decoder that the model's entry cites; numbers are
partly its published examples, partly made up for what they show.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from coldwitness.config.logger_models import logger_model, logger_models
from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import Decoded, decoder
from tests.ingest.formats.context import context

SAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "logger_models.json").read_text(encoding="utf-8")
)


def tts(described: str, decoded: Any, *, rule: FormatRule | None = None) -> Decoded:
    message = {
        "end_device_ids": {"device_id": "box-17"},
        "uplink_message": {
            "received_at": "2026-11-21T03:04:05Z",
            "version_ids": {"brand_id": "brand", "model_id": described},
            "decoded_payload": decoded,
        },
    }
    return decoder("tts_v3")(json.dumps(message).encode(), context(rule=rule))


def chirpstack(described: str, decoded: Any) -> Decoded:
    message = {
        "time": "2026-11-21T03:04:05+00:00",
        "deviceInfo": {"devEui": "24e1240000000001", "deviceProfileName": described},
        "object": decoded,
    }
    return decoder("chirpstack_v4")(json.dumps(message).encode(), context())


@pytest.mark.parametrize("server", [tts, chirpstack])
@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["model"] for sample in SAMPLES])
def test_a_message_of_the_model_is_decoded(server: Any, sample: dict[str, Any]) -> None:
    found = logger_model(sample["described"])
    assert found is not None
    assert found.model == sample["model"]
    decoded = server(sample["described"], sample["object"])
    if not sample["temperature_c"]:  # a model without a thermometer
        assert [refusal.reason for refusal in decoded.refused] == ["no_temperature"]
        return
    (reading,) = decoded.readings
    assert reading.temperature_c == sample["temperature_c"]
    assert reading.humidity_pct == sample["humidity_pct"]
    assert reading.battery_v == sample["battery_v"]
    assert reading.light_lux == sample["light_lux"]


def test_each_model_has_its_message() -> None:
    assert [sample["model"] for sample in SAMPLES] == [
        model.model for model in logger_models().model
    ]


def test_what_a_display_shows_is_no_unit_of_the_model_whose_entry_says_so() -> None:
    decoded = {"temperature": 41, "temperature_unit": "fahrenheit"}
    (display,) = tts("ts201", decoded).readings
    assert display.temperature_c == {"drug": 41.0}
    for other in ("em300-th", "nobody-knows"):
        (reading,) = tts(other, decoded).readings
        assert reading.temperature_c == {"drug": 5.0}


def test_a_probe_that_is_not_there_is_no_zero_degrees() -> None:
    (there,) = tts(
        "ht-sensor",
        {
            "sensorTemperature": 21.4,
            "thermistorProperlyConnected": True,
            "extThermistorTemperature": 0,
        },
    ).readings
    assert there.temperature_c == {"drug": 21.4, "extThermistorTemperature": 0.0}
    result = tts("ltc2-lb", {"BatV": 3.6, "Temp_Channel1": 0, "Temp_Channel2": 0})
    assert result.readings == ()
    (elsewhere,) = tts("ltc2", {"BatV": 3.6, "Temp_Channel1": 0, "Temp_Channel2": 0}).readings
    assert elsewhere.temperature_c == {"drug": 0.0, "Temp_Channel2": 0.0}


def test_the_settings_go_before_the_table() -> None:
    decoded = {"temperatureBoard": 9, "temperature": 6}
    rule = FormatRule(
        topic="v3/#",
        format="tts_v3",
        models={"tbhv110": {"temperatureBoard": "ambient", "temperature": "drug"}},
    )
    (reading,) = tts("tbhv110", decoded, rule=rule).readings
    assert reading.temperature_c == {"ambient": 9.0, "drug": 6.0}


def test_a_mapped_name_keeps_the_models_codes_of_no_value() -> None:
    mapping = {"Temp_Channel1": "drug", "Temp_Channel2": "ambient"}
    rule = FormatRule(topic="v3/#", format="tts_v3", models={"ltc2-lb": mapping})
    decoded = {"Temp_Channel1": 0, "Temp_Channel2": 12.5}
    (reading,) = tts("ltc2-lb", decoded, rule=rule).readings
    assert reading.temperature_c == {"ambient": 12.5}


def test_a_name_that_the_entry_does_not_know_is_read_as_of_any_logger() -> None:
    (reading,) = tts("em300-th", {"temperature": 5.5, "water_temperature": 3.5}).readings
    assert reading.temperature_c == {"drug": 5.5, "water_temperature": 3.5}
    (renamed,) = tts("em300-th", {"temp": 5.5}).readings
    assert renamed.temperature_c == {"drug": 5.5}


def test_only_a_devices_own_temperature_is_no_reading() -> None:
    try:
        readings = tts("dl-itst", {"temperature_head": {"value": 12.0, "unit": "°C"}}).readings
    except BadMessage:
        readings = ()
    assert readings == ()
