"""The one clock of judging, clues and HTTP: UTC epoch milliseconds, replaceable in tests."""

import time
from collections.abc import Callable

Clock = Callable[[], int]


def system_clock() -> int:
    """Now, UTC epoch ms."""
    return time.time_ns() // 1_000_000
