"""One connection: its head and its body within their time and size, and room for whoever is quick.

uvicorn waits for a head and a body as long as their sender likes, and its fast parser takes heads
of any size; so each slow connection would hold a descriptor for ever.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN_S = 10.0
HEAD_BYTES_MAX = 65_536
HEAD_LINES_MAX = 200
BODY_WITHIN_S = 20.0
BODY_LEAST_BYTES_PER_S = 4_000
"""What of a body has come lengthens its time by this pace: 10 MB may take three quarters of an
hour, and a byte a second some twenty seconds."""
CONNECTIONS_MAX = 512
"""Half of the descriptors that a process usually has. One more closes the connection that has
waited longest for a head, and is closed itself where every other is at work."""

_TOO_SLOW = b"408 Request Timeout"
_TOO_LARGE = b"431 Request Header Fields Too Large"
_TOO_MANY = b"503 Service Unavailable"


class BoundedConnection(HttpToolsProtocol):
    """A protocol for uvicorn's `http`."""

    _timer: asyncio.TimerHandle | None = None
    _waits_since: float | None = None
    """Loop time since when it has brought no whole head; None while a request is under way."""
    _in_head = True
    _head_bytes = 0
    _body_ends = 0.0
    _refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._restart(HEAD_WITHIN_S)
        if len(self.connections) > CONNECTIONS_MAX:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        in_head = self._in_head
        if in_head:
            self._head_bytes += len(data)
        else:
            self._body_ends += len(data) / BODY_LEAST_BYTES_PER_S
        super().data_received(data)
        if in_head and self._in_head and self._head_bytes > HEAD_BYTES_MAX:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        self._in_head = True
        if self._waits_since is None:
            self._waits_since = self.loop.time()
        if self._timer is None:
            self._restart(HEAD_WITHIN_S)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes, self._waits_since = False, 0, None
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEAD_BYTES_MAX or len(self.headers) > HEAD_LINES_MAX:
            self._refuse(_TOO_LARGE)
            return
        self._body_ends = self.loop.time() + BODY_WITHIN_S
        self._restart(BODY_WITHIN_S)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop()
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._timer is None and not self.transport.is_closing():
            self._waits_since = self.loop.time()

    def _restart(self, within_s: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(within_s, self._late)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        left_s = 0.0 if self._in_head else self._body_ends - self.loop.time()
        if left_s > 0:
            self._restart(left_s)
        else:
            self._refuse(_TOO_SLOW)

    def _make_room(self) -> None:
        waiting = [
            (one._waits_since, place, one)
            for place, one in enumerate(self.connections)
            if isinstance(one, BoundedConnection) and one is not self and one._waits_since
        ]
        if waiting:
            min(waiting)[2].transport.abort()
        else:
            self._refuse(_TOO_MANY)

    def _refuse(self, status: bytes) -> None:
        """Say why, unless an answer has begun, and close."""
        self._refused = True
        self._stop()
        if self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            head = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            self.transport.write(head % status)
        self.transport.close()
