"""A unit that a native reading states is converted or refuses it; it is never ignored."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.ingest.files.recorded import read_files
from coldwitness.ingest.formats import DecodeContext, Decoded, decoder

TIME = "2026-11-21T03:04:05Z"
WORDS = {
    "C": ["C", "°C", "celsius", "Celsius", "℃", " c "],
    "F": ["F", "f", "°F", "Fahrenheit", "FAHRENHEIT", "℉"],
    "K": ["K", "k", "Kelvin", "kelvin"],
}


def sent(celsius: float, unit: str) -> float:
    return {"C": celsius, "F": celsius * 1.8 + 32, "K": celsius + 273.15}[unit]


def said(temperature: object, **more: Any) -> Decoded:
    message = {"logger": "L", "time": TIME, "temperature": temperature, **more}
    context = DecodeContext(topic="coldchain/v1/c/b/readings", received_ms=1_795_230_300_000)
    return decoder("native")(json.dumps(message).encode(), context)


units = st.sampled_from(sorted(WORDS)).flatmap(
    lambda unit: st.tuples(st.just(unit), st.sampled_from(WORDS[unit]))
)


@given(celsius=st.integers(-80, 60), unit=units)
def test_every_probe_is_converted_from_the_stated_unit(celsius: int, unit: tuple[str, str]) -> None:
    value = sent(celsius, unit[0])
    (reading,) = said({"drug": value, "ambient": value}, unit=unit[1]).readings
    assert reading.temperature_c == pytest.approx(dict.fromkeys(("drug", "ambient"), celsius))


@given(celsius=st.integers(-80, 60), own=units, of_all=units)
def test_a_unit_of_a_value_goes_before_the_readings(
    celsius: int, own: tuple[str, str], of_all: tuple[str, str]
) -> None:
    temperature = {
        "drug": {"value": sent(celsius, own[0]), "unit": own[1]},
        "coolant": {"value": sent(celsius, of_all[0])},
        "ambient": sent(celsius, of_all[0]),
    }
    (reading,) = said(temperature, unit=of_all[1]).readings
    assert reading.temperature_c == pytest.approx(dict.fromkeys(temperature, celsius))


@pytest.mark.parametrize("unit", ["R", "", "psi", "mC", 5, True, ["F"], {"unit": "F"}])
def test_an_unknown_unit_refuses_the_reading(unit: Any) -> None:
    for decoded in (said({"drug": 4.5}, unit=unit), said({"drug": {"value": 4.5, "unit": unit}})):
        assert not decoded.readings
        assert [refusal.reason for refusal in decoded.refused] == ["unit_unknown"]


@pytest.mark.parametrize("value", [10**400, True, "4.5", [4.5]])
def test_a_value_that_is_no_number_refuses_its_reading_whatever_its_unit(value: Any) -> None:
    decoded = said({"drug": {"value": value, "unit": "F"}})
    assert not decoded.readings
    assert len(decoded.refused) == 1


def test_a_code_of_no_value_is_none_in_any_unit() -> None:
    (reading,) = said({"drug": 327.67, "ambient": 77.0}, unit="F").readings
    assert reading.temperature_c == {"ambient": 25.0}


def test_a_file_converts_as_a_message_does(tmp_path: Path) -> None:
    path = tmp_path / "f.ndjson"
    lines = [({"drug": 4.5}, "C"), ({"drug": 40.1}, "F"), ({"drug": 4.5}, "R")]
    path.write_text(
        "".join(
            json.dumps({"logger": "L", "shipment": "S", "time": f"2026-11-21T03:0{minute}:00Z",
                        "temperature": temperature, "unit": unit}) + "\n"
            for minute, (temperature, unit) in enumerate(lines)
        )
    )  # fmt: skip
    recorded = read_files([path])
    assert sorted(recorded.table.temperature_c["drug"].tolist()) == [4.5, 4.5]
    assert recorded.refused_count == 1
