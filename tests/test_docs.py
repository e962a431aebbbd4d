"""What the pages name has to be there: files of the repository, modules to run, make targets."""

import re
import tomllib
from pathlib import Path

import pytest

from docs.site.contents import placed

ROOT = Path(__file__).parent.parent
PAGES = [
    *sorted(ROOT.glob("README*.md")),
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
FOLDERS = {path.parent.name for path in ROOT.glob("*/*") if not path.parent.name.startswith(".")}
FOLDERS = FOLDERS - {"build"} | {".ci"}
"""What is made in build/ is not of the repository."""
ELSEWHERE = {"verify.py"}
"""A file of the evidence package."""

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.*/-]+")
MODULE = re.compile(r"python3? -m ((?:benchmarks|tests|coldwitness)(?:\.\w+)+)")
TARGET = re.compile(r"`make ([a-z-]+)`")


def paths_in(page: str) -> list[str]:
    """Words in backticks that look like a file or folder of the repository, NAME for any."""
    said = (word for code in INLINE.findall(FENCED.sub("", page)) for word in PATH.findall(code))
    return [
        word.rstrip("/.").replace("NAME", "*")
        for word in said
        if ("/" in word and word.split("/")[0] in FOLDERS) or word.endswith(".py")
    ]


def is_there(path: str) -> bool:
    """At the root, or further in where a page speaks of one room and leaves its folders out."""
    return path in ELSEWHERE or any(ROOT.glob(path)) or any(ROOT.glob(f"[a-z]*/**/{path}"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_a_page_names_exists(page: Path) -> None:
    assert [path for path in paths_in(page.read_text(encoding="utf-8")) if not is_there(path)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_a_page_runs_exists(page: Path) -> None:
    modules = MODULE.findall(page.read_text(encoding="utf-8"))
    files = {name: ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in modules}
    assert [name for name, file in files.items() if not file.is_file()] == []


def test_every_make_target_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        target for page in PAGES for target in TARGET.findall(page.read_text(encoding="utf-8"))
    }
    assert named - targets == set()
    assert {"check", "scoreboard"} <= named


def test_a_path_that_is_gone_is_seen() -> None:
    page = "See `api/judging.py` and `make demo`.\n```\n`api/none.py`\n```\n`config/packs/`"
    assert paths_in(page) == ["api/judging.py", "config/packs"]
    assert [is_there(path) for path in paths_in(page)] == [False, True]


def test_every_page_has_one_place_on_the_site() -> None:
    """A new page is named in docs/site/contents.py; those that are generated have no file here."""
    written = [name for name in placed() if not name.startswith("reference/")]
    assert sorted(written) == sorted(path.stem for path in (ROOT / "docs").glob("*.md"))


def test_the_page_of_the_house_gives_the_import_contracts_as_they_are_held() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        if contract["type"] == "layers":
            rows = (layer.split(" | ") for layer in contract["layers"])
            said = " › ".join(", ".join(f"`{room}`" for room in row) for row in rows)
            assert f"| {said} |" in page, contract["name"]
