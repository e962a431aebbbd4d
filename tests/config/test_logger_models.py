"""Models of loggers are data: an entry that cannot be meant is named with file, model and key."""

from pathlib import Path

import pytest

from coldwitness.config.logger_models import (
    MODELS_FILE,
    load_logger_models,
    logger_model,
    logger_models,
)
from coldwitness.domain.errors import ConfigError


def test_each_model_names_the_published_file_it_was_read_from() -> None:
    assert len(logger_models().model) >= 40
    for model in logger_models().model:
        repository, _, path = model.source.partition(", ")
        assert repository.count("/") == 1, model.model
        assert "." in path.rpartition("/")[2], model.model


@pytest.mark.parametrize(
    ("described", "model"),
    [
        (("Dragino", "LHT-65N"), "LHT65N"),
        (("lht65n-temp",), "LHT65N"),
        (("dragino", "LHT65N-E31F"), "LHT65N-E31F"),
        (("LTC2-LB",), "LTC2-LB"),
        (("elsys", "ers"), "ERS"),
        (("R718B2",), "R718B2, R718CK2, R718CT2"),
        (("milesight-iot", "em300-th"), "EM300-TH"),
        (("lht65nx",), None),
        (("ers",), None),
        (("", None), None),
        (("我的温度计",), None),
    ],
)
def test_a_model_is_known_by_whole_words_and_the_longest_name(
    described: tuple[str | None, ...], model: str | None
) -> None:
    found = logger_model(*described)
    assert (found.model if found else None) == model


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('known_as = ["em300-mcs"]', 'known_as = ["EM300 TH"]', "EM300-MCS.*stands twice"),
        ('temperature = { unit = "°C" }', 'temperature = { unit = "K" }', "unit"),
        (
            'temperature = { unit = "°C" }',
            'temperature = { unit = "°C", of = "device" }',
            "probe's",
        ),
        ('humidity = { unit = "%RH" }', 'humidity = { unit = "%RH", of = "device" }', "°C only"),
        ("day = 2026-11-29", "", "day"),
        ("source = ", "sources = ", "sources"),
    ],
)
def test_an_entry_that_does_not_fit_is_named(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = MODELS_FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "logger_models.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load_logger_models(path)
