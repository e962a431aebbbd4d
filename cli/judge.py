"""`coldwitness judge`: one process that judges, beside others and apart from those that answer."""

import logging
import sys
import threading
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

import typer

from coldwitness.api.live.board import SharedBoard
from coldwitness.api.live.told_by_others import TellingOthers
from coldwitness.api.metrics import Metrics
from coldwitness.api.register_metrics import RegisterMetrics
from coldwitness.cli.logs import log_to_stderr
from coldwitness.cli.metrics_door import metrics_door
from coldwitness.cli.parts import start_in_turn
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.cli.shared_judging import require_shared
from coldwitness.cli.starting import TRIED_AGAIN_S
from coldwitness.cli.waiting import ending
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.shown_address import shown_address
from coldwitness.ingest.metrics import PartMetrics
from coldwitness.judging.batch import judge_batch
from coldwitness.judging.challenge_watch import ChallengeWatch
from coldwitness.judging.clock import system_clock
from coldwitness.judging.companion import Companion, companion
from coldwitness.judging.in_force import journal_in_force
from coldwitness.judging.live import LiveJudge
from coldwitness.judging.rows_read import rows_in_stores
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.shares import ShareKeeper
from coldwitness.storage.decided import JournalledRegister, open_decision_log
from coldwitness.storage.opening import stores

log = logging.getLogger(__name__)


class JudgingAlone:
    """What `judge` runs: stores, a journal of decisions, and live judging of this process's shares.

    with JudgingAlone(settings):
        …
    """

    def __init__(self, settings: Settings, *, second: Companion | None = None) -> None:
        """Opens stores and journal. second : judges half of a large run. Raises ConfigError or
        Unavailable naming which."""
        self._opened = ExitStack()
        try:
            rulebook = load_rulebook(settings.judging) if second is None else second.rulebook
            store, register = self._opened.enter_context(stores(settings.store, sole_writer=False))
            require_shared(register)
            decisions = self._opened.enter_context(
                open_decision_log(settings.journal, register, witnesses=settings.witnesses)
            )
            decisions.start()
            journal_in_force(decisions, register, settings, now_ms=system_clock())
            kept, metrics = JournalledRegister(register, decisions), Metrics()
            self.judge = LiveJudge(
                store,
                kept,
                rulebook,
                settings,
                observers=(metrics, SharedBoard(kept.road), TellingOthers(kept.live_news)),
                judge=judge_batch if second is None else second.judge_batch,
                rows_read=partial(rows_in_stores, settings.journal.directory, register),
                shares=ShareKeeper(kept.judge_shares),
            )
            self._challenges = ChallengeWatch(store, kept, self.judge)
            metrics.registry.register(PartMetrics(self._ready))
            metrics.registry.register(RegisterMetrics(kept, system_clock))
            self._door = metrics_door(settings.metrics, metrics.registry)
        except BaseException:
            self._opened.close()
            raise

    def __enter__(self) -> Self:
        try:
            start_in_turn((self.judge, self._challenges), self._opened)
            self._opened.enter_context(self._door)
        except BaseException:
            self._opened.close()
            raise
        return self

    def _ready(self) -> dict[str, bool]:
        return {"judging": self.judge.problem is None, "challenges": self._challenges.alive}

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()


def judge(context: typer.Context) -> None:
    """Judge this process's part of all shipments until Ctrl-C; of several each has its own part,
    and the others have that of one that is lost."""
    log_to_stderr()
    settings = settings_of(context)
    log_to_stderr(settings.log)
    with (
        companion(settings.judging) as second,  # before there is any thread
        ending(threading.Event()) as end,
    ):
        while not end.is_set():
            try:
                running = JudgingAlone(settings, second=second)
            except Unavailable as error:
                why = shown_address(str(error))
                log.error("not started yet: %s; tried again in %g s", why, TRIED_AGAIN_S)
                end.wait(TRIED_AGAIN_S)
                continue
            with running:
                print("coldwitness: judging", file=sys.stderr)
                end.wait()
        print("coldwitness: ending", file=sys.stderr)
