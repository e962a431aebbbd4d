"""Which process judges which shipments: all of them fall into SHARES shares, and a judging process
holds a lease on some. What others leave to be judged waits until whoever has it did."""

import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from coldwitness.domain.errors import Unavailable

SHARES = 64
"""More than processes will ever judge on one register, few enough that a run locks all of its own.
The register holds the share of what waits: another number needs a migration."""

NEW_READINGS = "new readings"
"""Why a shipment is judged, as results tell it, where nothing else is said."""
ASKED_FOR = "asked for"
"""The same, where somebody waits for it."""


def share_of(shipment: str) -> int:
    """0 to SHARES - 1: the same in every process, for ever."""
    return zlib.crc32(shipment.encode()) % SHARES


@dataclass(frozen=True)
class HeldShares:
    """What one process holds. turns : share -> how often the share had changed hands when it was
    taken, by which a holder of before is told from the one of now."""

    holder: str
    turns: Mapping[int, int]

    def has(self, shipment: str) -> bool:
        return share_of(shipment) in self.turns


class SharesLost(Unavailable):
    """Other processes hold these shipments now: nothing of what was to be written was written."""

    def __init__(self, shipments: Iterable[str]) -> None:
        self.shipments = frozenset(shipments)
        super().__init__(f"{len(self.shipments)} shipments are another process's to judge now")


class JudgeShares(Protocol):
    def keep(
        self, holder: str, *, lease_ms: int, ended: Callable[[str], bool] = lambda _: False
    ) -> HeldShares:
        """Say that a process judges for another `lease_ms`, take what is nobody's up to an even
        part of all shares, and give back what is beyond it; returns what it holds now.

        ended : whether a process of this name is known to have ended; its lease is then over.
        """

    def give_back(self, holder: str) -> None:
        """A process judges no more: what it held is nobody's."""

    def judges(self) -> Mapping[str, int]:
        """The processes whose lease runs, with the number of shares that each holds."""

    def holding(self, held: HeldShares, shipments: Iterable[str]) -> AbstractContextManager[None]:
        """A transaction in which nobody can take these. Raises SharesLost where somebody has."""


class LeftToJudge(NamedTuple):
    """mark : of the newest evidence. reason : why it is to be judged, as results tell it. message :
    the id of the newest that concerned it, where one did."""

    mark: int
    reason: str
    message: str | None = None


class Waiting(Protocol):
    """Shipments that one process stored evidence of and another judges."""

    def leave(
        self, shipments: Iterable[str], *, reason: str = NEW_READINGS, again: bool = True
    ) -> None:
        """Have these judged by the process that judges, which may be another one; kept until it
        has. Call it after the evidence is stored. again : for this reason instead of an earlier
        one. shipments : a mapping names the message that concerned each."""

    def left(self, *, shares: Collection[int] | None = None) -> dict[str, LeftToJudge]:
        """Shipments that wait so. shares : of these alone."""

    def count(self) -> int:
        """How many wait so."""

    def still_left(self, shipments: Collection[str]) -> frozenset[str]:
        """Those of these that wait."""

    def judged(self, left: Mapping[str, LeftToJudge]) -> None:
        """These were judged with the evidence of their marks; what came later stays waiting."""
