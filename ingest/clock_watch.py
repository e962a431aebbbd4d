"""Whether the server's clock is contradicted by others': that of the store, that of the register's
database, and those of the loggers.

A broker tells no time (MQTT has no word for it); what it delivers bears the loggers' times. A
logger's reading that was measured before it came, as all are, by a clock that is right, lies not
after its time of receipt: where most loggers of the last hour say otherwise, it is the server's
clock that is behind. Nothing is said the other way round: a reading may come as late as it likes.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from statistics import median

from coldwitness.domain.errors import ColdWitnessError
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.clock_offsets import ClockOffset
from coldwitness.storage.looks import Looks

log = logging.getLogger(__name__)

APART_MS = 30_000
"""Clocks further apart are told: none that a time service keeps is."""
ASKED_EVERY_S = 60.0
LOGGERS_MIN = 5
"""Fewer may all be set wrongly by one hand."""
_LATELY_MS = 3_600_000

Asked = Callable[[], int | None]
"""What another clock says now [UTC epoch ms]; None where it is silent. Raises ColdWitnessError."""


def contradiction(name: str, ask: Asked, clock: Callable[[], int]) -> str | None:
    """What is wrong by another clock, which was read at some time between asking and its answer."""
    before_ms = clock()
    said_ms = ask()
    after_ms = clock()
    if said_ms is None or before_ms - APART_MS <= said_ms <= after_ms + APART_MS:
        return None
    return f"the server's clock says {rfc3339(after_ms)}, {name} {rfc3339(said_ms)}"


def loggers_contradiction(clocks: Iterable[ClockOffset], now_ms: int) -> str | None:
    """What is wrong by the clocks of the loggers that were heard lately."""
    ahead_ms = [one.low_ms for one in clocks if abs(now_ms - one.updated_ms) <= _LATELY_MS]
    if len(ahead_ms) < LOGGERS_MIN or median(ahead_ms) <= APART_MS:
        return None
    return (
        f"the server's clock says {rfc3339(now_ms)}, and most of {len(ahead_ms)} loggers' are ahead"
        f" of it, by {median(ahead_ms) / 1000:.0f} s at least"
    )


class ClockWatch(Looks):
    """Asks the others once a minute from `start` to `stop`."""

    def __init__(
        self,
        others: Mapping[str, Asked],
        loggers: Callable[[], Iterable[ClockOffset]],
        *,
        clock: Callable[[], int],
    ) -> None:
        super().__init__(
            name="clocks", every_s=ASKED_EVERY_S, away="clocks of others", at_once=True
        )
        self._others = others
        self._loggers = loggers
        self._clock = clock
        self.problem: str | None = None
        """What is wrong, as of the last look."""

    def look(self) -> None:
        """Ask all of them now. Who does not answer contradicts nothing: he is told elsewhere."""
        found = [self._of(name, ask) for name, ask in self._others.items()]
        try:
            found.append(loggers_contradiction(self._loggers(), self._clock()))
        except ColdWitnessError as error:
            log.debug("clocks of loggers: %s", error)
        problem = next((one for one in found if one is not None), None)
        if problem is not None and self.problem is None:
            log.error("clock: %s", problem)
        self.problem = problem

    def _of(self, name: str, ask: Asked) -> str | None:
        try:
            return contradiction(name, ask, self._clock)
        except ColdWitnessError as error:
            log.debug("clock of %s: %s", name, error)
            return None
