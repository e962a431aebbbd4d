"""Routes of the inspector's pages: the list, one shipment, and the API's documentation."""

from pathlib import Path
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Query
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.clues import newest_clues
from coldwitness.api.http.devices import boxes, devices
from coldwitness.api.http.filters import Courier
from coldwitness.api.http.language import language_of
from coldwitness.api.http.quarantine import Reason, couriers_within, newest_refused
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.shipments import LISTING, current_result, may_see
from coldwitness.api.pages import shown
from coldwitness.api.pages.clue_rows import clue_rows
from coldwitness.api.pages.reference import reference_of
from coldwitness.api.pages.rows import STATE_ORDER, VERDICT_ORDER, page_of_rows, rows_of
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.bounded_times import time_out
from coldwitness.api.reports.made.wording import (
    STATUS_WORDS,
    Lang,
    celsius,
    finding_words,
    percent,
    say_or_key,
    tell,
)
from coldwitness.domain.clues import ClueStatus
from coldwitness.domain.errors import BadInput
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.measures import given
from coldwitness.domain.text import Text
from coldwitness.domain.words import StateWord, Verdict
from coldwitness.judging.clue_shares import clue_shares
from coldwitness.judging.words.headline import headline_of, state_words

router = APIRouter()

STATIC = Path(__file__).parent / "static"
PAGE_ROWS = 100
ROWS_AT_ONCE = 60
MOST_DEVICES = 1000
MOST_CLUES = 500

