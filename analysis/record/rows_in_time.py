"""Rows of many shipments by their time."""

import numpy as np

from coldwitness.domain.tracks import FloatArray, IntArray


def bisect_time(
    time_s: FloatArray,
    *,
    first: IntArray,
    last: IntArray,
    at_s: FloatArray,
    after_equal: bool = False,
) -> IntArray:
    """Where `at_s` belongs in each sorted stretch first:last of time_s; before equal times, or
    after them with `after_equal`. All stretches at once, exact to the last bit.

    time_s : (n,). first, last, at_s : (k,). Result (k,).
    """
    low, high = first.astype(np.int64), last.astype(np.int64)
    if low.size == 0 or time_s.size == 0:
        return low
    if low.min() == low.max() and high.min() == high.max() and not np.isnan(at_s).any():
        # One stretch for all, as with one shipment: numpy's own search is far quicker there.
        stretch = time_s[low[0] : max(high[0], low[0])]
        return low + stretch.searchsorted(at_s, "right" if after_equal else "left")
    while (searching := low < high).any():
        middle = (low + high) // 2
        probe = time_s[np.minimum(middle, time_s.size - 1)]
        before = (probe <= at_s) if after_equal else (probe < at_s)
        low = np.where(searching & before, middle + 1, low)
        high = np.where(searching & ~before, middle, high)
    return low
