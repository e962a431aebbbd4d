"""A post that a client may send again: with the same key it is answered once."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.caller import Caller
from coldwitness.api.http.services import Services


def answered_once(
    request: Request,
    services: Services,
    caller: Caller,
    body: object,
    *,
    key: str | None,
    act: Callable[[], Response],
) -> Response:
    """What `act` answers, or what it answered to the same post of this caller before. key : the
    `Idempotency-Key`, None where none was sent."""
    return services.replied.once(
        key,
        scope=f"{caller.who} POST {request.url.path}",
        body=msgspec.json.encode(body),
        clock=services.clock,
        act=act,
    )
