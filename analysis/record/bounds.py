"""How long a temperature was beyond a level: known, least and most, in closed form.

All functions take values in the direction of the level: `value` and `level` are multiplied by
the level's sign beforehand, so that beyond always means greater. Lengths are in any one unit of
time; slew is °C per that unit. A value exactly at the level is not beyond it.
"""

import numpy as np

from coldwitness.domain.tracks import FloatArray


def linear_time_beyond(
    *, start: FloatArray, end: FloatArray, length: FloatArray, level: FloatArray
) -> FloatArray:
    """Time beyond `level` on a straight line from `start` to `end`.

    All (n,), start, end, level in °C, length in any time, which is also the result's unit. With
    u = max(start - L, 0) + max(end - L, 0) and v the same below, the share beyond is u / (u + v).
    """
    over = np.maximum(start - level, 0.0) + np.maximum(end - level, 0.0)
    under = np.maximum(level - start, 0.0) + np.maximum(level - end, 0.0)
    share: FloatArray = np.divide(over, over + under, out=np.zeros_like(over), where=over > 0)
    return length * share


def linear_area_beyond(
    *, start: FloatArray, end: FloatArray, length: FloatArray, level: FloatArray
) -> FloatArray:
    """Degrees times time beyond `level` on a straight line from `start` to `end`.

    All (n,), units as in `linear_time_beyond`; the result (n,) is in °C times that time. The part
    beyond is a triangle or a trapezoid: its time times the mean of both excesses.
    """
    time = linear_time_beyond(start=start, end=end, length=length, level=level)
    mean: FloatArray = (np.maximum(start - level, 0.0) + np.maximum(end - level, 0.0)) / 2
    return time * mean


def steepest(
    *, start: FloatArray, end: FloatArray, length: FloatArray, slew: FloatArray
) -> FloatArray:
    """The box's slew limit, raised where two readings are themselves further apart than it.

    All (n,); start, end in °C, slew and result in °C per unit of length: max(slew, |end - start| /
    length).
    """
    rate = np.divide(np.abs(end - start), length, out=np.zeros_like(length), where=length > 0)
    return np.maximum(slew, rate)


def most_beyond(
    *, start: FloatArray, end: FloatArray, length: FloatArray, level: FloatArray, slew: FloatArray
) -> FloatArray:
    """Longest time beyond `level` that fits between two readings and the slew limit.

    The hottest course rises from both readings as fast as it may; it is beyond the level from
    where the rise from the left reaches it to where the rise towards the right does.
    `end` = +inf: nothing is known at that side (the window's edge).

    All (n,), result (n,) in the unit of length. Our own, the slew cone: T(t) <= min(start + s t,
    end + s (D - t)), so the time beyond L is D - (max(L - start, 0) + max(L - end, 0)) / s, in
    0..D.
    """
    rise = np.maximum(level - start, 0.0) + np.maximum(level - end, 0.0)
    return np.clip(length - rise / slew, 0.0, length)


def least_beyond(
    *, start: FloatArray, end: FloatArray, length: FloatArray, level: FloatArray, slew: FloatArray
) -> FloatArray:
    """Shortest time beyond `level` that fits: fall from both readings as fast as may be.
    `end` = -inf: nothing is known at that side.

    All (n,), result (n,) in the unit of length. Our own, the slew cone turned down: (max(start - L,
    0) + max(end - L, 0)) / s, in 0..D.
    """
    fall = np.maximum(start - level, 0.0) + np.maximum(end - level, 0.0)
    return np.clip(fall / slew, 0.0, length)


def highest_between(
    *, start: FloatArray, end: FloatArray, length: FloatArray, slew: FloatArray
) -> FloatArray:
    """Highest value that fits between two readings and the slew limit (not below either).

    All (n,), result (n,) in °C. Our own: where start + s t meets end + s (D - t), (start + end +
    s D) / 2; s is at least as steep as the readings are (`steepest`).
    """
    return (start + end + slew * length) / 2


def when_highest(
    *, start: FloatArray, end: FloatArray, length: FloatArray, slew: FloatArray
) -> FloatArray:
    """Time after `start` at which `highest_between` is reached: the rise from the left meets the
    rise towards the right. In the middle where nothing can rise at all.

    start, end, length, slew : (h,), the slew not below what leads from one reading to the other.
    Formula (our own): start + slew t = end + slew (length - t).
    """
    lean = np.divide(end - start, slew, out=np.zeros_like(length), where=slew > 0)
    return (length + lean) / 2
