"""Filling a store anew from the journal while the old readings are read and live ones come in."""

from collections.abc import Sequence
from typing import Protocol

from coldwitness.domain.reading import Reading


class TelemetryRebuild(Protocol):
    """A rebuild under way. From its beginning live readings go into both the old readings and
    the new, so whatever is journalled after that needs no second look. What it has done
    outlives a kill; beginning again goes on from `position`."""

    @property
    def position(self) -> str | None:
        """What was given with the last `append`; None at the very beginning."""

    def append(
        self, readings: Sequence[Reading], received_ms: Sequence[int], *, position: str
    ) -> None:
        """Put readings into the new store only. Raises Unavailable."""

    def finish(self) -> None:
        """Read the new from now on, and drop the old."""
