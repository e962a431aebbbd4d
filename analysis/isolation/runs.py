"""Sums over runs of windows: those of one shipment follow each other."""

from dataclasses import dataclass

import numpy as np

from coldwitness.domain.tracks import FloatArray, IntArray

BANDWIDTH = 5
"""Windows over which errors are taken to hang together; overlapping windows share four."""


@dataclass(frozen=True)
class Runs:
    """Windows that follow each other, each shipment's in one run; start, owner as everywhere.
    apart : lag -> windows whose window `lag` later is another shipment's."""

    start: IntArray
    owner: IntArray
    apart: tuple[IntArray, ...]

    @classmethod
    def of(cls, counts: IntArray) -> "Runs":
        """Runs of counts (s,) windows each, one at least."""
        end = np.cumsum(counts)
        return cls(
            start=end - counts,
            owner=np.repeat(np.arange(counts.size), counts),
            apart=tuple(
                (end[:-1, None] - np.arange(1, lag + 1)).ravel() for lag in range(BANDWIDTH)
            ),
        )

    def sums(self, column: FloatArray) -> FloatArray:
        """Sum over each shipment's windows, (s,) or (s, p), in the column's unit.

        column : (w,) or (w, p).
        """
        return np.asarray(np.add.reduceat(column, self.start, axis=0))

    def lagged(self, column: FloatArray, lag: int) -> FloatArray:
        """(s,) sum over each shipment of column[t] · column[t + lag]; column : (w,), result in its
        unit squared.
        """
        if lag == 0:
            return self.sums(column * column)
        pair = column[:-lag] * column[lag:]
        if self.start.size > 1:
            pair[self.apart[lag]] = 0.0
        return self.sums(pair)
