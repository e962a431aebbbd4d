"""The one place that wires the parts together: broker session, journal, stores, judging, HTTP."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from api.clock import system_clock
from api.clues.outbox import Outbox
from api.http.app import create_app
from api.http.server import ApiServer, listen
from api.http.server import address_of as url_of
from api.http.services import Services
from api.judging import load_rulebook
from api.live.hub import LiveHub
from api.live.judging import LiveJudge
from api.metrics import Metrics
from cli.wiring import future_tolerance_s
from config.settings import Settings
from ingest.service import IngestService
from storage.ports import Register
from storage.register import open_register
from storage.telemetry import open_telemetry


class Running:
    """Everything `serve` runs, started in the order of the data's way and ended against it.

    with Running(settings) as running:
        running.url
    """

    def __init__(self, settings: Settings, *, any_free_port: bool = False) -> None:
        """Opens stores, journal and listener; raises ConfigError or Unavailable naming which."""
        self.settings = settings
        self._opened = ExitStack()
        try:
            self._open(settings, any_free_port=any_free_port)
        except BaseException:
            self._opened.close()
            raise

    def _open(self, settings: Settings, *, any_free_port: bool) -> None:
        rulebook = load_rulebook(settings.judging)
        listener = listen(settings.http.host, settings.http.port, or_any_free=any_free_port)
        self._opened.callback(listener.close)
        self.url = url_of(listener)
        store = open_telemetry(settings.store)
        self._opened.callback(store.close)
        self.register: Register = open_register(settings.store.register_url)
        self._opened.callback(self.register.close)
        base_url = (settings.http.public_url or self.url).rstrip("/")
        metrics, hub = Metrics(), LiveHub()
        self.outbox = Outbox(self.register, settings, base_url=base_url, metrics=metrics)
        self.judge = LiveJudge(
            store,
            self.register,
            rulebook,
            settings,
            hub=hub,
            metrics=metrics,
            on_clues=self.outbox.wake,
        )
        self.ingest = IngestService(
            settings,
            store=store,
            register=self.register,
            future_tolerance_s=future_tolerance_s(settings),
            on_touched=self.judge.touch,
        )
        services = Services(
            store=store,
            register=self.register,
            judge=self.judge,
            outbox=self.outbox,
            hub=hub,
            rulebook=rulebook,
            settings=settings,
            clock=system_clock,
            metrics=metrics,
            base_url=base_url,
            readiness={"ingest": self._ingest_problem, "stores": self._store_problem},
        )
        self._server = ApiServer(create_app(services), listener)

    def __enter__(self) -> Self:
        try:
            parts: tuple[tuple[Callable[[], None], Callable[[], None]], ...] = (
                (self.outbox.start, self.outbox.stop),
                (self.judge.start, self.judge.stop),
                (self.ingest.start, self.ingest.stop),
                (self._server.start, self._server.stop),
            )
            for start, stop in parts:
                start()
                self._opened.callback(stop)
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def _ingest_problem(self) -> str | None:
        status = self.ingest.status()
        return None if status.state == "running" else f"{status.state}: {status.problem}"

    def _store_problem(self) -> str | None:
        return self.ingest.status().store_problem or None
