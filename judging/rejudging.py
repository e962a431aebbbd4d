"""A whole archive judged again: its parts one after the other or on many processes, and what that
changes, counted.

Parts do not depend on each other, so who judges them and in which order changes nothing: they are
told in the order of the archive.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from coldwitness.judging.archived import PartChanges, Rejudge
from coldwitness.judging.changed_results import Change
from coldwitness.storage.archive.read_back import ArchivedPart


class Spread(Protocol):
    """Where parts are judged."""

    def each(self, work: Rejudge, parts: Sequence[ArchivedPart]) -> Iterator[PartChanges]:
        """What `work` makes of every part, in their order. Raises what it raises, and Unavailable
        where nobody is there to do it."""


class OneProcess:
    """In this one."""

    def each(self, work: Rejudge, parts: Sequence[ArchivedPart]) -> Iterator[PartChanges]:
        return map(work, parts)


@dataclass
class Summary:
    """Counts over an archive. lines : (matter, name, recorded, now). couriers, divisions :
    shipments of each whose verdict changed."""

    shipments: int = 0
    readings: int = 0
    not_ended: int = 0
    unrecorded: int = 0
    changed: int = 0
    lines: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    couriers: Counter[str | None] = field(default_factory=Counter)
    divisions: Counter[str | None] = field(default_factory=Counter)

    def add(self, part: PartChanges) -> None:
        self.shipments += part.shipments
        self.readings += part.readings
        self.not_ended += part.not_ended
        self.unrecorded += part.unrecorded
        self.changed += len({change.shipment for change in part.changes})
        for change in part.changes:
            self.lines[change.matter, change.name, change.recorded, change.now] += 1
            if change.matter == "verdict":
                self.couriers[change.courier] += 1
                self.divisions[change.division] += 1


def counted(parts: Iterable[PartChanges], summary: Summary) -> Iterator[Sequence[Change]]:
    """The changes of each part, counted into the summary as they go by."""
    for part in parts:
        summary.add(part)
        yield part.changes
