"""Why a clue changed, in one line, Chinese first."""

from coldwitness.config.labels import labels
from coldwitness.domain.text import Text

SYSTEM = "ColdWitness"
"""Who changed a clue where nobody else did."""


def reason_of(section: str, key: str, **values: str | Text) -> str:
    """A text of config/words/clues.toml in both languages; an unknown key raises KeyError."""
    text = labels("clues")[section][key]
    zh = {name: one if isinstance(one, str) else one.zh for name, one in values.items()}
    en = {name: one if isinstance(one, str) else one.en for name, one in values.items()}
    return f"{text.zh.format(**zh)} {text.en.format(**en)}"
