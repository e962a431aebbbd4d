"""What `make` does before anything is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the first step reads."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "venv", tmp_path / ".ci" / "venv")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def _pythons(checkout: Path, *, version: str, fits: int) -> str:
    """A stand-in for a Python of that version."""
    stand_in = checkout / "python-of-old"
    stand_in.write_text(
        f'#!/bin/sh\ncase "$2" in *platform*) echo {version};; *) exit {fits};; esac\n'
    )
    stand_in.chmod(0o755)
    return str(stand_in)


def _venv(checkout: Path, python: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout / ".ci" / "venv"), python],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )


def test_a_python_too_old_is_told_in_one_line_before_anything_is_made(checkout: Path) -> None:
    done = _venv(checkout, _pythons(checkout, version="3.10.12", fits=1))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "is Python 3.10.12; expected Python >= 3.11" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_not_there_is_told_in_one_line(checkout: Path) -> None:
    done = _venv(checkout, "python-of-nowhere")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "python-of-nowhere: not found" in done.stderr


def test_a_half_made_environment_is_made_anew_and_a_whole_one_stays(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    (checkout / ".venv" / "left-over").touch()
    done = _venv(checkout, sys.executable)
    assert (done.returncode, "half made" in done.stderr) == (0, True)
    assert not (checkout / ".venv" / "left-over").exists()
    assert subprocess.run([python, "-m", "pip", "--version"], check=False).returncode == 0
    (checkout / ".venv" / "mine").touch()
    done = _venv(checkout, sys.executable)
    assert (done.returncode, done.stderr) == (0, "")
    assert (checkout / ".venv" / "mine").exists()


@pytest.fixture
def made_checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile, whose programs note that they ran and end with what NAME.ends
    says, 0 without it."""
    shutil.copy(ROOT / "Makefile", tmp_path / "Makefile")
    programs = [tmp_path / ".venv" / "bin" / name for name in ("python", "ruff", "mypy")]
    programs += [tmp_path / ".venv" / "bin" / "lint-imports", tmp_path / ".ci" / "install-servers"]
    for program in programs:
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(
            '#!/bin/sh\n[ "$1" = -c ] && exit 0\n'
            f"echo ran >>{tmp_path}/{program.name}.ran\n"
            f"exit $(cat {tmp_path}/{program.name}.ends 2>/dev/null || echo 0)\n"
        )
        program.chmod(0o755)
    for name in ("requirements-bootstrap.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    for name in (".bootstrap", ".dev"):
        (tmp_path / ".venv" / name).touch()
    return tmp_path


@pytest.mark.parametrize("failing", ["", "ruff", "lint-imports", "mypy", "python"])
def test_make_test_passes_only_if_lint_types_and_tests_do(
    made_checkout: Path, failing: str
) -> None:
    if failing:
        (made_checkout / f"{failing}.ends").write_text("1")
    done = subprocess.run(
        ["make", "-C", str(made_checkout), "test"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert (done.returncode == 0) == (not failing), done.stderr
    ran = {path.stem for path in made_checkout.glob("*.ran")}
    if failing in ("", "mypy", "python"):
        assert {"mypy", "python"} <= ran, "what one finds is told with what the other finds"
