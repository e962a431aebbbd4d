"""Idempotency-Key: a repeated post is answered as the first was, and done once.

Kept in the register for a day: another process, and the next one, answer alike.
"""

import hashlib
import re
from collections.abc import Callable

from starlette.responses import Response

from coldwitness.api.http.problems import Problem
from coldwitness.judging.clock import Clock
from coldwitness.storage.ports import Register

KEPT_MS = 86_400_000
RUNS_MS = 300_000
"""A first post that has run for longer was ended with its process."""
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
        replies = self._register.replies
        first = replies.begin(
            place, fingerprint=fingerprint, now_ms=clock(), kept_ms=KEPT_MS, runs_ms=RUNS_MS
        )
        if first is not None:
            if first.fingerprint != fingerprint:
                raise Problem(422, "Idempotency-Key: was used before with another body")
            if first.status is None:
                raise Problem(409, "Idempotency-Key: the first post with it still runs")
            return Response(first.body, status_code=first.status, headers=dict(first.headers))
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
