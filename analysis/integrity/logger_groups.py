"""Rows told of together: those of one logger in one shipment."""

import numpy as np

from coldwitness.analysis.record.sequence import owner_of
from coldwitness.domain.tracks import IntArray, Tracks


def logger_groups(tracks: Tracks, row: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """(g,) shipment of each (shipment, logger) that owns any of the rows, (g,) the position of its
    first row, and (k,) the group of every row (k,)."""
    owner = owner_of(row, first=tracks.first)
    key = owner * (len(tracks.loggers) + 1) + tracks.logger[row] + 1
    _, lead, member = np.unique(key, return_index=True, return_inverse=True)
    return owner[lead], lead, member


def logger_name(tracks: Tracks, row: int) -> str | None:
    number = int(tracks.logger[row])
    return tracks.loggers[number] if number >= 0 else None
