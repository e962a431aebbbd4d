"""What was seen, copied from the result, and the rows of the readings by which it is drawn.

Nothing is joined, searched for gaps or bounded here: analysis did that once, for the verdict too.
"""

from collections.abc import Sequence

import numpy as np

from coldwitness.analysis.record.points import Points
from coldwitness.analysis.record.time_at_temperature import time_at_temperature
from coldwitness.api.reports.made.model import Bin, Distribution, Polyline
from coldwitness.domain.coverage import CoveredProbe
from coldwitness.domain.tracks import IntArray, Tracks


def lines_of(
    tracks: Tracks, points: Sequence[Points], probes: Sequence[CoveredProbe]
) -> dict[str, Polyline]:
    """The line of each of `probes` that gave a value, by its name."""
    named = {(probe.probe, probe.loggers[:1]): probe.name for probe in probes}
    return {
        named[one.probe, (logger_name(tracks, one),)]: polyline(one.row, begins=one.begins)
        for one in points
    }


def logger_name(tracks: Tracks, points: Points) -> str:
    """The line's first logger, as the result names it."""
    return tracks.loggers[points.logger] if points.logger >= 0 else "?"


def polyline(row: IntArray, *, begins: IntArray) -> Polyline:
    """Rows (k,) of the readings and the positions (b,) at which a line begins anew, as told."""
    edges = np.flatnonzero(np.diff(row) != 1)
    first = np.concatenate([row[:1], row[edges + 1]])
    last = np.concatenate([row[edges], row[-1:]])
    return Polyline(
        rows=tuple(zip(first.tolist(), last.tolist(), strict=True)),
        begins=tuple(begins.tolist()),
    )


def distribution_of(
    tracks: Tracks, points: Points, probe: CoveredProbe, *, low_c: float, high_c: float
) -> Distribution:
    """Time at temperature of a probe; low_c, high_c : limits, infinite where open."""
    first, end = points.judged
    row = points.row[first:end]
    seam = np.zeros(points.row.size, dtype=np.bool_)
    seam[points.begins] = True
    told = time_at_temperature(
        time_s=tracks.time_s[row],
        value_c=tracks.temperature_c[points.probe][row],
        seam=seam[first:end],
        low_c=low_c,
        high_c=high_c,
    )
    columns = (told.low_c.tolist(), told.high_c.tolist(), told.seconds.tolist())
    return Distribution(
        probe=probe.name,
        bins=tuple(
            Bin(low_c=low, high_c=high, seconds=round(seconds, 3))
            for low, high, seconds in zip(*columns, strict=True)
        ),
        unseen_s=probe.unseen_s,
    )
