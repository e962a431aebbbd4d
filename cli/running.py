"""The one place that wires the parts together: broker session, journal, stores, judging, HTTP."""

import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from coldwitness.api.alarms.teller import AlarmTeller
from coldwitness.api.app import create_app
from coldwitness.api.clues.outbox import Outbox
from coldwitness.api.http.doors import require_safe_doors
from coldwitness.api.http.server import ApiServer, listen
from coldwitness.api.http.server import address_of as url_of
from coldwitness.api.http.services import Readiness, Remark, Services
from coldwitness.api.live.board import Board, SharedBoard
from coldwitness.api.live.hub import LiveHub
from coldwitness.api.live.news import News
from coldwitness.api.live.told_by_others import TellingOthers, ToldByOthers
from coldwitness.api.metrics import Metrics
from coldwitness.api.reports.packed.record_altered import RecordCheck
from coldwitness.cli.drug_names import drug_names_kept
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.metrics_door import metrics_door
from coldwitness.cli.nightly import NightlyComparison
from coldwitness.cli.other_clocks import other_clocks
from coldwitness.cli.parts import Part, start_in_turn
from coldwitness.cli.shared_judging import require_shared, shares_judging
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.clock_offsets import ClockOffset
from coldwitness.ingest.clock_watch import ClockWatch
from coldwitness.ingest.formats.drug_names import DrugNames
from coldwitness.ingest.metrics import ReceivingMetrics
from coldwitness.ingest.progress import Progress, workers_followed
from coldwitness.ingest.service import IngestService
from coldwitness.judging.batch import judge_batch
from coldwitness.judging.challenge_watch import ChallengeWatch
from coldwitness.judging.clock import system_clock
from coldwitness.judging.companion import Companion
from coldwitness.judging.elsewhere import JudgedElsewhere, Judging
from coldwitness.judging.in_force import journal_in_force
from coldwitness.judging.live import LiveJudge
from coldwitness.judging.rows_read import rows_in_stores
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.shares import ShareKeeper
from coldwitness.storage.decided import JournalledRegister, open_decision_log
from coldwitness.storage.journal.clock import clock_problem
from coldwitness.storage.opening import stores
from coldwitness.storage.ports import Register
from coldwitness.storage.register.secret_seal import secret_seal
from coldwitness.storage.spare_room import GiveRoom, none_to_give
from coldwitness.storage.telemetry import WholeStore


class _Alive(Protocol):
    @property
    def alive(self) -> bool: ...


