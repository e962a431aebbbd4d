"""Which time is judged: the custody window of each shipment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.custody_state import CustodyState, custody_state
from coldwitness.analysis.terms import Terms, WindowSource
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, Tracks
from coldwitness.domain.words import State


@dataclass(frozen=True)
class Window:
    """The judged time of each shipment, both ends included.

    start_s, end_s : (s,) UTC epoch seconds; NaN where neither events, manifest nor readings
        give one; end_s is never before start_s.
    start_known, end_known : (s,) True where an event or the manifest gives that end; where
        False it is the first or last reading, and what needs the custody window is
        insufficient evidence, unless the shipment is on its way.
    rows : (n,) True for the readings of `Tracks` that lie in their shipment's window.
    custody : where the custody of each stands.
    """

    start_s: FloatArray
    end_s: FloatArray
    start_known: NDArray[np.bool_]
    end_known: NDArray[np.bool_]
    rows: NDArray[np.bool_]
    custody: CustodyState

    @property
    def told(self) -> NDArray[np.bool_]:
        """(s,) True where both ends are known that can be: the end of a shipment on its way is
        not yet."""
        return np.asarray(self.start_known & (self.end_known | self.custody.in_transit))

    @property
    def length_s(self) -> FloatArray:
        """(s,) seconds of custody, NaN where there is no window."""
        return self.end_s - self.start_s


def judged_window(
    tracks: Tracks, terms: Terms, numbers: Numbers, *, as_of_s: float | None = None
) -> Window:
    """Custody windows by events, else manifest, else from the first to the last reading; of a
    shipment on its way at `as_of_s` [UTC epoch s] the time so far, of a planned one none.

    An end that lies before its start (a manifest that contradicts itself, or a shipment all
    of whose readings come before it was packed) leaves a window of no length at the start.
    """
    counts = np.diff(tracks.first)
    some = counts > 0
    first_s = np.full(counts.size, np.nan)
    last_s = np.full(counts.size, np.nan)
    first_s[some] = tracks.time_s[tracks.first[:-1][some]]
    last_s[some] = tracks.time_s[tracks.first[1:][some] - 1]
    start_known = (terms.start_source != WindowSource.READINGS) & ~np.isnan(terms.start_s)
    custody = custody_state(tracks, terms, numbers, as_of_s=as_of_s)
    end_known = (terms.end_source != WindowSource.READINGS) & ~np.isnan(terms.end_s)
    end_known &= custody.state == State.ENDED
    end_s = np.where(end_known, terms.end_s, last_s)
    end_s = np.where(custody.in_transit, custody.until_s, end_s)
    start_s = np.where(start_known, terms.start_s, np.fmin(first_s, end_s))
    start_s = np.where(np.isnan(start_s), end_s, start_s)
    end_s = np.fmax(np.where(np.isnan(end_s), start_s, end_s), start_s)
    start_s[custody.planned], end_s[custody.planned] = np.nan, np.nan
    rows = _inside(tracks, start_s, end_s, first_s, last_s)
    if custody.planned.any():
        rows &= ~custody.planned[tracks.shipment]
    return Window(start_s, end_s, start_known, end_known, rows, custody)


def _inside(
    tracks: Tracks,
    start_s: FloatArray,
    end_s: FloatArray,
    first_s: FloatArray,
    last_s: FloatArray,
) -> NDArray[np.bool_]:
    """(n,) readings in their window; only shipments that reach beyond it are looked at."""
    rows = np.ones(tracks.time_s.size, dtype=np.bool_)
    beyond = np.flatnonzero((first_s < start_s) | (last_s > end_s))
    begin, end = tracks.first[beyond], tracks.first[beyond + 1]
    counts = end - begin
    owner = np.repeat(np.arange(beyond.size), counts)
    row = np.arange(owner.size) + np.repeat(begin - np.cumsum(counts) + counts, counts)
    time_s = tracks.time_s[row]
    rows[row] = (time_s >= start_s[beyond][owner]) & (time_s <= end_s[beyond][owner])
    return rows
