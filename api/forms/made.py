"""A form as texts in order: its parts with their fields, before it becomes a document."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict

from coldwitness.api.forms.fields import said
from coldwitness.config.case_forms import Form, Listed, Rows, Said, Signed, filled
from coldwitness.domain.errors import BadInput
from coldwitness.domain.forms import DOCUMENT_NUMBER, TEXTS, FormFields, FormFile, FormLine

TYPED_LONGEST = 2000


class Paragraph(Struct, frozen=True, tag="text"):
    text: str
    align: str


class Table(Struct, frozen=True, tag="rows"):
    rows: tuple[tuple[str, str], ...]


class ListTable(Struct, frozen=True, tag="list"):
    titles: tuple[str, ...]
    widths: tuple[int, ...]
    lines: tuple[tuple[str, ...], ...]


class Signatures(Struct, frozen=True, tag="signatures"):
    labels: tuple[str, ...]


class MadeForm(Struct, frozen=True, kw_only=True):
    """mark : what stands over it. foot : which clue and when."""

    title: str
    mark: str
    foot: str
    parts: tuple[Paragraph | Table | ListTable | Signatures, ...]


def values_of(form: Form, fields: FormFields, typed: Mapping[str, str]) -> dict[str, str]:
    """Every text that the form may name; what nobody typed is a blank to write on. Raises BadInput
    for a field that the form has not."""
    unknown = set(typed) - set(form.typed)
    if unknown:
        known = ", ".join(form.typed) or "none"
        raise BadInput(f"typed: no field {min(unknown)[:60]!r} in form {form.number}; has {known}")
    for name, text in typed.items():
        if len(text) > TYPED_LONGEST:
            raise BadInput(f"typed.{name}: expected at most {TYPED_LONGEST} characters")
    whole = {name: str(value) for name, value in asdict(fields).items() if name in TEXTS}
    written = {name: typed.get(name) or said("blank") for name in form.typed}
    if DOCUMENT_NUMBER in written:
        number = written[DOCUMENT_NUMBER]
        written[DOCUMENT_NUMBER] = fields.number_pattern.replace("{number}", number)
    return {**whole, **written}


def mark_of(*, own: bool) -> str:
    """own : whether the office has put in a style of its own."""
    return said("clue_only") if own else f"{said('style')}；{said('clue_only')}"


def made_form(
    form: Form, fields: FormFields, typed: Mapping[str, str], *, own: bool = False
) -> MadeForm:
    """own : whether the office's parts stand in place of ours."""
    values = values_of(form, fields, typed)
    parts: list[Paragraph | Table | ListTable | Signatures] = []
    for part in form.parts:
        match part:
            case Said():
                parts.append(Paragraph(filled(part.text, values), part.align))
            case Rows():
                rows = tuple((filled(a, values), filled(b, values)) for a, b in part.rows)
                parts.append(Table(rows))
            case Listed():
                parts.append(
                    ListTable(
                        tuple(title for title, _, _ in part.columns),
                        tuple(width for _, _, width in part.columns),
                        tuple(_cells(part, line) for line in lines_of(part, fields)),
                    )
                )
            case Signed():
                parts.append(Signatures(part.labels))
    return MadeForm(
        title=form.title.zh,
        mark=mark_of(own=own),
        foot=f"{fields.clue} · {fields.now} · {fields.software}",
        parts=tuple(parts),
    )


def lines_of(part: Listed, fields: FormFields) -> Sequence[FormFile | FormLine]:
    """The lines of the list that a table shows."""
    if part.of == "files":
        return fields.files
    return fields.materials if part.of == "materials" else fields.findings


def _cells(part: Listed, line: FormFile | FormLine) -> tuple[str, ...]:
    return tuple(str(getattr(line, field)) for _, field, _ in part.columns)
