"""The audit trail: who saw or changed what, from where and through what."""

import csv
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import NO_STORE, documented, json_answer
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import Cursor, Instant, Limit, instant_of
from coldwitness.api.http.schemas import AuditList, AuditTold
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.visible import cell_text
from coldwitness.storage.people_ports import AuditAsked, AuditLine

router = APIRouter(tags=["audit"])

LISTING = "audit"
WHOLE_MAX = 100_000
_COLUMNS = AuditTold.__struct_fields__
Actor = Annotated[str | None, Query(max_length=64, description="Name of a person or a client")]
Action = Annotated[str | None, Query(pattern="^[a-z_-]{1,64}$")]
About = Annotated[str | None, Query(pattern=f"^{ID_PATTERN}$", description="Shipment id")]


@router.get(
    "/v1/audit",
    responses=documented(AuditList, content=("text/csv",)),
    response_model=None,
)
def list_audit(
    services: ServicesOf,
    caller: CallerOf,
    actor: Actor = None,
    action: Action = None,
    shipment: About = None,
    from_: Annotated[Instant, Query(alias="from")] = None,
    to: Instant = None,
    format_: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Lines of the trail, the newest first; as CSV all of them, at most 100,000. Beside the
    administrator, who sees all, each sees its own and those about shipments within reach."""
    whole = format_ == "csv"
    found = lines_of(
        services,
        caller,
        asked(actor=actor, action=action, shipment=shipment, from_=from_, to=to),
        before=None if cursor is None else read_cursor(cursor, listing=LISTING, kind=int),
        limit=WHOLE_MAX if whole else limit + 1,
    )
    if whole:
        noted(services, caller, "export_audit", subject=f"{len(found)} lines")
        return _as_csv(found)
    page = found[:limit]
    more = write_cursor(LISTING, page[-1].id) if len(found) > limit else None
    return json_answer(AuditList(tuple(map(told, page)), more))


def asked(
    *,
    actor: str | None,
    action: str | None,
    shipment: str | None,
    from_: str | None,
    to: str | None,
) -> AuditAsked:
    """What a request asks for; times as in every list."""
    return AuditAsked(
        actor=actor,
        action=action,
        shipment=shipment,
        from_ms=instant_of(from_, name="from"),
        to_ms=instant_of(to, name="to", end_of_day=True),
    )


def lines_of(
    services: Services, caller: Caller, which: AuditAsked, *, before: int | None, limit: int
) -> list[AuditLine]:
    """What the caller may see of it, the newest first."""
    return services.register.audit.lines(
        which, reach=caller.reach, own=caller.name, before=before, limit=limit
    )


def told(line: AuditLine) -> AuditTold:
    """A line as it is sent."""
    return AuditTold(
        at=rfc3339(line.at_ms),
        actor=line.actor,
        action=line.action,
        subject=line.subject,
        shipment=line.shipment,
        address=line.address,
        through=line.through,
    )


def _as_csv(lines: list[AuditLine]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([_cell(getattr(told(line), name)) for name in _COLUMNS] for line in lines)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', **NO_STORE}
    # With the mark by which spreadsheets know UTF-8: names are Chinese.
    body = b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: str | None) -> str | None:
    return None if value is None else cell_text(value)
