"""Spot checks: a frame that is frozen, a draw that anybody can make again, and what was seen."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from coldwitness.api.file_answer import file_answer, saved_as
from coldwitness.api.forms.certificate import certificate_pdf
from coldwitness.api.forms.plain_workbook import Cell
from coldwitness.api.forms.table_files import WORKBOOK, table_file
from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.case_schemas import (
    NewDraw,
    NewLook,
    NewSpotCheck,
    SpotCheckList,
    SpotCheckTold,
)
from coldwitness.api.http.filters import Cursor, Limit
from coldwitness.api.http.kept_entries import page_of
from coldwitness.api.http.posts import OnceOf
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.spot_check_keeping import (
    QUESTIONS,
    drawn_from,
    file_of,
    frame_kept,
    keep_look,
    known_spot_check,
    planned,
    told_spot_check,
    within,
)
from coldwitness.api.http.trail import noted
from coldwitness.config.labels import labels
from coldwitness.domain.instants import beijing_minute
from coldwitness.domain.spot_checks import KeptSpotCheck

router = APIRouter(tags=["spot checks"])

_WORDS = labels("spot_checks")["words"]
CSV = "text/csv"
SpotCheckId = Annotated[str, Path(pattern="^SC-[0-9]{8}-[0-9a-f]{8}$")]


@router.post(
    "/v1/spot-checks",
    responses=documented(SpotCheckTold, status=201, problems=(400, 403, 413, 415)),
    openapi_extra=taking(NewSpotCheck),
    response_model=None,
)
def plan_spot_check(
    body: JsonBody, services: ServicesOf, caller: CallerOf, once: OnceOf
) -> Response:
    """Freeze the frame of a period; draw from it at once, or later by a part of the seed that was
    committed to here."""

    def plan() -> Response:
        new: NewSpotCheck = body_of_type(body, NewSpotCheck)
        name = planned(services, caller, new)
        if new.draw is not None:
            drawn_from(services, caller, name, new.draw)
        address = f"{services.base_url}/v1/spot-checks/{name}"
        told = told_spot_check(services, name)
        return json_answer(told, status=201, headers={"Location": address})

    return once.answered(plan)


@router.get("/v1/spot-checks", responses=documented(SpotCheckList), response_model=None)
def list_spot_checks(
    services: ServicesOf, caller: CallerOf, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Spot checks of the caller's divisions, by number."""
    names, more = page_of(
        services.register.office,
        KeptSpotCheck,
        within=lambda kept: within(kept, caller.reach),
        limit=limit,
        cursor=cursor,
    )
    told = tuple(told_spot_check(services, name) for name in names)
    return json_answer(SpotCheckList(told, more))


@router.get(
    "/v1/spot-checks/{spot_check}",
    responses=documented(SpotCheckTold, problems=(404,)),
    response_model=None,
)
def get_spot_check(spot_check: SpotCheckId, services: ServicesOf, caller: CallerOf) -> Response:
    """Its plan, its draws, what was seen, and what that says of all."""
    known_spot_check(services, caller, spot_check)
    return json_answer(told_spot_check(services, spot_check))


@router.post(
    "/v1/spot-checks/{spot_check}/draws",
    responses=documented(SpotCheckTold, status=201, problems=(400, 403, 404, 409, 413, 415)),
    openapi_extra=taking(NewDraw),
    response_model=None,
)
def draw_spot_check(
    spot_check: SpotCheckId, body: JsonBody, services: ServicesOf, caller: CallerOf
) -> Response:
    """Draw from the frozen frame. A further draw needs a reason, and stays beside the first."""
    new: NewDraw = body_of_type(body, NewDraw)
    known_spot_check(services, caller, spot_check)
    drawn_from(services, caller, spot_check, new)
    return json_answer(told_spot_check(services, spot_check), status=201)


@router.post(
    "/v1/spot-checks/{spot_check}/looks",
    responses=documented(SpotCheckTold, status=201, problems=(400, 403, 404, 409, 413, 415)),
    openapi_extra=taking(NewLook),
    response_model=None,
)
def record_look(
    spot_check: SpotCheckId, body: JsonBody, services: ServicesOf, caller: CallerOf
) -> Response:
    """Record what was seen of one that was drawn, with the list of what telemetry cannot see. What
    was recorded before stays."""
    known_spot_check(services, caller, spot_check)
    keep_look(services, caller, spot_check, body_of_type(body, NewLook))
    return json_answer(told_spot_check(services, spot_check), status=201)


