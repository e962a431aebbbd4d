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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar, cast

from coldwitness.analysis.record.curves import CurveIndex, joined
from coldwitness.domain.result import CheckResult
from coldwitness.judging.carried_probes import first_sent
from coldwitness.judging.counted_manifests import in_force_then
from coldwitness.judging.evidence import Evidence, with_deliveries
from coldwitness.judging.publishers import sorted_by_publisher
from coldwitness.judging.rulebook import Rulebook
from coldwitness.judging.run import curves_of, judge_shipments

Told = TypeVar("Told")
Made = TypeVar("Made")

PART_SHIPMENTS = 1000
"""Enough that numpy does the work, few enough that the processes end together."""
SHIPMENTS_MIN = 2 * PART_SHIPMENTS
"""Fewer are judged sooner in this process than others are begun."""


@dataclass(frozen=True)
class _Work(Generic[Told]):
    """What the processes do; they are forks of this one, so nothing of it is sent to them."""

    evidence: Evidence
    parts: Sequence[tuple[str, ...]]
    rulebook: Rulebook
    assumed_storage: str | None
    tell: Callable[[CheckResult], Told]

    def curves(self, number: int) -> list[CurveIndex]:
        """The curves of a part."""
        part = self.evidence.of_shipments(self.parts[number])
        return curves_of(part, rulebook=self.rulebook, assumed_storage=self.assumed_storage)

    def told(
        self, curves: Sequence[Sequence[CurveIndex]], number: int
    ) -> list[tuple[str, str, Told]]:
        """Pack, shipment and what is told of each result of a part. curves : of every part."""
        beside = [one for place, its in enumerate(curves) if place != number for one in its]
        groups = judge_shipments(
            self.evidence.of_shipments(self.parts[number]),
            rulebook=self.rulebook,
            assumed_storage=self.assumed_storage,
            archive=lambda _: joined(beside) if beside else None,
        )
        return [
            (group.pack.name, one.shipment, self.tell(one))
            for group in groups
            for one in group.results
        ]


def cores() -> int:
    """How many processes may work at a time; 1 where a process cannot safely be forked."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


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
    tell: Callable[[CheckResult], Told],
    processes: int,
) -> Iterator[Told]:
    """What `tell` makes of every shipment's result, in the order and with the results of one run of
    `judge_shipments`. `tell` runs where the result was made; what it returns must be picklable."""
    parted = sorted_by_publisher(in_force_then(evidence)).own
    evidence = replace(evidence, carried=first_sent(parted.readings, evidence.carried))
    evidence = with_deliveries(evidence)  # of shipments in other parts as well
    work = _Work(evidence, _parts(evidence), rulebook, assumed_storage, tell)
    numbers = range(len(work.parts))
    curves = _each(work.curves, numbers, processes)
    found = {
        shipment: (pack, told)
        for part in _each(partial(work.told, curves), numbers, processes)
        for pack, shipment, told in part
    }
    for pack in dict.fromkeys(found[shipment][0] for shipment in evidence.shipments):
        for shipment in evidence.shipments:
            if found[shipment][0] == pack:
                yield found[shipment][1]


def _parts(evidence: Evidence) -> list[tuple[str, ...]]:
    foreign = sorted_by_publisher(evidence).foreign
    together = [name for name in evidence.shipments if name in foreign or name in evidence.versions]
    apart = set(together)
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
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            return cast("list[Made]", pool.map(_of_number, numbers, chunksize=1))
    finally:
        _work = None


def _of_number(number: int) -> object:
    return None if _work is None else _work(number)
