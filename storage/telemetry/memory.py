"""The telemetry port in a dict: what tests of other parts run on, and the oracle of the
stores' own tests, written from the port's words by another road than they are."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.columns import take
from coldwitness.domain.reading import Reading
from coldwitness.domain.tracks import ReadingTable
from coldwitness.storage.ports import Appended
from coldwitness.storage.telemetry.columns import Columns, columns_of, measured


class MemoryTelemetry:
    """A TelemetryStore that forgets everything when it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, int], list[tuple[Reading, int]]] = {}

    def append(self, readings: Sequence[Reading], received_ms: Sequence[int]) -> Appended:
        counts = {"new": 0, "repeated": 0, "conflicting": 0}
        with self._lock:
            for reading, received in zip(readings, received_ms, strict=True):
                counts[self._put(reading, received)] += 1
        return Appended(
            new=counts["new"], repeated=counts["repeated"], conflicting=counts["conflicting"]
        )

    def _put(self, reading: Reading, received: int) -> str:
        there = self._kept.setdefault((reading.logger, reading.time_ms), [])
        for index, (other, first_received) in enumerate(there):
            if other == reading:
                there[index] = (other, min(received, first_received))
                return "repeated"
        contradicted = any(measured(other) != measured(reading) for other, _ in there)
        there.append((reading, received))
        return "conflicting" if contradicted else "new"

    def readings(self, shipments: Sequence[str], stays: Sequence[BoxStay]) -> ReadingTable:
        position = {name: index for index, name in enumerate(shipments)}
        found: list[tuple[Reading, int, int]] = []
        for reading, received in self._all():
            if reading.shipment is not None:
                if reading.shipment in position:
                    found.append((reading, received, position[reading.shipment]))
                continue
            found.extend(
                (reading, received, position[stay.shipment])
                for stay in stays
                if stay.shipment in position
                and stay.box == reading.box
                and stay.start_ms <= reading.time_ms
                and (stay.end_ms is None or reading.time_ms < stay.end_ms)
            )
        table = columns_of([row[0] for row in found], [row[1] for row in found]).table
        return take(
            table,
            np.arange(len(found)),
            shipments=tuple(shipments),
            shipment=np.array([row[2] for row in found], dtype=np.int64),
        )

    def between(self, start_ms: int, end_ms: int) -> Columns:
        """Every reading with start_ms <= time < end_ms, by logger and time."""
        rows = [row for row in self._all() if start_ms <= row[0].time_ms < end_ms]
        return columns_of([row[0] for row in rows], [row[1] for row in rows])

    def close(self) -> None:
        """Nothing is held open."""

    def _all(self) -> Iterator[tuple[Reading, int]]:
        with self._lock:
            everything = [row for key in sorted(self._kept) for row in self._kept[key]]
        return iter(everything)
