"""Pages of requests for logistics information: what was handed out, and a new one."""

import secrets

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.caller import Caller
from coldwitness.api.http.case_schemas import NewLogisticsRequest
from coldwitness.api.http.language import language_of
from coldwitness.api.http.logistics_requests import (
    RequestId,
    known_request,
    taken,
    told_request,
    within,
)
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import Fields, OwnForm, back_to, form_body, sent_once
from coldwitness.api.pages.words import sayer
from coldwitness.config.labels import labels
from coldwitness.domain.logistics import KeptLogisticsRequest

router = APIRouter()

_WORDS = labels("logistics")["words"]
_WHO = ("number", "asked_by", "purpose")
_SCOPE = ("seller", "batch", "from", "to")
MOST_SHOWN = 100


@router.get("/logistics-requests")
def logistics_requests_page(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """Those whose shipments are all within reach, the newest first, and the form of a new one."""
    return _listed(request, services, caller)


@router.post("/logistics-requests")
def take(request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf) -> Response:
    """Hand out, once however often the form is sent, and on to the receipt; else say why not, with
    what was typed."""

    def once() -> Response:
        name = taken(services, caller, _new_request(form))
        return back_to(f"/logistics-requests/{name}", request)

    try:
        return sent_once(request, services, caller, form, once)
    except Problem as problem:
        return _listed(request, services, caller, typed=form, wrong=problem)


@router.get("/logistics-requests/{logistics_request}")
def logistics_request_page(
    logistics_request: RequestId, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """The receipt: who asked for what, what was handed out, by whom and when."""
    lang = language_of(request)
    known_request(services, caller, logistics_request)
    return page(
        "logistics_request.html",
        lang,
        request,
        told=told_request(services, logistics_request),
        said=sayer(_WORDS, lang),
    )


def _listed(
    request: Request,
    services: Services,
    caller: Caller,
    *,
    typed: Fields | None = None,
    wrong: Problem | None = None,
) -> Response:
    lang = language_of(request)
    listed = services.register.office.listed(KeptLogisticsRequest)
    mine = [name for name, kept in reversed(listed.items()) if within(services, caller, kept)]
    return page(
        "logistics_requests.html",
        lang,
        request,
        status=200 if wrong is None else wrong.status,
        rows=[told_request(services, name) for name in mine[:MOST_SHOWN]],
        typed={name: (typed or {}).get(name, "") for name in (*_WHO, "shipments", *_SCOPE)},
        wrong=None if wrong is None else wrong.detail,
        once=secrets.token_urlsafe(18),
        said=sayer(_WORDS, lang),
    )


def _new_request(form: Fields) -> NewLogisticsRequest:
    """shipments : ids, parted by blanks, commas or lines."""
    said = {name: form.get(name, "") for name in _WHO}
    text = form.get("shipments", "")
    for sign in ",，;；、":
        text = text.replace(sign, " ")
    asked = {name: form[name] for name in _SCOPE if form.get(name, "").strip()}
    return form_body({**said, "scope": {**asked, "shipments": text.split()}}, NewLogisticsRequest)
