"""How far beyond a limit a reading must be before the sensor's error cannot explain it."""

from dataclasses import dataclass, replace

import numpy as np

from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray


@dataclass(frozen=True)
class Level:
    """A limit and what the sensor's error makes of it, all (l,) and seen in direction `sign`:
    sign * value is beyond the limit where it is greater than sign * limit.

    nominal : the limit itself. certain : readings beyond it are surely outside.
    possible : readings not beyond it are surely inside.
    lag_s : longest time by which the probe follows the drug (its time constant), 0: not known.
    """

    sign: FloatArray
    nominal: FloatArray
    certain: FloatArray
    possible: FloatArray
    lag_s: FloatArray

    def lagging(self, lag_s: FloatArray) -> "Level":
        """The same levels, seen by probes that lag by lag_s (l,) [s] at most."""
        return replace(self, lag_s=lag_s)


def above(limit_c: FloatArray, numbers: Numbers, *, accuracy_c: FloatArray) -> Level:
    """Levels of an upper limit; a reading exactly at it is inside.

    accuracy_c : the logger's stated uncertainty, NaN: the pack's two values, one from 0 °C up
    and one below. Where these two meet the wider one is used, because doubt does not accuse.

    limit_c, accuracy_c : (l,) [°C].
    """
    warm, cold = numbers.accuracy_above_zero_c, numbers.accuracy_below_zero_c
    stated = ~np.isnan(accuracy_c)
    surely = np.where(limit_c + cold <= 0, limit_c + cold, np.maximum(limit_c + warm, 0.0))
    maybe = np.where(limit_c - cold >= 0, limit_c - warm, limit_c - cold)
    return Level(
        sign=np.ones_like(limit_c),
        nominal=limit_c,
        certain=np.where(stated, limit_c + accuracy_c, surely),
        possible=np.where(stated, limit_c - accuracy_c, maybe),
        lag_s=np.zeros_like(limit_c),
    )


def below(limit_c: FloatArray, numbers: Numbers, *, accuracy_c: FloatArray) -> Level:
    """Levels of a lower limit; a reading exactly at it is inside.

    limit_c, accuracy_c : (l,) [°C], accuracy_c as in `above`.
    """
    warm, cold = numbers.accuracy_above_zero_c, numbers.accuracy_below_zero_c
    stated = ~np.isnan(accuracy_c)
    surely = np.where(limit_c - cold >= 0, limit_c - warm, limit_c - cold)
    maybe = np.where(limit_c + warm > 0, limit_c + warm, np.minimum(limit_c + cold, 0.0))
    return Level(
        sign=-np.ones_like(limit_c),
        nominal=limit_c,
        certain=np.where(stated, limit_c - accuracy_c, surely),
        possible=np.where(stated, limit_c + accuracy_c, maybe),
        lag_s=np.zeros_like(limit_c),
    )


def frozen(count: int, accuracy_c: FloatArray, numbers: Numbers) -> Level:
    """Levels of freezing: a reading exactly at the freezing point is frozen, and surely so at
    or below it by the uncertainty. The limits are moved up by one step of the float format,
    so that "below" means "at or below".

    accuracy_c : (count,) [°C], NaN: by the pack.
    """
    limit_c = np.full(count, numbers.freezing_c)
    level = below(limit_c, numbers, accuracy_c=accuracy_c)
    surely = np.where(
        np.isnan(accuracy_c), limit_c - numbers.accuracy_below_zero_c, limit_c - accuracy_c
    )
    return Level(
        sign=level.sign,
        nominal=np.nextafter(limit_c, np.inf),
        certain=np.nextafter(surely, np.inf),
        possible=np.nextafter(level.possible, np.inf),
        lag_s=np.zeros_like(limit_c),
    )
