"""The glossary and the code use the same words."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "glossary.md"
ROOMS = sorted(path.name for path in (ROOT / "coldwitness").iterdir() if path.is_symlink())
ROW = re.compile(r"^\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
WORD = re.compile(r"[A-Za-z][a-z]*|[A-Z]+(?![a-z])")
ELSEWHERE = {
    "sample": "ingest/formats/",  # what a frame holds of one instant, before it is a reading
    "halt": "simulators/",  # what a courier does; a stay is what fixes show of it
}
"""Words that stand for another thing where these paths begin."""


@cache
def rows() -> tuple[tuple[str, list[str]], ...]:
    """First column, and the words that are not used for it."""
    cells = [match.groups() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
    return tuple(
        (first.strip(), [word.strip() for word in wrong.split(",") if word.strip()])
        for first, _, _, wrong in cells
        if first.strip() != "word" and set(first.strip()) != {"-"}
    )


@cache
def sources() -> tuple[tuple[str, str], ...]:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return tuple(
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in files
    )


def names() -> list[tuple[str, str]]:
    """Files, classes and functions, each with the file it stands in."""
    found = []
    for file, text in sources():
        found.append((file, Path(file).stem))
        found.extend(
            (file, node.name)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        )
    return found


def words_of(name: str) -> set[str]:
    """The words of a name, small, with and without a plural's s."""
    words = {word.lower() for word in WORD.findall(name)}
    return words | {word.removesuffix("s") for word in words}


def test_every_code_word_of_the_glossary_is_in_the_code() -> None:
    code = "\n".join(text for _, text in sources())
    terms = [term for first, _ in rows() for term in re.findall(r"`(\w+)`", first)]
    assert len(terms) > 30
    written = set(re.findall(r"\w+", code))
    known = {word for name in written for word in (name, name.removesuffix("s"), *words_of(name))}
    assert [term for term in terms if term not in known] == []


def test_no_name_in_the_code_has_a_word_that_the_glossary_calls_wrong() -> None:
    wrong = {word for _, words in rows() for word in words}
    assert len(wrong) > 15
    found = [
        (file, name, word)
        for file, name in names()
        for word in words_of(name) & wrong
        if not file.startswith(ELSEWHERE.get(word, "nowhere/"))
    ]
    assert found == []


def test_each_word_stands_once_and_none_is_both_right_and_wrong() -> None:
    terms = [term for first, _ in rows() for term in re.findall(r"`(\w+)`", first)]
    assert sorted(terms) == sorted(set(terms))
    assert set(terms) & {word for _, words in rows() for word in words} == set()


def test_a_name_is_cut_into_its_words() -> None:
    assert words_of("FleetTrips") >= {"fleet", "trip", "trips"}
    assert "spike" in words_of("spike_findings")
    assert "alarm" not in words_of("alarming")
