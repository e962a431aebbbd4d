"""Readings at the ends of custody of which it is not sure that the drug was with the probe.

The logger's clock and the scanner that said `packed` or `delivered` are two clocks; and who hands
the drug over may press `delivered` minutes later, while the probe warms in the empty box. Time out
of range that only such readings show was perhaps not the drug's.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.drug_limits import DrugLimits
from coldwitness.analysis.record.emptied import STEEP_SLEWS, left_the_box
from coldwitness.analysis.record.logger_clock import proved_offset_s
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.window import Window
from coldwitness.analysis.terms import Terms
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

FOLLOWS_S, FOLLOWS_TIMES = 240.0, 5.0
"""What a probe that lay in the room needs to come to the load's temperature (two time constants of
120 s), and how many times the proved offset that is at most: of a clock that is right to seconds
the first readings count as they are."""
LAY_OUTSIDE_C = 3.0
"""A probe that lay in the room agrees with the one outside the box at least so well: two sensors
good to 0.5 °C, and the places where they lay."""


@dataclass(frozen=True)
class CustodyDoubt:
    """(m,) one a series: readings up to `head_until_s` and from `tail_from_s` on are in doubt [UTC
    epoch s]; -inf and inf where none is."""

    head_until_s: FloatArray
    tail_from_s: FloatArray

    @property
    def none(self) -> bool:
        """Whether no reading of any series is in doubt."""
        return not (np.isfinite(self.head_until_s).any() or np.isfinite(self.tail_from_s).any())

    def holds(self, series: IntArray, time_s: FloatArray) -> NDArray[np.bool_]:
        """(k,) whether readings of these series (k,) at these times (k,) are in doubt."""
        doubt: NDArray[np.bool_] = time_s <= self.head_until_s[series]
        return doubt | (time_s >= self.tail_from_s[series])


def custody_doubt(
    series: Series,
    tracks: Tracks,
    *,
    window: Window,
    terms: Terms,
    limits: DrugLimits,
    outside_c: FloatArray,
    numbers: Numbers,
) -> CustodyDoubt:
    """The readings out of range without a break from an end of custody on, where all of that time
    lies within the tolerance between the clocks, or the drug had left the box when it began.

    The tolerance is the pack's, and FOLLOWS_S more at the beginning of a probe that lay outside;
    where receive times prove how far the logger's clock is off, that much on the side on which it
    is off, and FOLLOWS_S more at the beginning. Our own: a clock behind by o puts readings of the
    last o seconds after custody into it, one ahead those of the o seconds before; then the probe
    still has to follow. outside_c : (k,) outside the box at the series' readings, else NaN [°C].
    """
    low_c, high_c = limits.outer_low_c, limits.outer_high_c
    head_until_s = np.full(len(series), -np.inf)
    tail_from_s = np.full(len(series), np.inf)
    first, last = series.first[:-1], series.first[1:] - 1

    def outside(row: IntArray, j: IntArray | slice) -> NDArray[np.bool_]:
        out: NDArray[np.bool_] = series.high_c[row] > high_c[j]
        return out | (series.low_c[row] < low_c[j])

    every = slice(None)
    known_start, known_end = (
        known[series.shipment] for known in (window.start_known, window.end_known)
    )
    j = np.flatnonzero((outside(first, every) & known_start) | (outside(last, every) & known_end))
    if j.size == 0:
        return CustodyDoubt(head_until_s, tail_from_s)
    owner, row = expanded(first=first[j], end=last[j] + 1)
    inside = ~outside(row, j[owner])
    start = np.cumsum(last[j] + 1 - first[j]) - (last[j] + 1 - first[j])
    head_in = np.minimum.reduceat(np.where(inside, row, last[j][owner] + 1), start)
    tail_in = np.maximum.reduceat(np.where(inside, row, first[j][owner] - 1), start)
    offset_s = proved_offset_s(tracks, np.unique(series.shipment[j]))[series.shipment[j]]
    ahead_s, behind_s = np.maximum(-offset_s, 0.0), np.maximum(offset_s, 0.0)
    pack_s = numbers.custody_clock_tolerance_s
    ahead_s = ahead_s + np.minimum(FOLLOWS_TIMES * np.abs(offset_s), FOLLOWS_S)
    lay_s = pack_s + FOLLOWS_S * _lay_outside(series, terms, outside_c, j, head_in, numbers)
    before_s = np.where(np.isnan(offset_s), lay_s, ahead_s)
    after_s = np.where(np.isnan(offset_s), pack_s, behind_s)
    until_s = _crossing_s(series, head_in - 1, head_in, j, low_c=low_c, high_c=high_c)
    heads = known_start[j] & (head_in > first[j])
    heads &= (before_s > 0) & (until_s - window.start_s[series.shipment[j]] <= before_s)
    head_until_s[j[heads]] = series.time_s[head_in[heads] - 1]
    from_s = _crossing_s(series, tail_in + 1, tail_in, j, low_c=low_c, high_c=high_c)
    # Between the last reading in the box and the first outside of it a line says nothing.
    begun_s = series.time_s[np.minimum(tail_in + 1, last[j])]
    from_s = np.where(np.isnan(offset_s), from_s, begun_s)
    tails = known_end[j] & (tail_in < last[j])
    late = (after_s > 0) & (window.end_s[series.shipment[j]] - from_s <= after_s)
    taken = tails & ~late
    taken[taken] = left_the_box(
        series,
        tracks,
        terms,
        series_number=j[taken],
        row=tail_in[taken] + 1,
        end_s=window.end_s[series.shipment[j[taken]]],
        numbers=numbers,
    )
    tails &= late | taken
    tail_from_s[j[tails]] = series.time_s[tail_in[tails] + 1]
    return CustodyDoubt(head_until_s, tail_from_s)


def _lay_outside(
    series: Series,
    terms: Terms,
    outside_c: FloatArray,
    j: IntArray,
    inside: IntArray,
    numbers: Numbers,
) -> NDArray[np.bool_]:
    """(k,) whether the probe of each series read what the one outside the box did when custody
    began, and came into range faster than any load: it had not been with the drug. inside : (k,)
    its first row in range."""
    first = series.first[j]
    owner, row = expanded(first=first + 1, end=np.minimum(inside + 1, series.first[j + 1]))
    minutes = (series.time_s[row] - series.time_s[row - 1]) / 60
    slew = np.maximum(terms.slew_max_c_per_min, numbers.slew_max_c_per_min)
    limit_c = STEEP_SLEWS * slew[series.shipment[j]][owner] * minutes
    steep = np.abs(series.low_c[row] - series.low_c[row - 1]) > limit_c
    fell = np.bincount(owner[steep], minlength=j.size) > 0
    off_c = np.abs(series.low_c[first] - outside_c[first])
    return np.asarray(fell & (off_c <= LAY_OUTSIDE_C))


def _crossing_s(
    series: Series,
    out: IntArray,
    inside: IntArray,
    j: IntArray,
    *,
    low_c: FloatArray,
    high_c: FloatArray,
) -> FloatArray:
    """(k,) when the line from each reading outside to the one inside beside it crosses the limit;
    the time of the reading outside where there is none inside, or a hole between the two."""
    first, last = series.first[j], series.first[j + 1] - 1
    there = (inside >= first) & (inside <= last)
    out, inside = np.clip(out, first, last), np.clip(inside, first, last)
    row = np.maximum(out, inside)
    there &= ~series.unknown(series.time_s[row] - series.time_s[row - 1], row)
    above = series.high_c[out] > high_c[j]
    value = np.where(above, series.high_c[out], series.low_c[out])
    other = np.where(above, series.high_c[inside], series.low_c[inside])
    limit = np.where(above, high_c[j], low_c[j])
    share = np.divide(value - limit, value - other, out=np.zeros(j.size), where=value != other)
    share = np.where(there, np.clip(share, 0.0, 1.0), 0.0)
    return series.time_s[out] + share * (series.time_s[inside] - series.time_s[out])


def doubting_custody(
    series: Series, doubt: CustodyDoubt, *, low_limit_c: FloatArray, high_limit_c: FloatArray
) -> Series:
    """The series, in which a reading in doubt is one of two values, what was read and the limit: it
    counts where something may have been, and not where it surely was. low_limit_c, high_limit_c :
    (m,) [°C]."""
    owner = series.owner
    row = np.flatnonzero(doubt.holds(owner, series.time_s))
    j = owner[row]
    low_c, high_c = series.low_c.copy(), series.high_c.copy()
    above, below = high_c[row] > high_limit_c[j], low_c[row] < low_limit_c[j]
    low_c[row[above]] = np.minimum(low_c[row], high_limit_c[j])[above]
    high_c[row[below]] = np.maximum(high_c[row], low_limit_c[j])[below]
    return replace(series, low_c=low_c, high_c=high_c)
