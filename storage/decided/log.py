"""Decisions go into the journal first, then into the register, then they are answered.

Requests that come at once are journalled together, with one wait for the disk. One thread at a
time writes; it does for the others what they brought meanwhile.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from coldwitness.config.settings import JournalSettings, WitnessSettings
from coldwitness.domain.errors import BadInput, ColdWitnessError, ConfigError, Unavailable
from coldwitness.storage.decided.adoption import adopt
from coldwitness.storage.decided.effects import caught_up
from coldwitness.storage.decided.kept_heads import keep_heads
from coldwitness.storage.decided.shards import IMPORTS, chain_of, is_shard, shard_names
from coldwitness.storage.decisions import Audited, Decision, decision_of, message_of
from coldwitness.storage.journal import Journal, JournalReader, Message
from coldwitness.storage.journal.layout import worker_folder
from coldwitness.storage.journal.locking import WorkerInUse
from coldwitness.storage.ports import Register
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.spare_room import GiveRoom, none_to_give, with_room
from coldwitness.storage.witness.asking import Witnessing

log = logging.getLogger(__name__)

TICK_S = 1.0
HEADS_EVERY_S = 30.0
"""How often the newest heads of all workers are kept in the register; each signs every 60 s."""
_Effect = TypeVar("_Effect")


@dataclass(eq=False)
class _Brought:
    """Decisions on their way, and what became of them. row : that of the last."""

    decisions: Sequence[Decision]
    effect: Callable[[], None]
    row: int = 0
    done: bool = False
    failure: Exception | None = None


class DecisionLog:
    """The writer of one shard of decisions. Its methods may be called from any thread."""

    def __init__(
        self,
        journal: Journal,
        register: Register,
        *,
        witnesses: Sequence[WitnessSettings] = (),
        trail_room: GiveRoom = none_to_give,
    ) -> None:
        """What an earlier process journalled and could not bring into the register is brought in
        first.

        journal : a shard of its own, or the import's. witnesses : who sign its heads while it runs.
        trail_room : gives lines of the audit trail more room on a full disk, False where it cannot:
        what is only read is not refused for the line that says so. Raises Unavailable.
        """
        self._journal = journal
        self._register = register
        self._trail_room = trail_room
        self._brought: list[_Brought] = []
        self._unapplied: list[_Brought] = []
        self._taking = threading.Lock()
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._witnessing = Witnessing(
            witnesses,
            worker_folder(journal.directory, journal.worker),
            lambda: journal.checkpoint,
        )
        catch_up(journal.directory, journal.worker, register)

    @property
    def directory(self) -> Path:
        """The journal's."""
        return self._journal.directory

    @property
    def worker(self) -> str:
        return self._journal.worker

    @property
    def last_row(self) -> int:
        return self._journal.last_row

    def decide(self, decision: Decision, effect: Callable[[], _Effect]) -> _Effect:
        """Journal a decision, have its effect on the register, and return what that returns.

        Raises Unavailable where the journal takes nothing (then nothing happened), or where the
        register does not: then the row stands, and its effect comes before any later one's.
        """
        return self.decide_together([decision], effect)

    def decide_together(
        self, decisions: Sequence[Decision], effect: Callable[[], _Effect]
    ) -> _Effect:
        """The same for several that have one effect, in their order."""
        answer: list[_Effect] = []
        mine = _Brought(decisions, lambda: answer.append(effect()))
        with self._taking:
            self._brought.append(mine)
        with self._writing:
            if not mine.done:
                self._write()
        if mine.failure is not None:
            raise mine.failure
        return answer[-1]

    def start(self) -> None:
        """Sign heads and close days in the background until `close`."""
        self._thread = threading.Thread(target=self._tick, name="decisions", daemon=True)
        self._thread.start()
        self._witnessing.start()

    def close(self) -> None:
        """End; the last head is signed and goes to the witnesses."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self._writing:
            self._journal.close()
            with suppress(Unavailable):  # then the next process keeps them
                keep_heads(self._journal.directory, self._register.journalled)
        if self._thread is not None:
            self._witnessing.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tick(self) -> None:
        heads_due_s = 0.0
        while not self._stop.wait(TICK_S):
            with self._writing:
                try:
                    self._journal.tick()
                    if self._unapplied:
                        self._apply()
                    if time.monotonic() >= heads_due_s:
                        keep_heads(self._journal.directory, self._register.journalled)
                        heads_due_s = time.monotonic() + HEADS_EVERY_S
                except Unavailable as error:
                    log.warning("decisions: %s", error)
                except Exception:  # heads are signed by this thread: it must outlive a mistake
                    log.exception("decisions: a round failed; goes on")

    def _write(self) -> None:
        with self._taking:
            group, self._brought = self._brought, []
        now_ms = self._journal.clock.now_ms()
        messages = [
            message_of(decision, received_ms=now_ms) for one in group for decision in one.decisions
        ]
        try:
            # All at one moment, so of one day: a group is kept whole or not at all.
            row = self._with_room(group, partial(self._append, messages)) - 1
        except Unavailable as error:
            for one in group:
                one.failure, one.done = error, True
            return
        for one in group:
            row += len(one.decisions)
            one.row = row
            self._unapplied.append(one)
        with suppress(Unavailable):  # each of those who wait is told
            self._apply()

    def _append(self, messages: Sequence[Message]) -> int:
        """Number of the first row."""
        return self._journal.append(messages, note=True).start

    def _with_room(self, lines: Sequence[_Brought], do: Callable[[], _Effect]) -> _Effect:
        """Again as long as it is refused and there is room to give, where all of it is the audit
        trail's: what changes anything has to wait for the disk."""
        trail = all(isinstance(what, Audited) for one in lines for what in one.decisions)
        return with_room(do, self._trail_room) if trail else do()

    def _apply(self) -> None:
        """Have the effects of what is journalled: all at once where that goes, else one by one.
        Raises Unavailable; what is left then comes before anything later."""
        try:
            self._with_room(self._unapplied, lambda: self._have_effect(list(self._unapplied)))
        except Unavailable as error:
            self._put_off(error)
            raise
        except Exception:
            while self._unapplied:
                self._apply_alone(self._unapplied[0])

    def _apply_alone(self, one: _Brought) -> None:
        try:
            self._have_effect([one])
        except Unavailable as error:
            self._put_off(error)
            raise
        except Exception as error:
            log.exception("decision in row %d has no effect", one.row)
            with self._register.journalled.advancing(self._chain(), to_row=one.row):
                pass
            one.failure, one.done = error, True
            self._unapplied.remove(one)

    def _put_off(self, error: Unavailable) -> None:
        for one in self._unapplied:
            one.failure, one.done = error, True

    def _have_effect(self, waiting: Sequence[_Brought]) -> None:
        if not waiting:
            return
        journalled = self._register.journalled
        with journalled.advancing(self._chain(), to_row=waiting[-1].row):
            for one in waiting:
                one.effect()
        for one in waiting:
            one.failure, one.done = None, True
            self._unapplied.remove(one)

    def _chain(self) -> str:
        return chain_of(self._journal.directory, self._journal.worker)


