"""The file that `config init` writes: it loads, and no setting is missing from it."""

import re
from pathlib import Path

from pydantic import BaseModel
from typer.testing import CliRunner

from coldwitness.cli.main import program
from coldwitness.config.settings import EXAMPLE_FILE, Settings, load_settings

TEXT = EXAMPLE_FILE.read_text(encoding="utf-8")


def test_the_file_loads_and_changes_no_default() -> None:
    assert load_settings(EXAMPLE_FILE) == Settings()


def uncommented() -> str:
    """The file with its examples in force: every line that could be a setting."""
    return re.sub(r"^# (?=\[|[a-z_]+ = )", "", TEXT, flags=re.M)


def test_its_examples_are_settings_as_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(uncommented().replace("whsec_…", "whsec_AAAA"), encoding="utf-8")
    loaded = load_settings(file)
    assert loaded.formats[0].loggers["lht65n-0042"]["box"] == "BX-0042"
    assert loaded.mqtt.shared_group == "ingest"


def test_every_setting_stands_in_it() -> None:
    for name, field in Settings.model_fields.items():
        assert f"[{name}]" in TEXT or f"[[{name}]]" in TEXT, name
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            part = uncommented().partition(f"[{name}]")[2].partition("\n[")[0]
            for key in section.model_fields:
                if key not in ("password", "influx_token"):  # secrets belong into files
                    its = re.search(rf"^{key} = ", part, re.M) or f"[{name}.{key}]" in TEXT
                    assert its, f"{name}.{key}"


def test_init_writes_it_once_and_prints_it_without_a_path(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    runner, arguments = CliRunner(), ["config", "init", str(path)]
    assert runner.invoke(program(arguments), arguments).exit_code == 0
    assert path.read_text(encoding="utf-8") == TEXT
    path.write_text("[mqtt]\n")
    again = runner.invoke(program(arguments), arguments)
    assert again.exit_code != 0
    assert path.read_text() == "[mqtt]\n"
    printed = runner.invoke(program(["config", "init"]), ["config", "init"])
    assert printed.stdout == TEXT
