"""Who wants to hear what live judging did: the operator's counters, the live stream, webhooks."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from coldwitness.domain.measures import Instant
from coldwitness.domain.result import CheckResult
from coldwitness.storage.clue_ports import ClueEntry


class NewestReading(Struct, frozen=True, kw_only=True):
    """The last reading of a shipment, and how many there are."""

    time: Instant
    temperature: dict[str, float]
    """[°C] by probe."""
    readings: int


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
