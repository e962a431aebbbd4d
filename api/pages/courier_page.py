"""The courier's own page: its numbers, and clues on which the office asks for its statement."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.courier_side import keep_statement, requests_to, score_of
from coldwitness.api.http.filters import RecordId
from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import OwnForm, back_to
from coldwitness.ingest.personal_data import holds_a_number_of_a_person

router = APIRouter()

_LONGEST = 20_000


@router.get("/courier")
def courier_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    courier: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Of the courier that looks, or that an office names."""
    lang = language_of(request)
    own = next(iter(caller.reach.couriers), None)
    whose = own if caller.role == "courier" else courier.strip() or None
    score = None
    if whose is not None:
        score = score_of(services, caller, whose, since=None, until=None)
    asked = requests_to(services, caller) if caller.role == "courier" else []
    return page("courier.html", lang, request, score=score, asked=asked, named=courier)


@router.post("/courier/statements/{clue}")
def state(
    clue: RecordId, request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf
) -> Response:
    """Keep what the courier says on a clue, and back."""
    text = form.get("text", "").strip()
    if not 0 < len(text) <= _LONGEST:
        raise Problem(422, f"text: expected 1 to {_LONGEST} characters")
    if holds_a_number_of_a_person(text):
        raise Problem(422, "text: personal data are refused")
    keep_statement(services, caller, clue, text)
    return back_to("/courier", request)
