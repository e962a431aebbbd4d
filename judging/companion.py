"""A second process that judges half of a large live run, so that a start takes two cores.

It is a fork of this one from before its threads and its stores. It is handed evidence and hands
back results, and has neither clock, store nor register: what is read and what is kept is this
process's alone. The two halves tell each other their curves before either is compared, so the
results are those of one run. If the process ends, what it had is judged here.
"""

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from typing import Literal, TypeVar

import msgspec

from coldwitness.analysis.record.curves import CurveIndex, joined
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.result import CheckResult
from coldwitness.judging.batch import Batch, judged_batch
from coldwitness.judging.copies import ArchivedCurves, CurveArchive
from coldwitness.judging.evidence import Evidence, evidence_of
from coldwitness.judging.fleet_limits import FleetTrips, RegisterTrips, TripsBeside
from coldwitness.judging.in_parts import beside_is_safe, bound_together, with_what_others_tell
from coldwitness.judging.manifest_terms import zones_without_limit
from coldwitness.judging.observer import NewestReading
from coldwitness.judging.rulebook import Rulebook, load_rulebook
from coldwitness.storage.ports import EncodedResult, ModelTrip, Register, TelemetryStore
from coldwitness.storage.register.bodies import each_encoded
from coldwitness.storage.with_parent import end_with_parent

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

SHIPMENTS_MIN = 200
"""Fewer are judged sooner here than they are handed over."""
ANSWER_WITHIN_S = 120.0
"""A process that says nothing for so long is ended: half a run takes a second or two."""
END_WITHIN_S = 5.0


@dataclass(frozen=True)
class _Told:
    """A Batch on its way. Results go as the text that the register keeps."""

    encoded: Mapping[str, EncodedResult]
    newest: Mapping[str, NewestReading]
    trips: Mapping[str, Sequence[ModelTrip]]
    curves: Sequence[CurveIndex]

    def batch(self) -> Batch:
        results = [msgspec.json.decode(one.body, type=CheckResult) for one in self.encoded.values()]
        return Batch(results, self.newest, self.trips, self.curves, self.encoded)


@dataclass(frozen=True)
class _Failed:
    error: str


@dataclass(frozen=True)
class _Beside:
    """The curves that a half's are compared with beside each other; None: nobody waits for the
    half any more."""

    curves: CurveIndex | None


class _Gone(Exception):
    """The other process has ended, or does not answer."""


class _Dropped(Exception):
    """Nobody waits for this half any more."""


class Companion:
    """The second process. One run at a time may use it; `LiveJudge` sees to that."""

    def __init__(self, rulebook: Rulebook, settings: JudgingSettings) -> None:
        """To be made before the process has threads, files and stores that a fork would share."""
        self.rulebook = rulebook
        self._assumed_storage = settings.default_storage
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_answer_for_ever,
            args=(os.getpid(), theirs, ours, rulebook, settings.default_storage),
            name="judge beside",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self._connection: Connection | None = ours

    @property
    def process_id(self) -> int | None:
        """None once it is gone."""
        return None if self._connection is None else self._process.pid

    def close(self) -> None:
        """End it; nothing of it is lost that was not handed back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._process.join(END_WITHIN_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def judge_batch(
        self,
        store: TelemetryStore,
        register: Register,
        rulebook: Rulebook,
        settings: JudgingSettings,
        shipments: Sequence[str],
        as_of_ms: int,
    ) -> Batch:
        """`batch.judge_batch` by two. Raises Unavailable if a store does."""
        del rulebook, settings  # those of the fork
        return self.judged(
            evidence_of(store, register, shipments, as_of_ms=as_of_ms),
            archive=ArchivedCurves(register.copies),
            fleet=RegisterTrips(register.trips),
        )

    def judged(self, evidence: Evidence, *, archive: CurveArchive, fleet: FleetTrips) -> Batch:
        """What `judged_batch` makes of the evidence. archive : asked once, for both halves."""
        alone = partial(
            judged_batch,
            rulebook=self.rulebook,
            assumed_storage=self._assumed_storage,
            fleet=fleet,
        )
        if self._connection is None or len(evidence.shipments) < SHIPMENTS_MIN:
            return alone(evidence, archive=archive)
        whole = with_what_others_tell(evidence)
        mine, theirs = _halves(whole, self.rulebook)
        if not theirs:
            return alone(evidence, archive=archive)
        try:
            with _asked(self._connection, whole.of_shipments(theirs), archive) as half:
                own = alone(whole.of_shipments(mine), archive=half.beside)
                # While the other half is still under way, which takes longer for being handed over.
                encoded = each_encoded(own.results)
                return _both(replace(own, encoded=encoded), half.batch())
        except _Gone as gone:
            log.warning("the second process of judging is gone (%s); judging goes on here", gone)
            self._process.kill()
            self.close()
            return alone(evidence, archive=archive)


@contextmanager
def companion(settings: JudgingSettings) -> Iterator[Companion | None]:
    """A second process as long as this lasts; None where the settings want none, and where it
    cannot safely be forked. Raises ConfigError if the rules cannot be read."""
    rulebook = load_rulebook(settings)
    if settings.processes < 2 or not beside_is_safe():
        yield None
        return
    started = Companion(rulebook, settings)
    try:
        yield started
    finally:
        started.close()


class _Half:
    """The other process's half of a run, from asking to its answer."""

    def __init__(self, connection: Connection, archive: CurveArchive) -> None:
        self._connection = connection
        self._archive = archive
        self._next: Literal["its curves", "mine beside", "its results"] | None = "its curves"

    def beside(self, mine: CurveIndex) -> CurveIndex | None:
        """The CurveArchive of this process's half: the other's curves and what the archive finds
        of both."""
        theirs = self._answer(CurveIndex)
        self._next = "mine beside"
        found = self._archive(joined([mine, theirs]))
        known = [] if found is None else [found]
        _send(self._connection, _Beside(joined([mine, *known])))
        self._next = "its results"
        return joined([theirs, *known])

    def batch(self) -> Batch:
        """Raises RuntimeError with what went wrong with it."""
        told = self._answer(_Told)
        self._next = None
        return told.batch()

    def drop(self) -> None:
        """Have the other process where it was before it was asked."""
        with suppress(RuntimeError):
            if self._next == "its curves":
                self._answer(CurveIndex)
                self._next = "mine beside"
            if self._next == "mine beside":
                _send(self._connection, _Beside(None))
            elif self._next == "its results":
                self._answer(_Told)
        self._next = None

    def _answer(self, expected: type[Answer]) -> Answer:
        try:
            if not self._connection.poll(ANSWER_WITHIN_S):
                raise _Gone(f"no answer within {ANSWER_WITHIN_S:.0f} s")
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _Gone(str(error) or "it ended") from error
        if isinstance(answer, _Failed):
            self._next = None
            raise RuntimeError(f"in the second process of judging: {answer.error}")
        if not isinstance(answer, expected):
            raise _Gone(f"it answered {type(answer).__name__}")
        return answer


