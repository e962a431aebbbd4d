"""Which readings have a position."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import Tracks

_BLOCK = 32_768


def placed_rows(tracks: Tracks, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) those of the `rows` (n,) of tracks that have a position. Exactly 0°, 0° is what
    receivers send without a fix: none."""
    placed = np.empty(rows.size, dtype=np.bool_)
    for at in range(0, placed.size, _BLOCK):
        some = slice(at, at + _BLOCK)
        size = np.abs(tracks.lat_deg[some]) + np.abs(tracks.lon_deg[some])
        placed[some] = rows[some] & (size > 0.0) & (size < np.inf)
    return placed
