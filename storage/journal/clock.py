"""The receive clock: wall time that never runs backwards, and that notices being set."""

import time
from collections.abc import Callable
from dataclasses import dataclass

STEP_MS = 2000.0
"""A wall clock that differs from the monotonic one by more was set, not disciplined: NTP slews
by at most 500 ppm, which is 2 s in over an hour."""


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