@contextmanager
def _asked(connection: Connection, evidence: Evidence, archive: CurveArchive) -> Iterator[_Half]:
    half = _Half(connection, archive)
    _send(connection, evidence)
    try:
        yield half
    except _Gone:
        raise
    except BaseException:
        half.drop()
        raise


def _send(connection: Connection, said: Evidence | _Beside) -> None:
    try:
        connection.send(said)
    except OSError as error:
        raise _Gone(str(error)) from error


def _halves(evidence: Evidence, rulebook: Rulebook) -> tuple[list[str], list[str]]:
    """Who is judged here and who there. What is judged together, and what asks the register for
    trips of its box model, is judged here."""
    here = bound_together(evidence)
    for name, manifest in evidence.manifests.items():
        if manifest.box.model and zones_without_limit(manifest, rulebook.models):
            here.add(name)
    rest = [name for name in evidence.shipments if name not in here]
    theirs = rest[-(len(evidence.shipments) // 2) :]
    there = set(theirs)
    return [name for name in evidence.shipments if name not in there], theirs


def _both(own: Batch, other: Batch) -> Batch:
    return Batch(
        [*own.results, *other.results],
        {**own.newest, **other.newest},
        {**own.trips, **other.trips},
        [*own.curves, *other.curves],
        {**(own.encoded or {}), **(other.encoded or {})},
    )


def _answer_for_ever(
    parent: int,
    connection: Connection,
    parents_end: Connection,
    rulebook: Rulebook,
    assumed_storage: str | None,
) -> None:
    """The second process. It ends with its parent, whose end of the pipe it must not hold open."""
    end_with_parent(parent)
    parents_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer, which then closes
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    judged = partial(
        judged_batch,
        rulebook=rulebook,
        assumed_storage=assumed_storage,
        archive=partial(_exchanged, connection),
        fleet=TripsBeside({}),  # who asks for trips is judged by the parent
    )
    with suppress(EOFError, OSError):
        while True:
            evidence = connection.recv()
            try:
                answer: _Told | _Failed = _told(judged(evidence))
            except _Dropped:
                continue
            except (EOFError, OSError):
                raise
            except Exception as error:  # told to the parent, which judges them again one by one
                answer = _Failed(f"{type(error).__name__}: {error}")
            connection.send(answer)


def _exchanged(connection: Connection, mine: CurveIndex) -> CurveIndex | None:
    """The CurveArchive of the second process's half."""
    connection.send(mine)
    beside = connection.recv()
    if not isinstance(beside, _Beside) or beside.curves is None:
        raise _Dropped
    return beside.curves


def _told(batch: Batch) -> _Told:
    return _Told(each_encoded(batch.results), batch.newest, batch.trips, batch.curves)
