"""How far a logger's clock is off, where receive times prove it."""

import numpy as np

from coldwitness.analysis.record.spans import expanded
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

LIVE_STEP_MIN_S = 10.0
LIVE_JITTER_S = 5.0
"""Two clocks agree about a live step to within the network's jitter."""
LIVE_STEPS_MIN = 10


def proved_offset_s(tracks: Tracks, shipments: IntArray) -> FloatArray:
    """(s,) how long before their receipt the live readings of these shipments say they were
    measured [s]: what a clock is behind, negative where it is ahead; NaN where fewer than
    LIVE_STEPS_MIN steps arrived at the pace at which they were measured, and for other shipments.

    Our own: the median of received - measured over live steps. The network's delay is in it; it
    makes a clock seem behind, never ahead. shipments : (k,) numbers, rising.
    """
    offset_s = np.full(len(tracks.shipments), np.nan)
    owner, row = live_rows(tracks, shipments)
    if row.size == 0:
        return offset_s
    delay_s = tracks.received_s[row] - tracks.time_s[row]
    order = np.lexsort((delay_s, owner))
    count = np.bincount(owner, minlength=shipments.size)
    middle = np.cumsum(count) - count + count // 2
    enough = count >= LIVE_STEPS_MIN
    offset_s[shipments[enough]] = delay_s[order][middle[enough]]
    return offset_s


def live_rows(tracks: Tracks, shipments: IntArray) -> tuple[IntArray, IntArray]:
    """(k,) readings that ended a live step, one that its logger spent as long on as the receiver:
    index into `shipments` and row of `tracks`, by shipment, logger and receipt.

    shipments : (m,) numbers, rising.
    """
    owner, row = expanded(first=tracks.first[shipments], end=tracks.first[shipments + 1])
    received = ~np.isnan(tracks.received_s[row])
    if not received.any():
        return owner[:0], row[:0]
    owner, row = owner[received], row[received]
    order = np.lexsort((tracks.time_s[row], tracks.received_s[row], tracks.logger[row], owner))
    owner, row = owner[order], row[order]
    spent_s, pace_s = np.diff(tracks.received_s[row]), np.diff(tracks.time_s[row])
    live = (spent_s >= LIVE_STEP_MIN_S) & (np.abs(spent_s - pace_s) <= LIVE_JITTER_S)
    live &= (np.diff(owner) == 0) & (np.diff(tracks.logger[row]) == 0)
    return owner[1:][live], row[1:][live]
