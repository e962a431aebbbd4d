"""Labels are whole in both languages, used, and free of words of guilt."""

import re
from pathlib import Path

import pytest

from coldwitness.config.labels import FOLDER, load_labels
from coldwitness.domain.errors import ConfigError
from tests.forbidden_words import FORBIDDEN

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_no_label_calls_an_act_illegal_or_a_drug_inferior(name: str) -> None:
    for section, words in load_labels(FOLDER / f"{name}.toml").items():
        for key, text in words.items():
            said = f"{text.zh} {text.en}".lower()
            assert not [word for word in FORBIDDEN if word in said], (section, key)


LOOKED_UP = {"events", "storage", "units", "reasons"}
"""Sections whose keys are words of a result, a pack or a verification."""


@pytest.mark.parametrize("name", ["pages", "report", "verification"])
def test_every_label_is_used(name: str) -> None:
    """By its key in some source, or by the beginning of keys made from a result's word; of
    the other files all keys are such words."""
    sources = "".join(
        path.read_text(encoding="utf-8")
        for ending in ("*.py", "*.html")
        for path in (ROOT / "api").rglob(ending)
    )
    begins = tuple(re.findall(r"""f["']([a-z_.]+_)\{""", sources))
    results = {"certain", "probable", "possible", "unreviewed", "reviewed"}
    for section, words in load_labels(FOLDER / f"{name}.toml").items():
        for key in words if section not in LOOKED_UP else ():
            asked = key if section == "words" else f"{section}.{key}"
            quoted = f'"{asked}"' in sources or f"'{asked}'" in sources
            assert quoted or asked.startswith(begins) or asked in results, asked


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_places_for_values(name: str) -> None:
    for section, words in load_labels(FOLDER / f"{name}.toml").items():
        for key, text in words.items():
            zh, en = (sorted(set(re.findall(r"\{(\w*)\}", said))) for said in (text.zh, text.en))
            assert zh == en, (section, key)


CHOOSES = re.compile(r"if (?:not )?(?:zh|[\w.]*lang(?:uage)? == .zh.) else")
CHOOSING = {
    "api/http/problems.py": 1,
    "api/http/reports.py": 1,
    "api/pages/app_files.py": 1,
    "api/pages/drawing.py": 2,
    "api/reports/drawn/layout.py": 2,
    "api/reports/made/wording.py": 1,
}
"""Where the language itself is chosen: names of languages, and the text of a pair."""


def test_words_are_data_and_no_source_of_api_or_judging_has_them_in_two_languages() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): count
        for folder in ("api", "judging")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (count := len(CHOOSES.findall(" ".join(path.read_text("utf-8").split()))))
    }
    assert found == CHOOSING


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[words]\nback = { zh = "返回" }', r"words\.back: .*en"),
        ('[words]\nback = { zh = "返回", en = "" }', r"words\.back: expected zh and en"),
        ('[words]\nback = { zh = "返回", en = "Back", de = "x" }', r"words\.back: .*nothing else"),
        ('[words]\nback = "Back"', r"words\.back: .*got 'Back'"),
        ('words = "Back"', r"words: expected a table of words"),
        ("[words", r"bad\.toml: "),
    ],
)
def test_a_slip_in_a_file_is_told_with_file_and_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint) as failure:
        load_labels(path)
    assert "bad.toml" in str(failure.value)


def never_said() -> list[str]:
    """The last column of the table 用语 of the glossary."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = text[text.index("## 用语") : text.index("## Figures")].split("|---|---|---|\n")[1]
    return [
        word for row in rows.strip().splitlines() for word in row.split("|")[3].strip().split("、")
    ]


def test_one_thing_has_one_name_in_all_that_is_printed() -> None:
    words = never_said()
    assert {"评判时段", "佐证"} <= set(words)
    folders = [path for name in ("words", "findings") for path in (FOLDER.parent / name).iterdir()]
    for path in sorted(path for path in folders if path.suffix == ".toml"):
        text = path.read_text(encoding="utf-8")
        assert [word for word in words if word in text] == [], path.name
