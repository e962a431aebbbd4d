"""The generated reference leaves nothing out: each is counted from its source by another way."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coldwitness.cli.main import COMMANDS, program
from coldwitness.config.settings import EXAMPLE_FILE
from docs.site.reference import PAGES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name.rpartition("/")[2]: made() for name, made in PAGES.items()}


def test_every_setting_of_the_example_file_has_its_row(pages: dict[str, str]) -> None:
    section, found = "", 0
    for line in EXAMPLE_FILE.read_text(encoding="utf-8").splitlines():
        if head := re.match(r"(?:# )?(\[+)([a-z_]+[a-z0-9_.-]*)(\]+)", line):
            section = head[2]
        elif (key := re.match(r"(?:# )?([a-z_]+) = ", line)) and not section.startswith("formats."):
            part = re.split(rf"^## `\[+{re.escape(section)}\]+`$", pages["settings"], flags=re.M)[1]
            assert f"| `{key[1]}` |" in part.partition("\n## ")[0], f"{section}.{key[1]}"
            found += 1
    assert found > 80
    assert "`COLDWITNESS_MQTT__PORT`" in pages["settings"]
    assert "| `port` | whole number, ≥ 1, ≤ 65535 | `1883` |" in pages["settings"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_that_help_tells_has_its_place(
    pages: dict[str, str], name: str
) -> None:
    asked = [[name]]
    while asked:
        words = asked.pop()
        said = CliRunner().invoke(program(words), [*words, "--help"], env={"COLUMNS": "200"}).stdout
        within = re.search(r"^Commands:\n((?:  .*\n?)+)", said, re.M)
        if within:
            inner = re.findall(r"^  ([a-z][a-z-]*)", within[1], re.M)
            assert inner
            asked += [[*words, one] for one in inner]
            continue
        called = " ".join(words)
        part = pages["commands"].partition(f"\n## `{called}`\n")[2].partition("\n## ")[0]
        assert part, called
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said.partition("Options:")[2]))
        told = set(re.findall(r"--[a-z][a-z-]*", part))
        assert options - {"--help"} - told == set(), called


def test_every_route_has_its_place(pages: dict[str, str]) -> None:
    document = json.loads((ROOT / "docs/contract/openapi.json").read_text(encoding="utf-8"))
    routes = [
        f"### `{method.upper()} {path}`"
        for path, methods in document["paths"].items()
        for method in methods
    ]
    assert len(routes) > 80
    assert [route for route in routes if f"\n{route}\n" not in pages["routes"]] == []
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if f"\n**`{name}`**" not in pages["routes"]] == []


def test_every_kind_of_finding_has_its_place(pages: dict[str, str]) -> None:
    found = 0
    for file in (ROOT / "config" / "findings").glob("*.toml"):
        for subtype in re.findall(r"^\[subtypes\.(\w+)\]", file.read_text("utf-8"), re.M):
            assert f"\n### `{file.stem}/{subtype}`\n" in pages["findings"]
            found += 1
    assert found > 30


def test_every_number_and_line_of_every_pack_has_its_row(pages: dict[str, str]) -> None:
    for file in (ROOT / "config" / "packs").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        pack = re.findall(r'^id = "([^"]+)"', text, re.M)[0]
        part = pages["packs"].partition(f"\n## `{pack}` ")[2].partition("\n## ")[0]
        numbers = re.findall(r"^(\w+) = \{ value", text, re.M)
        lines = re.findall(r'^\[\[requirement\]\]\nid = "([^"]+)"', text, re.M)
        assert numbers
        assert lines
        assert [name for name in (*numbers, *lines) if f"\n| `{name}` |" not in part] == []


def test_every_format_has_its_place(pages: dict[str, str]) -> None:
    declaring = [
        file.stem
        for file in (ROOT / "ingest" / "formats").glob("*.py")
        if re.search(r"^FORMAT = ", file.read_text("utf-8"), re.M)
    ]
    assert len(declaring) > 10
    assert [name for name in declaring if f"\n## `{name}`\n" not in pages["formats"]] == []


def test_every_schema_is_linked(pages: dict[str, str]) -> None:
    for file in (ROOT / "docs" / "contract").glob("*.json"):
        assert f"(../files/docs/contract/{file.name})" in pages["schemas"]
    assert "| `shipment` required | string |" in pages["schemas"]
