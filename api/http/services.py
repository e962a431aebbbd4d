"""What the routes work with, and who is calling."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from coldwitness.api.clues.outbox import Outbox
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.doors import Doors
from coldwitness.api.http.idempotency import RepliedPosts
from coldwitness.api.http.openid import OpenIdSignIn
from coldwitness.api.http.rate import Rate
from coldwitness.api.live.board import Board, BoardRows
from coldwitness.api.live.hub import LiveHub
from coldwitness.api.metrics import Metrics
from coldwitness.api.reports.drawn.recent import RecentDrawings
from coldwitness.api.reports.packed.record_altered import RecordCheck
from coldwitness.config.settings import Settings
from coldwitness.judging.clock import Clock
from coldwitness.judging.elsewhere import Judging
from coldwitness.judging.rulebook import Rulebook
from coldwitness.storage.ports import Register, TelemetryStore


class Remark(str):
    """What is to be said of a part that is ready all the same."""


Readiness = Callable[[], str | None]
"""None: ready. A text: what is wrong; a Remark: what is not as it should be."""


@dataclass(frozen=True)
class Services:
    """The parts of one server; wired by whoever starts it.

    record : compares with the journal what a report is made of; None where there is no journal.
    readiness : further parts that /readyz names (broker, ingest, disk), each with its check.
    """

    store: TelemetryStore
    register: Register
    judge: Judging
    outbox: Outbox
    hub: LiveHub
    rulebook: Rulebook
    settings: Settings
    clock: Clock
    metrics: Metrics
    base_url: str
    board: BoardRows = field(default_factory=Board)
    record: RecordCheck | None = None
    readiness: Mapping[str, Readiness] = field(default_factory=dict)
    drawings: RecentDrawings = field(init=False, default_factory=RecentDrawings)
    replied: RepliedPosts = field(init=False)
    doors: Doors = field(init=False)
    rate: Rate = field(init=False)
    platform_quota: Rate = field(init=False)
    """Of one platform: what it may ask in a day, at once or spread."""
    openid: OpenIdSignIn | None = field(init=False)
    attempts: Rate = field(init=False)
    """To sign in, by address."""
    _changing: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        settings = self.settings
        object.__setattr__(self, "replied", RepliedPosts(self.register))
        object.__setattr__(self, "doors", Doors(self.register))
        object.__setattr__(self, "rate", Rate(settings.http.requests_per_minute))
        day = settings.http.platform_requests_per_day
        quota = Rate(day / 1440, at_once=day)
        object.__setattr__(self, "platform_quota", quota)
        object.__setattr__(self, "attempts", Rate(settings.sign_in.attempts_per_minute))
        provider, back = settings.openid, f"{self.base_url}/sign-in/openid/back"
        openid = None
        if provider is not None:
            openid = OpenIdSignIn(provider, self.clock, return_to=back)
        object.__setattr__(self, "openid", openid)

    @contextmanager
    def changing(self, what: str) -> Iterator[None]:
        """Held between the look at what is there and its change, where a condition hangs on it:
        one request at a time here, and one of all processes for the same `what`."""
        with self._changing, self.register.alone(what):
            yield


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def caller_of(request: Request) -> Caller:
    """As whom the door let it in (`admission`)."""
    caller: Caller = request.state.caller
    return caller


ServicesOf = Annotated[Services, Depends(services_of)]
CallerOf = Annotated[Caller, Depends(caller_of)]
