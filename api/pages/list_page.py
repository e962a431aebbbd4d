"""The list of shipments: filters, order and search in its address, counts from the store, and what
is shown as a file.
"""

from collections import defaultdict
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.filters import unknown_parameters
from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipment_query import ShipmentQuery, ShipmentQueryOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.list_files import MOST_ROWS, file_of
from coldwitness.api.pages.rows import STATE_ORDER, VERDICT_ORDER, page_of_rows
from coldwitness.api.pages.words import word
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.reach import Reach
from coldwitness.domain.shipment_filter import REVIEWED, Asked

router = APIRouter()

SORTS = ("newest", "oldest", "gravest")
FIELDS = ("from", "to", "courier", "seller", "box", "batch", "division")


@router.get("/")
def list_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    listed: ShipmentQueryOf,
    format_: Annotated[Literal["html", "csv", "xlsx"], Query(alias="format")] = "html",
) -> Response:
    """Shipments, the newest first, updated live. What its address asks can be kept and sent."""
    lang = language_of(request)
    if strange := unknown_parameters(request):
        why = word("unknown_parameter", lang) + ", ".join(name[:80] for name in strange)
        return page("missing.html", lang, request, status=422, why=why, asked="")
    if format_ != "html":
        rows, more = page_of_rows(services, listed, limit=MOST_ROWS, reach=caller.reach)
        if more is not None:
            raise Problem(413, f"{word('too_many_rows', lang)} {MOST_ROWS}")
        return file_of(rows, kind=format_, lang=lang)
    rows, more = page_of_rows(services, listed, reach=caller.reach)
    counts = _counts(services, listed, caller.reach)

    def address(**other: str | None) -> str:
        """The list with some of what was chosen chosen otherwise."""
        chosen = {"lang": lang, **listed.words, **other}
        return "/?" + urlencode({key: value for key, value in chosen.items() if value})

    return page(
        "list.html",
        lang,
        request,
        rows=rows,
        listed=listed,
        chosen=defaultdict(str, listed.words),
        verdicts=VERDICT_ORDER,
        states=STATE_ORDER,
        sorts=SORTS,
        fields=FIELDS,
        kinds={kind.kind: kind.kind_title for kind in finding_kinds()}.items(),
        reviews=REVIEWED,
        counts=counts,
        address=address,
        more=more and address(cursor=more),
        takes_new=listed.after is None and not set(listed.words) - {"verdict", "state"},
        narrowed=bool(set(listed.words) - {"sort"}),
    )


def _counts(services: Services, listed: ShipmentQuery, reach: Reach) -> dict[str, int]:
    """Of each tab, as it would stand: by verdict within the chosen state, and by state within the
    chosen verdict; `all` of both."""
    chosen = listed.asked
    wide: Asked = {**chosen, "verdict": None, "state": None}
    counts: dict[str, int] = {"": 0, "state:": 0}
    for (verdict, state), number in services.register.shipments.counts(reach=reach, **wide).items():
        if chosen.get("state") in (None, state):
            counts[""] += number
            counts[verdict or "unjudged"] = counts.get(verdict or "unjudged", 0) + number
        if chosen.get("verdict") in (None, verdict):
            counts["state:"] += number
            counts[f"state:{state}"] = counts.get(f"state:{state}", 0) + number
    return counts
