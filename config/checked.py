"""Dated data read from TOML into its types; what does not fit is named by file, key and value."""

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from coldwitness.domain.errors import ConfigError

T = TypeVar("T")

_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]")
_ASKED = re.compile(r"`([^`]*)`( matching regex '[^']*')?")
_ASKS = {
    "str": "a text",
    "array": "a list",
    "object": "a table",
    "float": "a number",
    "int": "a whole number",
    "date": "a date",
    "bool": "true or false",
}
_SHOWN_CHARACTERS = 80


def toml_file(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; raises ConfigError naming it."""
    return toml_text(text_file(path), where=path.name)


def text_file(path: Path) -> str:
    """The text of a TOML file; raises ConfigError naming it."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def toml_text(text: str, *, where: str) -> dict[str, Any]:
    """The tables of a TOML text; raises ConfigError beginning with `where`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from error


def checked(raw: Any, type_: type[T], *, where: str, under: str = "") -> T:
    """`raw` as `type_`. under : the key in whose table it stands, for errors.

    Raises ConfigError with `where`, the key and the value that does not fit.
    """
    try:
        return msgspec.convert(raw, type_)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_told(error, raw, type_, under=under)}") from error


def _told(error: msgspec.ValidationError, raw: Any, type_: Any, *, under: str) -> str:
    """What msgspec found, with the key as written in the file and the value that stands there."""
    said, _, path = str(error).partition(" - at `")
    path = path.removesuffix("`").removeprefix("$")
    steps = [name or number for name, number, _ in _STEP.findall(path) if name or number]
    place = ".".join([under, *steps] if under else steps)
    prefix = f"{place}: " if place else ""
    if unknown := _UNKNOWN.match(said):
        known = ", ".join(_expected(inspect.type_info(type_), steps))
        return f"{prefix}unknown key {unknown['key']!r}; expected {known}"
    if missing := _MISSING.match(said):
        return f"{prefix}key {missing['key']!r} is missing"
    expected = _ASKED.sub(_ask, said.partition(", got ")[0]).replace("Expected", "expected")
    if said.startswith("Invalid enum value"):
        expected = f"expected one of {', '.join(_expected(inspect.type_info(type_), steps))}"
    value = _at(raw, steps)
    shown = repr(value)
    if len(shown) > _SHOWN_CHARACTERS:
        shown = shown[:_SHOWN_CHARACTERS] + "…"
    return f"{prefix}{expected}, got {shown}"


def _ask(type_: re.Match[str]) -> str:
    return " or ".join(_ASKS.get(name, name) for name in type_[1].split(" | ") if name != "null")


def _at(raw: Any, steps: list[str]) -> Any:
    for step in steps:
        raw = raw[int(step)] if isinstance(raw, list) else raw.get(step)
    return raw


def _expected(type_: inspect.Type, steps: list[str]) -> list[str]:
    """The words that may stand at a place, or the keys that a table there may have."""
    if isinstance(type_, inspect.UnionType):
        return [word for one in type_.types for word in _expected(one, steps)]
    if isinstance(type_, inspect.LiteralType):
        return [str(value) for value in type_.values]
    if isinstance(type_, inspect.StructType):
        if not steps:
            return [field.encode_name for field in type_.fields]
        fields = [field.type for field in type_.fields if steps[0] == field.encode_name]
        return [word for field in fields for word in _expected(field, steps[1:])]
    if isinstance(type_, inspect.ListType | inspect.VarTupleType):
        return _expected(type_.item_type, steps[1:])
    return []
