"""Who wants to hear what live judging did: the operator's counters, the live stream, webhooks."""

from collections.abc import Mapping, Sequence
from typing import Any

from coldwitness.domain.result import CheckResult
from coldwitness.storage.ports import Clue


class JudgingObserver:
    """Hears what live judging does, in its thread and so in no long words. Nothing happens here:
    whoever listens overrides what concerns it."""

    def on_judged(
        self,
        results: Sequence[CheckResult],
        clues: Sequence[Clue],
        newest: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """One run is recorded: its results, the clues that are new, and the newest reading of
        each shipment that has one."""

    def on_failed(self) -> None:
        """A run failed; its shipments are kept for later."""

    def on_waiting(self, shipments: int) -> None:
        """So many shipments are touched and not yet judged."""

    def on_tick(self, took_s: float) -> None:
        """Everything that waited was tried, in so many seconds."""
