"""Routes of the inspector's pages: the list, one shipment, and the API's documentation."""

from functools import partial
from typing import Annotated, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.forms.table_files import table_file
from coldwitness.api.http.audit import LISTING as AUDIT
from coldwitness.api.http.audit import asked as audit_asked
from coldwitness.api.http.audit import lines_of, told
from coldwitness.api.http.clues import newest_clues
from coldwitness.api.http.devices import boxes, devices
from coldwitness.api.http.filters import Courier, Instant
from coldwitness.api.http.language import language_of
from coldwitness.api.http.quarantine import Reason, couriers_within, newest_refused
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.shipments import may_see
from coldwitness.api.pages.clue_rows import clue_rows, clue_table, requirement_titles
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.list_files import MOST_ROWS
from coldwitness.api.pages.reference import reference_of
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.config.labels import labels
from coldwitness.domain.clues import ClueStatus
from coldwitness.domain.identifiers import is_id
from coldwitness.judging.clue_shares import clue_shares

router = APIRouter()

PAGE_ROWS = 100
_ACTIONS = labels("audit")["actions"]
Typed = Annotated[str | None, Query(max_length=64)]
"""A field of a form, empty where nothing was typed."""
ROWS_AT_ONCE = 60
MOST_DEVICES = 1000
MOST_CLUES = 500


@router.get("/shipments")
def look_up(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    id: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The search form's target: to the page of the shipment that is named or alone fits, to the
    list of several, or back with a word of why not."""
    lang = language_of(request)
    shipment = id.strip()
    if is_id(shipment) and may_see(services, caller.reach, shipment):
        return RedirectResponse(f"/shipments/{shipment}?lang={lang}", status_code=303)
    if shipment:
        fitting = services.register.shipments.rows(q=shipment, limit=2, reach=caller.reach)
        if len(fitting) == 1:
            return RedirectResponse(f"/shipments/{fitting[0].id}?lang={lang}", status_code=303)
        if fitting:
            found = urlencode({"lang": lang, "q": shipment})
            return RedirectResponse(f"/?{found}", status_code=303)
    why = word("search_none" if is_id(shipment) else "search_bad", lang)
    return page("missing.html", lang, request, status=404, why=why, asked=shipment[:80])


@router.get("/devices")
def devices_page(
    request: Request, services: ServicesOf, caller: CallerOf, courier: Courier = None
) -> Response:
    """Loggers and boxes: last seen, values, battery, clock, and whose they are now."""
    lang = language_of(request)
    return page(
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
    format_: Annotated[Literal["html", "csv", "xlsx"], Query(alias="format")] = "html",
) -> Response:
    """Clues, those whose time runs out first, and what became of those of each requirement."""
    lang = language_of(request)
    clues = [*newest_clues(services, caller.reach)]
    wanted = (clue for clue in clues if status in (None, clue.status))

    if format_ != "html":
        found = clue_rows(wanted, most=MOST_ROWS)
        return table_file(clue_table(found, lang), kind=format_, name="clues")

    def clue_word(kind: str, key: str) -> str:
        return word(f"clue_{kind}_{key}", lang)

    return page(
        "clues.html",
        lang,
        request,
        rows=clue_rows(wanted, most=MOST_CLUES),
        shares=clue_shares(clues),
        requirements=requirement_titles(services.rulebook),
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
    return page("quarantine.html", lang, request, rows=rows, courier=courier, reason=reason)


def action_word(action: str, *, lang: Lang) -> str | None:
    """What an action of the audit trail is called; None: it is one of an older version."""
    known = _ACTIONS.get(action)
    return None if known is None else tell(known, lang)


@router.get("/audit")
def audit_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    actor: Typed = None,
    action: Typed = None,
    shipment: Typed = None,
    from_: Annotated[Instant, Query(alias="from")] = None,
    to: Instant = None,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Who saw and changed what, the newest first."""
    lang = language_of(request)
    typed = {"actor": actor, "action": action, "shipment": shipment, "from": from_, "to": to}
    chosen = {key: value for key, value in typed.items() if value}
    found = lines_of(
        services,
        caller,
        audit_asked(
            actor=actor or None,
            action=action or None,
            shipment=shipment or None,
            from_=from_ or None,
            to=to or None,
        ),
        before=None if cursor is None else read_cursor(cursor, listing=AUDIT, kind=int),
        limit=PAGE_ROWS + 1,
    )
    more = None
    if len(found) > PAGE_ROWS:
        after = write_cursor(AUDIT, found[PAGE_ROWS - 1].id)
        more = "/audit?" + urlencode({"lang": lang, **chosen, "cursor": after})
    return page(
        "audit.html",
        lang,
        request,
        lines=[told(line) for line in found[:PAGE_ROWS]],
        action_word=partial(action_word, lang=lang),
        chosen=chosen,
        more=more,
        whole="/v1/audit?" + urlencode({**chosen, "format": "csv"}),
    )


@router.get("/docs")
def documentation(request: Request) -> Response:
    """The OpenAPI document in a viewer that reads it in the browser."""
    return page("viewer.html", language_of(request), request)


@router.get("/docs/plain")
def plain_documentation(request: Request) -> Response:
    """The same without any script."""
    lang = language_of(request)
    reference = reference_of(request.app.openapi())
    return page("reference.html", lang, request, reference=reference)
