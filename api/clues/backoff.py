"""When a refused delivery is tried again: over about a day, then it is a dead letter."""

import random

PAUSES_S = (5, 15, 60, 300, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800)
"""Pause after the first, second, … failed attempt; together a little over 24 hours."""
JITTER = 0.2
"""Each pause is stretched or shortened by up to this, so that many waiting deliveries do not
come back to a recovering system all at once."""


def next_try_ms(attempts: int, *, now_ms: int, at_least_s: float = 0.0) -> int | None:
    """Time of the next attempt after `attempts` failed ones; None: given up.

    at_least_s : what the receiver's Retry-After asked for; it never shortens a pause and is
    followed for up to a day.
    """
    if attempts > len(PAUSES_S):
        return None
    pause_s = PAUSES_S[max(attempts, 1) - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    pause_s = max(pause_s, min(at_least_s, 86_400.0))
    return now_ms + round(pause_s * 1000)
