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
    probes = {
        name: _given(tracks.temperature_c[name][part], first)
        for name in sorted(tracks.temperature_c)
    }
    readings = {name: _real(column[part]) for name, column in tracks.temperature_c.items()}
    time_ms, seq = _whole(np.rint(tracks.time_s[part] * 1000.0)), _whole(tracks.seq[part])
    logger = tracks.logger[part]
    others = (
        *(_real(c[part]) for c in (tracks.lat_deg, tracks.lon_deg, tracks.accuracy_m)),
        _real(tracks.light_lux[part]),
        _whole(tracks.lid_open[part]),
        _whole(tracks.moving[part]),
    )
    digests = []
    for i, (start, stop) in enumerate(pairwise(first)):
        used, place = _loggers(logger[start:stop])
        given = [name for name, shipments in probes.items() if shipments[i]]
        head = {
            "format": FORMAT,
            "loggers": [tracks.loggers[number] for number in used],
            "probes": given,
            "readings": stop - start,
        }
        digest = hashlib.sha256(json.dumps(head).encode() + b"\n")
        digest.update(time_ms[start:stop].tobytes())
        digest.update(place.tobytes())
        digest.update(seq[start:stop].tobytes())
        for column in (*(readings[name] for name in given), *others):
            digest.update(column[start:stop].tobytes())
        digests.append(digest.hexdigest())
    return digests


def _loggers(logger: IntArray) -> tuple[list[int], IntArray]:
    """Which loggers these rows are of, ascending, and the place of each row's among them."""
    if logger.size and (logger == logger[0]).all():
        number = int(logger[0])
        return ([number], np.zeros(logger.size, "<i8")) if number >= 0 else ([], logger)
    used = np.unique(logger)
    used = used[used >= 0]
    return used.tolist(), _whole(np.where(logger < 0, -1, np.searchsorted(used, logger)))


def _given(column: FloatArray, first: Sequence[int]) -> list[bool]:
    """(s,) whether the probe gave each shipment any value."""
    count = np.concatenate(([0], np.cumsum(~np.isnan(column))))[first]
    return [bool(there) for there in np.diff(count)]


def _whole(column: NDArray[Any]) -> IntArray:
    return np.ascontiguousarray(column.astype("<i8"))


def _real(column: FloatArray) -> FloatArray:
    """Numbers as they are hashed: one NaN for what is absent, and no -0."""
    return np.where(np.isnan(column), np.nan, column + 0.0).astype("<f8")
