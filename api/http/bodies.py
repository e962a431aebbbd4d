"""Request bodies: JSON read strictly, once, for every route alike."""

from hashlib import sha256
from typing import Annotated, Any

import msgspec
from fastapi import Depends
from starlette.requests import Request

from coldwitness.api.http.problems import Problem, field_of, wrong_field
from coldwitness.ingest.control_characters import REFUSED, control_character_at
from coldwitness.ingest.json_value import json_value
from coldwitness.ingest.personal_data import personal_number_at

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


async def json_body(request: Request) -> Any:
    """The body as JSON. 400 if it is empty or no JSON (NaN and Infinity are none); 415 for a
    change in a form's content type, because any page of the web can make a browser send that, and
    for a POST in none; 422 for a text with control characters, or with a person's telephone or
    identity number or e-mail, which is kept nowhere."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORM_TYPES or (request.method == "POST" and not kind):
        raise Problem(415, f"content-type: expected application/json, got {kind[:80] or 'none'}")
    raw = await request.body()
    if not raw.strip():
        raise Problem(400, "body: expected a JSON object, got nothing")
    request.state.received_sha256 = sha256(raw).hexdigest()
    try:
        body = json_value(raw)
    except msgspec.DecodeError as error:
        raise Problem(400, f"body: not JSON: {error}") from error
    refuse_texts(body)
    return body


def refuse_texts(value: Any) -> None:
    """422 naming the field of what is sent, a JSON body or a form's fields, whose text is kept
    nowhere: one with control characters, or with a number of a person."""
    for found, detail in (
        (control_character_at(value), REFUSED),
        (personal_number_at(value), "personal data are refused, take them out"),
    ):
        if found is not None:
            raise wrong_field(found.removeprefix("$").removeprefix(".") or "body", detail)


def received_sha256(request: Request) -> str:
    """SHA-256 (hex) of the body as it came; only of a request whose JSON was read."""
    digest: str = request.state.received_sha256
    return digest


JsonBody = Annotated[Any, Depends(json_body)]


def body_of_type(value: Any, kind: type[Any]) -> Any:
    """`value` as a msgspec type; a 422 naming the field otherwise."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        wrong = field_of(str(error))
        raise wrong_field(wrong["field"], wrong["detail"]) from error
