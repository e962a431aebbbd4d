"""A name for the readings that were judged: the same readings give the same digest."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

FORMAT = "coldwitness.readings/1"
_LEAD = 3
"""Columns before the probes: time, logger, seq."""
AT_ONCE_ROWS = 200_000
"""Rows of which all columns are in memory at once, in the form in which they are hashed."""


def readings_digests(tracks: Tracks, rows: NDArray[np.bool_]) -> list[str]:
    """SHA-256 (hex) of the distinct readings among `rows` (n,) of each shipment.

    Hashed are, in this order: one line of JSON {"format", "loggers", "probes", "readings"} with
    the loggers' serials and the probes that gave a value, both sorted, and the number of
    readings; then the columns of the readings as little-endian 64-bit numbers, one column after
    the other: time [ms] (int), logger (int, its place in that list, -1 none), seq (int, -1
    none), each probe [°C] (float), lat, lon, accuracy [m] (float), light [lx] (float), lid_open,
    moving (int, -1 not said). Readings stand by time, then logger, seq and values. What is
    absent is the same NaN everywhere. When the reading was received is no part of it.
    """
    kept = np.flatnonzero(rows)
    first = np.searchsorted(kept, tracks.first).tolist()
    part: slice | IntArray = slice(None) if kept.size == rows.size else kept
    names = sorted(tracks.temperature_c)
    used, place = _loggers(tracks.logger[part], first)
    columns = _columns(tracks, names, part, place)
    told = np.ones((len(columns), len(first) - 1), dtype=np.bool_)
    for row, name in enumerate(names, start=_LEAD):
        told[row] = _given(tracks.temperature_c[name][part], first)
    digests: list[str] = []
    for begin, end in _groups(first):
        low, high = first[begin], first[end]
        stacked = None
        if end > begin + 1 or high - low <= AT_ONCE_ROWS:
            # As they are hashed, below each other: bytes of a shipment's columns are one piece.
            stacked = np.stack([column(slice(low, high)) for column in columns])
        for i in range(begin, end):
            mine = told[:, i]
            head = {
                "format": FORMAT,
                "loggers": [tracks.loggers[number] for number in used[i]],
                "probes": [name for row, name in enumerate(names, start=_LEAD) if mine[row]],
                "readings": first[i + 1] - first[i],
            }
            digest = hashlib.sha256(json.dumps(head).encode() + b"\n")
            if stacked is not None:
                its = stacked[:, first[i] - low : first[i + 1] - low]
                digest.update((its if mine.all() else its[mine]).tobytes())
            else:
                for column in itertools.compress(columns, mine.tolist()):
                    for start in range(low, high, AT_ONCE_ROWS):
                        some = slice(start, min(start + AT_ONCE_ROWS, high))
                        digest.update(column(some).tobytes())
            digests.append(digest.hexdigest())
    return digests


def _groups(first: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Shipments begin:end whose columns are made together, of AT_ONCE_ROWS at most, or one."""
    begin, last = 0, len(first) - 1
    while begin < last:
        end = begin + 1
        while end < last and first[end + 1] - first[begin] <= AT_ONCE_ROWS:
            end += 1
        yield begin, end
        begin = end


def _columns(
    tracks: Tracks, names: Sequence[str], part: slice | IntArray, place: IntArray
) -> list[Callable[[slice], IntArray]]:
    """What is hashed, in its order: of each column what makes some rows of it."""
    whole = (tracks.seq, tracks.lid_open, tracks.moving)
    seq, lid_open, moving = (partial(_whole_of, column[part]) for column in whole)
    places = (tracks.lat_deg, tracks.lon_deg, tracks.accuracy_m, tracks.light_lux)
    return [
        partial(_ms_of, tracks.time_s[part]),
        partial(_whole_of, place),
        seq,
        *(partial(_real_of, tracks.temperature_c[name][part]) for name in names),
        *(partial(_real_of, column[part]) for column in places),
        lid_open,
        moving,
    ]


def _loggers(logger: IntArray, first: Sequence[int]) -> tuple[list[list[int]], IntArray]:
    """Of each shipment, which loggers its rows are of, ascending; and (n,) the place of each row's
    among them."""
    place = np.where(logger < 0, -1, 0).astype("<i8")
    changes = np.concatenate(([0], np.cumsum(logger[1:] != logger[:-1]), [0]))
    used: list[list[int]] = []
    for start, stop in pairwise(first):
        if start == stop:
            used.append([])
        elif changes[start] == changes[stop - 1]:
            used.append([number] if (number := int(logger[start])) >= 0 else [])
        else:
            mine = logger[start:stop]
            known = np.unique(mine[mine >= 0])
            place[start:stop] = np.where(mine < 0, -1, np.searchsorted(known, mine))
            used.append(known.tolist())
    return used, place


def _given(column: FloatArray, first: Sequence[int]) -> list[bool]:
    """(s,) whether the probe gave each shipment any value."""
    count = np.concatenate(([0], np.cumsum(~np.isnan(column))))[first]
    return [bool(there) for there in np.diff(count)]


def _ms_of(time_s: FloatArray, rows: slice) -> IntArray:
    return _whole_of(np.rint(time_s[rows] * 1000.0), slice(None))


def _whole_of(column: NDArray[Any], rows: slice) -> IntArray:
    return np.ascontiguousarray(column[rows].astype("<i8"))


def _real_of(column: FloatArray, rows: slice) -> IntArray:
    """Numbers as they are hashed: one NaN for what is absent, and no -0."""
    some = column[rows]
    return np.where(np.isnan(some), np.nan, some + 0.0).astype("<f8").view("<i8")
