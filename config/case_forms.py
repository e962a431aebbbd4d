"""Forms of a case (文书) as data: `forms/*.toml`, each with its parts and the fields they name.

An office puts its own beside them (`[forms] directory`): `12.docx` in place of the document made
of ours, `12.toml` in place of our parts. Until it has, each form says that its style is still to
be held against the official print.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.forms import LISTS, TEXTS, FormFile, FormLine
from coldwitness.domain.text import Text

FORMS_DIR = Path(__file__).parent / "forms"
NUMBERS = (1, 4, 9, 11, 12, 15, 17, 33)
TYPED_MOST = 5
"""So many fields at most are left to be typed; signatures are no typing."""
_FIELD = re.compile(r"\{(\w+)\}")


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="text"):
    """A paragraph. align `left` without the first line's two blanks: an addressee."""

    text: str
    align: Literal["justify", "left", "right", "center"] = "justify"


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="rows"):
    """A table of two columns: what it is, and what it is filled in with."""

    rows: Annotated[tuple[tuple[str, str], ...], Meta(min_length=1)]


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="list"):
    """A table with a line for each of a list; columns : title, field of the line, share of the
    width."""

    of: Literal["files", "materials", "findings"]
    columns: Annotated[tuple[tuple[str, str, int], ...], Meta(min_length=1)]


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="signatures"):
    """Lines to be signed by hand."""

    labels: tuple[str, ...]


Part = Said | Rows | Listed | Signed


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """number : of the national list of 2021. typed : fields that nobody but the officer knows, each
    with what it is called; an office's own form may say it in one language for both."""

    number: int
    title: Text
    parts: tuple[Part, ...]
    typed: dict[str, Text | str] = {}

    def titles(self) -> dict[str, Text]:
        """What each field to be typed is called."""
        return {
            name: Text(title, title) if isinstance(title, str) else title
            for name, title in self.typed.items()
        }

    def names(self) -> Iterator[str]:
        """Fields its texts name, as they come."""
        for part in self.parts:
            texts: list[str] = []
            if isinstance(part, Said):
                texts = [part.text]
            elif isinstance(part, Rows):
                texts = [text for row in part.rows for text in row]
            for text in texts:
                yield from _FIELD.findall(text)


@cache
def load_forms(folder: Path = FORMS_DIR) -> Mapping[int, Form]:
    """All forms by number. Raises ConfigError naming file, key and value."""
    forms = [load_form(path) for path in sorted(folder.glob("*.toml"))]
    return {form.number: form for form in sorted(forms, key=lambda one: one.number)}


def load_form(path: Path) -> Form:
    """One form. Raises ConfigError for a key or a field that there is none of, and for more fields
    to type than an officer was promised."""
    form = checked(toml_file(path), Form, where=path.name)
    for name in form.names():
        if name not in TEXTS and name not in form.typed:
            raise ConfigError(
                f"{path.name}: no field {name!r}; expected one under [typed], or {', '.join(TEXTS)}"
            )
    for part in form.parts:
        if isinstance(part, Listed):
            line = FormFile if part.of == "files" else FormLine
            for _, field, _ in part.columns:
                if field not in line.__struct_fields__:
                    known = ", ".join(line.__struct_fields__)
                    raise ConfigError(f"{path.name}: {part.of}: no {field!r}; expected {known}")
    if len(form.typed) > TYPED_MOST:
        raise ConfigError(f"{path.name}: typed: expected at most {TYPED_MOST} fields")
    twice = {*form.typed} & {*TEXTS, *LISTS}
    if twice:
        raise ConfigError(f"{path.name}: typed: {min(twice)!r} is filled in already")
    return form


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields. Every field it names has to be among the values."""
    return _FIELD.sub(lambda found: values[found[1]], text)


def as_template(text: str) -> str:
    """The text with its fields in the braces that templates of documents have."""
    return _FIELD.sub(r"{{ \1 }}", text)


class FormInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A form, and what the office put in its place. own_parts : the parts are the office's.
    template : bytes of its document, None where ours is made of the parts."""

    form: Form
    own_parts: bool = False
    template: bytes | None = None


def form_in_use(number: int, directory: Path | None) -> FormInUse | None:
    """None: there is no such form. directory : where the office keeps its own, None: nowhere.
    Raises ConfigError."""
    ours = load_forms().get(number)
    if directory is None:
        return None if ours is None else FormInUse(form=ours)
    parts, file = directory / f"{number}.toml", directory / f"{number}.docx"
    own = load_form(parts) if parts.is_file() else None
    if own is not None and own.number != number:
        raise ConfigError(f"{parts.name}: number: expected {number}, got {own.number}")
    form = own or ours
    if form is None:
        return None
    try:
        template = file.read_bytes() if file.is_file() else None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    return FormInUse(form=form, own_parts=own is not None, template=template)
