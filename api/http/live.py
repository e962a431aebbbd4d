"""The live stream: server-sent events about what was just received and judged."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import StreamingResponse

from coldwitness.api.http.answers import documented
from coldwitness.api.http.services import ServicesOf
from coldwitness.api.live.hub import Listener, LiveHub
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
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Events `reading`, `finding`, `verdict`, `clue` and `lost`, until the client leaves. With
    Last-Event-ID, first what happened since then, as far as it is kept."""
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    listener = services.hub.listen(after=after)
    return StreamingResponse(
        _stream(services.hub, listener, services.metrics),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(hub: LiveHub, listener: Listener, metrics: Metrics) -> AsyncIterator[bytes]:
    metrics.listeners.inc()
    try:
        async for frame in listener.frames(heartbeat_s=HEARTBEAT_S):
            yield frame
    finally:
        hub.leave(listener)
        metrics.listeners.dec()
