"""Tells every open live stream what was just judged; a slow listener never holds up judging."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import msgspec
from anyio import to_thread
from msgspec import Struct

from coldwitness.domain.errors import Unavailable

KEPT_EVENTS = 2000
"""How many past events a listener that lost its connection can still catch up on."""
LISTENER_BACKLOG = 2000
"""A listener further behind than this loses the oldest and is told so (`lost`)."""
LISTENERS_MAX = 256


@dataclass(frozen=True)
class LiveEvent:
    """One server-sent event; `number` rises by one with each."""

    number: int
    name: str
    data: Struct

    @property
    def shipment(self) -> str:
        """Whose news it is."""
        return str(getattr(self.data, "shipment", ""))

    def frame(self) -> bytes:
        """The event as text/event-stream bytes."""
        body = msgspec.json.encode(self.data)
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.number, self.name.encode(), body)


class StreamEnds(Exception):
    """Its listener may hear nothing any more."""


class Listener:
    """One open stream's queue, filled from any thread and drained by its event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, after: int = 0) -> None:
        """after : the number up to which it has heard all."""
        self._loop = loop
        self._after = after
        self._waiting: deque[LiveEvent] = deque(maxlen=LISTENER_BACKLOG)
        self._lost = 0
        self._more = asyncio.Event()
        self._lock = threading.Lock()
        self.closed = False

    def put(self, event: LiveEvent) -> None:
        if event.number <= self._after:
            return
        with self._lock:
            first = not self._waiting
            if len(self._waiting) == LISTENER_BACKLOG:
                self._lost += 1
            self._waiting.append(event)
        if first:
            self._wake()

    def close(self) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # its loop has ended: nobody listens any more
            self._loop.call_soon_threadsafe(self._more.set)

    async def frames(
        self,
        *,
        heartbeat_s: float,
        theirs: Callable[[Sequence[LiveEvent]], list[LiveEvent]] = list,
    ) -> AsyncIterator[bytes]:
        """Event frames until the hub closes; `beat` where nothing happened, so that who listens
        knows of a line that is dead.

        theirs : of some events those that the listener may hear; asked in a thread, as it may ask
        the register, and with none at each heartbeat. It ends the stream by StreamEnds or
        Unavailable.
        """
        yield b"retry: 2000\n: coldwitness\n\n"
        while not self.closed:
            try:
                await asyncio.wait_for(self._more.wait(), timeout=heartbeat_s)
            except TimeoutError:
                if await self._of_them(theirs, []) is None:
                    return
                yield b"event: beat\ndata: {}\n\n"
                continue
            self._more.clear()
            with self._lock:
                events, lost = list(self._waiting), self._lost
                self._waiting.clear()
                self._lost = 0
            if lost:
                yield b'event: lost\ndata: {"events":%d}\n\n' % lost
            told = await self._of_them(theirs, events)
            if told is None:
                return
            if told:
                yield b"".join(event.frame() for event in told)

    async def _of_them(
        self,
        theirs: Callable[[Sequence[LiveEvent]], list[LiveEvent]],
        events: Sequence[LiveEvent],
    ) -> list[LiveEvent] | None:
        if theirs is list:
            return [*events]
        try:
            return await to_thread.run_sync(theirs, events)
        except (StreamEnds, Unavailable):
            return None


class LiveHub:
    """Fan-out of judging news; `publish` may be called from any thread."""

    def __init__(self, *, numbered_for_all: bool = False) -> None:
        """numbered_for_all : events come with numbers that mean the same in every process, now and
        after a restart (`told_by_others`)."""
        self._for_all = numbered_for_all
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._kept: deque[LiveEvent] = deque(maxlen=KEPT_EVENTS)
        self._number = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._listeners)

    def publish(self, name: str, data: Struct, *, number: int | None = None) -> None:
        """number : where it comes with one."""
        with self._lock:
            self._number = self._number + 1 if number is None else number
            event = LiveEvent(self._number, name, data)
            self._kept.append(event)
            for listener in self._listeners:
                listener.put(event)

    def listen(self, *, after: int | None = None) -> Listener:
        """A new listener on the running loop; with `after`, first what was kept since then.

        Raises Unavailable when the hub is full or closing.
        """
        with self._lock:
            heard = after or 0
            if heard > self._number and not self._for_all:
                heard = 0  # numbered by an earlier process: everything is news
            listener = Listener(asyncio.get_running_loop(), after=heard)
            if self._closed:
                raise Unavailable("the live stream is closing")
            if len(self._listeners) >= LISTENERS_MAX:
                raise Unavailable(f"the live stream has its {LISTENERS_MAX} listeners")
            if after is not None:
                for event in self._kept:
                    listener.put(event)
            self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams, so that a server can stop without waiting for its browsers."""
        with self._lock:
            self._closed = True
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.close()
