"""Errors as problem+json (RFC 9457): a stable type, a title in the reader's language, one line."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from msgspec import UNSET
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from coldwitness.api.http.language import language_of
from coldwitness.api.http.schemas import FieldError, ProblemBody
from coldwitness.domain.errors import BadInput, InsufficientEvidence, Unavailable
from coldwitness.domain.shown_address import shown_address

MEDIA_TYPE = "application/problem+json"

TITLES: Mapping[int, tuple[str, str, str]] = {
    400: ("bad-request", "请求无法理解", "The request cannot be understood"),
    401: ("unauthorized", "需要登录或密钥", "A key is needed"),
    403: ("forbidden", "不被允许", "Not allowed"),
    404: ("not-found", "未找到", "Not found"),
    405: ("method-not-allowed", "不支持的方法", "Method not allowed"),
    406: ("not-acceptable", "没有可接受的格式", "Not acceptable"),
    409: ("conflict", "与当前状态冲突", "Conflict"),
    412: ("precondition-failed", "前提条件不满足", "Precondition failed"),
    413: ("too-large", "请求过大", "The request is too large"),
    414: ("address-too-long", "地址过长", "The address is too long"),
    415: ("unsupported-media-type", "不支持的内容类型", "Unsupported media type"),
    421: ("misdirected", "请求主机不符", "The request is for another host"),
    422: ("invalid", "内容不符合要求", "The content is not valid"),
    429: ("too-many", "请求过于频繁", "Too many requests"),
    500: ("internal", "服务器内部错误", "Internal error"),
    503: ("unavailable", "暂时不可用", "Unavailable for now"),
}
"""Status -> machine word of the type, Chinese title, English title."""


class Problem(Exception):
    """Raise it anywhere in a route; `errors` name single fields of a bad request."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})


def wrong_field(field: str, detail: str) -> Problem:
    """422 for one field of what was sent."""
    return Problem(422, f"{field}: {detail}", errors=[{"field": field, "detail": detail}])


class SignInFirst(Exception):
    """Raise it where a browser asks for a page and nobody has signed in."""


def problem_body(
    status: int,
    detail: str,
    *,
    language: str,
    request_id: str,
    errors: Sequence[Mapping[str, str]] = (),
) -> bytes:
    """The JSON of a problem; `errors` only where there are any."""
    word, zh, en = TITLES.get(status, ("error", "错误", HTTPStatus(status).phrase))
    body = ProblemBody(
        type=f"urn:coldwitness:problem:{word}",
        title=zh if language == "zh" else en,
        status=status,
        detail=detail,
        instance=f"urn:coldwitness:request:{request_id}",
        errors=tuple(FieldError(**error) for error in errors) if errors else UNSET,
    )
    return msgspec.json.encode(body)


ProblemPage = Callable[[Request, int, str, Mapping[str, str]], Response | None]
"""Draws a problem for a browser (request, status, detail, headers); None: it wants none."""


def install_problems(app: FastAPI, *, drawn: ProblemPage) -> None:
    """Answer every failure of a route as a problem; its mistakes are the edge's to answer."""

    def _answer(
        request: Request,
        status: int,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        page = drawn(request, status, detail, headers or {})
        return page or _json_answer(request, status, detail, errors, headers)

    @app.exception_handler(Problem)
    async def of_problem(request: Request, error: Problem) -> Response:
        return _answer(request, error.status, error.detail, error.errors, error.headers)

    @app.exception_handler(SignInFirst)
    async def of_nobody(request: Request, _: SignInFirst) -> Response:
        query = request.scope["query_string"].decode("ascii", "replace")
        wanted = request.scope["path"] + (f"?{query}" if query else "")
        asked = urlencode({"lang": language_of(request), "next": wanted})
        return RedirectResponse(f"/sign-in?{asked}", status_code=303)

    @app.exception_handler(BadInput)
    async def of_bad_input(request: Request, error: BadInput) -> Response:
        return _answer(request, 422, str(error), [field_of(str(error))])

    @app.exception_handler(InsufficientEvidence)
    async def of_missing_evidence(request: Request, error: InsufficientEvidence) -> Response:
        return _answer(request, 422, str(error))

    @app.exception_handler(Unavailable)
    async def of_unavailable(request: Request, error: Unavailable) -> Response:
        return _answer(request, 503, shown_address(str(error)), headers={"Retry-After": "2"})

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> Response:
        errors = [_invalid(entry) for entry in error.errors()]
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        detail = f"{first['field']}: {first['detail']}{more}"
        return _answer(request, 422, detail, errors)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            detail = f"{request.url.path[:200]}: no such resource"
        elif error.status_code == 405:
            detail = f"{request.method} is not a method of {request.url.path[:200]}"
        else:
            detail = str(error.detail)
        return _answer(request, error.status_code, detail, headers=error.headers)


def field_of(text: str) -> Mapping[str, str]:
    """`items[0].storage: expected …`, or msgspec's `Expected … - at `$.items[0]``: the field and
    the rest; without one, the whole body."""
    expected, at, place = text.rpartition(" - at `$")
    if at:
        return {"field": place.rstrip("`").lstrip(".") or "body", "detail": expected}
    field, colon, rest = text.partition(": ")
    if not colon or " " in field:
        return {"field": "body", "detail": text}
    return {"field": field, "detail": rest}


def _invalid(entry: Mapping[str, Any]) -> Mapping[str, str]:
    place = [str(part) for part in entry["loc"] if part not in {"path", "query", "body", "header"}]
    return {"field": ".".join(place) or "body", "detail": str(entry["msg"])}


def _json_answer(
    request: Request,
    status: int,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    language = language_of(request)
    body = problem_body(
        status,
        detail,
        language=language,
        request_id=str(request.scope.get("request_id", "unknown")),
        errors=errors,
    )
    answered = {"Content-Language": language, "Cache-Control": "no-store", **(headers or {})}
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=answered)
