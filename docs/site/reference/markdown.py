"""Texts of the code as Markdown that says the same."""

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`]*`)")
_SIGNS = re.compile(r"([\\*_<>\[\]$])")


def plain(text: str) -> str:
    """A text in one line, its signs as they are, what stands in backticks as code."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(
        part if part.startswith("`") else _SIGNS.sub(r"\\\1", part) for part in parts
    ).replace("|", "\\|")


def code(text: object) -> str:
    """A word as code, nothing where there is none."""
    said = str(text).replace("|", "\\|")
    return f"`{said}`" if said else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def generated(title: str, source: str, text: str) -> str:
    """The head of a page: what it is, and from what it was made."""
    return f"# {title}\n\n{text}\n\nMade from {source} when the site is built.\n\n"
