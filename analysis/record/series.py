"""The temperature series of each shipment: one a logger and probe.

Two loggers in a box are two series, and each has to be in range and complete: the worst
decides. Loggers that follow each other (one ends before the next has run for longer than a
permitted recording interval) are one series, so a logger replaced on the way leaves no hole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.chains import chains, follow_each_other
from coldwitness.analysis.record.sequence import SequenceBreaks
from coldwitness.analysis.record.series_rows import SeriesRows, series_rows
from coldwitness.analysis.record.spans import expanded
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks


@dataclass(frozen=True)
class Series:
    """Readings of some probes inside the judged windows; series j owns rows first[j]:first[j+1].

    shipment : (m,) index into Tracks.shipments, not decreasing. probe : (m,) index into `probes`.
    logger : (m,) index into Tracks.loggers of the (first) logger, -1 unknown.
    accuracy_c : (m,) stated uncertainty, NaN: by the pack.
    time_s : (k,) not decreasing within a series. low_c, high_c : (k,) the value; they differ,
        lowest and highest, only where one logger gave two values for one instant.
    allowed_s : longest step within which nothing is missing, (k,) for the step that ends at
        each row, or one number where it is the same for all.
    missing : (k,) True where the logger's count shows a missing reading since the row before;
        None where there is none anywhere.
    row : (k,) row of Tracks, None where series rows are the rows of Tracks.
    """

    probes: tuple[str, ...]
    first: IntArray
    shipment: IntArray
    probe: IntArray
    logger: IntArray
    accuracy_c: FloatArray
    time_s: FloatArray
    low_c: FloatArray
    high_c: FloatArray
    allowed_s: FloatArray | float
    missing: NDArray[np.bool_] | None
    row: IntArray | None

    def __len__(self) -> int:
        return int(self.shipment.size)

    def unknown(self, step_s: FloatArray, rows: IntArray | slice) -> NDArray[np.bool_]:
        """(n,) whether nothing is known between rows (n,) and the ones before them. step_s : (n,)
        how long after these they come [s]."""
        allowed_s = self.allowed_s
        unknown: NDArray[np.bool_] = step_s > (
            allowed_s if isinstance(allowed_s, float) else allowed_s[rows]
        )
        if self.missing is not None:
            unknown |= self.missing[rows]
        return unknown

    def of_shipments(self, start: int, stop: int) -> "Series":
        """The series of shipments start:stop, sharing the columns."""
        low, high = np.searchsorted(self.shipment, [start, stop])
        if high - low == len(self):
            return self
        rows = slice(int(self.first[low]), int(self.first[high]))
        allowed_s, low_c = self.allowed_s, self.low_c[rows]
        return Series(
            probes=self.probes,
            first=self.first[low : high + 1] - self.first[low],
            shipment=self.shipment[low:high],
            probe=self.probe[low:high],
            logger=self.logger[low:high],
            accuracy_c=self.accuracy_c[low:high],
            time_s=self.time_s[rows],
            low_c=low_c,
            high_c=low_c if self.high_c is self.low_c else self.high_c[rows],
            allowed_s=allowed_s if isinstance(allowed_s, float) else allowed_s[rows],
            missing=None if self.missing is None else self.missing[rows],
            row=None if self.row is None else self.row[rows],
        )

    def chosen(self, which: IntArray) -> "Series":
        """Some of the series, (p,) their numbers, with copies of their rows."""
        _, row = expanded(first=self.first[which], end=self.first[which + 1])
        allowed_s, low_c = self.allowed_s, self.low_c[row]
        return Series(
            probes=self.probes,
            first=np.append(0, np.cumsum(self.first[which + 1] - self.first[which])),
            shipment=self.shipment[which],
            probe=self.probe[which],
            logger=self.logger[which],
            accuracy_c=self.accuracy_c[which],
            time_s=self.time_s[row],
            low_c=low_c,
            high_c=low_c if self.high_c is self.low_c else self.high_c[row],
            allowed_s=allowed_s if isinstance(allowed_s, float) else allowed_s[row],
            missing=None if self.missing is None else self.missing[row],
            row=row if self.row is None else self.row[row],
        )

    @cached_property
    def owner(self) -> IntArray:
        """(k,) the series of each row; of one series the same value, kept once."""
        if len(self) == 1:
            return np.broadcast_to(np.zeros(1, dtype=np.int64), self.time_s.shape)
        return np.repeat(np.arange(len(self)), np.diff(self.first))


def stated_logger(tracks: Tracks, logger_id: Sequence[str]) -> IntArray:
    """(s,) number of the logger that each manifest describes, -1: whichever is there."""
    number = {name: i for i, name in enumerate(tracks.loggers)}
    return np.array([number.get(name, -1) for name in logger_id], dtype=np.int64)


def probe_series(
    tracks: Tracks,
    rows: NDArray[np.bool_],
    numbers: Numbers,
    *,
    probes: tuple[str, ...],
    breaks: SequenceBreaks,
    accuracy_c: FloatArray,
    interval_s: FloatArray,
    stated: IntArray,
) -> Series:
    """The series of `probes` among the `rows` (n,) of tracks that are judged.

    breaks : in the loggers' counts. accuracy_c, interval_s : (s,) what the manifest says of its
        logger, NaN where nothing.
    stated : (s,) number of that logger, as `stated_logger` gives it. Other loggers in the box
        are taken by the pack's numbers, unless the stated one gave nothing at all.
    """
    rows_, starts, shipment, probe = series_rows(
        tracks, rows, probes, short=breaks.row[breaks.missing > 0]
    )
    described = _described(shipment, rows_.logger[starts], stated)
    permitted = numbers.recording_interval_s
    own_s = np.fmin(numbers.interval_slack * interval_s[shipment], permitted)
    accuracy = np.where(described, accuracy_c[shipment], np.nan)
    rows_ = rows_.permitting(np.where(described, own_s, permitted), starts, otherwise=permitted)
    if follow_each_other(shipment=shipment, probe=probe):
        chain = chains(
            rows_.time_s, shipment=shipment, probe=probe, starts=starts, handover_s=permitted
        )
        counts = np.diff(np.append(starts, rows_.time_s.size))
        members = np.argsort(chain, kind="stable")
        lead = members[np.flatnonzero(np.diff(chain[members], prepend=-1))]
        shipment, probe = shipment[lead], probe[lead]
        accuracy = _widest(accuracy[members], chain[members], numbers)
        owner = np.repeat(chain, counts)
        order = np.lexsort((rows_.logger, rows_.time_s, owner))
        rows_ = rows_.taken(order)
        starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    low = high = rows_.value
    if tracks.conflict.any():
        kept = np.flatnonzero(~_same_instant(rows_, starts))
        if kept.size < rows_.value.size:
            low = np.minimum.reduceat(rows_.value, kept)
            high = np.maximum.reduceat(rows_.value, kept)
            starts = np.searchsorted(kept, starts)
            rows_ = rows_.taken(kept)
    return Series(
        probes=probes,
        first=np.append(starts, rows_.time_s.size).astype(np.int64),
        shipment=shipment,
        probe=probe,
        logger=rows_.logger[starts],
        accuracy_c=accuracy,
        time_s=rows_.time_s,
        low_c=low,
        high_c=high,
        allowed_s=rows_.allowed_s,
        missing=rows_.missing,
        row=rows_.row,
    )


def _same_instant(rows: SeriesRows, starts: IntArray) -> NDArray[np.bool_]:
    """True for a reading of the same logger and time as the one before it in its series."""
    tied: NDArray[np.bool_] = np.diff(rows.time_s, prepend=-np.inf) == 0
    tied[1:] &= rows.logger[1:] == rows.logger[:-1]
    tied[starts] = False
    return tied


def _described(shipment: IntArray, logger: IntArray, stated: IntArray) -> NDArray[np.bool_]:
    """True for the series that the manifest's words about its logger hold for."""
    named = stated[shipment]
    mine = logger == named
    there = np.zeros(stated.size, dtype=np.bool_)
    there[shipment[mine]] = True
    described: NDArray[np.bool_] = mine | (named < 0) | ~there[shipment]
    return described


def _widest(accuracy_c: FloatArray, chain: IntArray, numbers: Numbers) -> FloatArray:
    """Uncertainty of each chain: its loggers' widest; a logger that states none counts with
    the pack's wider number as soon as another in the chain states one."""
    starts = np.flatnonzero(np.diff(chain, prepend=-1))
    unstated = np.isnan(accuracy_c)
    default_c = max(numbers.accuracy_above_zero_c, numbers.accuracy_below_zero_c)
    widest: FloatArray = np.maximum.reduceat(np.where(unstated, default_c, accuracy_c), starts)
    return np.where(np.logical_and.reduceat(unstated, starts), np.nan, widest)
