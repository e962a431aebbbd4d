"""The years of working days, held against the published package; files that are wrong are named."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from coldwitness.config.deadline_kinds import DEADLINES_FILE, load_deadline_rules
from coldwitness.config.working_days import WORKING_DAYS_DIR, load_working_days
from coldwitness.domain.errors import ConfigError

YEARS = sorted(int(path.stem) for path in WORKING_DAYS_DIR.glob("*.toml"))
PUBLISHED = {day.year for day in chinese_calendar.holidays}


def test_every_day_of_every_year_is_as_the_published_package_has_it() -> None:
    calendar = load_working_days()
    assert set(YEARS) >= {2023, 2024, 2025, 2026}
    for year in set(YEARS) & PUBLISHED:
        first = date(year, 1, 1)
        days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
        assert [
            day for day in days if calendar.works(day) != chinese_calendar.is_workday(day)
        ] == []


def test_a_year_between_the_known_ones_is_known_and_those_around_are_not() -> None:
    calendar = load_working_days()
    assert calendar.knows(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31))
    assert not calendar.knows(date(YEARS[0] - 1, 12, 31), date(YEARS[0], 1, 1))
    assert not calendar.knows(date(YEARS[-1], 12, 31), date(YEARS[-1] + 1, 1, 1))


RIGHT = """
source = { zh = "通知", en = "notice" }
make_up = [2031-01-04]
[[holiday]]
name = { zh = "元旦", en = "New Year" }
first = 2031-01-01
last = 2031-01-03
"""


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("make_up = [2031-01-04]", "make_up = [2031-01-06]", "Saturday or Sunday"),
        ("make_up = [2031-01-04]", "make_up = [2030-01-05]", "expected a day of 2031"),
        ("first = 2031-01-01", "first = 2031-01-09", "last: expected no earlier"),
        ("last = 2031-01-03", "last = 2031-01-04", "no holiday"),
        ("source", "sauce", "unknown key 'sauce'|'source' is missing"),
    ],
)
def test_a_year_that_cannot_be_right_is_named(
    tmp_path: Path, was: str, now: str, said: str
) -> None:
    (tmp_path / "2031.toml").write_text(RIGHT, encoding="utf-8")
    assert load_working_days(tmp_path).works(date(2031, 1, 4))
    other = tmp_path / "other"
    other.mkdir()
    (other / "2031.toml").write_text(RIGHT.replace(was, now), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_working_days(other)


def test_a_file_that_is_named_for_no_year_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no year"):
        load_working_days(tmp_path)
    (tmp_path / "next.toml").write_text(RIGHT, encoding="utf-8")
    with pytest.raises(ConfigError, match="expected a year"):
        load_working_days(tmp_path)


def test_every_kind_of_limit_stands_once_for_each_day(tmp_path: Path) -> None:
    text = DEADLINES_FILE.read_text(encoding="utf-8")
    entries = text.split("[[deadline]]")
    twice = tmp_path / "twice.toml"
    twice.write_text(text + "[[deadline]]" + entries[3], encoding="utf-8")
    with pytest.raises(ConfigError, match="clue: valid_from: 2019-04-01: expected one in force"):
        load_deadline_rules(twice)
    without = tmp_path / "without.toml"
    without.write_text("[[deadline]]".join(entries[:-1]), encoding="utf-8")
    with pytest.raises(ConfigError, match="none of kind 'decision_extended'"):
        load_deadline_rules(without)
