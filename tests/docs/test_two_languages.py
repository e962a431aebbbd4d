"""A page in Chinese says what the same page in English says: commands, settings, numbers, links."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHINESE = [*ROOT.glob("*.zh.md"), *sorted((ROOT / "docs").glob("*.zh.md"))]
FENCED = re.compile(r"^```[^\n]*\n.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NUMBER = re.compile(r"\d[\d,.:]*\d|\d")
TO_EACH_OTHER = re.compile(r"^(?:中文：|English: )\[[^\]]+\]\([^)]+\)$", re.MULTILINE)


def english_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".zh.md", ".md"))


def both(page: Path) -> tuple[str, str]:
    """The page in Chinese and in English, without the line by which they lead to each other."""
    texts = (one.read_text(encoding="utf-8") for one in (page, english_of(page)))
    chinese, english = (TO_EACH_OTHER.sub("", text) for text in texts)
    return chinese, english


def links_in(text: str) -> Counter[str]:
    """Targets without anchors, which are of the page's language, and `.zh`."""
    return Counter(link.partition("#")[0].replace(".zh.md", ".md") for link in LINK.findall(text))


def numbers_in(text: str) -> Counter[str]:
    """Numbers of the prose: outside of commands, code and links."""
    return Counter(NUMBER.findall(LINK.sub("]", INLINE.sub("", FENCED.sub("", text)))))


def test_readme_tutorial_and_every_how_to_stand_in_chinese() -> None:
    asked = [ROOT / "README.md", ROOT / "docs" / "tutorial.md"]
    asked += (page for page in (ROOT / "docs").glob("how-to-*.md") if ".zh" not in page.name)
    assert len(asked) == 6
    assert {english_of(page) for page in CHINESE} == set(asked)


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_commands_and_what_they_print_are_the_same(page: Path) -> None:
    chinese, english = both(page)
    assert FENCED.findall(chinese) == FENCED.findall(english)


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_settings_names_and_numbers_are_the_same(page: Path) -> None:
    chinese, english = both(page)
    found, expected = (
        Counter(" ".join(code.split()) for code in INLINE.findall(FENCED.sub("", text)))
        for text in (chinese, english)
    )
    assert found - expected == expected - found == Counter()
    found, expected = numbers_in(chinese), numbers_in(english)
    assert found - expected == expected - found == Counter()


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_links_and_headings_are_the_same(page: Path) -> None:
    chinese, english = both(page)
    if page.name != "README.zh.md":  # its table may be a row behind
        assert links_in(chinese) == links_in(english)
    levels = [re.findall(r"^#+ ", FENCED.sub("", text), re.M) for text in (chinese, english)]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_each_leads_to_the_other(page: Path) -> None:
    name, other = page.name, english_of(page).name
    assert f"English: [{other}]({other})" in page.read_text(encoding="utf-8")
    assert f"中文：[{name}]({name})" in english_of(page).read_text(encoding="utf-8")


def test_a_number_or_name_that_differs_is_seen() -> None:
    assert numbers_in("within 10 s, 2–8 °C, 1,000 of `5` [it](a2.md)") == Counter(
        {"10": 1, "2": 1, "8": 1, "1,000": 1}
    )
    assert links_in("[a](x.zh.md#一) [b](y.md#two)") == Counter({"x.md": 1, "y.md": 1})
