"""Who wants to hear what live judging did: the operator's counters, the live stream, webhooks."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from coldwitness.domain.measures import Instant
from coldwitness.domain.result import CheckResult
from coldwitness.storage.clue_ports import ClueEntry


class NewestReading(Struct, frozen=True, kw_only=True):
    """The last reading of a shipment, how many there are, and where its drug is going.

    lat, lon : of the last position, WGS84; None: there is none. pace_c_per_h, to_limit_s, limit_c :
    a forecast of the drug probe that reaches a limit first, as of this reading
    (`analysis/temperature/nearing_limit.py`); to_limit_s None: none is near, or nobody knows.
    """

    time: Instant
    temperature: dict[str, float]
    """[°C] by probe."""
    readings: int
    lat: float | None = None
    lon: float | None = None
    pace_c_per_h: float | None = None
    to_limit_s: float | None = None
    limit_c: float | None = None


class JudgingObserver:
    """Hears what live judging does, in its thread and so in no long words. Nothing happens here:
    whoever listens overrides what concerns it."""

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """One run is recorded: its results, the feed's entries that tell of clues, and the newest
        reading of each shipment that has one."""

    def on_failed(self) -> None:
        """A run failed; its shipments are kept for later."""

    def on_waiting(self, shipments: int) -> None:
        """So many shipments are touched and not yet judged."""

    def on_tick(self, took_s: float) -> None:
        """Everything that waited was tried, in so many seconds."""