class Running:
    """Everything `serve` runs, started in the order of the data's way and ended against it.

    with Running(settings) as running:
        running.url
    """

    def __init__(
        self,
        settings: Settings,
        *,
        listener: socket.socket | None = None,
        any_free_port: bool = False,
        own_ingest: bool = True,
        own_judge: bool = True,
        ready: Mapping[str, Readiness] | None = None,
        second: Companion | None = None,
        trail_room: GiveRoom = none_to_give,
    ) -> None:
        """Opens stores and journal, and a listener where none is given; closes it with them. Raises
        ConfigError or Unavailable naming which.

        ready : further parts that `/readyz` names. own_ingest : False where only other processes
        take the messages. Either way what others store is judged: they leave word in the register.
        own_judge : False where only other processes judge. On PostgreSQL those that do share it.
        second : judges half of a large run. trail_room : gives what is written while something is
        read more room on a full disk, False where it cannot.
        """
        self.settings = settings
        self._trail_room = trail_room
        self._ready = dict(ready or {})
        self._second = second
        self._opened = ExitStack()
        try:
            if listener is None:
                http = settings.http
                listener = listen(http.host, http.port, or_any_free=any_free_port)
            self._opened.callback(listener.close)
            self._open(settings, listener, own_ingest=own_ingest, own_judge=own_judge)
        except BaseException:
            self._opened.close()
            raise

    def _open(
        self, settings: Settings, listener: socket.socket, *, own_ingest: bool, own_judge: bool
    ) -> None:
        second = self._second
        rulebook = load_rulebook(settings.judging) if second is None else second.rulebook
        self.url = url_of(listener, tls=settings.http.certificate_file is not None)
        alone = own_ingest and settings.mqtt.shared_group is None
        store, register = self._opened.enter_context(stores(settings.store, sole_writer=alone))
        shared = shares_judging(register)
        if not own_judge:
            require_shared(register)
        register.seal_secrets(secret_seal(settings))
        log = self._opened.enter_context(
            open_decision_log(
                settings.journal,
                register,
                witnesses=settings.witnesses,
                trail_room=self._trail_room,
            )
        )
        log.start()
        journal_in_force(log, register, settings, now_ms=system_clock())
        self.register: Register = JournalledRegister(register, log)
        base_url = (settings.http.public_url or self.url).rstrip("/")
        metrics, hub = Metrics(), LiveHub(numbered_for_all=shared)
        board = SharedBoard(self.register.road) if shared else Board()
        self._told = ToldByOthers(self.register.live_news, hub) if shared else None
        self.outbox = Outbox(self.register, settings, base_url=base_url, metrics=metrics)
        self.alarms = AlarmTeller(
            self.register, board, settings, base_url=base_url, metrics=metrics
        )
        news = TellingOthers(self.register.live_news) if shared else News(hub)
        self._own_judge = None
        if own_judge:
            self._own_judge = LiveJudge(
                store,
                self.register,
                rulebook,
                settings,
                observers=(metrics, self.outbox, board, self.alarms, news),
                judge=judge_batch if second is None else second.judge_batch,
                rows_read=partial(rows_in_stores, settings.journal.directory, register),
                shares=ShareKeeper(self.register.judge_shares) if shared else None,
            )
        self.judging: Judging = self._own_judge or JudgedElsewhere(self.register)
        self._challenges = None
        if self._own_judge is not None:
            self._challenges = ChallengeWatch(store, self.register, self._own_judge)
        names = drug_names_kept(register, settings)
        self._own_ingest = self._open_ingest(settings, store, names) if own_ingest else None
        self._clocks = ClockWatch(
            other_clocks(settings.store, register),
            partial(_loggers_clocks, settings.journal.directory),
            clock=system_clock,
        )
        self._nightly = NightlyComparison(settings, on_found=metrics.journal_differences.set)
        self.services = Services(
            store=store,
            register=self.register,
            judge=self.judging,
            outbox=self.outbox,
            hub=hub,
            rulebook=rulebook,
            settings=settings,
            clock=system_clock,
            metrics=metrics,
            base_url=base_url,
            board=board,
            record=RecordCheck(
                settings,
                register,
                future_tolerance_s=future_tolerance_s(settings),
                room=self._trail_room,
            ),
            readiness=self._ready
            | _readiness(self._own_ingest)
            | self._threads()
            | {"clock": partial(_clock_problem, self._own_ingest, self._clocks)},
        )
        if self._own_ingest is not None:
            receiving = self._own_ingest.receiving
            counts = ReceivingMetrics(receiving.worker, receiving.receiver.counts)
            metrics.registry.register(counts)
        self._metrics = metrics
        require_safe_doors(settings.http, self.services.doors)
        app = create_app(self.services)
        self._server = ApiServer(app, listener, settings.http, closing=hub.close)

    def _threads(self) -> dict[str, Readiness]:
        """What `/readyz` asks of the parts that work by themselves: whether they still do. That of
        judging and webhooks is told with what they do."""
        parts: dict[str, _Alive | None] = {
            "alarms": self.alarms,
            "challenges": self._challenges,
            "comparison": self._nightly,
            "live": self._told,
        }
        return {name: partial(_alive, name, part) for name, part in parts.items() if part}

    @property
    def judge(self) -> LiveJudge:
        """Its own judging; raises ConfigError where only others judge."""
        if self._own_judge is None:
            raise ConfigError("this process does not judge")
        return self._own_judge

    @property
    def ingest(self) -> IngestService:
        """Its own ingest; raises ConfigError where only others take the messages."""
        if self._own_ingest is None:
            raise ConfigError("this process has no ingest of its own")
        return self._own_ingest

    def _open_ingest(
        self, settings: Settings, store: WholeStore, drug_names: DrugNames
    ) -> IngestService:
        return IngestService(
            settings,
            store=store,
            custody=self.register.custody,
            drug_names=drug_names,
            future_tolerance_s=future_tolerance_s(settings),
            on_touched=self.judging.touch,
            shipments=self.register.shipments,
        )

    def __enter__(self) -> Self:
        try:
            parts: list[Part | None] = [
                self.outbox,
                self._own_judge,
                self.alarms,
                self._challenges,
                self._nightly,
                self._clocks,
                self._told,
                self._own_ingest,
                self._server,
            ]
            start_in_turn(parts, self._opened)
            door = metrics_door(self.settings.metrics, self._metrics.registry)
            self._opened.enter_context(door)
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


def _readiness(ingest: IngestService | None) -> dict[str, Callable[[], str | None]]:
    """What `/readyz` asks of ingest; that of others answers on its own health topic."""
    if ingest is None:
        return {}
    return {
        "ingest": partial(_ingest_problem, ingest),
        "stores": partial(_store_problem, ingest),
        "witnesses": partial(_witness_problem, ingest),
    }


def _alive(name: str, part: _Alive) -> str | None:
    return None if part.alive else f"the thread of {name} does not run"


def _witness_problem(ingest: IngestService) -> str | None:
    """No reason to be called not ready: nothing waits for them."""
    receiving = ingest.receiving
    said = [receiving.witnessing.problem, receiving.stamping.problem]
    return Remark("; ".join(filter(None, said))) if any(said) else None


def _ingest_problem(ingest: IngestService) -> str | None:
    status = ingest.status()
    if status.state == "running":
        return ingest.receiving.broker.taken_over or None
    return f"{status.state}: {status.problem or 'starting'}"


def _store_problem(ingest: IngestService) -> str | None:
    return ingest.status().store_problem or None


def _loggers_clocks(directory: Path) -> list[ClockOffset]:
    """Of the loggers that any worker heard."""
    found = []
    for worker in workers_followed(directory):
        with Progress(directory, worker) as progress:
            found += progress.clocks()
    return found


def _clock_problem(ingest: IngestService | None, others: ClockWatch) -> str | None:
    """By itself and by what the journal was written at, else by others' clocks."""
    written_ms = 0 if ingest is None else ingest.receiving.journal.clock.issued_ms
    return clock_problem(system_clock(), written_ms=written_ms) or others.problem
