"""The page of the office's statistics: a period, its table, and what each number counts."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.language import language_of
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.statistics import file_of, period_of, told_of, typed_of
from coldwitness.api.http.trail import noted
from coldwitness.api.pages.drawing import page
from coldwitness.api.statistics.table import figure, filling, said

router = APIRouter()

Field = Annotated[str, Query(max_length=200)]
"""A field of the form, empty where nothing was typed."""


@router.get("/statistics")
def statistics_page(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    from_: Annotated[date | None, Query(alias="from")] = None,
    to: date | None = None,
    division: Annotated[str, Query(pattern="^([0-9]{2,12})?$")] = "",
    unit: Field = "",
    format_: Annotated[Literal["html", "xlsx", "pdf"], Query(alias="format")] = "html",
) -> Response:
    """This year's table until another period is asked for. What is typed beside a row stands in
    the address (`row8=3`), and in the files made of it."""
    lang = language_of(request)
    period = period_of(services, from_, to)
    start, end = period.start, period.end
    typed = [
        f"{key.removeprefix('row')}:{value.strip()}"
        for key, value in request.query_params.items()
        if key.startswith("row") and value.strip()
    ]
    told = told_of(
        services,
        caller,
        period,
        division=division or None,
        unit=unit.strip() or None,
        typed=typed_of(typed),
    )
    if format_ != "html":
        noted(services, caller, "export_statistics", subject=f"{start} {end} {format_}")
        return file_of(told, format_, lang, base_url=services.base_url)
    asked = {"lang": lang, "from": start, "to": end, "division": division, "unit": unit}
    asked |= {f"row{pair.partition(':')[0]}": pair.partition(":")[2] for pair in typed}

    def file(kind: str) -> str:
        return "/statistics?" + urlencode({**asked, "format": kind})

    def w_(key: str, **values: object) -> str:
        return said(key, lang, **values)

    return page(
        "statistics.html",
        lang,
        request,
        told=told,
        s=w_,
        figure=figure,
        filling=lambda row: filling(row, lang),
        file=file,
        division=division,
        unit=unit or told.unit or "",
    )
