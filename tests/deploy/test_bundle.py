"""The offline bundle installs itself without any index, and only what was packed."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.wheels import wheel_of

ROOT = Path(__file__).parents[2]
MAKE = ROOT / "deploy" / "bundle" / "make.py"
NOWHERE = {
    # Whoever asked an index all the same would be told so at once.
    "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "COMPILE": "",
}


@dataclass
class Bundle:
    folder: Path
    said: str

    def install(self, to: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "install"), str(to)],
            env={"PATH": os.environ["PATH"], "PYTHON": sys.executable, **NOWHERE},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bundle_make", MAKE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bundle(make: ModuleType) -> Iterator[Bundle]:
    """Of what is installed here; half a gigabyte, so it does not stay."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        wheels, made = Path(folder) / "all", Path(folder) / "bundle"
        wheels.mkdir()
        for name in make.locked():
            wheel_of(name, wheels)
        done = subprocess.run(
            [sys.executable, str(MAKE), str(made), "--wheels", str(wheels)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield Bundle(made, done.stderr)


@pytest.mark.timeout(400)
def test_it_installs_without_an_index_and_judges(bundle: Bundle, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="installed-") as folder:
        place = Path(folder) / "opt"
        done = bundle.install(place)
        assert done.returncode == 0, done.stderr
        program = place / "current" / "bin" / "coldwitness"
        assert (place / "current").is_symlink()

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(program), *arguments],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"]},
                capture_output=True,
                text=True,
                check=False,
            )

        assert run("--version").stdout == done.stdout.splitlines()[0] + "\n"
        (tmp_path / "readings.csv").write_text(
            "shipment,logger,time,drug\n"
            + "".join(f"ZB-1,LG-1,2026-11-20T01:{n:02d}:00Z,{15.0 if n > 9 else 5.0}\n"
                      for n in range(30)),
            encoding="utf-8",
        )  # fmt: skip
        checked = run("check", "readings.csv", "--storage", "refrigerated", "--json")
        (result,) = map(json.loads, checked.stdout.splitlines())
        assert (checked.returncode, result["verdict"]) == (1, "breach"), checked.stderr
        again = bundle.install(place)
        assert (again.returncode, "is there already" in again.stderr) == (1, True)
        assert not list((place / "releases").glob(".making*"))


def test_a_file_that_was_changed_is_not_installed(bundle: Bundle, tmp_path: Path) -> None:
    file = bundle.folder / "deploy" / "mosquitto" / "coldwitness.acl"
    packed = file.read_bytes()
    try:
        file.write_bytes(packed + b"topic readwrite #\n")
        done = bundle.install(tmp_path / "opt")
    finally:
        file.write_bytes(packed)
    assert done.returncode == 1
    assert "not what was packed" in done.stderr
    assert not (tmp_path / "opt").exists()


def test_wheels_that_are_not_those_of_the_lock_are_named(bundle: Bundle) -> None:
    assert "not the file of the lock" in bundle.said, "these were packed anew"


def test_another_version_or_a_missing_one_makes_no_bundle(make: ModuleType, tmp_path: Path) -> None:
    wheel_of("annotated-types", tmp_path)
    with pytest.raises(SystemExit, match=r"missing alembic"):
        list(make.requirements(tmp_path))
    other = tmp_path / "annotated_types-0.0.1-py3-none-any.whl"
    next(tmp_path.glob("*.whl")).rename(other)
    with pytest.raises(SystemExit, match=r"expected annotated-types \d"):
        list(make.requirements(tmp_path))
