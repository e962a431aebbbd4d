"""The page of checks before departure: a courier asks with one button, and sees green or red."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.departure_checks import checked
from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import OwnForm
from coldwitness.config.labels import labels

router = APIRouter()

_QUESTIONS = labels("departure")["questions"]
_LONGEST = 100_000.0


@router.get("/departure")
def departure_page(
    request: Request, shipment: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """Which shipment, and how long it is planned to take."""
    return page(
        "departure.html",
        language_of(request),
        request,
        asked=shipment,
        planned="",
        told=None,
        wrong=None,
        questions=_QUESTIONS,
    )


@router.post("/departure")
def check(request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf) -> Response:
    """Ask, and show the answer where it was asked."""
    shipment, planned = form.get("shipment", "").strip(), form.get("planned_minutes", "").strip()
    told, wrong = None, None
    try:
        told = checked(services, caller, shipment, planned_minutes=_minutes(planned))
    except Problem as problem:
        wrong = problem
    return page(
        "departure.html",
        language_of(request),
        request,
        status=200 if wrong is None else wrong.status,
        asked=shipment[:64],
        planned=planned[:20],
        told=told,
        wrong=None if wrong is None else wrong.detail,
        questions=_QUESTIONS,
    )


def _minutes(text: str) -> float | None:
    if not text:
        return None
    try:
        minutes = float(text)
    except ValueError as error:
        raise Problem(422, f"planned_minutes: expected a number, got {text[:20]!r}") from error
    if not 0 <= minutes <= _LONGEST:
        raise Problem(422, f"planned_minutes: expected 0 to {_LONGEST:g}")
    return minutes
