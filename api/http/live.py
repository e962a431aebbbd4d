"""The live stream: server-sent events about what was just received and judged."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import StreamingResponse

from coldwitness.api.clues.beyond_reach import beyond, hidden_finding, twins_of
from coldwitness.api.http.admission import still_admitted
from coldwitness.api.http.answers import documented
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.rights import roles_of, sees_destination
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.live.hub import Listener, LiveEvent, LiveHub, StreamEnds
from coldwitness.api.live.news import FindingNews
from coldwitness.api.metrics import Metrics

router = APIRouter(tags=["live"])

HEARTBEAT_S = 15.0


@router.get(
    "/v1/live",
    responses=documented(None, content=("text/event-stream",), description="The stream"),
    response_model=None,
)
async def live(
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Events `reading`, `finding`, `verdict`, `clue` and `lost`, and `beat` where nothing happened
    for 15 s, until the client leaves. With Last-Event-ID, first what happened since then, as far
    as it is kept."""
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    listener = services.hub.listen(after=after)
    return StreamingResponse(
        _stream(services.hub, listener, services.metrics, _theirs(services, caller)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _theirs(services: Services, caller: Caller) -> Callable[[Sequence[LiveEvent]], list[LiveEvent]]:
    """Of what happened, what the caller may see. Raises StreamEnds once nobody would let it in
    any more: a stream lives longer than a key may."""

    def theirs(events: Sequence[LiveEvent]) -> list[LiveEvent]:
        if not still_admitted(services, caller):
            raise StreamEnds
        if caller.role not in roles_of("GET", "/v1/clues"):
            events = [event for event in events if event.name != "clue"]
        if not sees_destination(caller.role):
            events = [event for event in events if event.name != "finding"]
        if caller.reach.everything or not events:
            return [*events]
        names = {event.shipment for event in events}
        seen = services.register.shipments.seen(names, reach=caller.reach)
        own = [event for event in events if event.shipment in seen]
        return _without_twins(services, own, caller)

    return theirs


def _without_twins(services: Services, events: list[LiveEvent], caller: Caller) -> list[LiveEvent]:
    """Findings without the names of shipments beyond the caller's reach."""
    found = [event.data.finding for event in events if isinstance(event.data, FindingNews)]
    hidden = beyond(services.register, twins_of(found), caller.reach)
    if not hidden:
        return events
    return [
        replace(event, data=FindingNews(news.shipment, hidden_finding(news.finding, hidden)))
        if isinstance(news := event.data, FindingNews)
        else event
        for event in events
    ]


async def _stream(
    hub: LiveHub,
    listener: Listener,
    metrics: Metrics,
    theirs: Callable[[Sequence[LiveEvent]], list[LiveEvent]],
) -> AsyncIterator[bytes]:
    metrics.listeners.inc()
    try:
        async for frame in listener.frames(heartbeat_s=HEARTBEAT_S, theirs=theirs):
            yield frame
    finally:
        hub.leave(listener)
        metrics.listeners.dec()
