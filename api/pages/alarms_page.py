"""The page of alarms: what people were told, whom nobody could tell, and "I know"."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.alarms import acknowledged, alarm_lines
from coldwitness.api.http.language import language_of
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import OwnForm, back_to
from coldwitness.api.pages.words import word
from coldwitness.storage.alarm_ports import MessageState

router = APIRouter()

MOST = 100


@router.get("/alarms")
def alarms_page(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """Open alarms first."""
    lang = language_of(request)

    def told_word(state: MessageState) -> str:
        return word(f"alarm_message_{state}", lang)

    return page(
        "alarms.html",
        lang,
        request,
        told_word=told_word,
        alarms=alarm_lines(services, caller, limit=MOST),
        tells_nobody=not services.settings.alarms.people,
    )


@router.post("/alarms")
def acknowledge(
    request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf
) -> Response:
    """Somebody says that he knows; where another did before, the page shows who."""
    acknowledged(services, caller, form.get("alarm", ""))
    back = "/live" if form.get("back") == "/live" else "/alarms"
    return back_to(back, request)
