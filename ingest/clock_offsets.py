"""How far each logger's clock is off, with an interval, from device and receive times.

A message takes time to arrive, never less than none. So receive time minus device time is the
delay minus the clock's error, and each message proves that the logger's clock is ahead of ours
by at least device minus receive time. That lower end is certain (as far as our clock is right).
The upper end assumes that the promptest of the last messages took no longer to arrive than the
usual spread of delays plus one second; after a backlog it is wide, and it says so.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

REMEMBERED = 16
PROMPT_MS = 1000
_LOGGERS = 200_000
"""Loggers kept in memory; beyond, the ones heard longest ago are forgotten."""


@dataclass(frozen=True)
class ClockOffset:
    """A logger's clock minus ours lies in [low_ms, high_ms]; positive: it is ahead."""

    logger: str
    low_ms: int
    high_ms: int
    messages: int
    updated_ms: int


class ClockOffsets:
    """Watches the newest reading of each message; readings without a device time do not count."""

    def __init__(self) -> None:
        self._lags: dict[str, deque[int]] = {}
        self._messages: dict[str, int] = {}
        self._changed: dict[str, int] = {}

    def observe(self, logger: str, *, device_ms: int, received_ms: int) -> None:
        lags = self._lags.get(logger)
        if lags is None:
            if len(self._lags) >= _LOGGERS:
                oldest = next(iter(self._lags))
                del self._lags[oldest], self._messages[oldest]
            lags = self._lags[logger] = deque(maxlen=REMEMBERED)
        lags.append(received_ms - device_ms)
        self._messages[logger] = self._messages.get(logger, 0) + 1
        self._changed[logger] = received_ms

    def changed(self) -> Iterator[ClockOffset]:
        """Estimates that changed since the last call."""
        changed, self._changed = self._changed, {}
        for logger, updated_ms in changed.items():
            estimate = self.estimate(logger, updated_ms=updated_ms)
            if estimate is not None:
                yield estimate

    def estimate(self, logger: str, *, updated_ms: int = 0) -> ClockOffset | None:
        lags = self._lags.get(logger)
        if not lags:
            return None
        promptest = min(lags)
        spread = int(median(lags)) - promptest
        low = -promptest
        messages = self._messages[logger]
        return ClockOffset(logger, low, low + spread + PROMPT_MS, messages, updated_ms)
