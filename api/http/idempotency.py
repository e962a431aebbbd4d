"""Idempotency-Key: a repeated post is answered as the first was, and done once.

Kept in memory for a day and at most KEYS_MAX of them; a restart forgets them.
"""

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from coldwitness.api.http.problems import Problem
from coldwitness.judging.clock import Clock

KEPT_MS = 86_400_000
KEYS_MAX = 10_000
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass
class _Replied:
    fingerprint: str
    at_ms: int
    answer: Response | None


class RepliedPosts:
    """First answers by caller, route and key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._replied: OrderedDict[str, _Replied] = OrderedDict()

    def once(
        self,
        key: str | None,
        *,
        scope: str,
        body: bytes,
        clock: Clock,
        act: Callable[[], Response],
    ) -> Response:
        """The answer of `act`, or of the first post with this key.

        The same key with another body is refused (422), and while the first still runs, too
        (409). A failed `act` forgets its key: the client may try again.
        """
        if key is None:
            return act()
        if _KEY.fullmatch(key) is None:
            raise Problem(422, "Idempotency-Key: expected 1 to 255 visible ASCII characters")
        place = f"{scope}\n{key}"
        fingerprint = hashlib.sha256(body).hexdigest()
        with self._lock:
            self._forget(clock() - KEPT_MS)
            first = self._replied.get(place)
            if first is None:
                self._replied[place] = _Replied(fingerprint, clock(), None)
            elif first.fingerprint != fingerprint:
                raise Problem(422, "Idempotency-Key: was used before with another body")
            elif first.answer is None:
                raise Problem(409, "Idempotency-Key: the first post with it still runs")
            else:
                return first.answer
        try:
            answer = act()
        except BaseException:
            with self._lock:
                self._replied.pop(place, None)
            raise
        with self._lock:
            self._replied[place].answer = answer
        return answer

    def _forget(self, before_ms: int) -> None:
        while self._replied:
            oldest = next(iter(self._replied.values()))
            if oldest.at_ms >= before_ms and len(self._replied) < KEYS_MAX:
                return
            self._replied.popitem(last=False)
