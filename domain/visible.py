"""Texts of others as they may be shown: a sign that is not seen, or that commands whoever shows it,
is named by its code, so that a name can neither hide nor reorder a part of itself."""

import unicodedata
from functools import lru_cache

_COMMANDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, formats (the direction of writing among them), halves of pairs, ends of lines."""
_LAYOUT = "\n\t"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what office programs begin a formula."""


@lru_cache(maxsize=65_536)
def is_seen(char: str) -> bool:
    """False for a sign that is not drawn by itself; ends of lines and tabs are what they are."""
    return char in _LAYOUT or unicodedata.category(char) not in _COMMANDS


def code_of(char: str) -> str:
    return f"[U+{ord(char):04X}]"


def visible(text: str) -> str:
    """`text` with `[U+202E]` for each sign that is not seen.

    >>> visible("胰岛素\\u202e注射液")
    '胰岛素[U+202E]注射液'
    """
    if text.isprintable() or all(map(is_seen, text)):
        return text
    return "".join(char if is_seen(char) else code_of(char) for char in text)


def cell_text(text: str) -> str:
    """A text as a cell of a table that office programs open: seen, and never a formula."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
