"""Readings that a store refuses for good, read beside those that it has."""

from collections.abc import Sequence

import msgspec
import numpy as np

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.columns import take
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import joined, readings_of
from coldwitness.domain.tracks import ReadingTable
from coldwitness.storage.telemetry.columns import Columns
from coldwitness.storage.telemetry.memory import MemoryTelemetry

Received = tuple[Reading, int]
"""A reading, and when it was received [UTC epoch ms]."""


def with_aside(
    table: ReadingTable,
    aside: Sequence[Received],
    shipments: Sequence[str],
    stays: Sequence[BoxStay],
) -> ReadingTable:
    """A store's readings of `shipments`, and those aside that are theirs; one that the store took
    meanwhile stands once."""
    if not aside:
        return table
    more = _kept(aside).readings(shipments, stays)
    return joined([table, _others(more, table)])


def whole_with_aside(columns: Columns, aside: Sequence[Received]) -> Columns:
    """The same of all readings of a time."""
    if not aside:
        return columns
    more = _kept(aside).between(0, 2**62)
    there = _said(columns.table)
    new = np.array([whole not in there for whole in _said(more.table)], dtype=np.bool_)
    return Columns(
        table=joined([columns.table, take(more.table, new)]),
        time_source=np.concatenate([columns.time_source, more.time_source[new]]),
    )


def _kept(aside: Sequence[Received]) -> MemoryTelemetry:
    kept = MemoryTelemetry()
    kept.append([reading for reading, _ in aside], [received for _, received in aside])
    return kept


def _others(more: ReadingTable, table: ReadingTable) -> ReadingTable:
    there = set(_said(table))
    return take(more, np.array([whole not in there for whole in _said(more)], dtype=np.bool_))


def _said(table: ReadingTable) -> list[bytes]:
    """Everything each reading says, without when it was received."""
    return [msgspec.json.encode(reading, order="sorted") for reading in readings_of(table)]
