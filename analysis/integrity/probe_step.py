"""Did a probe that was to be warmed or cooled at a moment nobody knew before do so?

A stream that is replayed knows nothing of the moment: it goes on as it went elsewhere. The step is
how far the readings leave the course that they had before, the way they should, for two readings
in a row.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from coldwitness.domain.tracks import FloatArray

BEFORE_S = 600.0
"""The course is that of the readings so long before."""
BEFORE_LEAST = 4
FRESH_S = 180.0
"""The last of them is no older, or nobody was heard when the order came."""
WATCHED_LEAST = 3
END_S = 90.0
"""Watched to the end: the last reading is no further from it."""
STEP_C = 1.2
"""A hand, or a cold pack, moves a probe by more within two minutes, also one that follows slowly
(time constant of four minutes); boxes move so fast only where their lid stands open."""
STILL_C = 0.8
"""Less than this is no step, whatever was done."""
NOISES = 8.0
"""A step is as many times the readings' own scatter."""


@dataclass(frozen=True)
class ProbeStep:
    """step_c : at most, the way it should [°C]; None: nobody can say. stepped_s, back_s : when it
    began, and when the readings were back near their course [UTC epoch s]. readings : watched
    ones."""

    outcome: Literal["alive", "not_alive", "inconclusive"]
    step_c: float | None
    stepped_s: float | None
    back_s: float | None
    readings: int


def probe_step(
    time_s: FloatArray, *, value_c: FloatArray, ordered_s: float, until_s: float, upwards: bool
) -> ProbeStep:
    """What readings of one probe say of an order.

    time_s : (n,) UTC epoch s, not decreasing. value_c : (n,) °C; NaN where the probe gave none.
    ordered_s, until_s : from when to when it was to step [UTC epoch s].
    """
    known = ~np.isnan(value_c)
    time_s, value_c = time_s[known], value_c[known]
    before = (time_s >= ordered_s - BEFORE_S) & (time_s <= ordered_s)
    watched = (time_s > ordered_s) & (time_s <= until_s)
    count = int(watched.sum())
    fresh = before.any() and ordered_s - time_s[before][-1] <= FRESH_S
    if before.sum() < BEFORE_LEAST or not fresh or count < WATCHED_LEAST:
        return ProbeStep("inconclusive", None, None, None, count)
    pace, level_c = _course(time_s[before] - ordered_s, said_c=value_c[before])
    way = 1.0 if upwards else -1.0
    left_c = way * (value_c - level_c - pace * (time_s - ordered_s))
    noise_c = 1.4826 * float(np.median(np.abs(left_c[before])))
    during = left_c[watched]
    lasting = np.minimum(during[:-1], during[1:])
    step_c = float(lasting.max())
    wanted_c = max(STEP_C, NOISES * noise_c)
    jumped = float(np.abs(left_c[before]).max()) >= wanted_c / 2
    if step_c >= wanted_c and not jumped:
        stepped_s = float(time_s[watched][int(np.argmax(lasting >= wanted_c / 2))])
        later = time_s > stepped_s
        back = later & (np.abs(left_c) <= max(STILL_C, NOISES * noise_c / 2))
        back_s = float(time_s[np.argmax(back)]) if back.any() else None
        return ProbeStep("alive", step_c, stepped_s, back_s, count)
    whole = until_s - time_s[watched][-1] <= END_S
    if whole and float(np.abs(during).max()) < max(STILL_C, NOISES * noise_c / 2):
        return ProbeStep("not_alive", max(step_c, 0.0), None, None, count)
    return ProbeStep("inconclusive", max(step_c, 0.0), None, None, count)


def _course(at_s: FloatArray, *, said_c: FloatArray) -> tuple[float, float]:
    """Pace [°C/s] and level at 0 s of the line that the median of all pairs gives (Theil, Sen)."""
    earlier, later = np.triu_indices(at_s.size, k=1)
    apart_s = at_s[later] - at_s[earlier]
    some = apart_s > 0
    slopes = (said_c[later] - said_c[earlier])[some] / apart_s[some]
    pace = float(np.median(slopes)) if slopes.size else 0.0
    return pace, float(np.median(said_c - pace * at_s))
