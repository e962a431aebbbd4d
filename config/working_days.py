"""The working days of China: one file a year, as the State Council's office arranges them."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import msgspec

from coldwitness.config.checked import checked, toml_file
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.text import Text
from coldwitness.domain.working_days import WorkingDays

WORKING_DAYS_DIR = Path(__file__).parent / "working_days"


class _Holiday(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days off in a row, both ends included."""

    name: Text
    first: date
    last: date


class _Year(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A year as it stands in its file. make_up : Saturdays and Sundays that are worked."""

    source: Text
    holiday: list[_Holiday]
    make_up: list[date]


@cache
def load_working_days(folder: Path = WORKING_DAYS_DIR) -> WorkingDays:
    """All years of a folder, `2026.toml` being that of 2026. Raises ConfigError naming file, key
    and value."""
    years: set[int] = set()
    days_off: set[date] = set()
    make_up: set[date] = set()
    for path in sorted(folder.glob("*.toml")):
        if not path.stem.isdecimal():
            raise ConfigError(f"{path.name}: expected a year as its name, such as 2026.toml")
        year, told = int(path.stem), checked(toml_file(path), _Year, where=path.name)
        off = {day for holiday in told.holiday for day in _days_of(holiday, where=path.name)}
        for day in (*off, *told.make_up):
            if day.year != year:
                raise ConfigError(f"{path.name}: {day}: expected a day of {year}")
        for day in told.make_up:
            if day.weekday() < 5 or day in off:
                raise ConfigError(
                    f"{path.name}: make_up: {day}: expected a Saturday or Sunday that is no holiday"
                )
        years.add(year)
        days_off |= off
        make_up.update(told.make_up)
    if not years:
        raise ConfigError(f"{folder}: no year of working days (2026.toml, …) found")
    return WorkingDays(frozenset(days_off), frozenset(make_up), frozenset(years))


def _days_of(holiday: _Holiday, *, where: str) -> list[date]:
    if holiday.last < holiday.first:
        raise ConfigError(f"{where}: holiday: last: expected no earlier than {holiday.first}")
    count = (holiday.last - holiday.first).days + 1
    return [holiday.first + timedelta(days=n) for n in range(count)]
