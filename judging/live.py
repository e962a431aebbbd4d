"""Judges what was touched since the last tick: all of it in one vectorised run.

There is no streaming detector. Live judging calls the very functions that `check` calls on
files, on the whole record of each touched shipment, so a live result can never differ from the
result of checking the same evidence later.
"""

import logging
import math
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from coldwitness.config.rules import pack_for
from coldwitness.config.settings import JudgingSettings, Settings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.domain.instants import china_day
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult
from coldwitness.judging.batch import Batch, judge_batch
from coldwitness.judging.clock import Clock, system_clock
from coldwitness.judging.clue_clocks import notice
from coldwitness.judging.clues import ClueRules, told_late
from coldwitness.judging.copies import copies_named, keep_curves
from coldwitness.judging.curves_beside import CurvesBeside
from coldwitness.judging.message_trail import MessageTrail, tell
from coldwitness.judging.observer import JudgingObserver
from coldwitness.judging.rulebook import Rulebook
from coldwitness.judging.shares import ShareKeeper
from coldwitness.judging.turns import Turns
from coldwitness.judging.waited_for import wait_until_judged
from coldwitness.storage.ports import Register, TelemetryStore
from coldwitness.storage.share_ports import (
    ASKED_FOR,
    NEW_READINGS,
    SHARES,
    HeldShares,
    LeftToJudge,
    SharesLost,
    share_of,
)

log = logging.getLogger(__name__)

CHUNK_SHIPMENTS = 1000
"""Shipments in one run at a start: enough that numpy does the work, few enough that the first
results are recorded before the last are read. With 400 a box took a tenth longer."""
LIVE_SHIPMENTS = 250
"""In one run once all of a start are judged: whoever comes meanwhile waits until it ends."""
LOOK_EVERY_S = 0.5
"""How often the register is asked what other processes left to be judged."""
RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 60.0
CLUES_EVERY_S = 5.0
"""How often clues are looked for of which time alone has something to tell."""
STOP_WITHIN_S = 5.0
"""How long at an end what waits is still begun; a supervisor kills after some ten seconds."""
REOPEN_WITHIN_MS = 86_400_000
"""At start, shipments that ended less than a day ago are judged again: the process may have
stopped between storing a late reading and judging it."""

COPY_FOUND = "copy of its curve"
SILENCE = "silence"
RESTART = "restart"
SILENT_LOOK_MS = 3_600_000
"""How often one that has not ended is judged again while nothing new is heard of it."""

Judge = Callable[[TelemetryStore, Register, Rulebook, JudgingSettings, Sequence[str], int], Batch]
"""The last is the present, UTC epoch ms."""


