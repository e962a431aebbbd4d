"""What is on the road now: of each shipment under way its newest reading, where it is and how near
its drug is to a limit. Filled by judging, which looks at every open shipment at a start.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from coldwitness.analysis.record.probes import is_drug, probe_order
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult
from coldwitness.judging.clock import Clock, system_clock
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import ClueEntry
from coldwitness.storage.live_ports import Road, RoadLine


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


class BoardRows(Protocol):
    """Shipments under way, by id."""

    def of(self, shipments: Collection[str]) -> Mapping[str, OnTheRoad]:
        """Those of these that are."""

    def pressing(
        self, *, silent_before_ms: int, to_limit_most_s: float, beside: Collection[str]
    ) -> Mapping[str, OnTheRoad]:
        """At least those of which nothing was heard since, those whose drug is as near to a limit,
        and those of `beside`."""


class Board(JudgingObserver):
    """Where one process judges all of them. Its methods may be called from any thread."""

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
            rows, left = _changed(results, newest, self._rows, now_ms=now_ms)
            self._rows.update(rows)
            for shipment in left:
                self._rows.pop(shipment, None)

    def rows(self) -> dict[str, OnTheRoad]:
        """All of them as they are now."""
        with self._lock:
            return dict(self._rows)

    def of(self, shipments: Collection[str]) -> Mapping[str, OnTheRoad]:
        """Those of these that are on it."""
        with self._lock:
            return {name: self._rows[name] for name in shipments if name in self._rows}

    def pressing(
        self, *, silent_before_ms: int, to_limit_most_s: float, beside: Collection[str]
    ) -> Mapping[str, OnTheRoad]:
        """All of them: to leave out what is calm would take as long."""
        del silent_before_ms, to_limit_most_s, beside
        return self.rows()


class SharedBoard(JudgingObserver):
    """Where several processes judge: the board lies in the register, each writes what it judges and
    any reads it."""

    def __init__(self, road: Road, clock: Clock = system_clock) -> None:
        self._road = road
        self._clock = clock

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """As of one process. Raises Unavailable."""
        del entries
        known = self.of([result.shipment for result in results])
        rows, left = _changed(results, newest, known, now_ms=self._clock())
        lines = {
            name: RoadLine(row.heard_ms, row.newest.to_limit_s, msgspec.json.encode(row.newest))
            for name, row in rows.items()
            if row != known.get(name)
        }
        self._road.keep(lines, left=[name for name in left if name in known])

    def of(self, shipments: Collection[str]) -> Mapping[str, OnTheRoad]:
        """Raises Unavailable."""
        return _rows(self._road.of(shipments))

    def pressing(
        self, *, silent_before_ms: int, to_limit_most_s: float, beside: Collection[str]
    ) -> Mapping[str, OnTheRoad]:
        """Raises Unavailable."""
        return _rows(
            self._road.pressing(
                silent_before_ms=silent_before_ms, to_limit_most_s=to_limit_most_s, beside=beside
            )
        )


def _rows(lines: Mapping[str, RoadLine]) -> Mapping[str, OnTheRoad]:
    return {
        name: OnTheRoad(name, msgspec.json.decode(line.newest, type=NewestReading), line.heard_ms)
        for name, line in lines.items()
    }


def _changed(
    results: Sequence[CheckResult],
    newest: Mapping[str, NewestReading],
    known: Mapping[str, OnTheRoad],
    *,
    now_ms: int,
) -> tuple[dict[str, OnTheRoad], list[str]]:
    """Of one run: what is under way now, and what is not. known : what stood there of them."""
    rows: dict[str, OnTheRoad] = {}
    left: list[str] = []
    for result in results:
        shipment = result.shipment
        if given(result.state) != "in_transit" or shipment not in newest:
            left.append(shipment)
            continue
        its, before = newest[shipment], known.get(shipment)
        heard_ms = min(instant_ms(its.time), now_ms)
        if before is not None:
            same = before.newest.readings == its.readings
            heard_ms = before.heard_ms if same else now_ms
        rows[shipment] = OnTheRoad(shipment, its, heard_ms)
    return rows, left
