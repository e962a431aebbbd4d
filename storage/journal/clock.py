"""The receive clock: wall time that never runs backwards, and that notices being set."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from coldwitness.domain.instants import rfc3339

STEP_MS = 2000.0
"""A wall clock that differs from the monotonic one by more was set, not disciplined: NTP slews
by at most 500 ppm, which is 2 s in over an hour."""


EARLIEST_MS = 1_704_067_200_000
LATEST_MS = 4_102_444_800_000
"""2024 and 2100: a server whose clock lies outside was never set, or wrongly. No reading of today
could be judged by it: each would be of the future, or a hundred years late."""


def clock_problem(now_ms: int, *, written_ms: int) -> str | None:
    """What is wrong with the server's clock, by itself and by the last time that was written in
    the journal (0: none)."""
    if not EARLIEST_MS <= now_ms < LATEST_MS:
        return (
            f"the server's clock says {rfc3339(now_ms)}, expected a time from"
            f" {rfc3339(EARLIEST_MS)} to {rfc3339(LATEST_MS)}"
        )
    if written_ms > now_ms + STEP_MS:
        return f"it is {rfc3339(now_ms)}, but the journal was written until {rfc3339(written_ms)}"
    return None


@dataclass(frozen=True)
class ClockStep:
    """The wall clock was set. step_ms < 0: back. issued_ms: what was given out instead."""

    wall_ms: int
    expected_ms: int
    issued_ms: int

    @property
    def step_ms(self) -> int:
        return self.wall_ms - self.expected_ms


def _wall_ms() -> float:
    return time.time() * 1000.0


def _monotonic_ms() -> float:
    return time.monotonic() * 1000.0


class ReceiveClock:
    """Gives receive times in UTC epoch ms, never smaller than the one before.

    While the wall clock is behind what was already given out, time goes on at half the
    speed of the monotonic clock until the wall clock has caught up: order is kept, and the
    error shrinks instead of staying for ever. Every step is reported once to `on_step`.

    not_before_ms : last time that stands in the journal, for a clock set back between runs.
    """

    def __init__(
        self,
        *,
        not_before_ms: int = 0,
        on_step: Callable[[ClockStep], None] | None = None,
        wall_ms: Callable[[], float] = _wall_ms,
        monotonic_ms: Callable[[], float] = _monotonic_ms,
    ) -> None:
        self._wall_ms = wall_ms
        self._monotonic_ms = monotonic_ms
        self._on_step = on_step
        wall, self._monotonic = wall_ms(), monotonic_ms()
        self._wall = wall
        self._issued = max(wall, float(not_before_ms))
        if not_before_ms - wall > STEP_MS:
            self._report(wall=wall, expected=float(not_before_ms))

    @property
    def issued_ms(self) -> int:
        """The last time that was given out."""
        return int(self._issued)

    def now_ms(self) -> int:
        wall, monotonic = self._wall_ms(), self._monotonic_ms()
        elapsed = max(0.0, monotonic - self._monotonic)
        expected = self._wall + elapsed
        if wall >= self._issued:
            self._issued = wall
        else:
            self._issued += elapsed / 2
        if abs(wall - expected) > STEP_MS:
            self._report(wall=wall, expected=expected)
        self._wall, self._monotonic = wall, monotonic
        return int(self._issued)

    def _report(self, *, wall: float, expected: float) -> None:
        if self._on_step is not None:
            self._on_step(ClockStep(int(wall), int(expected), int(self._issued)))
