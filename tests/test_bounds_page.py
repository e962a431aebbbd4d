"""docs/bounds.md says every bound as the code has it."""

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/bounds.md"
ROWS = re.findall(r"^\| .+ \| ([\d,]+) \| `([\w.]+)` \|$", PAGE.read_text(encoding="utf-8"), re.M)


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) > 20
    assert len({name for _, name in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("number", "name"), ROWS)
def test_a_bound_is_what_the_page_says(number: str, name: str) -> None:
    module, _, constant = name.rpartition(".")
    assert getattr(import_module(f"coldwitness.{module}"), constant) == int(number.replace(",", ""))
