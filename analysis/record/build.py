"""From readings in any order to `Tracks`: sorted, each reading once, conflicts marked."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.kinetic_temperature import ZERO_C_IN_K
from coldwitness.domain.channels import CHANNEL
from coldwitness.domain.columns import is_said_once, repeated, take
from coldwitness.domain.reading import split_probe
from coldwitness.domain.tracks import FloatArray, IntArray, ReadingTable, Tracks

_Column = NDArray[Any]
MEASURED = tuple(
    column.name for column in fields(Tracks) if column.name in CHANNEL and column.name != "seq"
)
"""Channels that are judged: what Tracks has a column for, in its order, which is also the order
in which rows of one time are told apart."""


def build_tracks(table: ReadingTable, *, shipments: tuple[str, ...]) -> Tracks:
    """Sort a table by shipment and time; the order and repetition of its rows do not matter.

    Rows that name no shipment, or one that is not in `shipments`, are left out; a shipment
    without rows keeps its place with none. A repetition is a row of the same logger, time,
    sequence number and values (it may have been received later: the earliest receipt is kept).
    Rows of one logger and time that give different values for the same thing are all kept and
    marked in `conflict`; rows that complete each other (one probe each) are not in conflict.
    A temperature that is not finite or not above absolute zero is one the probe did not give.
    """
    names, logger = _renumbered(table.loggers, table.logger, tuple(sorted(set(table.loggers))))
    _, shipment = _renumbered(table.shipments, table.shipment, shipments)
    probes = sorted(name for name in table.temperature_c if split_probe(name) is not None)
    others = sorted(name for name in table.temperature_c if split_probe(name) is None)
    values: dict[str, FloatArray] = {
        name: _finite(table.temperature_c[name]) for name in [*probes, *others]
    }
    measured: list[_Column] = [
        *values.values(),
        *(getattr(table, name) for name in MEASURED),
    ]
    rows = _in_order(shipment, table.time_ms, [logger, table.seq, *measured])
    owner, time_ms = shipment[rows], table.time_ms[rows]
    tied = _same_as_before([owner, time_ms, logger[rows]])
    conflict = np.zeros(rows.size, dtype=np.bool_)
    received_ms = _these_rows(table.received_ms, rows)
    if tied.any():
        repeated = tied & _same_as_before([c[rows] for c in (table.seq, *measured)], among=tied)
        if repeated.any():
            received_ms = _earliest_received(received_ms, repeated)[~repeated]
            rows, owner, time_ms = rows[~repeated], owner[~repeated], time_ms[~repeated]
            tied = _same_as_before([owner, time_ms, logger[rows]])
        conflict = _in_conflict(tied, [column[rows] for column in measured])
    kept = _all_rows if rows.size == len(table) and _is_count(rows) else _these_rows
    return Tracks(
        shipments=shipments,
        loggers=names,
        first=np.searchsorted(owner, np.arange(len(shipments) + 1)).astype(np.int64),
        time_s=time_ms / 1000.0,
        received_s=_seconds(received_ms),
        logger=kept(logger, rows),
        seq=kept(table.seq, rows),
        conflict=conflict,
        temperature_c={name: kept(column, rows) for name, column in values.items()},
        **{name: kept(getattr(table, name), rows) for name in MEASURED},
    )


def _is_count(rows: IntArray) -> bool:
    """True for 0, 1, 2, …"""
    return rows.size == 0 or bool(rows[0] == 0 and (np.diff(rows) == 1).all())


def _all_rows(column: _Column, rows: IntArray) -> _Column:
    """Of millions of readings that come sorted no column is copied."""
    return column


def _these_rows(column: _Column, rows: IntArray) -> _Column:
    return repeated(column[:1], rows.size) if is_said_once(column) else column[rows]


def _seconds(received_ms: IntArray) -> FloatArray:
    """NaN where unknown."""
    if is_said_once(received_ms):
        return repeated(_seconds(received_ms[:1].copy()), received_ms.size)
    return np.where(received_ms < 0, np.nan, received_ms / 1000.0)


def rows_of(tracks: Tracks, start: int, stop: int) -> Tracks:
    """Shipments start:stop of `tracks`, sharing their columns; logger numbers stay."""
    if (start, stop) == (0, len(tracks.shipments)):
        return tracks
    low, high = int(tracks.first[start]), int(tracks.first[stop])
    return take(
        tracks,
        slice(low, high),
        shipments=tracks.shipments[start:stop],
        first=tracks.first[start : stop + 1] - low,
    )


def _renumbered(
    old: tuple[str, ...], index: IntArray, new: tuple[str, ...]
) -> tuple[tuple[str, ...], IntArray]:
    """`new` names and the column that points into them; -1 where the name is not among them."""
    place = {name: i for i, name in enumerate(new)}
    translation = np.array([*(place.get(name, -1) for name in old), -1], dtype=np.int64)
    if is_said_once(index):
        return new, repeated(translation[index[:1]], index.size)
    return new, translation[index]


def _finite(column: FloatArray) -> FloatArray:
    """NaN for what is no temperature: not finite, or not above absolute zero."""
    impossible = np.isinf(column) | (column <= -ZERO_C_IN_K)
    return np.where(impossible, np.nan, column) if impossible.any() else column


def _in_order(shipment: IntArray, time_ms: IntArray, ties: Sequence[_Column]) -> IntArray:
    """Rows with a shipment, by shipment, time, then every other column, so that two orders of
    the same rows end alike. What is already sorted is not sorted again."""
    rows = np.flatnonzero(shipment >= 0)
    owner, time = shipment[rows], time_ms[rows]
    step = np.diff(owner)
    if not ((step > 0) | ((step == 0) & (np.diff(time) >= 0))).all():
        rows = rows[np.lexsort((time, owner))]
        owner, time = shipment[rows], time_ms[rows]
    same = _same_as_before([owner, time])
    if same.any():
        grouped = same.copy()
        grouped[:-1] |= same[1:]
        place = np.flatnonzero(grouped)
        group = np.cumsum(~same)[place]
        tied = rows[place]
        rows[place] = tied[np.lexsort([column[tied] for column in reversed(ties)] + [group])]
    return rows


def _same_as_before(
    columns: Sequence[_Column], *, among: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """(n,) True where a row equals the row before in all columns; NaN equals NaN."""
    n = columns[0].size
    same = np.ones(n, dtype=np.bool_) if among is None else among.copy()
    same[:1] = False
    for column in columns:
        here, before = column[1:], column[:-1]
        equal = here == before
        if column.dtype.kind == "f":
            equal |= np.isnan(here) & np.isnan(before)
        same[1:] &= equal
    return same


def _earliest_received(received_ms: IntArray, repeated: NDArray[np.bool_]) -> IntArray:
    """Earliest known receipt of each run of repetitions, at the run's first row."""
    starts = np.flatnonzero(~repeated)
    unknown_last = np.where(received_ms < 0, np.iinfo(np.int64).max, received_ms)
    earliest = np.minimum.reduceat(unknown_last, starts)
    folded = received_ms.copy()
    folded[starts] = np.where(earliest == np.iinfo(np.int64).max, -1, earliest)
    return folded


def _in_conflict(tied: NDArray[np.bool_], measured: Sequence[_Column]) -> NDArray[np.bool_]:
    """(n,) True for all rows of one logger and time that disagree about a thing they all give."""
    conflict = np.zeros(tied.size, dtype=np.bool_)
    if not tied.any():
        return conflict
    starts = np.flatnonzero(~tied)
    for column in measured:
        if column.dtype.kind == "f":
            absent = np.isnan(column)
            low = np.minimum.reduceat(np.where(absent, np.inf, column), starts)
            high = np.maximum.reduceat(np.where(absent, -np.inf, column), starts)
        else:  # 1 yes, 0 no, -1 not said
            low = np.minimum.reduceat(np.where(column < 0, 2, column), starts)
            high = np.maximum.reduceat(column, starts)
        conflict |= np.repeat(low < high, np.diff(np.append(starts, tied.size)))
    return conflict
