"""A post that a client may send again: with the same key it is answered once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.bodies import JsonBody
from coldwitness.api.http.services import CallerOf, Services, ServicesOf


@dataclass(frozen=True)
class Once:
    """One post. scope : whose, and where to. key : its `Idempotency-Key`, None where none came."""

    services: Services
    scope: str
    body: bytes
    key: str | None

    def answered(self, act: Callable[[], Response]) -> Response:
        """What `act` answers, or what it answered to the same post of this caller before."""
        return self.services.replied.once(
            self.key, scope=self.scope, body=self.body, clock=self.services.clock, act=act
        )


def once_of(
    request: Request,
    body: JsonBody,
    services: ServicesOf,
    caller: CallerOf,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Once:
    scope = f"{caller.who} POST {request.url.path}"
    return Once(services, scope, msgspec.json.encode(body), idempotency_key)


OnceOf = Annotated[Once, Depends(once_of)]
