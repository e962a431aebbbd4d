"""The command: files that repeat, a list, and one line for a user's mistake."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coldwitness.cli.main import program
from coldwitness.domain.errors import BadInput
from coldwitness.simulators.scenario import scenario_names


def run(*arguments: str) -> Result:
    words = ["simulate", *arguments]
    return CliRunner().invoke(program(words), words)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("--out", str(tmp_path / name), "--seed", "4", "--boxes", "5").exit_code == 0
    for name in ("telemetry.ndjson", "manifests.ndjson", "office.ndjson", "truth.ndjson"):
        written = (tmp_path / "one" / name).read_bytes()
        assert written
        assert written == (tmp_path / "two" / name).read_bytes()


def test_scenarios_and_end_are_chosen(tmp_path: Path) -> None:
    arguments = ["--scenario", "freezing", "--scenario", "clean", "--boxes", "3"]
    result = run("--out", str(tmp_path), *arguments, "--end", "2026-09-01T10:00:00+08:00")
    assert result.exit_code == 0
    truths = (tmp_path / "truth.ndjson").read_text("utf-8").splitlines()
    assert ['"scenario":"freezing"' in line for line in truths] == [True, False, True]
    assert '"ZB-20260901-0001"' in truths[0]


def test_without_scenarios_most_deliveries_are_ordinary(tmp_path: Path) -> None:
    assert run("--out", str(tmp_path), "--boxes", "40").exit_code == 0
    text = (tmp_path / "truth.ndjson").read_text("utf-8")
    assert text.count('"fraud":"none"') > 30


def test_the_list_names_every_scenario() -> None:
    listed = run("--list").stdout
    assert all(name in listed for name in scenario_names())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "expected --out DIR or --broker"),
        (["--broker", "localhost"], "expected HOST:PORT"),
        (["--broker", "localhost:99999"], "expected HOST:PORT"),
        (["--out", "x", "--scenario", "nope"], "scenario 'nope': unknown"),
        (["--out", "x", "--end", "2026-01-01 10:00"], "--end: "),
        (["--broker", "h:1", "--password-file", "/nonexistent/secret"], "cannot be read"),
    ],
)
def test_a_mistake_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert isinstance(result.exception, BadInput)
    assert said in str(result.exception)
    assert "\n" not in str(result.exception)
