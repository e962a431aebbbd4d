"""Time limits in Chinese working days: 240 dates over four years, and the rule by small cases.

`deadline_cases.csv` was worked out from the published arrangements by another road (the working
days as a list, the n-th of it), the days around the Spring Festival and National Day among them.
Every limit that ends in 2027 was counted by Monday to Friday there: its year is not on file.
"""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.config.working_days import load_working_days
from coldwitness.domain.deadlines import DeadlineKind
from coldwitness.domain.errors import BadInput
from coldwitness.judging.deadlines import EXCLUDED_MOST, deadline

CASES_FILE = Path(__file__).parent / "deadline_cases.csv"
CASES = list(csv.DictReader(CASES_FILE.read_text(encoding="utf-8").splitlines()))
KINDS: tuple[DeadlineKind, ...] = get_args(DeadlineKind)
DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))


def test_240_dates_of_every_kind_end_on_their_day() -> None:
    assert len(CASES) == 240
    assert {case["kind"] for case in CASES} == set(KINDS)
    wrong = []
    for case in CASES:
        kind: DeadlineKind = case["kind"]  # type: ignore[assignment]
        start = date.fromisoformat(case["from"])
        found = deadline(kind, starts_on=start, excluded_days=int(case["excluded"]))
        if found.due_on != date.fromisoformat(case["due"]):
            wrong.append(f"{case}: {found.due_on}")
        assert found.provisional == (found.due_on.year > 2026)
    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "start", "excluded", "due"),
    [
        # 2026: 02-15 to 02-23 off, Saturdays 02-14 and 02-28 worked.
        ("preservation", "2026-02-05", 0, "2026-02-14"),
        ("preservation", "2026-02-06", 0, "2026-02-24"),
        ("clue", "2026-02-10", 0, "2026-03-09"),
        ("clue", "2026-02-10", 1, "2026-03-10"),
        ("clue", "2026-02-17", 0, "2026-03-13"),
        # 2024: 10-01 to 10-07 off, Sunday 09-29 and Saturday 10-12 worked.
        ("conflict", "2024-09-19", 0, "2024-09-29"),
        ("conflict", "2024-09-27", 0, "2024-10-12"),
        # 90 days from 2025-07-05 end on 10-03, within the holidays until 10-08.
        ("decision", "2025-07-05", 0, "2025-10-09"),
        # 90 days from 2025-07-13 end on Saturday 10-11, which is worked.
        ("decision", "2025-07-13", 0, "2025-10-11"),
        ("decision", "2025-07-12", 1, "2025-10-11"),
    ],
)
def test_the_rule_by_cases_that_are_counted_on_fingers(
    kind: DeadlineKind, start: str, excluded: int, due: str
) -> None:
    found = deadline(kind, starts_on=date.fromisoformat(start), excluded_days=excluded)
    assert found.due_on == date.fromisoformat(due)
    assert (found.starts_on, found.excluded_days) == (date.fromisoformat(start), excluded)


@given(kind=st.sampled_from(KINDS), start=DAYS, excluded=st.integers(0, 60))
def test_a_limit_ends_on_a_worked_day_after_its_first_and_never_earlier_for_a_later_one(
    kind: DeadlineKind, start: date, excluded: int
) -> None:
    found = deadline(kind, starts_on=start, excluded_days=excluded)
    assert load_working_days().works(found.due_on)
    assert found.due_on > start
    later = deadline(kind, starts_on=start + timedelta(days=1), excluded_days=excluded)
    assert later.due_on >= found.due_on
    more = deadline(kind, starts_on=start, excluded_days=excluded + 1)
    assert more.due_on >= found.due_on
    if found.working_days is not None:
        assert more.due_on > found.due_on
        days = (start + timedelta(days=n) for n in range(1, (found.due_on - start).days + 1))
        worked = sum(map(load_working_days().works, days))
        assert worked == found.working_days + excluded


def test_what_reaches_into_a_year_that_is_not_arranged_is_provisional_and_says_so() -> None:
    assert not deadline("clue", starts_on=date(2026, 12, 10)).provisional
    found = deadline("clue", starts_on=date(2026, 12, 11))
    assert (found.due_on, found.provisional) == (date(2027, 1, 1), True)
    assert deadline("clue", starts_on=date(2022, 12, 20)).provisional


def test_each_limit_names_its_text_and_whether_it_was_in_force() -> None:
    for kind in KINDS:
        found = deadline(kind, starts_on=date(2026, 3, 2))
        assert found.basis.in_force
        assert found.basis.article is not None
        if found.basis.confirmed != "official_text":
            assert "待核" in found.basis.article.zh
        assert (found.working_days is None) == kind.startswith("decision")
        assert (found.calendar_days is None) != (found.working_days is None)
    assert not deadline("national_clue", starts_on=date(2023, 11, 30)).basis.in_force
    assert deadline("national_clue", starts_on=date(2023, 12, 1)).basis.in_force
    assert not deadline("national_clue", starts_on=date(2028, 12, 1)).basis.in_force


@pytest.mark.parametrize("excluded", [-1, EXCLUDED_MOST + 1])
def test_excluded_days_below_none_or_beyond_ten_years_are_refused(excluded: int) -> None:
    with pytest.raises(BadInput, match="excluded days"):
        deadline("clue", starts_on=date(2026, 3, 2), excluded_days=excluded)


def test_a_day_at_the_end_of_time_is_refused() -> None:
    for kind in ("clue", "decision"):
        with pytest.raises(BadInput, match="too late"):
            deadline(kind, starts_on=date(9999, 12, 30))
