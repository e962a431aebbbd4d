"""What the words in a maker's name of a temperature say: that it is none, or not the drug's.

`config/logger_facts.toml` holds the words. A name is cut at signs, digits and capitals, so that
`tempMin24h` says min and `notice` does not say ice; a type with its number (MAX31855) is one word.
"""

import re
from functools import cache, lru_cache

from coldwitness.config.logger_facts import Names, NameWords, logger_facts

_WORD = re.compile(r"[A-Za-z]+\d{3,}[A-Za-z]*|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LEVELS = re.compile(r"[./]")
_MOST = 4096
"""Names whose meaning is kept; those of one fleet are few."""


@lru_cache(maxsize=_MOST)
def is_no_measurement(name: str) -> bool:
    """True for a setting, a statistic, something computed, and the logger's own temperature."""
    own = _LEVELS.split(name)[-1]
    return _says(name, _names().no_measurement) or _says(own, _names().own)


@lru_cache(maxsize=_MOST)
def is_elsewhere(name: str) -> bool:
    """True for a name that says that it was measured elsewhere than in the drug's compartment."""
    return _says(name, _names().elsewhere)


@lru_cache(maxsize=_MOST)
def is_other_quantity(name: str) -> bool:
    """True for what is measured and is no temperature: humidity, battery, pressure."""
    return "temp" not in name.lower() and "温" not in name and _says(name, _names().other_quantity)


@cache
def _names() -> Names:
    return logger_facts().names


def _says(name: str, facts: NameWords) -> bool:
    small = name.lower()
    words = {word.lower() for word in _WORD.findall(name)}
    return not facts.words.isdisjoint(words) or any(part in small for part in facts.parts)
