"""The office's statistics of a period: JSON, workbook, and a sheet to print."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.file_answer import file_answer
from coldwitness.api.forms.table_files import WORKBOOK
from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import Division
from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import wrong_field
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.statistics.print import print_of
from coldwitness.api.statistics.table import StatisticsTold, table_of
from coldwitness.api.statistics.workbook import workbook
from coldwitness.domain.instants import china_day
from coldwitness.judging.statistics import Period
from coldwitness.judging.statistics_evidence import counted

router = APIRouter(tags=["statistics"])

MOST_DAYS = 3660
From = Annotated[
    date | None, Query(alias="from", description="First day, China time; else of this year")
]
To = Annotated[date | None, Query(description="Last day, China time, included; else today")]
Unit = Annotated[str | None, Query(max_length=200, description="Reporting unit (填报单位)")]
Typed = Annotated[
    list[str],
    Query(max_length=40, description="`row:number`: what was typed in, over what is counted"),
]


@router.get(
    "/v1/statistics",
    responses=documented(StatisticsTold, content=(WORKBOOK, "application/pdf")),
    response_model=None,
)
def statistics_of(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    from_: From = None,
    to: To = None,
    division: Division = None,
    unit: Unit = None,
    typed: Typed = [],  # noqa: B006  FastAPI makes a new one for each call
    format_: Annotated[Literal["json", "xlsx", "pdf"], Query(alias="format")] = "json",
) -> Response:
    """The table of a period with what each number was counted from, as far as the caller may see
    it; rows that nothing on record can fill are null."""
    period = period_of(services, from_, to)
    told = told_of(services, caller, period, division=division, unit=unit, typed=typed_of(typed))
    if format_ == "json":
        return json_answer(told)
    noted(services, caller, "export_statistics", subject=f"{told.start} {told.end} {format_}")
    return file_of(told, format_, language_of(request), base_url=services.base_url)


def period_of(services: Services, start: date | None, end: date | None) -> Period:
    """This year so far, as far as nothing else was asked for."""
    today = china_day(services.clock() / 1000)
    end = end or today
    return Period(start or date(end.year, 1, 1), end)


def told_of(
    services: Services,
    caller: Caller,
    period: Period,
    *,
    division: str | None,
    unit: str | None,
    typed: dict[int, float],
) -> StatisticsTold:
    if not 0 <= (period.end - period.start).days <= MOST_DAYS:
        detail = f"expected a day from {period.start} on, at most {MOST_DAYS} days later"
        raise wrong_field("to", detail)
    found = counted(services.register, period, division=division, reach=caller.reach)
    return table_of(
        found,
        division=division,
        unit=unit or services.settings.report.office,
        today=china_day(services.clock() / 1000),
        typed=typed,
        own_days=services.settings.statistics.report_on,
    )


def file_of(
    told: StatisticsTold, kind: Literal["xlsx", "pdf"], lang: Lang, *, base_url: str
) -> Response:
    """The table as a file to be saved."""
    content = print_of(told, lang) if kind == "pdf" else workbook(told, lang, base_url=base_url)
    name = f"statistics-{told.start}-{told.end}.{kind}"
    return file_answer(
        content, media_type="application/pdf" if kind == "pdf" else WORKBOOK, name=name
    )


def typed_of(pairs: list[str]) -> dict[int, float]:
    """`8:3` as {8: 3.0}; 422 for what is no such pair."""
    found = {}
    for pair in pairs:
        row, _, value = pair.partition(":")
        try:
            number, figure = int(row), float(value)
        except ValueError:
            number, figure = 0, -1.0
        if not (1 <= number <= 99 and 0.0 <= figure < 1e12):
            detail = f"expected row:number, got {pair!r}"
            raise wrong_field("typed", detail)
        found[number] = figure
    return found
