"""Words of reports and pages as data: `words/*.toml`, a key for each, Chinese and English."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from coldwitness.domain.errors import ConfigError
from coldwitness.domain.text import Text

FOLDER = Path(__file__).parent / "words"

Labels = Mapping[str, Mapping[str, Text]]
"""Section, then key."""


@cache
def labels(name: str) -> Labels:
    """The words of one file of the program, read once."""
    return load_labels(FOLDER / f"{name}.toml")


def load_labels(path: Path) -> Labels:
    """Words by section and key; raises ConfigError naming file, key and value."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"{path}: {problem}") from problem
    return {section: _section(words, f"{path.name}: {section}") for section, words in raw.items()}


def _section(words: object, place: str) -> Mapping[str, Text]:
    if not isinstance(words, dict):
        raise ConfigError(f"{place}: expected a table of words, got {words!r}")
    return {key: _text(text, f"{place}.{key}") for key, text in words.items()}


def _text(raw: object, place: str) -> Text:
    try:
        text = msgspec.convert(raw, Text)
    except msgspec.ValidationError as problem:
        raise ConfigError(f"{place}: {problem}, got {raw!r}") from problem
    unknown = set(raw) - {"zh", "en"} if isinstance(raw, dict) else set()
    if unknown or not (text.zh and text.en):
        raise ConfigError(f"{place}: expected zh and en and nothing else, got {raw!r}")
    return text
