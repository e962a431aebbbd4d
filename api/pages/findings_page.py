"""The page of findings across shipments, the latest first."""

from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.filters import Cursor
from coldwitness.api.http.language import language_of
from coldwitness.api.http.masking import shown_findings
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.words import CertaintyWord
from coldwitness.storage.ports import FindingPlace

router = APIRouter()

ROWS = 100
LISTING = "latest_findings"
Chosen = Annotated[str | None, Query(max_length=40)]


@router.get("/findings")
def findings_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    kind: Chosen = None,
    certainty: Chosen = None,
    cursor: Cursor = None,
) -> Response:
    """Of current results of all shipments within reach; an empty choice asks for all."""
    lang = language_of(request)
    found = services.register.results.latest_findings(
        kind=kind or None,
        certainty=certainty or None,
        before=None if cursor is None else _place(cursor),
        limit=ROWS + 1,
        reach=caller.reach,
    )
    chosen = {"kind": kind or "", "certainty": certainty or ""}
    more = None
    if len(found) > ROWS:
        after = write_cursor(LISTING, " ".join(map(str, found[ROWS - 1][0])))
        more = "/findings?" + urlencode({"lang": lang, **chosen, "cursor": after})
    kinds = {one.kind: one.kind_title for one in finding_kinds()}
    return page(
        "findings.html",
        lang,
        request,
        findings=shown_findings(services, [one for _, one in found[:ROWS]], caller),
        kinds=kinds.items(),
        certainties=get_args(CertaintyWord),
        chosen=chosen,
        more=more,
    )


def _place(cursor: str) -> FindingPlace:
    start_ms, name, shipment = read_cursor(cursor, listing=LISTING, kind=str).split(" ")
    return int(start_ms), name, shipment
