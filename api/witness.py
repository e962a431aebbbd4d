"""A witness's face: C2SP tlog-witness over HTTP, for logs of which it was told the keys."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Protocol

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.witness.protocol import ADD, SIZE_TYPE, read_submission
from coldwitness.storage.witness.seen import (
    Inconsistent,
    NotSignedByLog,
    OtherSize,
    SeenCheckpoints,
    UnknownLog,
)

MOST_BODY_BYTES = 64_000
BODY_WITHIN_S = 10.0
_TEXT = "text/plain; charset=utf-8"
_STATUS = {UnknownLog: 404, NotSignedByLog: 403, Inconsistent: 422}
Scope = MutableMapping[str, object]
Told = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Told]]
Send = Callable[[Told], Awaitable[None]]
Answer = tuple[int, str, bytes]


class Application(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


def witness_app(seen: SeenCheckpoints) -> Application:
    """`POST /add-checkpoint`, `GET /{origin hash}/checkpoint`, `GET /healthz`; nothing else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        status, kind, body = await _answer(seen, scope, receive)
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def _answer(seen: SeenCheckpoints, scope: Scope, receive: Receive) -> Answer:
    method, path = scope["method"], str(scope["path"])
    if path == f"/{ADD}":
        if method != "POST":
            return 405, _TEXT, b"POST only\n"
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                body = await _body(receive)
        except (BadInput, TimeoutError) as error:
            return 400, _TEXT, f"{error}\n".encode()
        return await asyncio.to_thread(added, seen, body)
    if method not in ("GET", "HEAD"):
        return 405, _TEXT, b"GET only\n"
    if path == "/healthz":
        return 200, _TEXT, b"ok\n"
    name, slash, what = path.removeprefix("/").partition("/")
    note = None
    if slash and what == "checkpoint":
        note = await asyncio.to_thread(seen.latest, name)
    return (404, _TEXT, b"nothing here\n") if note is None else (200, _TEXT, note)


def added(seen: SeenCheckpoints, body: bytes) -> Answer:
    """Status, content type and body that the protocol asks for."""
    try:
        signature = seen.add(read_submission(body))
    except OtherSize as other:
        return 409, SIZE_TYPE, b"%d\n" % other.size
    except BadInput as error:
        return _STATUS.get(type(error), 400), _TEXT, f"{error}\n".encode()
    except Unavailable:
        return 503, _TEXT, b"cannot keep it\n"
    return 200, _TEXT, signature.line().encode()


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        told = await receive()
        if told["type"] == "http.disconnect":
            raise BadInput("cut off")
        part = told.get("body", b"")
        body += part if isinstance(part, bytes) else b""
        if len(body) > MOST_BODY_BYTES:
            raise BadInput(f"longer than {MOST_BODY_BYTES} bytes")
        if not told.get("more_body"):
            return bytes(body)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        told = await receive()
        await send({"type": f"{told['type']}.complete"})
        if told["type"] == "lifespan.shutdown":
            return
