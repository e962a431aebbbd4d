"""Pages of spot checks: plan one, draw it, and record on a phone what telemetry cannot see."""

from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.case_schemas import NewDraw, NewLook, NewSpotCheck
from coldwitness.api.http.language import language_of
from coldwitness.api.http.rights import roles_of
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.spot_check_keeping import (
    QUESTIONS,
    drawn_from,
    keep_look,
    known_spot_check,
    planned,
    told_spot_check,
    within,
)
from coldwitness.api.http.spot_checks import SpotCheckId
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import OwnForm, back_to, form_body
from coldwitness.api.pages.words import sayer
from coldwitness.config.labels import labels
from coldwitness.domain.instants import china_day
from coldwitness.domain.spot_checks import Answer, KeptSpotCheck, Method, Outcome

router = APIRouter()

_WORDS = labels("spot_checks")["words"]
MOST_SHOWN = 100


@router.get("/spot-checks")
def spot_checks_page(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """All of the caller's divisions, the newest first, and the form of a new one."""
    lang = language_of(request)
    kept = services.register.office.listed(KeptSpotCheck)
    rows = [(name, one) for name, one in reversed(kept.items()) if within(one, caller.reach)][
        :MOST_SHOWN
    ]
    return page(
        "spot_checks.html",
        lang,
        request,
        rows=rows,
        methods=get_args(Method),
        said=sayer(_WORDS, lang),
        may_plan=caller.role in roles_of("POST", "/spot-checks"),
        today=china_day(services.clock() / 1000),
    )


@router.post("/spot-checks")
def plan(request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf) -> Response:
    """Freeze a frame, and on to its page."""
    name = planned(services, caller, form_body(form, NewSpotCheck))
    return back_to(f"/spot-checks/{name}", request)


@router.get("/spot-checks/{spot_check}")
def spot_check_page(
    spot_check: SpotCheckId, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """One spot check: what was drawn, in the order in which it is looked at."""
    lang = language_of(request)
    known_spot_check(services, caller, spot_check)
    told = told_spot_check(services, spot_check)
    outcomes = {one.id: one for one in told.looked}
    return page(
        "spot_check.html",
        lang,
        request,
        check=told,
        drawn=told.draws[-1].draw.drawn if told.draws else (),
        outcomes=outcomes,
        questions=QUESTIONS,
        answers=get_args(Answer),
        results=get_args(Outcome),
        said=sayer(_WORDS, lang),
        may_record=caller.role in roles_of("POST", "/spot-checks/{spot_check}/looks"),
    )


@router.post("/spot-checks/{spot_check}/draws")
def make_draw(
    spot_check: SpotCheckId,
    request: Request,
    form: OwnForm,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """Draw, and back to the page."""
    known_spot_check(services, caller, spot_check)
    drawn_from(services, caller, spot_check, form_body(form, NewDraw))
    return back_to(f"/spot-checks/{spot_check}", request)


@router.post("/spot-checks/{spot_check}/looks")
def record(
    spot_check: SpotCheckId,
    request: Request,
    form: OwnForm,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """Keep what was seen of one, and back to where it stands."""
    known_spot_check(services, caller, spot_check)
    asked = {name: form[name] for name in QUESTIONS if form.get(name)}
    other = {name: text for name, text in form.items() if name not in QUESTIONS}
    keep_look(services, caller, spot_check, form_body({**other, "checklist": asked}, NewLook))
    return back_to(f"/spot-checks/{spot_check}", request, anchor=form.get("id", ""))
