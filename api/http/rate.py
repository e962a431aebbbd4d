"""How often one caller may ask: a bucket each that fills again as time goes by."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from coldwitness.api.http.problems import Problem

CALLERS_MAX = 20_000
"""Remembered; of those that were forgotten the bucket is full again."""


class Rate:
    """per_minute : also how many may come at once, unless `at_once` says another number."""

    def __init__(
        self,
        per_minute: float,
        now_s: Callable[[], float] = time.monotonic,
        *,
        at_once: float | None = None,
    ) -> None:
        self._most = float(per_minute if at_once is None else at_once)
        self._per_s = per_minute / 60.0
        self._now_s = now_s
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Raises Problem (429) with when to come again."""
        now_s = self._now_s()
        with self._lock:
            left, since_s = self._left.pop(caller, (self._most, now_s))
            left = min(self._most, left + (now_s - since_s) * self._per_s)
            enough = left >= 1.0
            self._left[caller] = (left - enough, now_s)
            if len(self._left) > CALLERS_MAX:
                self._left.popitem(last=False)
        if not enough:
            wait_s = max(1, round((1.0 - left) / self._per_s))
            raise Problem(429, "asked too often", headers={"Retry-After": str(wait_s)})
