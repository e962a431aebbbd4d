"""The statistics table of a period with its header, as every rendering has it."""

from datetime import date

from msgspec import Struct

from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.config.labels import labels
from coldwitness.config.statistics_table import NextReport, load_statistics_table, next_report
from coldwitness.domain.text import Text
from coldwitness.judging.statistics import (
    CheckCoverage,
    Counted,
    StatisticsRow,
    coverage,
    statistics,
)

_WORDS = labels("statistics")


class StatisticsTold(Struct, frozen=True, kw_only=True):
    """start, end : days of China time, both included. unit : 填报单位. filled_on : 填报时间.
    due : when the table is to be reported next."""

    start: date
    end: date
    division: str | None
    unit: str | None
    filled_on: date
    source: Text
    rows: tuple[StatisticsRow, ...]
    coverage: CheckCoverage
    due: NextReport | None


def table_of(
    counted: Counted,
    *,
    division: str | None,
    unit: str | None,
    today: date,
    typed: dict[int, float],
    own_days: tuple[str, ...] = (),
) -> StatisticsTold:
    """typed : by number of the row. own_days : MM-DD on which the office reports."""
    table = load_statistics_table()
    return StatisticsTold(
        start=counted.period.start,
        end=counted.period.end,
        division=division,
        unit=unit,
        filled_on=today,
        source=table.source,
        rows=statistics(table, counted, typed=typed),
        coverage=coverage(counted),
        due=next_report(table, today, own_days=own_days),
    )


def said(key: str, lang: Lang, **values: object) -> str:
    """A word of the table."""
    return tell(_WORDS["words"][key], lang).format(**values)


def figure(value: float | None) -> str:
    """As it stands in the table; nothing where it is not known."""
    return "" if value is None else f"{value:,.6g}"


def filling(row: StatisticsRow, lang: Lang) -> str:
    """What the number rests on."""
    if row.typed is not None and row.counted is not None and row.typed != row.counted:
        return said("typed_over", lang, counted=figure(row.counted))
    if row.typed is not None and row.counted is None:
        return said("typed", lang)
    if row.value is None:
        return said("unknown", lang)
    return tell(_WORDS["filling"][row.filled_from], lang)


def header(told: StatisticsTold, lang: Lang) -> tuple[tuple[str, str], ...]:
    """Words and values above the table."""
    return (
        (said("reporting_unit", lang), told.unit or ""),
        (said("filled_on", lang), str(told.filled_on)),
        (said("period", lang), f"{told.start} — {told.end}"),
        (said("division", lang), told.division or "—"),
    )
