"""Filling a store anew from the journal while the old readings are read and live ones come in."""

from collections.abc import Sequence
from typing import Protocol

from coldwitness.domain.reading import Reading
from coldwitness.storage.ports import RefusedReading
from coldwitness.storage.telemetry import WholeStore
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from coldwitness.storage.telemetry.embedded_rebuild import EmbeddedRebuild


class TelemetryRebuild(Protocol):
    """A rebuild under way. From its beginning live readings go into both the old readings and
    the new, so whatever is journalled after that needs no second look. What it has done
    outlives a kill; beginning again goes on from `position`."""

    @property
    def position(self) -> str | None:
        """What was given with the last `append`; None at the very beginning."""

    def append(
        self, readings: Sequence[Reading], received_ms: Sequence[int], *, position: str
    ) -> tuple[RefusedReading, ...]:
        """Put readings into the new store only; returns what it will never take. Raises
        Unavailable."""

    def finish(self) -> str:
        """Read the new from now on, and drop the old. Returns what was left and why, "" if
        nothing was."""


def open_rebuild(store: WholeStore) -> TelemetryRebuild:
    """Begin to fill the store anew, or go on where a killed rebuild stopped. Raises Unavailable,
    TypeError for a store that is none of ours."""
    if isinstance(store, EmbeddedTelemetry):
        return EmbeddedRebuild(store)
    from coldwitness.storage.telemetry.influx import InfluxTelemetry
    from coldwitness.storage.telemetry.influx_rebuild import InfluxRebuild

    if isinstance(store, InfluxTelemetry):
        return InfluxRebuild(store)
    raise TypeError(f"expected a store that can be rebuilt, got {type(store).__name__}")
