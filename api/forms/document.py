"""A form as DOCX, which WPS and Word open: a template with fields in braces, filled in.

Our template is made of the form's parts; an office's own file takes its place. It may name every
field by `{{ name }}`, and lists by the tags of docxtpl (`{%tr for file in files %}`).
"""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime

from docx import Document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table as DocxTable
from docx.table import _Cell
from docx.text.paragraph import Paragraph as DocxParagraph
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from msgspec.structs import asdict

from coldwitness.api.forms.fields import said
from coldwitness.api.forms.made import mark_of, values_of
from coldwitness.config.case_forms import Form, Listed, Rows, Said, Signed, as_template
from coldwitness.domain.errors import BadInput
from coldwitness.domain.forms import LISTS, FormFields

BODY, HEAD = "仿宋", "宋体"
_ALIGN = {
    "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
}
_DATE = (1980, 1, 1, 0, 0, 0)
_INNER_MM = 156
"""Between the margins of GB/T 9704."""


def form_docx(
    form: Form, fields: FormFields, typed: Mapping[str, str], *, template: bytes | None = None
) -> bytes:
    """The document; the same fields and template give the same bytes. template : the office's own
    file, else ours. Raises BadInput where a template names what there is not, or is none."""
    values: dict[str, object] = {**values_of(form, fields, typed)}
    for name in LISTS:
        values[name] = [asdict(line) for line in getattr(fields, name)]
    return filled_docx(
        template_docx(form) if template is None else template, values, what=f"form {form.number}"
    )


def filled_docx(template: bytes, values: Mapping[str, object], *, what: str) -> bytes:
    """The template with its fields. What it runs is sandboxed: it is data, and not code."""
    try:
        whole = DocxTemplate(io.BytesIO(template))
        sandbox = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
        whole.render(dict(values), sandbox)
        out = io.BytesIO()
        whole.save(out)
    except (TemplateError, ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise BadInput(f"{what}: the template cannot be filled in: {error}") from error
    return _same_bytes(out.getvalue())


def template_docx(form: Form) -> bytes:
    """Our template: what an office begins with when it makes its own."""
    document = _sheet()
    _written(document.add_paragraph(), mark_of(own=False), font=HEAD, points=9, align="right")
    _written(
        document.add_paragraph(), form.title.zh, font=HEAD, points=22, align="center", bold=True
    )
    for part in form.parts:
        match part:
            case Said():
                _said(document, part)
            case Rows():
                _rows(document, part)
            case Listed():
                _list(document, part)
            case Signed():
                for label in part.labels:
                    _written(document.add_paragraph(), f"{label}：", points=12, align="left")
                    _written(document.add_paragraph(), said("blank") * 4, points=12, align="right")
    foot = document.sections[0].footer.paragraphs[0]
    _written(foot, "{{ clue }} · {{ now }} · {{ software }}", font=HEAD, points=8, align="left")
    out = io.BytesIO()
    document.save(out)
    return _same_bytes(out.getvalue())


def _sheet() -> Docx:
    document = Document()
    told = document.core_properties
    told.author, told.title, told.comments = "ColdWitness", "", ""
    told.created = told.modified = datetime(1980, 1, 1, tzinfo=UTC)
    style = document.styles["Normal"]
    if isinstance(style, ParagraphStyle):
        style.paragraph_format.space_after = Pt(0)
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin, page.right_margin = Mm(28), Mm(26)
    page.top_margin, page.bottom_margin = Mm(37), Mm(35)
    return document


def _written(
    paragraph: DocxParagraph,
    text: str,
    *,
    font: str = BODY,
    points: float = 16,
    align: str = "left",
    bold: bool = False,
) -> None:
    paragraph.alignment = _ALIGN[align]
    run = paragraph.add_run(text)
    run.font.name, run.font.size, run.bold = font, Pt(points), bold
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _said(document: Docx, part: Said) -> None:
    # A line of ours is a paragraph of theirs.
    for line in part.text.split("\n"):
        paragraph = document.add_paragraph()
        _written(paragraph, as_template(line), align=part.align)
        if part.align == "justify":
            paragraph.paragraph_format.first_line_indent = Pt(32)


def _rows(document: Docx, part: Rows) -> None:
    table = _table(document, (26, 74))
    for label, text in part.rows:
        left, right = _cells(table)
        _written(left.paragraphs[0], label, font=HEAD, points=12)
        lines = as_template(text).split("\n")
        _written(right.paragraphs[0], lines[0], points=12)
        for line in lines[1:]:
            _written(right.add_paragraph(), line, points=12)


def _list(document: Docx, part: Listed) -> None:
    table = _table(document, tuple(width for _, _, width in part.columns))
    for cell, (title, _, _) in zip(_cells(table), part.columns, strict=True):
        _written(cell.paragraphs[0], title, font=HEAD, points=10.5)
    _written(_cells(table)[0].paragraphs[0], f"{{%tr for one in {part.of} %}}", points=9)
    for cell, (_, field, _) in zip(_cells(table), part.columns, strict=True):
        _written(cell.paragraphs[0], f"{{{{ one.{field} }}}}", points=9)
    _written(_cells(table)[0].paragraphs[0], "{%tr endfor %}", points=9)


def _table(document: Docx, shares: tuple[int, ...]) -> DocxTable:
    table: DocxTable = document.add_table(rows=0, cols=len(shares))
    table.style = "Table Grid"
    table.autofit = False
    for column, share in zip(table.columns, shares, strict=True):
        column.width = Mm(_INNER_MM * share / sum(shares))
    return table


def _cells(table: DocxTable) -> tuple[_Cell, ...]:
    """Of a further row."""
    return tuple(table.add_row().cells)  # type: ignore[no-untyped-call]


def _same_bytes(document: bytes) -> bytes:
    """The same parts with one date, so that equal documents have equal digests."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(document)) as given,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as kept,
    ):
        for name in given.namelist():
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(info, given.read(name))
    return out.getvalue()
