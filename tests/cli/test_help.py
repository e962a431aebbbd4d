"""What every command has in common: help, settings, one clear line for a mistake."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coldwitness.cli.main import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"coldwitness {name}" in capsys.readouterr().out


def test_help_lists_every_command_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "import sys; from coldwitness.cli.main import main; main(['--help']);"
        "heavy = {'numpy', 'msgspec', 'pandas', 'fastapi', 'sqlalchemy'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, entry in COMMANDS.items():
        assert any(line.split()[:1] == [name] for line in done.stdout.splitlines()), name
        assert len(entry.help) <= 66, "the line would be cut"


def test_numpy_computes_in_one_thread_unless_the_environment_says_else() -> None:
    code = (
        "import os; from coldwitness.cli.main import one_thread_for_algebra;"
        "one_thread_for_algebra(); import numpy;"
        "print(len(os.listdir('/proc/self/task')), os.environ['OPENBLAS_NUM_THREADS'])"
    )
    unsaid = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    for environment, told in ((unsaid, "1 1"), (unsaid | {"OPENBLAS_NUM_THREADS": "2"}, "2 2")):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == told.split()


def test_settings_are_those_of_the_file_named_before_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[http]\nport = 8765\n")
    assert main(["--config", str(file), "config", "show"]) == 0
    assert '"port": 8765' in capsys.readouterr().out
    assert "COLDWITNESS_CONFIG" not in os.environ


def test_the_demo_says_that_it_takes_no_settings_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("")
    assert main(["--config", str(file), "demo"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "demo: takes no --config" in said


def test_an_unknown_command_is_a_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chekc"]) == 2
    assert "chekc" in capsys.readouterr().err
