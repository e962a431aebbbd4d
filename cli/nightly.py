"""Once a day `serve` holds stores and register against the whole journal, as `doctor --deep` does,
in a process of its own beside it."""

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from coldwitness.cli.deep import decided_otherwise, journal_problems, stored_otherwise
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import ColdWitnessError
from coldwitness.storage.with_parent import end_with_parent

log = logging.getLogger(__name__)

_FEW = 20
Compare = Callable[[Settings], list[str]]


def differences_of(settings: Settings) -> list[str]:
    """What `doctor --deep` finds, a line each."""
    found = journal_problems(settings)
    found += decided_otherwise(settings)[1]
    found += stored_otherwise(settings)[1]
    return found


def seconds_until(wanted: str, now_s: float) -> float:
    """From an instant [UTC epoch s] to the next `HH:MM` UTC."""
    now = datetime.fromtimestamp(now_s, UTC)
    hour, minute = (int(part) for part in wanted.split(":"))
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= now:
        then += timedelta(days=1)
    return (then - now).total_seconds()


class NightlyComparison:
    """Runs at `journal.compare_at` until it is stopped. on_found : hears how many differences there
    were, each time; -1 where the comparison failed."""

    def __init__(
        self,
        settings: Settings,
        *,
        on_found: Callable[[int], None],
        compare: Compare = differences_of,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._on_found = on_found
        self._compare = compare
        self._now_s = now_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nightly", daemon=True)
        self._starting = threading.Lock()
        """Held while a child is made and while an end is asked for: neither can miss the other."""
        self._child: SpawnProcess | None = None

    @property
    def running(self) -> bool:
        """Whether a comparison runs now."""
        return self._child is not None

    @property
    def alive(self) -> bool:
        """Whether it goes on, where it was asked for at all."""
        return self._settings.journal.compare_at is None or self._thread.is_alive()

    def start(self) -> None:
        if self._settings.journal.compare_at is not None:
            self._thread.start()

    def stop(self) -> None:
        """End; a comparison that runs is given up."""
        with self._starting:
            self._stop.set()
            if self._child is not None:
                self._child.terminate()
        if self._thread.is_alive():
            self._thread.join()

    def compare_now(self) -> None:
        """In a process of its own: it takes as long as a rebuild and must hold up nothing here."""
        spawn = multiprocessing.get_context("spawn")
        here, there = spawn.Pipe(duplex=False)
        child = spawn.Process(
            target=_beside, args=(os.getpid(), self._compare, self._settings, there), daemon=True
        )
        with here, there:
            with self._starting:
                if self._stop.is_set():
                    return
                child.start()
                self._child = child
            there.close()
            try:
                found, problem = here.recv()
            except EOFError:
                found, problem = [], "it ended without an answer"
            child.join()
            self._child = None
        if self._stop.is_set():
            return
        if problem is not None:
            log.error("comparison with the journal failed: %s", problem)
            self._on_found(-1)
            return
        for text in found[:_FEW]:
            log.error("stores or register are not what the journal says: %s", text)
        log.info("compared with the journal: %d differences", len(found))
        self._on_found(len(found))

    def _run(self) -> None:
        at = self._settings.journal.compare_at or ""
        while not self._stop.wait(seconds_until(at, self._now_s())):
            self.compare_now()


def _beside(parent: int, compare: Compare, settings: Settings, there: Connection) -> None:
    end_with_parent(parent)
    answer(compare, settings, there)


def answer(compare: Compare, settings: Settings, there: Connection) -> None:
    """Sends what was found, and why nothing could be compared."""
    try:
        there.send((compare(settings), None))
    except ColdWitnessError as error:
        there.send(([], str(error)))
