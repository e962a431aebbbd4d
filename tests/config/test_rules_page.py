"""The page about rule packs names every number and every question there is."""

from dataclasses import fields
from pathlib import Path

from coldwitness.config.numbers import Numbers
from coldwitness.config.rules import QUESTIONS, load_packs

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_explains_every_number_and_question() -> None:
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    names = [*(field.name for field in fields(Numbers)), *QUESTIONS]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [pack.id for pack in load_packs() if f"`{pack.id}`" not in page] == []


def test_the_page_of_the_regulation_lists_every_line() -> None:
    page = (DOCS / "regulation.md").read_text(encoding="utf-8")
    lines = [line.id for line in load_packs()[0].requirements]
    assert [id_ for id_ in lines if id_.replace("LZ-PLAN-5", "") not in page] == []
