"""The program has one name in Python: `coldwitness`."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = sorted(path.name for path in (ROOT / "coldwitness").iterdir() if path.is_symlink())
BARE = re.compile(
    rf"^\s*(?:from|import) (?:{'|'.join(ROOMS)})\b|import_module\(f?\"(?:{'|'.join(ROOMS)})\."
    rf"|[\"'](?:{'|'.join(ROOMS)})(?:\.\w+){{2,}}[\"']",
    re.MULTILINE,
)


def test_every_room_of_the_house_is_linked_in() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert rooms - {"coldwitness", "tests", "benchmarks"} == set(ROOMS)


def test_no_module_is_imported_by_a_second_name() -> None:
    """Two names of one module are two modules: their classes would not know each other."""
    folders = [ROOT / name for name in (*ROOMS, "tests", "benchmarks")]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    assert len(files) > 300
    bare = [str(path) for path in files if BARE.search(path.read_text(encoding="utf-8"))]
    assert not bare


def test_a_notebook_folder_with_rooms_of_its_own_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    for name in ("api/__init__.py", "config.py", "analysis.py"):
        (tmp_path / name).write_text("raise SystemExit('not the one that was meant')\n")
    code = "from coldwitness.frames import frame; print(frame.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == "coldwitness.frames"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_claims_one_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"coldwitness"}
    for room in ROOMS:
        assert f"coldwitness/{room}/__init__.py" in names
    assert any(name.endswith("packs/cn-retail-delivery.toml") for name in names)


def test_influxdb_alone_is_asked_through_its_clients_transport() -> None:
    """One HTTP client besides: httpx, which the pages' tests, webhooks and stamps use."""
    users = {
        path.relative_to(ROOT).parts[:2]
        for name in ROOMS
        for path in (ROOT / name).rglob("*.py")
        if re.search(r"^\s*(from|import) urllib3", path.read_text(encoding="utf-8"), re.M)
    }
    assert users == {("storage", "telemetry")}