class LiveJudge:
    """Keeps every shipment's recorded result up with its evidence.

    `touch` may be called from any thread and returns at once. A shipment whose judging fails
    is kept and tried again after a growing pause, alone, so it cannot hold up the others.
    Where several processes judge on one register, each has its shares of all shipments; what is
    touched then goes through the register to whoever has it, and a process that lost shares writes
    nothing more of them.
    Raises ConfigError if the settings assume a storage class that does not exist.
    """

    def __init__(
        self,
        store: TelemetryStore,
        register: Register,
        rulebook: Rulebook,
        settings: Settings,
        clock: Clock = system_clock,
        *,
        observers: Sequence[JudgingObserver] = (),
        judge: Judge = judge_batch,
        rows_read: Callable[[], Mapping[str, int]] = dict,
        shares: ShareKeeper | None = None,
    ) -> None:
        """rows_read : the last row of each worker's journal that is in the stores now. shares :
        what of all this process judges; None: everything, and no other process does."""
        assumed = settings.judging.default_storage
        if assumed is not None and assumed not in rulebook.classes:
            known = ", ".join(rulebook.classes)
            raise ConfigError(
                f"settings: judging.default_storage: expected one of {known}, got {assumed!r}"
            )
        self._store = store
        self._register = register
        self._rulebook = rulebook
        self._settings = settings
        self._clock = clock
        pack_id = rulebook.pack_id
        numbers = pack_for(rulebook.packs, pack_id=pack_id, epoch_s=math.nan).numbers
        self._interval_ms = round(numbers.recording_interval_s * 1000) + 1000
        self._clue_rules = clue_rules(rulebook, settings)
        self._clues_told = 0.0
        self._observers = tuple(observers)
        self._judge = judge
        self._rows_read = rows_read
        self._shares = shares
        self._known: Mapping[int, int] = {}
        self._beside = CurvesBeside(register.copies)
        self._lock = threading.Lock()
        self._turns = Turns()
        self._trail = MessageTrail()
        self._paused: dict[str, str] = {}
        self._ticking = False
        self._starting = True
        self._failing: dict[str, tuple[int, float]] = {}
        self._left: Mapping[str, LeftToJudge] = {}
        self._looks: dict[str, int] = {}
        self._some_touched = threading.Event()
        self._running = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def touch(self, shipments: Iterable[str], *, reason: str = NEW_READINGS) -> None:
        """Have these judged at the next tick; again and again costs nothing more. Where others
        judge too it raises Unavailable if the register is away."""
        if self._shares is not None:
            self._register.waiting.leave(shipments, reason=reason)
            self._some_touched.set()
            return
        with self._lock:
            self._trail.heard(shipments)
            for shipment in shipments:
                self._put(shipment, reason)
            waiting = self._waiting
        if waiting:
            self._tell_waiting(waiting)
            self._some_touched.set()

    def start(self) -> None:
        """Start ticking; what an earlier process may have left unjudged is judged first."""
        if self._shares is None:
            self.touch(self._unsettled(), reason=RESTART)
        else:
            self._shares.start()
        self._thread = threading.Thread(target=self._tick_for_ever, name="judge", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the run under way and STOP_WITHIN_S of what is still waiting; the rest is
        judged at the next start."""
        self._stopping.set()
        self._some_touched.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._shares is not None:
            self._shares.stop()

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def idle(self) -> bool:
        """True if nothing waits and no tick is under way."""
        with self._lock:
            return not self._waiting and not self._ticking

    @property
    def failing(self) -> int:
        """Shipments that could not be judged at their last try."""
        return len(self._failing)

    @property
    def problem(self) -> str | None:
        """Why shipments are not judged; None: they are."""
        if not self.alive:
            return "the judging thread does not run"
        return f"{self.failing} shipments could not be judged yet" if self._failing else None

    def has(self, shipment: str) -> bool:
        """Whether this process judges it."""
        return bool(self._mine([shipment]))

    def judge_now(self, shipments: Sequence[str], *, reason: str = ASKED_FOR) -> None:
        """Judge and record these before returning; what others judge is waited for. Raises what
        judging raises, Unavailable where nobody judges."""
        mine = self._mine(shipments)
        if mine:
            try:
                with self._running:
                    self._run(mine, reason)
            except SharesLost:
                mine = []
        others = [name for name in shipments if name not in mine]
        if others:
            wait_until_judged(self._register.waiting, others, reason=reason)

    def tick(self, *, within_s: float = math.inf) -> int:
        """Judge as many as wait now, here and in the register, and whose pause is over, as far as
        they are begun within so long; returns how many were judged. What is touched meanwhile has
        its turn among them, whoever else has sent thousands."""
        started = time.perf_counter()
        judged = tried = 0
        left: float = math.inf
        while left > 0 and time.perf_counter() - started < within_s:
            self._take_over()
            self._take_left()
            self._look_again()
            self._tell_of_clues_now_and_then()
            due, waiting = self._take_due(most=left)
            left = min(left, waiting) - len(due)
            tried += len(due)
            try:
                judged += self._judge_all(due)
            finally:
                with self._lock:
                    self._ticking = False
                    still = self._waiting
                self._tell_waiting(still)
            if not due or (self._stopping.is_set() and math.isinf(within_s)):
                break
        if tried:
            for observer in self._observers:
                observer.on_tick(time.perf_counter() - started)
        return judged

    def _take_over(self) -> None:
        """Look after shares that came to this process. Who judges first of all judges what a start
        does; who takes over from others looks at what is under way within an interval: what these
        left undone waits in the register, and its turn shall come before that."""
        if self._shares is None or self._shares.held.turns == self._known:
            return
        turns, now_ms = self._shares.held.turns, self._clock()
        new = {number for number, turn in turns.items() if self._known.get(number) != turn}
        is_first = not self._known and len(turns) == SHARES
        try:
            found = self._unsettled() if is_first else self._under_way() if new else []
        except Unavailable as error:
            log.debug("what came with new shares: %s", error)
            return
        with self._lock:
            for shipment in found:
                if is_first:
                    self._put(shipment, RESTART, again=False)
                elif share_of(shipment) in new:
                    later_ms = zlib.crc32(shipment.encode()) % self._interval_ms
                    self._looks.setdefault(shipment, now_ms + later_ms)
        self._forget_others()
        self._known = turns

    def _forget_others(self) -> None:
        """What failed here is judged elsewhere now."""
        with self._lock:
            for shipment in self._failing.keys() - self._mine(self._failing):
                del self._failing[shipment]
                self._paused.pop(shipment, None)
            self._trail.keep(self._mine(self._trail))

    def _unsettled(self) -> list[str]:
        return self._register.shipments.unsettled(since_ms=self._clock() - REOPEN_WITHIN_MS)

    def _under_way(self) -> list[str]:
        return self._register.shipments.unsettled(since_ms=self._clock())

    def _mine(self, shipments: Iterable[str]) -> list[str]:
        """Those of these that this process judges."""
        if self._shares is None:
            return [*shipments]
        held = self._shares.held
        return [name for name in shipments if held.has(name)]

    def _take_left(self) -> None:
        """Touch what processes that do not judge left to be judged. It stays in the register
        until a result is recorded that was read after this look."""
        shares = None if self._shares is None else self._shares.held.turns.keys()
        try:
            left = self._register.waiting.left(shares=shares)
        except Unavailable as error:
            log.debug("what others left to be judged: %s", error)
            return
        self._left = left
        with self._lock:
            self._trail.heard({shipment: its.message for shipment, its in left.items()})
            for shipment, its in left.items():
                self._put(shipment, its.reason, again=False)

    def _look_again(self) -> None:
        """Touch those that have not ended and whose time for another look has come: silence is
        told by nobody."""
        now_ms = self._clock()
        with self._lock:
            due = [name for name, due_ms in self._looks.items() if due_ms <= now_ms]
            for shipment in due:
                del self._looks[shipment]
            for shipment in self._mine(due):
                self._put(shipment, SILENCE, again=False)

    def tell_of_clues(self) -> int:
        """Put on the feed what time alone makes due: growth of an episode of which no entry told
        for a while, and time limits that come to their end; returns how many entries."""
        now_ms = self._clock()
        clues, growth_ms = self._register.clues, self._clue_rules.growth_ms
        entries = clues.tell_held(
            told_before_ms=now_ms - growth_ms, policy=partial(told_late, now_ms=now_ms)
        )
        entries += clues.tell_due(
            today=china_day(now_ms / 1000), policy=partial(notice, now_ms=now_ms)
        )
        if entries:
            tell((), entries, {})
            for observer in self._observers:
                observer.on_judged((), entries, {})
        return len(entries)

    def _tell_of_clues_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._clues_told < CLUES_EVERY_S:
            return
        self._clues_told = now
        try:
            self.tell_of_clues()
        except Unavailable as error:
            log.debug("clues whose time has come: %s", error)

    def _plan_looks(self, results: Iterable[CheckResult], reason: str) -> None:
        """Once an interval is over in which a reading was due, then every hour until it ended."""
        pause_ms = SILENT_LOOK_MS if reason == SILENCE else self._interval_ms
        due_ms = self._clock() + pause_ms
        with self._lock:
            for result in results:
                if given(result.state) in ("planned", "in_transit"):
                    self._looks[result.shipment] = due_ms
                else:
                    self._looks.pop(result.shipment, None)

    @property
    def _waiting(self) -> int:
        return len(self._turns) + len(self._paused)

    def _put(self, shipment: str, reason: str, *, again: bool = True) -> None:
        """Have it wait, under the lock. again : for this reason instead of an earlier one."""
        tries = self._failing.get(shipment)
        if tries is not None and tries[1] > time.monotonic():
            if again or shipment not in self._paused:
                self._paused[shipment] = reason
        elif again:
            self._turns.add(shipment, reason)
        else:
            self._turns.add_unless_waiting(shipment, reason)

    def _take_due(self, *, most: float) -> tuple[dict[str, str], int]:
        """As many as one run judges, of each courier in turn, each with the reason of its last
        touch; and how many were due."""
        now = time.monotonic()
        with self._lock:
            self._ticking = True
            over = [name for name in self._paused if self._failing.get(name, (0, 0.0))[1] <= now]
            for name in over:
                self._turns.add_unless_waiting(name, self._paused.pop(name))
            fresh = self._turns.of_nobody_yet
        couriers: Mapping[str, str | None] = {}
        try:
            couriers = self._register.shipments.couriers_of(fresh) if fresh else {}
        except Unavailable as error:
            log.debug("whose shipments wait: %s", error)
        with self._lock:
            self._turns.belong(fresh, couriers)
            waiting = len(self._turns)
            self._starting = self._starting and waiting > 0
            chunk = CHUNK_SHIPMENTS if self._starting else LIVE_SHIPMENTS
            taken = self._turns.take(int(min(chunk, most)))
        mine = self._mine(taken)
        return {name: taken[name] for name in mine}, waiting - (len(taken) - len(mine))

    def _judge_all(self, due: Mapping[str, str]) -> int:
        by_reason: dict[str, list[str]] = {}
        for shipment, reason in due.items():
            by_reason.setdefault(reason, []).append(shipment)
        return sum(self._try(shipments, reason) for reason, shipments in by_reason.items())

    def _tick_for_ever(self) -> None:
        tick_s = self._settings.judging.tick_ms / 1000.0
        while not self._stopping.is_set():
            self._some_touched.wait(timeout=LOOK_EVERY_S)
            self._stopping.wait(timeout=tick_s)
            self._some_touched.clear()
            try:
                self.tick()
            except Exception:  # the thread is the product: it must outlive any mistake in it
                log.exception("judging tick failed; goes on with the next")
        self.tick(within_s=STOP_WITHIN_S)

    def _try(self, shipments: Sequence[str], reason: str) -> int:
        """Judge a chunk; when it fails, its halves, so that one bad shipment stands alone."""
        try:
            with self._running:
                self._run(shipments, reason)
        except SharesLost as error:
            # Whoever has them now judges them, from the register's look at what is under way.
            still = [name for name in shipments if name not in error.shipments]
            return self._try(still, reason) if still else 0
        except Unavailable as error:
            self._tell_failed()
            log.warning("judging %d shipments waits for the store: %s", len(shipments), error)
            self._keep(shipments, reason)
            return 0
        except Exception:
            self._tell_failed()
            if len(shipments) > 1:
                half = len(shipments) // 2
                return self._try(shipments[:half], reason) + self._try(shipments[half:], reason)
            log.exception("judging shipment %s failed; kept for later", shipments[0])
            self._keep(shipments, reason)
            return 0
        for shipment in shipments:
            self._failing.pop(shipment, None)
        return len(shipments)

    def _keep(self, shipments: Sequence[str], reason: str) -> None:
        now = time.monotonic()
        for shipment in shipments:
            tries = self._failing.get(shipment, (0, 0.0))[0] + 1
            pause_s = min(RETRY_FIRST_S * 2.0 ** (tries - 1), RETRY_LONGEST_S)
            self._failing[shipment] = (tries, now + pause_s)
        with self._lock:
            for shipment in shipments:
                self._paused.setdefault(shipment, reason)

    def _run(self, shipments: Sequence[str], reason: str) -> None:
        # All four as they were before the evidence is read: it holds at least this, and nobody
        # else's result may rest on more.
        left, up_to = self._left, self._rows_read()
        with self._lock:
            messages = self._trail.of(shipments)
        held = None if self._shares is None else self._shares.held
        began_ms = 0 if held is None else self._register.copies.now_ms()
        batch = self._judge(
            self._store,
            self._register,
            self._rulebook,
            self._settings.judging,
            tuple(shipments),
            self._clock(),
        )
        with self._lock:
            # What is stored is read by a run that began before it was told of.
            concerned = self._trail.of(shipments) | messages
        with self._holding(held, shipments):
            pass  # else the journal would tell of results that are not recorded
        entries = self._register.results.record(
            batch.results,
            judged_ms=self._clock(),
            reason=reason,
            clue_policy=self._clue_rules,
            up_to=up_to,
            encoded=batch.encoded,
            held=held,
        )
        named = copies_named(batch.results)
        with self._holding(held, shipments):
            for curves in batch.curves:
                keep_curves(self._register.copies, curves)
            self._register.trips.keep(batch.trips)
            self._tell_of_copies(named, reason)
            self._register.waiting.judged({name: left[name] for name in shipments if name in left})
            for observer in self._observers:
                observer.on_judged(batch.results, entries, batch.newest)
        if held is not None:
            again = self._beside.to_judge_again(named, held, since_ms=began_ms)
            self._register.waiting.leave(again, again=False)
        with self._lock:
            self._trail.judged(messages)
        tell(batch.results, entries, concerned)
        self._plan_looks(batch.results, reason)

    def _holding(
        self, held: HeldShares | None, shipments: Sequence[str]
    ) -> AbstractContextManager[None]:
        """Raises SharesLost where another process judges one of these."""
        if held is None:
            return nullcontext()
        return self._register.judge_shares.holding(held, shipments)

    def _tell_of_copies(self, named: Mapping[str, frozenset[str]], reason: str) -> None:
        """Have shipments judged again that should name one of these as a copy, or no more. Those
        judged for that reason wake no others, so two can never wake each other for ever."""
        others = self._register.copies.keep_named(named)
        if not others or reason == COPY_FOUND:
            return
        if self._shares is not None:
            self._register.waiting.leave(others, reason=COPY_FOUND, again=False)
        else:
            with self._lock:
                for other in others:
                    self._put(other, COPY_FOUND, again=False)
        self._some_touched.set()

    def _tell_waiting(self, shipments: int) -> None:
        for observer in self._observers:
            observer.on_waiting(shipments)

    def _tell_failed(self) -> None:
        for observer in self._observers:
            observer.on_failed()


def clue_rules(rulebook: Rulebook, settings: Settings) -> ClueRules:
    """By which clues are opened, changed and withdrawn under these settings."""
    return ClueRules(
        packs=rulebook.packs,
        own_division=settings.clues.division,
        growth_ms=round(settings.clues.growth_s * 1000),
    )
