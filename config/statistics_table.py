"""The rows of the statistics table and the days on which it is due, as dated data."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.office import MeasureKind
from coldwitness.domain.text import Text

STATISTICS_FILE = Path(__file__).parent / "statistics.toml"
MONTH_DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"
"""A day that every year has."""

Filling = Literal[
    "companies",
    "companies_checked",
    "couriers_checked",
    "firms",
    "measures",
    "fines",
    "clues_filed",
    "clues_transferred",
]


class StatisticsRowRule(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"filled_from": "from"}
):
    """One row; what its keys mean stands at the head of the file."""

    key: str
    title: Text
    unit: Text
    filled_from: Filling
    measure: MeasureKind | None = None


class ReportDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day of the year on which the table is due, from `valid_from` on."""

    on: Annotated[str, Meta(pattern=MONTH_DAY)]
    title: Text
    valid_from: date
    valid_to: date | None = None
    remind_days: Annotated[int, Meta(ge=0, le=60)] = 10

    def in_year(self, year: int) -> date:
        return date(year, int(self.on[:2]), int(self.on[3:]))


class StatisticsTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """source : whose table it is. row : in its order. report : when it is due."""

    source: Text
    row: tuple[StatisticsRowRule, ...]
    report: tuple[ReportDay, ...]


class NextReport(msgspec.Struct, frozen=True):
    """The next day on which the table is due. reminded : it is near enough to be told."""

    on: date
    title: Text
    days_left: int
    reminded: bool


@cache
def load_statistics_table(path: Path = STATISTICS_FILE) -> StatisticsTable:
    """Raises ConfigError naming file, key and value."""
    table = checked(toml_file(path), StatisticsTable, where=path.name)
    counting = {"firms", "measures", "fines"}
    for number, row in enumerate(table.row, start=1):
        if row.filled_from in counting and row.measure is None:
            raise ConfigError(f"{path.name}: row {number} ({row.key}): measure: missing")
    return table


def next_report(
    table: StatisticsTable, today: date, *, own_days: Sequence[str] = ()
) -> NextReport | None:
    """own_days : MM-DD of the office's settings, in place of the table's."""
    days = table.report
    if own_days:
        first = days[0]
        days = tuple(
            ReportDay(on, title=first.title, valid_from=date.min, remind_days=first.remind_days)
            for on in own_days
        )
    coming = [
        (on, day)
        for day in days
        for year in (today.year, today.year + 1)
        if (on := day.in_year(year)) >= max(today, day.valid_from)
        and (day.valid_to is None or on <= day.valid_to)
    ]
    if not coming:
        return None
    on, day = min(coming, key=lambda one: one[0])
    left = (on - today).days
    return NextReport(on=on, title=day.title, days_left=left, reminded=left <= day.remind_days)
