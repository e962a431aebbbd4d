"""JSON answers, entity tags, and how the OpenAPI document names both."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.problems import MEDIA_TYPE, TITLES, Problem
from coldwitness.api.http.schemas import ProblemBody

COMPONENT = "#/components/schemas/{name}"
NO_STORE = {"Cache-Control": "no-store"}


def json_answer(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` as JSON; what could not be computed (NaN) becomes null."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers={**NO_STORE, **(headers or {})},
    )


def tag_of(*parts: str | bytes) -> str:
    """A strong entity tag over what the answer is made from."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return f'"{digest.hexdigest()[:32]}"'


def unchanged(
    request: Request, tag: str, headers: Mapping[str, str] | None = None
) -> Response | None:
    """A 304 if the client already holds what `tag` names.

    headers : those that the whole answer would have beside its tag. A browser puts the 304's over
        the ones it keeps (RFC 9111, 3.2), so a policy that stands in one has to stand in both.
    """
    held = request.headers.get("if-none-match")
    if held is None:
        return None
    tags = [part.strip().removeprefix("W/") for part in held.split(",")]
    if tag in tags or "*" in tags:
        same = {**(headers or {}), "ETag": tag, "Cache-Control": "no-cache"}
        return Response(status_code=304, headers=same)
    return None


def require_match(request: Request, what: str, *, tags: Sequence[str], exists: bool = True) -> None:
    """412 unless the request's If-Match and If-None-Match hold for what is there now (RFC 9110,
    13.1). tags : those it goes by; weak ones match nothing."""
    wanted = request.headers.get("if-match")
    if wanted is not None and not (exists and names_one_of(wanted, tags)):
        raise Problem(412, f"{what}: If-Match: it is another version by now, or none")
    unwanted = request.headers.get("if-none-match")
    if unwanted is not None and exists and names_one_of(unwanted, tags):
        raise Problem(412, f"{what}: If-None-Match: it is there")


def names_one_of(header: str, tags: Sequence[str]) -> bool:
    """Whether a condition names one of these tags, or `*`."""
    named = [part.strip() for part in header.split(",")]
    return "*" in named or any(tag in tags for tag in named)


def documented(
    model: type[msgspec.Struct] | None,
    *,
    status: int = 200,
    content: Sequence[str] = (),
    problems: Sequence[int] = (),
    description: str = "",
) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of a route: its own struct or content types, and its problems."""
    own: dict[str, Any] = {"description": description or "The answer"}
    if model is not None:
        own.update(answering(model))
    if content:
        own["content"] = {**own.get("content", {}), **{kind: {} for kind in content}}
    answers: dict[int | str, dict[str, Any]] = {status: own}
    for problem in (*problems, 422, 500, 503):
        answers[problem] = problem_answer(problem)
    return answers


def problem_answer(status: int) -> dict[str, Any]:
    """OpenAPI of a problem that a route may answer."""
    return {"description": TITLES[status][2], **answering(ProblemBody, MEDIA_TYPE)}


def taking(model: type[msgspec.Struct], kind: str = "application/json") -> dict[str, object]:
    """OpenAPI of a route that reads its body by hand."""
    return {"requestBody": {"required": True, **answering(model, kind)}}


def answering(model: type[msgspec.Struct], kind: str = "application/json") -> dict[str, object]:
    """OpenAPI of a content that the struct describes."""
    return {"content": {kind: {"schema": {"$ref": COMPONENT.format(name=model.__name__)}}}}
