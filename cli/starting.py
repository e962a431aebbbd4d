"""A server that starts as soon as what it needs can be opened, and says until then what is missing.

A disk that is full, a database or a store that does not answer are mended while the server waits;
its address answers meanwhile. What is wrong in the settings ends it at once.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from coldwitness.api.app import expected_hosts
from coldwitness.api.http.not_started import not_started_app
from coldwitness.api.http.server import ApiServer, address_of, listen
from coldwitness.api.pages.problem_page import problem_page
from coldwitness.cli.running import Running
from coldwitness.cli.store_files import folders_written
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.loopback import is_loopback
from coldwitness.domain.shown_address import shown_address
from coldwitness.judging.companion import Companion
from coldwitness.storage.spare_room import TrailRoom, give_room, room_problem

log = logging.getLogger(__name__)

TRIED_AGAIN_S = 5.0

Run = Callable[..., Running]
"""Running, but for its listener and what `/readyz` names."""


@contextmanager
def started(
    settings: Settings,
    *,
    own_ingest: bool,
    end: threading.Event,
    own_judge: bool = True,
    second: Companion | None = None,
) -> Iterator[Running | None]:
    """Everything `serve` runs, once it can be opened; None where it was to end before that. Raises
    ConfigError."""
    listener = listen(settings.http.host, settings.http.port)
    run = partial(Running, settings, own_ingest=own_ingest, own_judge=own_judge, second=second)
    try:
        running = _opened(settings, listener, run, end=end)
        if running is None:
            yield None
            return
        with running:
            room_problem(folders_written(settings))
            TrailRoom(folders_written(settings)).keep()
            yield running
    finally:
        listener.close()


def _opened(
    settings: Settings, listener: socket.socket, run: Run, *, end: threading.Event
) -> Running | None:
    waiting = _Waiting(settings, listener)
    try:
        while not end.is_set():
            try:
                return _open(settings, listener, run)
            except Unavailable as error:
                waiting.say(str(error))
            end.wait(TRIED_AGAIN_S)
        return None
    finally:
        waiting.stop()


def _open(settings: Settings, listener: socket.socket, run: Run) -> Running:
    """Once more with the room that is kept for it where it cannot be opened without."""
    folders = folders_written(settings)
    trail = TrailRoom(folders)
    ready = {"room": partial(room_problem, folders), "trail_room": trail.problem}
    run = partial(run, ready=ready, trail_room=trail.give)
    try:
        return run(listener=listener.dup())
    except Unavailable:
        if not give_room(folders):
            raise
        return run(listener=listener.dup())


class _Waiting:
    """The server that answers until then; it begins with the first thing that is missing."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._server: ApiServer | None = None
        self._problem = ""

    def say(self, problem: str) -> None:
        """What is missing now; told once in the log."""
        problem = shown_address(problem)
        if problem != self._problem:
            log.error("not started yet: %s; tried again every %g s", problem, TRIED_AGAIN_S)
        self._problem = problem
        if self._server is None:
            http = self._settings.http
            url = http.public_url or address_of(self._listener)
            app = not_started_app(self._told, hosts=expected_hosts(http, url), drawn=problem_page)
            self._server = ApiServer(app, self._listener.dup(), http)
            self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()

    def _told(self) -> str:
        """Keys and users cannot be asked yet: from elsewhere anybody may read this."""
        if is_loopback(self._settings.http.host):
            return self._problem
        return "not started yet: the server's log says what is missing"
