"""A repeated post is answered as the first was, and done once: by its Idempotency-Key for a day,
and without one an equal post of the same caller within a minute, as a button pressed twice sends.

Kept in the register: another process, and the next one, answer alike.
"""

import hashlib
import re
import time
from collections.abc import Callable

from starlette.responses import Response

from coldwitness.api.http.problems import Problem
from coldwitness.judging.clock import Clock
from coldwitness.storage.people_ports import Reply
from coldwitness.storage.ports import Register

KEPT_MS = 86_400_000
RUNS_MS = 300_000
"""A first post that has run for longer was ended with its process."""
ALIKE_MS = 60_000
"""How long an equal post without a key is the same one."""
_LOOK_EVERY_S = 0.05
_LOOKS = 100
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class RepliedPosts:
    """First answers by caller, route and key."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def once(
        self,
        key: str | None,
        *,
        scope: str,
        body: bytes,
        clock: Clock,
        act: Callable[[], Response],
        alike: bool = True,
    ) -> Response:
        """The answer of `act`, or of the first post with this key.

        The same key with another body is refused (422), and while the first still runs, too
        (409); without a key the first is waited for. A failed `act` forgets its post: the client
        may try again. alike : False where `act` knows by itself what it did before.
        """
        if key is None and not alike:
            return act()
        if key is not None and _KEY.fullmatch(key) is None:
            raise Problem(422, "Idempotency-Key: expected 1 to 255 visible ASCII characters")
        fingerprint = hashlib.sha256(body).hexdigest()
        # No key has a space.
        place = f"{scope}\n{key}" if key is not None else f"{scope}\n alike {fingerprint}"
        first = self._first(place, fingerprint, clock, alike=key is None)
        if first is not None:
            if first.fingerprint != fingerprint:
                raise Problem(422, "Idempotency-Key: was used before with another body")
            if first.status is None:
                raise Problem(409, "the first post that says the same still runs")
            return Response(first.body, status_code=first.status, headers=dict(first.headers))
        replies = self._register.replies
        try:
            answer = act()
        except BaseException:
            replies.forget(place)
            raise
        replies.answered(
            place,
            status=answer.status_code,
            headers={
                name: value for name, value in answer.headers.items() if name != "content-length"
            },
            body=bytes(answer.body),
        )
        return answer

    def _first(self, place: str, fingerprint: str, clock: Clock, *, alike: bool) -> Reply | None:
        """The answer of the first post, which may still run; None where this is the first. One that
        is only alike waits some seconds for it."""
        for _ in range(_LOOKS if alike else 1):
            first = self._register.replies.begin(
                place,
                fingerprint=fingerprint,
                now_ms=clock(),
                kept_ms=KEPT_MS,
                runs_ms=RUNS_MS,
                counts_ms=ALIKE_MS if alike else None,
            )
            if not alike or first is None or first.status is not None:
                return first
            time.sleep(_LOOK_EVERY_S)
        return first
