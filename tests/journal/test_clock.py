"""Receive times: never backwards, honest about a clock that was set."""

from hypothesis import given
from hypothesis import strategies as st

from coldwitness.storage.journal.clock import ClockStep, ReceiveClock


class Clocks:
    """A wall and a monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.monotonic = 0.0
        self.steps: list[ClockStep] = []

    def clock(self, *, not_before_ms: int = 0) -> ReceiveClock:
        return ReceiveClock(
            not_before_ms=not_before_ms,
            on_step=self.steps.append,
            wall_ms=lambda: self.wall,
            monotonic_ms=lambda: self.monotonic,
        )

    def passes(self, ms: float) -> None:
        self.wall += ms
        self.monotonic += ms


def test_it_tells_the_wall_time_while_nothing_is_wrong() -> None:
    clocks = Clocks()
    clock = clocks.clock()
    clocks.passes(1234)
    assert clock.now_ms() == 1_001_234
    assert clocks.steps == []


def test_a_clock_set_back_goes_on_at_half_speed_until_it_has_caught_up() -> None:
    clocks = Clocks()
    clock = clocks.clock()
    clock.now_ms()
    clocks.wall -= 60_000
    clocks.passes(10_000)
    assert clock.now_ms() == 1_005_000
    assert [step.step_ms for step in clocks.steps] == [-60_000]
    clocks.passes(100_000)
    assert clock.now_ms() == 1_050_000 == int(clocks.wall)
    assert len(clocks.steps) == 1


def test_a_clock_set_forward_is_followed_and_reported() -> None:
    clocks = Clocks()
    clock = clocks.clock()
    clocks.wall += 3_600_000
    assert clock.now_ms() == 4_600_000
    assert [step.step_ms for step in clocks.steps] == [3_600_000]


def test_a_step_of_two_seconds_is_no_step_and_one_beyond_is() -> None:
    clocks = Clocks()
    clock = clocks.clock()
    clocks.wall += 2000
    clock.now_ms()
    assert clocks.steps == []
    clocks.wall += 2001
    clock.now_ms()
    assert [step.step_ms for step in clocks.steps] == [2001]


def test_a_clock_set_back_between_two_runs_is_reported_at_start() -> None:
    clocks = Clocks()
    clock = clocks.clock(not_before_ms=1_500_000)
    assert [step.step_ms for step in clocks.steps] == [-500_000]
    assert clock.now_ms() >= 1_500_000


@given(st.lists(st.tuples(st.floats(-1e7, 1e7), st.floats(0, 1e5)), max_size=30))
def test_whatever_the_wall_clock_does_time_never_runs_backwards(
    moves: list[tuple[float, float]],
) -> None:
    clocks = Clocks()
    clock = clocks.clock()
    told = [clock.now_ms()]
    for step, passed in moves:
        clocks.wall += step
        clocks.passes(passed)
        told.append(clock.now_ms())
    assert told == sorted(told)
