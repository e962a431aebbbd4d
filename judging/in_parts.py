"""Many shipments judged by several processes, with the results that one run would give.

A shipment's result depends on others' only through curves that are copies of its own, through the
probes that its loggers sent in them, and through the runs that judge foreign messages and later
versions of manifests. So these probes are listed and the curves of all parts made first, each part
is compared with the others', and shipments with foreign messages or several versions are judged in
one part.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar, cast

from coldwitness.analysis.record.curves import CurveIndex, joined
from coldwitness.domain.result import CheckResult
from coldwitness.domain.words import Verdict
from coldwitness.judging.carried_probes import first_sent
from coldwitness.judging.counted_manifests import in_force_then
from coldwitness.judging.evidence import Evidence, with_deliveries
from coldwitness.judging.publishers import sorted_by_publisher
from coldwitness.judging.rulebook import Rulebook
from coldwitness.judging.run import curves_of, judge_shipments
from coldwitness.judging.shared_texts import SharedTexts
from coldwitness.storage.with_parent import end_with_parent

Made = TypeVar("Made")

PART_SHIPMENTS = 1000
"""Enough that numpy does the work, few enough that the processes end together."""
SHIPMENTS_MIN = 2 * PART_SHIPMENTS
"""Fewer are judged sooner in this process than others are begun."""


@dataclass(frozen=True)
class _Told:
    """A result of a part, and where its text stands among all texts."""

    pack: str
    shipment: str
    verdict: Verdict
    at: int
    size: int


@dataclass(frozen=True)
class _Work:
    """What the processes do; they are forks of this one, so nothing of it is sent to them."""

    evidence: Evidence
    parts: Sequence[tuple[str, ...]]
    rulebook: Rulebook
    assumed_storage: str | None
    tell: Callable[[CheckResult], bytes]
    texts: SharedTexts

    def curves(self, number: int) -> list[CurveIndex]:
        """The curves of a part."""
        part = self.evidence.of_shipments(self.parts[number])
        return curves_of(part, rulebook=self.rulebook, assumed_storage=self.assumed_storage)

    def told(self, curves: Sequence[Sequence[CurveIndex]], number: int) -> list[_Told]:
        """The results of a part. curves : of every part."""
        beside = [one for place, its in enumerate(curves) if place != number for one in its]
        groups = judge_shipments(
            self.evidence.of_shipments(self.parts[number]),
            rulebook=self.rulebook,
            assumed_storage=self.assumed_storage,
            archive=lambda _: joined(beside) if beside else None,
        )
        results = [(group.pack.name, one) for group in groups for one in group.results]
        texts = [self.tell(one) for _, one in results]
        at = self.texts.keep(b"".join(texts))
        found = []
        for (pack, one), text in zip(results, texts, strict=True):
            found.append(_Told(pack, one.shipment, one.verdict, at, len(text)))
            at += len(text)
        return found


def cores() -> int:
    """How many processes may work at a time; 1 where a process cannot safely be forked."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def beside_is_safe() -> bool:
    """Whether a process may be forked to work beside this one: there is a core for it, and no
    thread, whose locks a fork would find closed for ever."""
    return cores() > 1 and threading.active_count() == 1


def processes_for(shipments: int) -> int:
    """How many processes to judge so many shipments with: 1 is this one alone."""
    if shipments < SHIPMENTS_MIN:
        return 1
    return min(cores(), shipments // PART_SHIPMENTS)


def told_in_parts(
    evidence: Evidence,
    *,
    rulebook: Rulebook,
    assumed_storage: str | None,
    tell: Callable[[CheckResult], bytes],
    processes: int,
) -> Iterator[tuple[Verdict, bytes]]:
    """The verdict of every shipment's result and what `tell` makes of it, in the order and with the
    results of one run of `judge_shipments`. `tell` runs where the result was made."""
    evidence = with_what_others_tell(evidence)
    with SharedTexts() as texts:
        work = _Work(evidence, _parts(evidence), rulebook, assumed_storage, tell, texts)
        numbers = range(len(work.parts))
        curves = _each(work.curves, numbers, processes)
        parts = _each(partial(work.told, curves), numbers, processes)
        found = {one.shipment: one for part in parts for one in part}
        for pack in dict.fromkeys(found[shipment].pack for shipment in evidence.shipments):
            for shipment in evidence.shipments:
                one = found[shipment]
                if one.pack == pack:
                    yield one.verdict, texts.read(one.at, one.size)


def with_what_others_tell(evidence: Evidence) -> Evidence:
    """The evidence with what its shipments tell of each other, to be parted: which probes their
    loggers sent, and where others of their boxes were delivered."""
    parted = sorted_by_publisher(in_force_then(evidence)).own
    carried = first_sent(parted.readings, evidence.carried)
    return with_deliveries(replace(evidence, carried=carried))


def bound_together(evidence: Evidence) -> set[str]:
    """The shipments that have to be judged in one part."""
    return {*sorted_by_publisher(evidence).foreign, *evidence.versions}


def _parts(evidence: Evidence) -> list[tuple[str, ...]]:
    apart = bound_together(evidence)
    together = [name for name in evidence.shipments if name in apart]
    rest = [name for name in evidence.shipments if name not in apart]
    groups = [rest[at : at + PART_SHIPMENTS] for at in range(0, len(rest), PART_SHIPMENTS)]
    return [tuple(group) for group in (together, *groups) if group]


_work: Callable[[int], object] | None = None
"""What a forked process is to do with a number."""


def _each(work: Callable[[int], Made], numbers: Sequence[int], processes: int) -> list[Made]:
    """`work` of each number, in order. Raises what it raises."""
    global _work  # noqa: PLW0603 - read by the forks alone, which are made while it stands
    _work = work
    try:
        with multiprocessing.get_context("fork").Pool(
            processes, end_with_parent, (os.getpid(),)
        ) as pool:
            return cast("list[Made]", pool.map(_of_number, numbers, chunksize=1))
    finally:
        _work = None


def _of_number(number: int) -> object:
    return None if _work is None else _work(number)
