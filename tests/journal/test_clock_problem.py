"""A server clock that cannot be right is told, below, at and above each limit."""

import pytest

from coldwitness.domain.instants import instant_ms
from coldwitness.storage.journal.clock import STEP_MS, ReceiveClock, clock_problem

NOW_MS = instant_ms("2028-02-29T23:59:59Z")


@pytest.mark.parametrize(
    ("now", "right"),
    [
        ("1970-01-01T00:00:07Z", False),
        ("2023-12-31T23:59:59.999Z", False),
        ("2024-01-01T00:00:00Z", True),
        ("2024-02-29T12:00:00Z", True),
        ("2026-12-31T23:59:59.999Z", True),
        ("2099-12-31T23:59:59.999Z", True),
        ("2100-01-01T00:00:00Z", False),
        ("2101-06-01T00:00:00Z", False),
    ],
)
def test_a_clock_outside_of_this_century_is_told(now: str, *, right: bool) -> None:
    problem = clock_problem(instant_ms(now), written_ms=0)
    assert (problem is None) == right
    assert right or now[:10] in str(problem)


@pytest.mark.parametrize(
    ("ahead_ms", "right"), [(STEP_MS - 1, True), (STEP_MS, True), (STEP_MS + 1, False)]
)
def test_a_journal_that_was_written_later_contradicts_the_clock(
    ahead_ms: float, *, right: bool
) -> None:
    problem = clock_problem(NOW_MS, written_ms=NOW_MS + int(ahead_ms))
    assert (problem is None) == right


def test_a_clock_set_back_between_two_runs_is_told_until_it_has_caught_up() -> None:
    wall_ms, monotonic_ms = float(NOW_MS), 0.0
    clock = ReceiveClock(
        not_before_ms=NOW_MS + 10_000, wall_ms=lambda: wall_ms, monotonic_ms=lambda: monotonic_ms
    )
    assert clock_problem(NOW_MS, written_ms=clock.issued_ms) is not None
    wall_ms, monotonic_ms = wall_ms + 20_000, 20_000.0
    clock.now_ms()
    assert clock_problem(int(wall_ms), written_ms=clock.issued_ms) is None
