"""Columns of readings: what a store gives back before it is cut to shipments."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from coldwitness.domain.reading import Reading, TimeSource
from coldwitness.domain.reading_table import reading_table
from coldwitness.domain.reading_table import readings_of as table_readings
from coldwitness.domain.tracks import CodeArray, ReadingTable

TIME_SOURCES: tuple[TimeSource, ...] = ("device", "gateway", "received")
"""Words of Reading.time_source; the position is the code in columns and in stored rows."""

_ASSIGNMENT = ("shipment", "box", "courier", "time_source")


@dataclass(frozen=True)
class Columns:
    """Readings as columns with nothing left out: a ReadingTable, whose `shipment` is the
    declared one, and beside it whose clock each row's time is.

    time_source : (n,) code in TIME_SOURCES.
    """

    table: ReadingTable
    time_source: CodeArray

    def __len__(self) -> int:
        return len(self.table)


def columns_of(readings: Sequence[Reading], received_ms: Sequence[int]) -> Columns:
    """Columns from single readings, in their order."""
    sources = [TIME_SOURCES.index(reading.time_source) for reading in readings]
    return Columns(
        table=reading_table(readings, received_ms),
        time_source=np.array(sources, dtype=np.int8),
    )


def readings_of(columns: Columns) -> list[tuple[Reading, int]]:
    """Single readings with their receive times, in the order of the rows."""
    return [
        (
            msgspec.structs.replace(reading, time_source=TIME_SOURCES[source]),
            received_ms,
        )
        for reading, source, received_ms in zip(
            table_readings(columns.table),
            columns.time_source.tolist(),
            columns.table.received_ms.tolist(),
            strict=True,
        )
    ]


def measured(reading: Reading) -> tuple[object, ...]:
    """What was measured, without whom it was assigned to: readings of one logger and time
    that differ in this contradict each other."""
    fields = (name for name in reading.__struct_fields__ if name not in _ASSIGNMENT)
    return tuple(getattr(reading, name) for name in fields)
