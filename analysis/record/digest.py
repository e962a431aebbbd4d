"""A name for the readings that were judged: the same readings give the same digest."""

import hashlib
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

FORMAT = "coldwitness.readings/1"
_LEAD = 3
"""Columns before the probes: time, logger, seq."""


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
    # As they are hashed, below each other: bytes of a shipment's columns are then one piece.
    columns: IntArray = np.stack(
        [
            _whole(np.rint(tracks.time_s[part] * 1000.0)),
            place,
            _whole(tracks.seq[part]),
            *(_real(tracks.temperature_c[name][part]).view("<i8") for name in names),
            *(_real(c[part]).view("<i8") for c in (tracks.lat_deg, tracks.lon_deg)),
            *(_real(c[part]).view("<i8") for c in (tracks.accuracy_m, tracks.light_lux)),
            *(_whole(c[part]) for c in (tracks.lid_open, tracks.moving)),
        ]
    )
    told = np.ones((len(columns), len(first) - 1), dtype=np.bool_)
    for row, name in enumerate(names, start=_LEAD):
        told[row] = _given(tracks.temperature_c[name][part], first)
    whole: list[bool] = np.asarray(told.all(axis=0)).tolist()
    digests = []
    for i, (start, stop) in enumerate(pairwise(first)):
        mine, probes = columns[:, start:stop], names
        if not whole[i]:
            mine = columns[told[:, i], start:stop]
            probes = [name for row, name in enumerate(names, start=_LEAD) if told[row, i]]
        head = {
            "format": FORMAT,
            "loggers": [tracks.loggers[number] for number in used[i]],
            "probes": probes,
            "readings": stop - start,
        }
        text = json.dumps(head).encode() + b"\n"
        digests.append(hashlib.sha256(text + mine.tobytes()).hexdigest())
    return digests


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


def _whole(column: NDArray[Any]) -> IntArray:
    return np.ascontiguousarray(column.astype("<i8"))


def _real(column: FloatArray) -> FloatArray:
    """Numbers as they are hashed: one NaN for what is absent, and no -0."""
    return np.where(np.isnan(column), np.nan, column + 0.0).astype("<f8")
