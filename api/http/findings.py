"""Findings across shipments."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.filters import Cursor, Limit
from coldwitness.api.http.masking import shown_findings
from coldwitness.api.http.schemas import FindingList, Kind
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.words import CertaintyWord

router = APIRouter(tags=["findings"])

LISTING = "findings"


@router.get("/v1/findings", responses=documented(FindingList), response_model=None)
def list_findings(
    services: ServicesOf,
    caller: CallerOf,
    kind: Annotated[Kind | None, Query()] = None,
    certainty: Annotated[CertaintyWord | None, Query()] = None,
    shipment: Annotated[str | None, Query(pattern=f"^{ID_PATTERN}$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Current findings of all shipments, each with its shipment, in order of their ids."""
    found = services.register.results.findings(
        kind=kind,
        certainty=certainty,
        shipment=shipment,
        after=None if cursor is None else read_cursor(cursor, listing=LISTING, kind=str),
        limit=limit + 1,
        reach=caller.reach,
    )
    page = found[:limit]
    more = write_cursor(LISTING, page[-1].id) if len(found) > limit else None
    return json_answer(FindingList(shown_findings(services, page, caller), more))