@router.get(
    "/v1/spot-checks/{spot_check}/frame.csv",
    responses=documented(None, content=(CSV,), problems=(404, 409)),
    response_model=None,
)
def get_frame(spot_check: SpotCheckId, services: ServicesOf, caller: CallerOf) -> Response:
    """The frozen frame, byte by byte as its digest is over it."""
    kept = known_spot_check(services, caller, spot_check)
    return file_answer(frame_kept(services, kept), media_type=CSV, name=f"{spot_check}.csv")


@router.get(
    "/v1/spot-checks/{spot_check}/file.json",
    responses=documented(None, content=("application/json",), problems=(404, 409)),
    response_model=None,
)
def get_file(spot_check: SpotCheckId, services: ServicesOf, caller: CallerOf) -> Response:
    """The file that `coldwitness spot-check verify` holds against the frame."""
    known_spot_check(services, caller, spot_check)
    return json_answer(file_of(services, spot_check), headers=saved_as(f"{spot_check}.json"))


@router.get(
    "/v1/spot-checks/{spot_check}/certificate",
    responses=documented(None, content=("application/pdf",), problems=(404, 409)),
    response_model=None,
)
def get_certificate(spot_check: SpotCheckId, services: ServicesOf, caller: CallerOf) -> Response:
    """The certificate of the draw as PDF: frame, seed with its parts, method, and who was drawn."""
    kept = known_spot_check(services, caller, spot_check)
    check = file_of(services, spot_check)
    body = certificate_pdf(spot_check, kept, check, now_ms=services.clock())
    noted(services, caller, "spot_check_certificate", subject=spot_check)
    return file_answer(body, media_type="application/pdf", name=f"{spot_check}.pdf")


@router.get(
    "/v1/spot-checks/{spot_check}/list.xlsx",
    responses=documented(None, content=(WORKBOOK,), problems=(404, 409)),
    response_model=None,
)
def get_list(spot_check: SpotCheckId, services: ServicesOf, caller: CallerOf) -> Response:
    """Who was drawn, and what was seen, as a workbook."""
    known_spot_check(services, caller, spot_check)
    check = file_of(services, spot_check)
    titles = ("order", "shipment", "probability", "outcome", "at", "by", "note", *QUESTIONS)
    table: list[list[Cell]] = [[_zh(title) for title in titles]]
    outcomes = check.outcomes()
    for one in check.draw.drawn:
        looked = outcomes.get(one.id)
        row: list[Cell] = [one.order, one.id, one.inclusion_probability]
        if looked is not None:
            seen = [_zh(looked.checklist.get(asked, "not_seen")) for asked in QUESTIONS]
            row += [_zh(looked.outcome), looked.at, looked.by, looked.note, *seen]
        table.append(row)
    return table_file(table, kind="xlsx", name=spot_check)


@router.get(
    "/v1/spot-checks/{spot_check}/publication.csv",
    responses=documented(None, content=(CSV,), problems=(404, 409)),
    response_model=None,
)
def get_publication(spot_check: SpotCheckId, services: ServicesOf, caller: CallerOf) -> Response:
    """抽查检查结果公示: who checked, of which kind, when, and with what result, of each that was
    looked at."""
    kept = known_spot_check(services, caller, spot_check)
    check = file_of(services, spot_check)
    titles = ("checked_by", "check_kind", "check_day", "result", "spot_check", "shipment")
    table: list[list[Cell]] = [[_zh(title) for title in titles]]
    for one in check.outcomes().values():
        if one.outcome != "dropped":
            office = kept.office or services.settings.report.office or _zh("office_unnamed")
            result = _zh(f"published_{one.outcome}")
            day = beijing_minute(one.at)[:10]
            table.append([office, _zh("spot_check"), day, result, spot_check, one.id])
    return table_file(table, kind="csv", name=f"{spot_check}-publication")


def _zh(key: str) -> str:
    return _WORDS[key].zh
