"""Forms of our own pages: their fields, and that a page of ours sent them."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar
from urllib.parse import parse_qs, urlencode

import msgspec
from fastapi import Depends
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from coldwitness.api.http import sessions
from coldwitness.api.http.bodies import refuse_texts
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import Problem, field_of, wrong_field
from coldwitness.api.http.services import CallerOf, Services, ServicesOf

_BYTES_MAX = 20_000
_FIELDS_MAX = 40
_KIND = "application/x-www-form-urlencoded"
_UPLOAD = "multipart/form-data"
ONCE = "once"
"""The field by which a form that is sent twice is told."""
Fields = dict[str, str]
_Body = TypeVar("_Body")


@dataclass(frozen=True)
class Upload:
    """A form that brings one file. name : as the officer's machine calls it."""

    fields: Mapping[str, str]
    name: str
    media_type: str
    content: bytes


async def fields_of(request: Request) -> Fields:
    """The fields of a form, each once; 413, 415 or 422 for what is none."""
    if _kind(request) != _KIND:
        raise Problem(415, f"content-type: expected {_KIND}")
    body = await request.body()
    if len(body) > _BYTES_MAX:
        raise Problem(413, f"body: expected at most {_BYTES_MAX} bytes")
    text = body.decode("utf-8", "replace")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError as error:
        raise Problem(422, f"body: expected at most {_FIELDS_MAX} fields") from error
    return {name: values[0] for name, values in fields.items()}


Form = Annotated[Fields, Depends(fields_of)]
"""Of a page on which nobody has signed in yet: the route looks after who sent it."""


def own_fields(request: Request, form: Form, services: ServicesOf, caller: CallerOf) -> Fields:
    """The fields without the token; 403 where no page of ours sent them, 422 for a person's number.
    Every form that changes something comes through here, for a page without script brings its token
    in a field."""
    return _own(request, services, caller, form)


async def own_upload(request: Request, services: ServicesOf, caller: CallerOf) -> Upload:
    """The same of a form with a file in its field `file`; 422 without one."""
    if _kind(request) != _UPLOAD:
        raise Problem(415, f"content-type: expected {_UPLOAD}")
    try:
        async with request.form(max_files=1, max_fields=_FIELDS_MAX) as form:
            said = {name: value for name, value in form.items() if isinstance(value, str)}
            fields = _own(request, services, caller, said)
            file = form.get("file")
            if not isinstance(file, UploadFile) or not file.filename:
                raise Problem(422, "file: expected a file")
            media_type = (file.content_type or "").partition(";")[0].strip().lower()
            return Upload(fields, file.filename, media_type, await file.read())
    except MultiPartException as error:
        raise Problem(422, f"body: {error.message}") from error


def sent_once(
    request: Request,
    services: Services,
    caller: Caller,
    form: Mapping[str, str],
    act: Callable[[], Response],
) -> Response:
    """What a form does, done once however often it is sent."""
    return services.replied.once(
        form.get(ONCE) or None,
        scope=f"{caller.who} POST {request.url.path}",
        body=msgspec.json.encode(dict(form)),
        clock=services.clock,
        act=act,
    )


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _own(request: Request, services: Services, caller: Caller, form: Fields) -> Fields:
    sessions.require_ours(request, services)
    fields = {name: value for name, value in form.items() if name != sessions.CSRF_FIELD}
    token = form.get(sessions.CSRF_FIELD, "")
    if caller.signed_in and not hmac.compare_digest(token.encode(), caller.csrf.encode()):
        raise Problem(403, f"{sessions.CSRF_FIELD}: expected the token of the page")
    if not caller.is_person:
        raise Problem(403, "a form is sent by a person; programs have the API")
    refuse_texts({name: value for name, value in fields.items() if name != ONCE})
    return fields


OwnForm = Annotated[Fields, Depends(own_fields)]
OwnUpload = Annotated[Upload, Depends(own_upload)]


def form_body(form: Mapping[str, object], kind: type[_Body]) -> _Body:
    """The form as what the API takes; what was left empty was not said. 422 naming the field that
    cannot be."""
    given = {name: text for name, text in form.items() if text != "" and name != ONCE}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        wrong = field_of(str(error))
        raise wrong_field(wrong["field"], wrong["detail"]) from error


def back_to(path: str, request: Request, *, anchor: str = "") -> Response:
    """On to a page once something was kept, in the same language."""
    address = f"{path}?{urlencode({'lang': language_of(request)})}"
    return RedirectResponse(f"{address}#{anchor}" if anchor else address, status_code=303)
