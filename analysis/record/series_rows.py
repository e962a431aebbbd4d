"""Rows of the drug's series in order, with what is known of the steps between them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.sequence import by_logger, changes_of, owner_of
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks


@dataclass(frozen=True)
class SeriesRows:
    """(k,) rows in the order of their series. row : row of Tracks, None where all of them stand
    as they are. missing : the logger's count shows a missing reading since the row before; None
    where nowhere. allowed_s : longest step to the row within which nothing is missing."""

    time_s: FloatArray
    value: FloatArray
    logger: IntArray
    row: IntArray | None
    missing: NDArray[np.bool_] | None
    allowed_s: FloatArray | float

    def taken(self, order: IntArray) -> "SeriesRows":
        """The rows in another order, or some of them; order : (j,) their numbers."""
        allowed = self.allowed_s
        return SeriesRows(
            time_s=self.time_s[order],
            value=self.value[order],
            logger=self.logger[order],
            row=order if self.row is None else self.row[order],
            missing=None if self.missing is None else self.missing[order],
            allowed_s=allowed if isinstance(allowed, float) else allowed[order],
        )

    def permitting(
        self, allowed_s: FloatArray, starts: IntArray, *, otherwise: float
    ) -> "SeriesRows":
        """With the permitted step of each series, as one number where all agree.

        allowed_s : (m,) [s]. starts : (m,) first row of each series. otherwise : the step where
        there is no series [s].
        """
        if allowed_s.size == 0:
            return replace(self, allowed_s=otherwise)
        if (allowed_s == allowed_s[0]).all():
            return replace(self, allowed_s=float(allowed_s[0]))
        counts = np.diff(np.append(starts, self.time_s.size))
        return replace(self, allowed_s=np.repeat(allowed_s, counts))


def series_rows(
    tracks: Tracks, judged: NDArray[np.bool_], probes: tuple[str, ...], *, short: IntArray
) -> tuple[SeriesRows, IntArray, IntArray, IntArray]:
    """Rows that give a value of any of `probes`, by shipment, probe, logger and time; the first
    row of each series, its shipment and its probe's number. short : (b,) rows of Tracks before
    which the logger's count lacks a number."""
    row, probe = _rows_with_value(tracks, judged, probes)
    if row is None:
        time_s, logger, value = tracks.time_s, tracks.logger, tracks.temperature_c[probes[0]]
    else:
        time_s, logger = tracks.time_s[row], tracks.logger[row]
        value = _values(tracks, probes, row, probe)
    starts, shipment = _starts(tracks.first, row, probe, logger)
    number = np.zeros(starts.size, dtype=np.int64) if probe is None else probe[starts]
    rows = SeriesRows(time_s, value, logger, row, _missing(tracks, row, short), np.inf)
    return rows, starts, shipment, number


def _rows_with_value(
    tracks: Tracks, rows: NDArray[np.bool_], probes: tuple[str, ...]
) -> tuple[IntArray | None, IntArray | None]:
    """Rows of the series in order of shipment, probe, logger, time, and the probe of each;
    None, None where these are the rows of Tracks as they stand."""
    if not probes:
        return np.zeros(0, dtype=np.int64), None
    everywhere = bool(rows.all())
    chosen = []
    for name in probes:
        absent = np.isnan(tracks.temperature_c[name])
        whole = everywhere and not absent.any()
        chosen.append(None if whole else np.flatnonzero(rows & ~absent))
    if len(probes) == 1 and by_logger(tracks.logger, first=tracks.first) is None:
        return chosen[0], None
    parts = [np.arange(rows.size) if one is None else one for one in chosen]
    row = np.concatenate(parts)
    probe = np.repeat(np.arange(len(parts)), [part.size for part in parts])
    order = np.lexsort((row, tracks.logger[row], probe, owner_of(row, first=tracks.first)))
    return row[order], probe[order]


def _values(
    tracks: Tracks, probes: tuple[str, ...], row: IntArray, probe: IntArray | None
) -> FloatArray:
    if probe is None:
        return tracks.temperature_c[probes[0]][row] if probes else np.zeros(0)
    value = np.empty(row.size)
    for number, name in enumerate(probes):
        mine = probe == number
        value[mine] = tracks.temperature_c[name][row[mine]]
    return value


def _starts(
    first: IntArray, row: IntArray | None, probe: IntArray | None, logger: IntArray
) -> tuple[IntArray, IntArray]:
    """First row of each series and its shipment."""
    if logger.size == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    change = changes_of(logger)
    if probe is not None:
        other = np.flatnonzero(probe[1:] != probe[:-1]) + 1
        change = np.union1d(change, other) if change.size else other
    if row is None:
        starts = first[:-1][first[1:] > first[:-1]]
        if change.size:
            starts = np.union1d(change, starts)
        return starts, owner_of(starts, first=first)
    owner = owner_of(row, first=first)
    starts = np.union1d(change, np.flatnonzero(np.diff(owner, prepend=-1)))
    return starts, owner[starts]


def _missing(tracks: Tracks, row: IntArray | None, short: IntArray) -> NDArray[np.bool_] | None:
    """True where the logger's count shows a missing reading since the row before it in `row`."""
    if short.size == 0:
        return None
    mark = np.zeros(tracks.time_s.size, dtype=np.bool_)
    mark[short] = True
    if row is None:
        return mark
    order = by_logger(tracks.logger, first=tracks.first)
    through = np.empty(mark.size, dtype=np.int64)
    through[slice(None) if order is None else order] = np.cumsum(
        mark if order is None else mark[order]
    )
    owner = owner_of(row, first=tracks.first)
    missing = np.zeros(row.size, dtype=np.bool_)
    missing[1:] = through[row[1:]] > through[row[:-1]]
    missing[1:] &= (owner[1:] == owner[:-1]) & (tracks.logger[row[1:]] == tracks.logger[row[:-1]])
    return missing
