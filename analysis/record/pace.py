"""Holes at one pace: what a device leaves out all along is one fact, not one a hole."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray, IntArray

FEWEST_AT_A_PACE = 3
"""Holes that show a device's pace; two long ones may be two silences."""
PACES = 1.5
"""A hole of more paces than these lacks more than the pace says."""


def at_one_pace(group: IntArray, length_s: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
    """Which holes are no longer than `PACES` of the median of their group, and that median [s].

    group : (h,) number of each hole's group, from 0. length_s : (h,). Both results (h,).
    """
    count = np.bincount(group)
    by_length = np.lexsort((length_s, group))
    middle = np.cumsum(count) - count + (np.maximum(count, 1) - 1) // 2
    pace_s = length_s[by_length[np.minimum(middle, group.size - 1)]][group]
    return length_s <= PACES * pace_s, pace_s
