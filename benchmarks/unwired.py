"""A server's connection without a socket: a request's bytes in, its answer's bytes out.

The protocol, the parser and the application are the server's; what is left out is the network and a
client. What an application does in threads it does here in the one there is: one request is under
way at a time, and a thread changed twice for each costs more than most answers.
"""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import uvicorn
from uvicorn.server import ServerState

from coldwitness.api.http.connections import BoundedConnection

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True)
class Answer:
    """status : 0 where the connection ended without one. waits : it names when to ask again."""

    status: int
    body: bytes
    waits: bool


class _Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)})
        self.written: list[bytes] = []
        self.ended = False
        self.told: Callable[[], None] = lambda: None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.ended

    def close(self) -> None:
        self.ended = True
        self.told()

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Likewise."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Of an upgrade, which nobody answers here."""


class _Connection(BoundedConnection):
    """Says when an answer is whole."""

    answered: Callable[[], None] = lambda: None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.answered()

    @property
    def waits_for_more(self) -> bool:
        """Whether a request has not come to its end, or none has begun."""
        return self._timer is not None or self.cycle is None or self.cycle.response_complete


class Unwired:
    """Asks an application as a server would, one request after the other."""

    def __init__(self, app: Any) -> None:
        self._config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        self._config.load()
        self._state = ServerState()
        self._open: tuple[_Connection, _Wire] | None = None
        self.mistakes: list[str] = []
        """What the loop was told of that no answer showed."""
        asyncio.get_running_loop().set_exception_handler(
            lambda _, told: self.mistakes.append(repr(told.get("exception") or told["message"]))
        )

    async def ask(self, request: bytes, *, within_s: int, keep: bool = True) -> Answer:
        """request : its bytes, which may be cut off; then whoever sent it goes away. keep : the
        connection for the next one. Raises TimeoutError where no answer comes."""
        connection, wire = self._open or self._connect()
        self._open = None
        done = asyncio.get_running_loop().create_future()

        def whole() -> None:
            if not done.done():
                done.set_result(None)

        connection.answered = wire.told = whole
        wire.written.clear()
        connection.data_received(request)
        if not done.done() and connection.waits_for_more:
            await asyncio.sleep(0)
            connection.connection_lost(None)
        waited_s = 0
        while not done.done():
            if waited_s == within_s:
                raise TimeoutError
            await asyncio.wait([done], timeout=1.0)
            waited_s += 1  # not by the clock: a process that is stopped for a while is not late
        kept = keep and not wire.ended
        if kept:
            self._open = connection, wire
        else:
            wire.close()
            connection.connection_lost(None)
            while self._state.tasks:
                await asyncio.wait(self._state.tasks, timeout=within_s)
        return _answer(b"".join(wire.written))

    def _connect(self) -> tuple[_Connection, _Wire]:
        connection, wire = _Connection(self._config, self._state, {}), _Wire()
        connection.connection_made(wire)
        return connection, wire


@contextmanager
def in_one_thread() -> Iterator[None]:
    """What the main thread would have done in another is done at once; a server beside it is as it
    is."""
    kept: Callable[..., Awaitable[Any]] = anyio.to_thread.run_sync

    async def run_sync(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        if threading.current_thread() is threading.main_thread():
            return work(*args)
        return await kept(work, *args, **more)

    anyio.to_thread.run_sync = run_sync  # type: ignore[assignment]
    try:
        yield
    finally:
        anyio.to_thread.run_sync = kept  # type: ignore[assignment]


def _answer(written: bytes) -> Answer:
    """The first that is none on the way (100 Continue)."""
    while (begin := _STATUS.match(written)) is not None:
        head, _, rest = written.partition(b"\r\n\r\n")
        if begin[1][:1] != b"1":
            return Answer(int(begin[1]), rest, b"\r\nretry-after:" in head.lower())
        written = rest
    return Answer(0, written, waits=False)
