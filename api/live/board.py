"""What is on the road now: of each shipment under way its newest reading, where it is and how near
its drug is to a limit. Filled by judging, which looks at every open shipment at a start.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coldwitness.analysis.record.probes import is_drug, probe_order
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult
from coldwitness.judging.clock import Clock, system_clock
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import ClueEntry


@dataclass(frozen=True)
class OnTheRoad:
    """One shipment under way. heard_ms : when something new was last heard of it [UTC epoch ms];
    before anything came in this process, the time of its newest reading."""

    shipment: str
    newest: NewestReading
    heard_ms: int

    @property
    def drug_c(self) -> list[float]:
        """Newest temperatures of the drug's probes [°C], the first one first."""
        told = self.newest.temperature
        return [told[name] for name in sorted(told, key=probe_order) if is_drug(name)]


class Board(JudgingObserver):
    """Shipments under way, by id. Its methods may be called from any thread."""

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[str, OnTheRoad] = {}

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """Put on it what is under way, and take off what is not any more."""
        del entries
        now_ms = self._clock()
        with self._lock:
            for result in results:
                shipment = result.shipment
                if given(result.state) != "in_transit" or shipment not in newest:
                    self._rows.pop(shipment, None)
                    continue
                its, known = newest[shipment], self._rows.get(shipment)
                heard_ms = min(instant_ms(its.time), now_ms)
                if known is not None:
                    same = known.newest.readings == its.readings
                    heard_ms = known.heard_ms if same else now_ms
                self._rows[shipment] = OnTheRoad(shipment, its, heard_ms)

    def rows(self) -> dict[str, OnTheRoad]:
        """All of them as they are now."""
        with self._lock:
            return dict(self._rows)
