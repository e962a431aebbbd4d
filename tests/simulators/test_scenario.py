"""Scenario files: every shipped one loads; a mistake is one line naming file and key."""

from pathlib import Path

import numpy as np
import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.simulators.scenario import (
    SCENARIOS_DIR,
    draw,
    load_scenario,
    scenario,
    scenario_names,
)

HEAD = 'name = "x"\ntitle = { zh = "甲", en = "a" }\nstory = "s"\n'


def written(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "x.toml"
    path.write_text(HEAD + body, encoding="utf-8")
    return path


def test_the_stories_that_the_product_needs_are_there() -> None:
    assert {
        "clean",
        "warm_break",
        "freezing",
        "depot_storage",
        "missing_separator",
        "hot_meal",
        "logger_silent",
        "late_backlog",
        "lid_left_open",
        "traffic_jam",
        "allowed_transfer",
        "calibration_expired",
        "clock_error",
        "winter_cold",
        "copied_curve",
        "door_wait",
    } <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_bears_the_name_of_its_file(name: str) -> None:
    assert scenario(name).name == name
    assert scenario(name).title.zh


def test_no_scenario_says_what_a_detector_should_answer() -> None:
    for path in SCENARIOS_DIR.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert "verdict" not in text
        assert "expect" not in text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('seasons = "summer"\n', "seasons"),
        ('season = "monsoon"\n', "monsoon"),
        ("[pack]\ndrug_kg = 0.0\n", "drug_kg: expected more than 0"),
        ("[pack]\ncontact = [0.5, 1.5]\n", "contact: expected 0 to 1"),
        ("[journey]\ndistance_km = [9.0, 3.0]\n", "low <= high"),
        ("[journey]\njam_min = -1\n", "no less than 0"),
        ("[logger]\nnoise_c = nan\n", "finite"),
        ("[logger]\ninterval_s = 0\n", "interval_s: expected more than 0"),
        ("[[radio.silences]]\nat = 2.0\nminutes = 1\nfate = 'lost'\n", "at: expected 0 to 1"),
        ("[[radio.silences]]\nat = 0.1\nminutes = 1\nfate = 'eaten'\n", "eaten"),
        ("[logger]\nprobes = ['ambient']\n", "probes: expected drug, got"),
        ("[logger]\nprobes = ['drug']\nswapped = true\n", "expected drug and coolant"),
        ("season = \n", "not TOML"),
    ],
)
def test_a_mistake_names_the_file_and_what_was_expected(
    tmp_path: Path, body: str, said: str
) -> None:
    with pytest.raises(BadInput, match=r"x\.toml") as caught:
        load_scenario(written(tmp_path, body))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value).strip() or "not TOML" in str(caught.value)


def test_an_unknown_scenario_names_those_that_are_known() -> None:
    with pytest.raises(BadInput, match=r"'cleen': unknown; known: .*clean"):
        scenario("cleen")


def test_a_scenario_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    path = written(tmp_path, 'season = "winter"\n')
    assert scenario(str(path)).season == "winter"


def test_a_span_is_drawn_between_its_ends_and_a_number_is_itself() -> None:
    rng = np.random.default_rng(1)
    values = [draw(rng, (2.0, 3.0)) for _ in range(200)]
    assert 2.0 <= min(values) < 2.1
    assert 2.9 < max(values) <= 3.0
    assert draw(rng, 7.5) == 7.5
