"""A server over a journal whose messages were received before it started, spoken to by HTTP."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from coldwitness.cli.rebuild import rebuild_views
from coldwitness.cli.running import Running
from coldwitness.config.settings import HttpSettings, Settings, StoreSettings
from coldwitness.storage.decided.comparing import Differences, make_again
from coldwitness.storage.decisions import Decision, decision_of
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.opening import stores
from tests.api.world import NO_TLS, wait_until
from tests.storage import evidence

OFFICERS = ("鲁C-0101", "鲁C-0102")


@dataclass
class House:
    """Where everything lies."""

    folder: Path
    settings: Settings
    running: Running | None = None

    @contextmanager
    def serving(self) -> Iterator[httpx.Client]:
        with (
            Running(self.settings, any_free_port=True, own_ingest=False) as running,
            httpx.Client(base_url=running.url, trust_env=False, timeout=20.0, verify=NO_TLS) as api,
        ):
            self.running = running
            yield api

    def wait_until_judged(self) -> None:
        running = self.running
        assert running is not None
        wait_until(lambda: running.judge.idle)

    def decisions(self, worker: str = "api") -> list[Decision]:
        rows = JournalReader(self.settings.journal.directory).read(worker)
        return [found for found in map(decision_of, rows) if found is not None]

    def rebuild(self) -> Differences:
        with stores(self.settings.store) as (store, register):
            rebuild_views(self.settings, store, register, future_tolerance_s=evidence.FUTURE_S)
            return make_again(self.settings.journal.directory, register)

    def digest(self) -> str:
        with stores(self.settings.store) as (store, register):
            return evidence.digest(store, register)

    def lose_register(self) -> None:
        for path in self.folder.glob("register.sqlite*"):
            path.unlink()

    def sql(self, statement: str, *values: object) -> None:
        """Change the register behind the program's back."""
        with closing(sqlite3.connect(self.folder / "register.sqlite")) as connection, connection:
            connection.execute(statement, values)


def house(folder: Path) -> House:
    """With 40 minutes of readings and events of three shipments in journal and stores."""
    stored = StoreSettings(
        embedded_file=folder / "telemetry.sqlite",
        register_url=f"sqlite:///{folder / 'register.sqlite'}",
    )
    settings = evidence.settings_of(folder, stored).model_copy(
        update={"http": HttpSettings(port=0)}
    )
    evidence.journal(settings, evidence.messages())
    with stores(settings.store) as (store, register):
        evidence.store_all(settings, store, register)
    return House(folder, settings)
