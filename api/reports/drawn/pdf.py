"""The report as PDF/A-3 with the JSON twin inside; the same report gives the same bytes."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import msgspec
import typst

from coldwitness.api.reports.drawn.glyphs import SANS, SERIF
from coldwitness.api.reports.drawn.layout import lay_out
from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.twin import json_parts
from coldwitness.api.reports.made.wording import Lang
from coldwitness.domain.errors import BadInput

STANDARD: Literal["a-3b"] = "a-3b"
TWIN_NAME = "report.json"

_compiling = threading.Lock()


@lru_cache
def _compiler() -> typst.Compiler:
    """Kept, because the fonts are 20 MB; it reads nothing but the fonts, what it is given
    and the twin beside."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=sorted({str(SANS.parent), str(SERIF.parent)}),
    )
    return typst.Compiler(root=_root().name, font_paths=fonts, ignore_system_fonts=True)


@lru_cache
def _root() -> TemporaryDirectory[str]:
    """All that the typesetter may read beside the fonts; it ends with the process."""
    return TemporaryDirectory(prefix="coldwitness-typesetting-")


@contextmanager
def _beside(twin: Iterable[bytes]) -> Iterator[None]:
    path = Path(_root().name) / TWIN_NAME
    try:
        with path.open("wb") as file:
            file.writelines(twin)
        yield
    finally:
        path.unlink(missing_ok=True)


@lru_cache
def _sheet() -> bytes:
    return resources.files("coldwitness.api.reports.drawn").joinpath("report.typ").read_bytes()


def render_pdf(report: Report, *, lang: Lang, twin: Iterable[bytes] = ()) -> bytes:
    """PDF/A-3 with embedded fonts and real text. twin : of the report, where it is at hand."""
    document = lay_out(report, lang)
    inputs = {
        "document": msgspec.json.encode(document).decode("utf-8"),
        "twin-name": TWIN_NAME,
        "twin-note": report.schema,
    }
    return typeset(
        _sheet(), inputs, as_of_s=as_of_s(report), what="report", twin=twin or json_parts(report)
    )


def typeset(
    sheet: bytes,
    inputs: dict[str, str],
    *,
    as_of_s: int,
    what: str,
    twin: Iterable[bytes] = (),
) -> bytes:
    """PDF/A-3 of a sheet with its inputs. as_of_s : the date in the file's metadata. what : is
    named where it cannot be typeset (BadInput). twin : what the sheet reads as /TWIN_NAME; it goes
    by a file because a text among the inputs is copied several times.

    Raises OSError where there is no room for that file.
    """
    with _compiling, _beside(twin):
        try:
            made = _compiler().compile(
                input=sheet,
                format="pdf",
                sys_inputs=inputs,
                pdf_standards=[STANDARD],
                timestamp=as_of_s,
            )
        except typst.TypstError as error:
            raise BadInput(f"{what}: cannot be typeset: {error.message}") from error
    if not isinstance(made, bytes):
        raise BadInput(f"{what}: typesetting gave no document")
    return made


def as_of_s(report: Report) -> int:
    """The date in the file's metadata: the latest time the evidence speaks of, never a clock,
    so that the same evidence gives the same bytes. 0 where it speaks of none."""
    times = [t for t in (*report.readings.time[-1:], report.terms.end) if t is not None]
    return int(max((epoch_s(t) for t in times), default=0.0))
