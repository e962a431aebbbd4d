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


@pytest.mark.parametrize("name", NAMES)
def test_every_label_is_used(name: str) -> None:
    """By its key in some source of api/, or by the beginning of keys made from a result's word."""
    sources = "".join(
        path.read_text(encoding="utf-8")
        for ending in ("*.py", "*.html")
        for path in (ROOT / "api").rglob(ending)
    )
    begins = tuple(re.findall(r"""f["']([a-z_]+_)\{""", sources))
    results = {"certain", "probable", "possible", "unreviewed", "reviewed"}
    for key in load_labels(FOLDER / f"{name}.toml").get("words", {}):
        quoted = f'"{key}"' in sources or f"'{key}'" in sources
        assert quoted or key.startswith(begins) or key in results, key


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
