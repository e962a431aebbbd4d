"""Codes of no value and models that mean something else are data, each with its source."""

from pathlib import Path

import pytest

from coldwitness.config.logger_facts import FACTS_FILE, load_logger_facts, logger_facts
from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.formats.plausible import NO_VALUE_C, NOT_EVEN_FAHRENHEIT, ZIGBEE_NO_VALUE_C


def test_the_codes_are_those_that_sensors_are_known_to_send() -> None:
    registers = {327.67, 327.66, -327.68, 655.35, 3276.7, -3276.8, 6553.5}
    assert registers == NOT_EVEN_FAHRENHEIT
    assert registers | {85.0, -127.0} == NO_VALUE_C
    assert {-100.0} == ZIGBEE_NO_VALUE_C
    assert "FMB6" in logger_facts().teltonika.engine_models


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("celsius = 85.0", "celsius = 327.67", "stands twice"),
        ("celsius = 85.0", 'celsius = "85"', "no_value"),
        ('only = "zigbee"', 'only = "lora"', "zigbee"),
        ("day = 2026-11-29", "", "day"),
    ],
)
def test_a_fact_that_does_not_fit_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = FACTS_FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "logger_facts.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load_logger_facts(path)