_templates = Environment(
    loader=PackageLoader("coldwitness.api.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@router.get("/")
def list_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    verdict: Annotated[Verdict | None, Query()] = None,
    state: Annotated[StateWord | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Shipments, those with findings first, updated live."""
    lang = language_of(request)
    after = None if cursor is None else read_cursor(cursor, listing=LISTING, kind=str)
    asked = (q or "").strip()
    rows, next_after = page_of_rows(
        services,
        verdict=verdict,
        state=state,
        q=asked or None,
        after=after,
        limit=PAGE_ROWS,
        reach=caller.reach,
    )
    chosen = {"lang": lang, "verdict": verdict, "state": state, "q": asked}
    more = None if next_after is None else write_cursor(LISTING, next_after)

    def address(**other: str | None) -> str:
        """The list with some of what was chosen chosen otherwise."""
        return "/?" + urlencode({key: value for key, value in {**chosen, **other}.items() if value})

    return _page(
        "list.html",
        lang,
        request,
        rows=rows,
        verdict=verdict,
        state=state,
        asked=asked,
        verdicts=VERDICT_ORDER,
        states=STATE_ORDER,
        address=address,
        more=more and address(cursor=more),
        first_page=cursor is None and not asked,
    )


@router.get("/rows")
def some_rows(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    ids: Annotated[str, Query(max_length=65 * ROWS_AT_ONCE)],
) -> Response:
    """Table rows of the named shipments, for the list page's script to put in place."""
    lang = language_of(request)
    named = [part for part in ids.split(",") if part]
    if len(named) > ROWS_AT_ONCE or not all(is_id(part) for part in named):
        raise BadInput(f"ids: expected at most {ROWS_AT_ONCE} shipment ids")
    rows = rows_of(services, [*dict.fromkeys(named)], reach=caller.reach)
    return _page("rows.html", lang, request, rows=rows)


@router.get("/shipments")
def look_up(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    id: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The search form's target: to the shipment's page, or back with a word of why not."""
    lang = language_of(request)
    shipment = id.strip()
    if is_id(shipment) and may_see(services, caller.reach, shipment):
        return RedirectResponse(f"/shipments/{shipment}?lang={lang}", status_code=303)
    if shipment and services.register.shipments.rows(q=shipment, limit=1, reach=caller.reach):
        found = urlencode({"lang": lang, "q": shipment})
        return RedirectResponse(f"/?{found}", status_code=303)
    why = word("search_none" if is_id(shipment) else "search_bad", lang)
    return _page("missing.html", lang, request, status=404, why=why, asked=shipment[:80])


@router.get("/shipments/{shipment}")
def shipment_page(
    shipment: str, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """One shipment: verdict, what was found and what would settle it, line by line."""
    lang = language_of(request)
    if not is_id(shipment) or not may_see(services, caller.reach, shipment):
        why = word("search_none" if is_id(shipment) else "search_bad", lang)
        return _page("missing.html", lang, request, status=404, why=why, asked=shipment[:80])
    result = current_result(services, shipment)
    line = services.register.shipments.row(shipment)
    courier = None if line is None else line.courier
    return _page(
        "shipment.html",
        lang,
        request,
        result=result,
        courier=courier,
        state=given(result.state),
    )


@router.get("/devices")
def devices_page(
    request: Request, services: ServicesOf, caller: CallerOf, courier: Courier = None
) -> Response:
    """Loggers and boxes: last seen, values, battery, clock, and whose they are now."""
    lang = language_of(request)
    return _page(
        "devices.html",
        lang,
        request,
        devices=devices(services, caller.reach, courier=courier)[:MOST_DEVICES],
        boxes=boxes(services, caller.reach, courier=courier)[:MOST_DEVICES],
    )


@router.get("/clues")
def clues_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    status: Annotated[ClueStatus | None, Query()] = None,
) -> Response:
    """Clues, those whose time runs out first, and what became of those of each requirement."""
    lang = language_of(request)
    clues = [*newest_clues(services, caller.reach)]
    wanted = (clue for clue in clues if status in (None, clue.status))

    def clue_word(kind: str, key: str) -> str:
        return word(f"clue_{kind}_{key}", lang)

    return _page(
        "clues.html",
        lang,
        request,
        rows=clue_rows(wanted, most=MOST_CLUES),
        shares=clue_shares(clues),
        statuses=get_args(ClueStatus),
        chosen=status,
        clue_word=clue_word,
    )


@router.get("/quarantine")
def quarantine_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    courier: Courier = None,
    reason: Reason = None,
) -> Response:
    """What was refused, the newest first, with what was expected."""
    lang = language_of(request)
    rows = newest_refused(
        services,
        couriers=couriers_within(services, caller.reach, asked=courier),
        reason=reason,
        limit=PAGE_ROWS,
    )
    return _page("quarantine.html", lang, request, rows=rows, courier=courier, reason=reason)


@router.get("/docs")
def documentation(request: Request) -> Response:
    """The OpenAPI document as a page, without any script."""
    lang = language_of(request)
    reference = reference_of(request.app.openapi())
    return _page("reference.html", lang, request, reference=reference)


def mount_static(app: FastAPI) -> None:
    """Serve the pages' own style sheet and script; nothing comes from elsewhere."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")


def _page(
    template: str, lang: Lang, request: Request, *, status: int = 200, **values: Any
) -> HTMLResponse:
    def say(key: str) -> str:
        return say_or_key(key, lang)

    def finding(kind: str, subtype: str) -> str:
        return tell(finding_words(kind, subtype), lang)

    def status_word(status_: str | None, _: StateWord | None = None) -> str:
        if status_ is None:
            return word("not_judged_yet", lang)
        return tell(STATUS_WORDS[status_], lang)

    def headline(verdict: Verdict | None, state: StateWord | None) -> str:
        return (
            word("not_judged_yet", lang)
            if verdict is None
            else tell(headline_of(verdict, state), lang)
        )

    def state_word(state: StateWord) -> str:
        return tell(state_words(state), lang)

    def text(value: Text) -> str:
        return tell(value, lang)

    other = "en" if lang == "zh" else "zh"
    query = {**request.query_params, "lang": other}
    html = _templates.get_template(template).render(
        lang=lang,
        other_language=other,
        other_address="?" + urlencode(query),
        w=lambda key: word(key, lang),
        say=say,
        finding=finding,
        status_word=status_word,
        headline=headline,
        state_word=state_word,
        text=text,
        shown=shown,
        celsius=celsius,
        percent=percent,
        time_out=time_out,
        **values,
    )
    headers = {
        "Content-Language": "zh-CN" if lang == "zh" else "en",
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, status_code=status, headers=headers)
