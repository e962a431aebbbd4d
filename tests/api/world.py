"""A whole server for tests: real stores in a folder, live judging, outbox, HTTP on a free port."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from coldwitness.api.app import create_app
from coldwitness.api.clues.outbox import Outbox
from coldwitness.api.http.server import ApiServer, address_of, listen
from coldwitness.api.http.services import Readiness, Services
from coldwitness.api.live.board import Board
from coldwitness.api.live.hub import LiveHub
from coldwitness.api.live.news import News
from coldwitness.api.metrics import Metrics
from coldwitness.config.settings import ClueSettings, Settings
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.reading import Event, Reading
from coldwitness.judging.live import LiveJudge
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from tests.registers import new_register

T0 = instant_ms("2026-11-20T01:00:00Z")
MINUTE = 60_000
RECEIVERS_HERE = ClueSettings(webhook_networks=("127.0.0.0/8", "::1/128"))
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Everything is on loopback; reading the world's certificates takes longer than most tests."""


class TestClock:
    """A clock that stands until it is moved."""

    __test__ = False

    def __init__(self, now_ms: int = T0 + 86_400_000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class World:
    """Everything a test reaches for; `client` speaks to the running server."""

    store: EmbeddedTelemetry
    register: SqlRegister
    judge: LiveJudge
    outbox: Outbox
    hub: LiveHub
    server: ApiServer
    client: httpx.Client
    clock: TestClock
    services: Services
    app: FastAPI

    def send(
        self,
        shipment: str,
        temperatures: list[float],
        *,
        start_ms: int = T0,
        step_ms: int = MINUTE,
        judge: bool = True,
        courier: str = "ql-express",
    ) -> None:
        """Store drug temperatures, one a step, as ingest does, and (by default) judge them."""
        readings = [
            Reading(
                logger=f"LG-{shipment}",
                time_ms=start_ms + n * step_ms,
                seq=n,
                temperature_c={"drug": value},
                shipment=shipment,
                courier=courier,
                box=f"BX-{shipment}",
                lat_deg=36.8 + n * 1e-4,
                lon_deg=118.3,
            )
            for n, value in enumerate(temperatures)
        ]
        received = [reading.time_ms + 500 for reading in readings]
        self.store.append(readings, received)
        self.register.custody.note_seen({shipment: courier})
        if judge:
            self.judge.judge_now([shipment])

    def event(self, shipment: str, event: str, minute: float) -> None:
        at_ms = T0 + round(minute * MINUTE)
        told = Event(event=event, time_ms=at_ms, shipment=shipment, box=f"BX-{shipment}")
        self.judge.touch(self.register.custody.add_events([told], [at_ms]))

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.client.get(path, **kwargs)


def manifest(shipment: str, **more: Any) -> dict[str, Any]:
    """A manifest with everything the clean record of `World.send` needs."""
    return {
        "id": shipment,
        "courier": {"id": "ql-express", "division": "370303"},
        "seller": {"division": "370305"},
        "items": [{"name": "胰岛素", "category": "drug", "storage": "refrigerated"}],
        "box": {"id": f"BX-{shipment}", "isolation": {"coolant": True, "goods": True}},
        "logger": {"id": f"LG-{shipment}", "interval_s": 60, "calibrated_until": "2027-03-01"},
        "dispatched_at": rfc3339(T0),
        **more,
    }


WARM = [5.0] * 10 + [12.0] * 10 + [5.0] * 10
"""Ten minutes inside, ten at 12 °C, ten inside."""
COLD = [5.0] * 30


@contextmanager
def running_world(
    folder: Path,
    *,
    settings: Settings | None = None,
    ticking: bool = False,
    sending: bool = False,
    readiness: dict[str, Readiness] | None = None,
    clock: Callable[[], int] | None = None,
    port: int = 0,
) -> Iterator[World]:
    settings = settings if settings is not None else Settings(clues=RECEIVERS_HERE)
    moved = TestClock()
    now = clock if clock is not None else moved
    store = EmbeddedTelemetry(folder / "telemetry.sqlite")
    register = new_register(folder / "register.sqlite")
    rulebook = load_rulebook(settings.judging)
    hub, metrics, board = LiveHub(), Metrics(), Board(now)
    listener = listen("127.0.0.1", port)
    tls = settings.http.certificate_file is not None
    base_url = address_of(listener, tls=tls)
    outbox = Outbox(register, settings, now, base_url=base_url, metrics=metrics)
    observers = (metrics, outbox, board, News(hub))
    judge = LiveJudge(store, register, rulebook, settings, now, observers=observers)
    services = Services(
        store=store,
        register=register,
        judge=judge,
        outbox=outbox,
        hub=hub,
        rulebook=rulebook,
        settings=settings,
        clock=now,
        metrics=metrics,
        base_url=base_url,
        board=board,
        readiness=readiness or {},
    )
    app = create_app(services)
    server = ApiServer(app, listener, settings.http, closing=services.hub.close)
    server.start()
    if ticking:
        judge.start()
    if sending:
        outbox.start()
    trusted = ssl.create_default_context(cafile=settings.http.certificate_file) if tls else NO_TLS
    client = httpx.Client(base_url=base_url, trust_env=False, timeout=20.0, verify=trusted)
    try:
        yield World(store, register, judge, outbox, hub, server, client, moved, services, app)
    finally:
        client.close()
        server.stop()
        judge.stop()
        outbox.stop()
        register.close()
        store.close()


def wait_until(true: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Look again and again until something is so; AssertionError when it never is."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.01)
    raise AssertionError(f"did not come true within {within_s} s")


@dataclass
class Posted:
    """What a receiver got."""

    headers: dict[str, str]
    body: bytes
    path: str


class Receiver:
    """A webhook's other side; answers with the statuses it is given, then with 204."""

    def __init__(self) -> None:
        self.got: list[Posted] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.slow_s = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.got.append(Posted(headers, body, self.path))
                time.sleep(outer.slow_s)
                status, more = outer.answers.pop(0) if outer.answers else (204, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/clues"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
