"""Mappings of the settings, checked at start."""

from pathlib import Path

import pytest

from coldwitness.config.settings import load_settings
from coldwitness.domain.errors import ConfigError

RULE = '[[formats]]\ntopic = "tele/+/SENSOR"\nformat = "tasmota"\n'


@pytest.mark.parametrize("place", ["probes", "models.LHT65N", "loggers.box42"])
@pytest.mark.parametrize("role", ["drugs", "Drug", "", "drug.0", "TempC"])
def test_a_mapping_to_no_role_stops_the_start_and_lists_the_roles(
    tmp_path: Path, place: str, role: str
) -> None:
    path = tmp_path / "s.toml"
    path.write_text(f'{RULE}[formats.{place}]\nTempC_DS = "{role}"\n')
    with pytest.raises(ConfigError, match="drug, coolant, ambient, goods") as caught:
        load_settings(path)
    assert f"{place}.TempC_DS" in str(caught.value)


@pytest.mark.parametrize("role", ["drug", "coolant", "ambient", "goods", "drug.2", "drug.2@B"])
def test_a_mapping_to_a_role_and_what_a_logger_is_told_beside_it_are_taken(
    tmp_path: Path, role: str
) -> None:
    path = tmp_path / "s.toml"
    about = 'box = "BX-1"\ncourier = "ql"\nmodel = "lht65n"\n'
    path.write_text(f'{RULE}[formats.loggers.box42]\nTempC_DS = "{role}"\n{about}')
    (rule,) = load_settings(path).formats
    assert rule.loggers["box42"]["TempC_DS"] == role


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[mqtt]\nhsot = "x"\n', "mqtt.hsot: no such setting; did you mean host?"),
        ("[store]\ninflux_batch_row = 5\n", "did you mean influx_batch_rows?"),
        (RULE + "loger = {}\n", "did you mean loggers?"),
        ("[mqqt]\nport = 1\n", "did you mean mqtt?"),
        ("[mqtt]\nzzz = 1\n", "config init"),
    ],
)
def test_a_setting_that_does_not_exist_is_named_with_the_one_it_is_most_like(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert told in str(caught.value)
