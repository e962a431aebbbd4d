"""A problem as a page with a way back, for browsers."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import TITLES
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.words import word
from coldwitness.domain.text import Text

_EXPLAINED = frozenset({400, 401, 403, 404, 409, 413, 422, 429, 500, 503})
_PASSING = frozenset({429, 500, 503})
"""What may go well in a moment."""


def problem_page(
    request: Request, status: int, detail: str, headers: Mapping[str, str]
) -> Response | None:
    """None where who asks is no browser that wants a page."""
    if "text/html" not in request.headers.get("accept", ""):
        return None
    lang = language_of(request)
    _, zh, en = TITLES.get(status, ("", "错误", "Error"))
    answer = page(
        "problem.html",
        lang,
        request,
        status=status,
        number=status,
        title=Text(zh, en),
        explained=word(f"problem_{status if status in _EXPLAINED else 'other'}", lang),
        detail=detail,
        request_id=str(request.scope.get("request_id", "unknown")),
        again=request.url.path if status in _PASSING and request.method == "GET" else None,
    )
    answer.headers.update(headers)
    return answer
