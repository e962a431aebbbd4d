"""Forms of our own pages: their fields, and that a page of ours sent them."""

import hmac
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends
from starlette.requests import Request

from coldwitness.api.http import sessions
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, ServicesOf

_BYTES_MAX = 20_000
_KIND = "application/x-www-form-urlencoded"
Fields = dict[str, str]


async def fields_of(request: Request) -> Fields:
    """The fields of a form, each once; 413 or 415 for what is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise Problem(415, f"content-type: expected {_KIND}")
    body = await request.body()
    if len(body) > _BYTES_MAX:
        raise Problem(413, f"body: expected at most {_BYTES_MAX} bytes")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=40)
    return {name: values[0] for name, values in fields.items()}


Form = Annotated[Fields, Depends(fields_of)]
"""Of a page on which nobody has signed in yet: the route looks after who sent it."""


def own_fields(request: Request, form: Form, services: ServicesOf, caller: CallerOf) -> Fields:
    """The fields without the token; 403 where no page of ours sent them. Every form that changes
    something comes through here, for a page without script brings its token in a field."""
    sessions.require_ours(request, services)
    token = form.pop(sessions.CSRF_FIELD, "")
    if caller.signed_in and not hmac.compare_digest(token.encode(), caller.csrf.encode()):
        raise Problem(403, f"{sessions.CSRF_FIELD}: expected the token of the page")
    if not caller.is_person:
        raise Problem(403, "a form is sent by a person; programs have the API")
    return form


OwnForm = Annotated[Fields, Depends(own_fields)]
