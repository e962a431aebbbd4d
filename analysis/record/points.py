"""One shipment's readings as they are drawn: in which order, and where no line may be drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.probes import probe_order
from coldwitness.analysis.record.sequence import sequence_breaks
from coldwitness.analysis.record.series import Series, probe_series, stated_logger
from coldwitness.analysis.record.steps import steps_of
from coldwitness.analysis.terms import Terms
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import IntArray, Tracks


@dataclass(frozen=True)
class Points:
    """A series as a line, with what its loggers recorded outside the judged time.

    probe : its name. logger : index into Tracks.loggers of the first logger in the window.
    row : (k,) rows of Tracks in the order of drawing, oldest first.
    begins : (b,) positions in `row` at which the line begins anew, the first among them: the step
        to it is unknown time, crosses an edge of the window or leads to another logger outside.
    judged : positions of `row`, first:end, that lie in the window.
    """

    probe: str
    logger: int
    row: IntArray
    begins: IntArray
    judged: tuple[int, int]


def points_of(
    tracks: Tracks,
    terms: Terms,
    numbers: Numbers,
    *,
    shipment: int,
    start_s: float,
    end_s: float,
) -> tuple[Points, ...]:
    """The lines of all series of the one shipment in `tracks`, by the rules that judge them.

    shipment : its row in `terms`. start_s, end_s : its window [UTC epoch s].
    """
    time_s = tracks.time_s
    inside = (time_s >= start_s) & (time_s <= end_s)
    parts = [
        _series(tracks, rows, terms, numbers, shipment=shipment)
        for rows in (time_s < start_s, inside, time_s > end_s)
    ]
    before, judged, after = (_Broken(series, tracks) for series in parts)
    found = []
    for j in range(len(judged.series)):
        row, anew = judged.of(j)
        probe = judged.series.probes[judged.series.probe[j]]
        loggers = np.unique(tracks.logger[row])
        early, early_anew = before.outside(probe, loggers)
        late, late_anew = after.outside(probe, loggers)
        found.append(
            Points(
                probe=probe,
                logger=int(judged.series.logger[j]),
                row=np.concatenate([early, row, late]),
                begins=np.flatnonzero(np.concatenate([early_anew, anew, late_anew])),
                judged=(early.size, early.size + row.size),
            )
        )
    return tuple(found)


def _series(
    tracks: Tracks, rows: NDArray[np.bool_], terms: Terms, numbers: Numbers, *, shipment: int
) -> Series:
    one = slice(shipment, shipment + 1)
    return probe_series(
        tracks,
        rows,
        numbers,
        probes=tuple(sorted(tracks.temperature_c, key=probe_order)),
        breaks=sequence_breaks(
            tracks.first, logger=tracks.logger, seq=tracks.seq, time_s=tracks.time_s
        ),
        accuracy_c=terms.accuracy_c[one],
        interval_s=terms.interval_s[one],
        stated=stated_logger(tracks, terms.logger_id[one]),
    )


class _Broken:
    """Series with the rows at which their lines begin anew."""

    def __init__(self, series: Series, tracks: Tracks) -> None:
        self.series = series
        self.logger = tracks.logger
        unbounded = np.full(len(series), np.nan)
        self.seam = steps_of(
            series,
            start_s=unbounded,
            end_s=unbounded,
            slew_c_per_s=unbounded,
            activation_energy_j_per_mol=None,
        ).seam
        count = int(series.first[-1])
        self.row = np.arange(count) if series.row is None else series.row

    def of(self, j: int) -> tuple[IntArray, NDArray[np.bool_]]:
        """Rows of series j and where it begins anew."""
        its = slice(int(self.series.first[j]), int(self.series.first[j + 1]))
        return self.row[its], self.seam[its]

    def outside(self, probe: str, loggers: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
        """What some loggers' probe gave, all series of it, each from its beginning."""
        rows, anews = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.bool_)]
        for j in range(len(self.series)):
            if self.series.probes[self.series.probe[j]] != probe:
                continue
            row, anew = self.of(j)
            kept = np.isin(self.logger[row], loggers)
            anew = anew | np.r_[False, np.diff(self.logger[row]) != 0]
            rows.append(row[kept])
            anews.append(anew[kept])
        return np.concatenate(rows), np.concatenate(anews)
