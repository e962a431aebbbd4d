"""Every setting: its key, its variable, its form, its default, what it decides."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from coldwitness.config import settings as module
from coldwitness.config.settings import ENVIRONMENT_PREFIX, EXAMPLE_FILE, Settings
from docs.site.reference.markdown import code, generated, plain, table


def settings_page() -> str:
    head = generated(
        "Settings · 配置项",
        "`config/settings.py`",
        "One TOML file, `coldwitness --config FILE …`; each value of a section can also be given "
        "in the environment. `coldwitness config init FILE` writes a file with all of them, "
        "commented; `coldwitness config show` prints what is in force, secrets masked. A key that "
        "is unknown stops the start with a hint.",
    )
    return head + "\n".join(_section(name, model) for name, model in sections())


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Each section's key in the file, `[mqtt]`, `[[formats]]`, `[alarms.smtp]`, and its model."""
    yield from _sections_of(Settings, "")


def settings_of(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The settings of a section that are none themselves."""
    return {name: field for name, field in model.model_fields.items() if _inner(field) is None}


def _sections_of(model: type[BaseModel], within: str) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        inner = _inner(field)
        if inner is not None:
            key = f"{within}{name}"
            yield (f"[[{key}]]" if str(field.annotation).startswith("tuple") else f"[{key}]"), inner
            yield from _sections_of(inner, f"{key}.")


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, one, perhaps none, or several of."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _section(key: str, model: type[BaseModel]) -> str:
    told = _told()[model.__name__]
    beside = _example().get(key, {})
    single = not key.startswith("[[") and "." not in key
    rows = []
    for name, field in settings_of(model).items():
        words = [told.get(name) or beside.get(name, "")]
        if single:
            words.append(code(f"{ENVIRONMENT_PREFIX}{key.strip('[]')}__{name}".upper()))
        rows.append((code(name), _form(field), _default(field), plain(" ".join(words))))
    text = plain(told.get("", ""))
    head = f"## `{key}`\n\n" + (f"{text}\n\n" if text else "")
    return head + table(("key", "form", "default", "what it decides"), rows)


WORDS: Mapping[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true, false",
    Path: "path",
    SecretStr: "secret",
}


def _form(field: FieldInfo) -> str:
    bounds = [
        f"{sign} {getattr(one, name):g}"
        for one in field.metadata
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if hasattr(one, name)
    ]
    return ", ".join([_kind(field.annotation), *bounds])


def _kind(kind: object) -> str:
    """A type in words: `text`, `one of a, b`, `list of path`; that it may be left out is told by
    the default."""
    inner = [one for one in get_args(kind) if one not in (type(None), ...)]
    origin = get_origin(kind)
    if origin is Literal:
        return " or ".join(code(one) for one in inner)
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return f"table of {_kind(inner[1])}"
    if inner:
        return _kind(inner[0])
    return WORDS.get(kind, getattr(kind, "__name__", "text"))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if default is None or default is PydanticUndefined or default in ((), ""):
        return ""
    if isinstance(default, tuple):
        return ", ".join(code(one) for one in default)
    return code(str(default).lower() if isinstance(default, bool) else default)


@cache
def _example() -> Mapping[str, Mapping[str, str]]:
    """Section -> key -> what the example's comment says of it."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in EXAMPLE_FILE.read_text(encoding="utf-8").splitlines():
        if head := re.match(r"(?:# )?(\[+[a-z_.]+\]+)", line):
            section = found.setdefault(head[1], {})
        elif said := re.match(r"(?:# )?([a-z_]+) = .*?[\"\]\d}e]\s*# (.*)$", line):
            section[said[1]] = said[2]
    return found


@cache
def _told() -> Mapping[str, Mapping[str, str]]:
    """Class -> key -> the text that stands below it in the source, "" that of the class."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        texts = found[node.name] = {"": ast.get_docstring(node) or ""}
        for one, following in zip(node.body, node.body[1:], strict=False):
            if isinstance(one, ast.AnnAssign) and isinstance(following, ast.Expr):
                texts[ast.unparse(one.target)] = ast.literal_eval(following.value)
    return found
