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


class _Heard:
    """What is remembered of one logger: how late its last messages were, and how many came."""

    __slots__ = ("lags_ms", "messages", "updated_ms")

    def __init__(self) -> None:
        self.lags_ms: deque[int] = deque(maxlen=REMEMBERED)
        self.messages = 0
        self.updated_ms = 0


class ClockOffsets:
    """Watches the newest reading of each message; readings without a device time do not count."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}
        self._changed: dict[str, _Heard] = {}

    def observe(self, logger: str, *, device_ms: int, received_ms: int) -> None:
        heard = self._heard.get(logger)
        if heard is None:
            if len(self._heard) >= _LOGGERS:
                del self._heard[next(iter(self._heard))]
            heard = self._heard[logger] = _Heard()
        heard.lags_ms.append(received_ms - device_ms)
        heard.messages += 1
        heard.updated_ms = received_ms
        self._changed[logger] = heard

    def changed(self) -> Iterator[ClockOffset]:
        """Estimates that changed since the last call."""
        changed, self._changed = self._changed, {}
        for logger, heard in changed.items():
            yield _estimate(logger, heard)

    def estimate(self, logger: str) -> ClockOffset | None:
        heard = self._heard.get(logger)
        return None if heard is None else _estimate(logger, heard)


def _estimate(logger: str, heard: _Heard) -> ClockOffset:
    promptest = min(heard.lags_ms)
    spread = int(median(heard.lags_ms)) - promptest
    return ClockOffset(
        logger, -promptest, spread - promptest + PROMPT_MS, heard.messages, heard.updated_ms
    )