def catch_up(directory: Path, worker: str, register: Register) -> int:
    """Bring decisions of a shard that are journalled and not in the register into it; returns how
    many. Raises Unavailable, or BadInput for a row that cannot be read."""
    reader = JournalReader(directory)
    if not reader.last_row(worker):
        return 0
    chain, count = chain_of(directory, worker), 0
    for row in reader.read(worker, after=register.journalled.row_of(chain)):
        decision = decision_of(row)
        if decision is None:
            continue
        with register.journalled.advancing(chain, to_row=row.row):
            try:
                caught_up(decision, register, directory=directory)
            except BadInput as error:
                log.error("%s row %d has no effect: %s", worker, row.row, error)
        count += 1
    return count


def open_decision_log(
    settings: JournalSettings,
    register: SqlRegister,
    *,
    witnesses: Sequence[WitnessSettings] = (),
    trail_room: GiveRoom = none_to_give,
) -> DecisionLog:
    """The first shard for decisions that no other process writes; what stood in the register
    before decisions were journalled is taken into it once.

    Raises ConfigError where all are in use or a worker of another kind has a shard's name,
    Unavailable where the disk or the register refuses.
    """
    if is_shard(settings.worker) or settings.worker == IMPORTS:
        raise ConfigError(
            f"journal.worker: {settings.worker!r} is the name of a journal of decisions or imports;"
            " choose another"
        )
    refused: WorkerInUse | None = None
    for name in shard_names():
        try:
            journal = Journal.open(settings.model_copy(update={"worker": name}))
        except WorkerInUse as error:
            refused = error
            continue
        try:
            adopt(journal, register)
            return DecisionLog(journal, register, witnesses=witnesses, trail_room=trail_room)
        except ColdWitnessError:
            journal.close()
            raise
    raise refused or ConfigError("journal: no journal for decisions is free")
