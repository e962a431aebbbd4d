"""What the loggers' own counting says: which readings are missing, restarted or disordered."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import IntArray

_HIGHEST = np.int64(2**32 - 1)
_BLOCK = 32_768


@dataclass(frozen=True)
class SequenceBreaks:
    """Rows at which a logger's count does not go on by one, seen from the row before it.

    row : (b,) the later row of the pair. before : (b,) the earlier row of the same logger.
    missing : (b,) numbers that no row of that logger and shipment carries in between.
    reset, repeated, disordered : (b,) the count started again; the same number came twice at
        different times; a lower number came later without a restart (the clock was moved).
    """

    row: IntArray
    before: IntArray
    missing: IntArray
    reset: NDArray[np.bool_]
    repeated: NDArray[np.bool_]
    disordered: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.row.size)


_NO_ROW = np.zeros(0, dtype=np.int64)
_NO_FLAG = np.zeros(0, dtype=np.bool_)
NO_BREAKS = SequenceBreaks(_NO_ROW, _NO_ROW, _NO_ROW, _NO_FLAG, _NO_FLAG, _NO_FLAG)


def sequence_breaks(
    first: IntArray, *, logger: IntArray, seq: IntArray, time_s: NDArray[np.float64]
) -> SequenceBreaks:
    """Breaks in the counts of each owner's loggers; all columns (n,), by owner, then time;
    owner i has rows first[i]:first[i+1].

    A number absent at one place and carried by a row elsewhere in the same run of the count is
    out of order, not missing. A restart is a fall to 0 or 1, or to a number that was there
    before; one that starts above 1 shows what is missing at its beginning.
    """
    if seq.size == 0 or seq.max() < 0:
        return NO_BREAKS
    order = by_logger(logger, first=first)
    g = logger if order is None else logger[order]
    s = seq if order is None else seq[order]
    place = order
    if s.min() < 0:
        kept = np.flatnonzero(s >= 0)
        s, g = s[kept], g[kept]
        place = kept if order is None else order[kept]
    later = changes_of(s, by=1)
    row, before = (later, later - 1) if place is None else (place[later], place[later - 1])
    same = (owner_of(row, first=first) == owner_of(before, first=first)) & (
        g[later] == g[later - 1]
    )
    later, row, before = later[same], row[same], before[same]
    if later.size == 0:
        return NO_BREAKS
    step = s[later] - s[later - 1]
    reset = np.zeros(later.size, dtype=np.bool_)
    missing = np.where(step > 1, step - 1, 0)
    falls = step < 0
    if falls.any():
        rows = np.arange(seq.size) if place is None else place
        o = owner_of(rows, first=first)
        run = np.cumsum(np.r_[True, (o[1:] != o[:-1]) | (g[1:] != g[:-1])])
        reset = falls & ((s[later] <= 1) | _seen_before(run, s, later))
        missing[reset] = np.maximum(s[later[reset]] - 1, 0)
        missing = _less_those_elsewhere(run, s, later, reset=reset, missing=missing)
    return SequenceBreaks(
        row=row,
        before=before,
        missing=missing,
        reset=reset,
        repeated=(step == 0) & (time_s[row] != time_s[before]),
        disordered=falls & ~reset,
    )


def changes_of(column: IntArray, *, by: int = 0) -> IntArray:
    """(c,) rows of a column (n,) whose number is not that of the row before and `by` more; a part
    at a time, which stays in the processor's cache."""
    found = [np.zeros(0, dtype=np.int64)]
    for begin in range(0, column.size - 1, _BLOCK):
        part = column[begin : begin + _BLOCK + 1]
        changed = part[1:] - part[:-1] != by if by else part[1:] != part[:-1]
        found.append(np.flatnonzero(changed) + begin + 1)
    return np.concatenate(found)


def owner_of(row: IntArray, *, first: IntArray) -> IntArray:
    """(k,) which owner each row belongs to.

    row : (k,). first : (s + 1,) owner i has rows first[i]:first[i+1].
    """
    owner: IntArray = np.searchsorted(first, row, "right") - 1
    return owner


def by_logger(logger: IntArray, *, first: IntArray) -> IntArray | None:
    """(n,) order of the rows by owner, logger, then as they stand; None where they already are.

    logger : (n,) numbers. first : (s + 1,) owner i has rows first[i]:first[i+1].
    """
    change = changes_of(logger)
    falls = change[logger[change] < logger[change - 1]]
    if not (owner_of(falls, first=first) == owner_of(falls - 1, first=first)).any():
        return None
    order: IntArray = np.lexsort((logger, np.repeat(np.arange(first.size - 1), np.diff(first))))
    return order


def _seen_before(run: IntArray, seq: IntArray, later: IntArray) -> NDArray[np.bool_]:
    """True where the number of a row stands in an earlier row of the same run."""
    order = np.lexsort((np.arange(seq.size), seq, run))
    again = np.zeros(seq.size, dtype=np.bool_)
    same = (run[order][1:] == run[order][:-1]) & (seq[order][1:] == seq[order][:-1])
    again[order[1:][same]] = True
    return again[later]


def _less_those_elsewhere(
    run: IntArray,
    seq: IntArray,
    later: IntArray,
    *,
    reset: NDArray[np.bool_],
    missing: IntArray,
) -> IntArray:
    """`missing` without the numbers that another row between two restarts carries."""
    restarted = np.zeros(seq.size, dtype=np.int64)
    restarted[later[reset]] = 1
    part = run + np.cumsum(restarted)
    lowest = seq.min()
    key = np.unique((part << 32) | np.minimum(seq - lowest, _HIGHEST))
    forward = np.flatnonzero((missing > 0) & ~reset)
    high = (part[later[forward]] << 32) | np.minimum(seq[later[forward]] - lowest, _HIGHEST)
    low = (part[later[forward]] << 32) | np.minimum(seq[later[forward] - 1] - lowest, _HIGHEST)
    present = np.searchsorted(key, high, "left") - np.searchsorted(key, low, "right")
    result = missing.copy()
    result[forward] = np.maximum(missing[forward] - np.maximum(present, 0), 0)
    return result
