"""Which texts no form, page or other program can take: those with control characters in them.

A new line and a tab are none here. NUL ends a text in one database and is refused by another, the
others move cursors on terminals and are no text in XML, and so in DOCX and XLSX.
"""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SHOWN_CHARS = 40
REFUSED = "control characters are refused, take them out"


def control_character_at(value: object, path: str = "$") -> str | None:
    """Path of the first text or key of a JSON value that has one; None where there is none."""
    if isinstance(value, str):
        return path if _CONTROL.search(value) else None
    if isinstance(value, dict):
        for key, inner in value.items():
            its = f"{path}.{_CONTROL.sub('?', key[:_SHOWN_CHARS])}"
            if _CONTROL.search(key):
                return its
            if (found := control_character_at(inner, its)) is not None:
                return found
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            if (found := control_character_at(inner, f"{path}[{index}]")) is not None:
                return found
    return None
