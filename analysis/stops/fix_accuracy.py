"""What positions that repeat say of them: not heard anew, or masts of the phone network."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray

JITTER_M = 50.0
"""A receiver that stands moves its fixes by less than this."""

LEAST_JITTER = 3
"""So many small steps show that a receiver moves its fixes where it stands."""

LEAST_MASTS = 4
"""So many places held one after the other, with hardly a fix in between, are masts."""

MAST_M = 1000.0
"""What a position of a mast in a town may be off by."""


def stale_and_masts(
    first: IntArray,
    same: NDArray[np.bool_],
    *,
    time_s: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    numbers: Numbers,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) fixes that repeat the one before to the last digit and are no new ones, and fixes of
    masts.

    A run of equal fixes longer than the gap setting is stale where the receiver's fixes jitter
    at other times more often than they repeat. A trip most of whose places are held for several
    fixes, LEAST_MASTS of them at least, was positioned by masts: a receiver that rides gives new
    places all the time. first : (s + 1,) the shipments' fixes. same : (n,) as `repeated`.
    """
    n, none = time_s.size, np.zeros(time_s.size, dtype=np.bool_)
    if not same.any():
        return none, none
    head = np.flatnonzero(~same)
    length = np.diff(np.append(head, n))
    owner = np.searchsorted(first, head, side="right") - 1
    shipments = first.size - 1
    held_s = time_s[head + length - 1] - time_s[head]
    small = np.zeros(n, dtype=np.bool_)
    small[1:] = ~same[1:] & (np.hypot(np.diff(x_m), np.diff(y_m)) < JITTER_M)
    small[first[:-1][first[:-1] < n]] = False
    jitter = np.bincount(owner, weights=small[head], minlength=shipments)
    repeats = np.bincount(owner, weights=length - 1, minlength=shipments)
    elsewhere = repeats[owner] - (length - 1)
    stale = (length > 1) & (held_s > numbers.position_gap_s)
    stale &= (jitter[owner] >= LEAST_JITTER) & (jitter[owner] > elsewhere)
    held = np.bincount(owner, weights=length > 1, minlength=shipments)
    places = np.bincount(owner, minlength=shipments)
    masts = (held >= LEAST_MASTS) & (2 * held > places) & (jitter < LEAST_JITTER)
    return same & np.repeat(stale, length), np.repeat(masts[owner], length)
