"""A form as PDF: the same fields as the document, set by our own sheet."""

from functools import lru_cache
from importlib import resources

import msgspec

from coldwitness.api.forms.made import MadeForm
from coldwitness.api.reports.drawn.pdf import typeset


@lru_cache
def _sheet() -> bytes:
    return resources.files("coldwitness.api.forms").joinpath("form.typ").read_bytes()


def form_pdf(form: MadeForm, *, now_ms: int) -> bytes:
    """PDF/A with embedded fonts. Raises BadInput where it cannot be typeset."""
    inputs = {"document": msgspec.json.encode(form).decode("utf-8")}
    return typeset(_sheet(), inputs, as_of_s=now_ms // 1000, what="form")
