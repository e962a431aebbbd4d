"""The report's readings as the charts need them, taken from the report itself.

Page and PDF are drawn from nothing but the Report, so a twin read back draws the same pages. What
was seen, and which readings a line may join, stands in it; nothing of that is worked out here.
A page that only draws hands over the readings as the arrays they were judged as (`Drawable`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coldwitness.api.reports.drawn.charts.marks import Mark
from coldwitness.api.reports.drawn.charts.trace import Line
from coldwitness.api.reports.drawn.charts.track import Way
from coldwitness.api.reports.made.columns import codes_of, epochs_of, floats_of
from coldwitness.api.reports.made.instants import epoch_s, epochs_s
from coldwitness.api.reports.made.model import Polyline, Readings, Report, Stop
from coldwitness.api.reports.made.wording import Lang, say
from coldwitness.domain.coverage import CoverageGap, CoveredProbe
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, Tracks

_SHOWN_AROUND = 0.25
"""Share of the window's length drawn before and after it, where there are readings."""

Shape = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Drawable:
    """What charts need of the readings, (n,) each, inside and outside the window, oldest first.

    time_s [UTC epoch s]. temperature_c [°C] : of each probe, NaN where it gave none. lat_deg,
    lon_deg [WGS84] : NaN where no fix. lid_open : 1, 0, or -1 where nothing was said.
    """

    time_s: FloatArray
    temperature_c: dict[str, FloatArray]
    lat_deg: FloatArray
    lon_deg: FloatArray
    lid_open: CodeArray

    @classmethod
    def of_tracks(cls, tracks: Tracks) -> "Drawable":
        """tracks : of the one shipment."""
        return cls(
            tracks.time_s,
            dict(tracks.temperature_c),
            tracks.lat_deg,
            tracks.lon_deg,
            tracks.lid_open,
        )

    @classmethod
    def of_report(cls, readings: Readings) -> "Drawable":
        """Out of a report's own columns."""
        return cls(
            epochs_of(readings.time),
            {probe: floats_of(column) for probe, column in readings.temperature_c.items()},
            floats_of(readings.lat),
            floats_of(readings.lon),
            codes_of(readings.lid_open),
        )


class View:
    """One report in one language; arrays are made once and shared by the charts.

    readings : those of the report, where they are at hand as arrays; else its own columns are
    read when they are drawn.
    """

    def __init__(self, report: Report, lang: Lang, readings: Drawable | None = None) -> None:
        self.report = report
        self.lang = lang
        self._given = readings

    @cached_property
    def readings(self) -> Drawable:
        return self._given or Drawable.of_report(self.report.readings)

    def say(self, key: str, **values: object) -> str:
        """The report's words for `key` in its language."""
        return say(key, self.lang, **values)

    @cached_property
    def time_s(self) -> FloatArray:
        """(n,) of every reading, inside and outside the window, not decreasing."""
        return self.readings.time_s

    @cached_property
    def window(self) -> tuple[float, float]:
        """The judged time; none at all where nothing gives one."""
        terms = self.report.terms
        if terms.start is None or terms.end is None:
            return 0.0, 0.0
        return epoch_s(terms.start), epoch_s(terms.end)

    @cached_property
    def number(self) -> dict[str, float]:
        return {number.name: number.value for number in self.report.rules.numbers}

    @cached_property
    def drawn(self) -> tuple[float, float]:
        """Drawn time: the window and what was recorded shortly before and after it."""
        start, end = self.window
        air = max((end - start) * _SHOWN_AROUND, 60.0)
        if self.time_s.size:
            start = max(min(float(self.time_s[0]), start), start - air)
            end = min(max(float(self.time_s[-1]), end), end + air)
        return start, max(end, start + 60.0)

    def line(self, probe: CoveredProbe) -> Line:
        """The probe's readings in drawn time."""
        points = self.report.lines.get(probe.name, Polyline(rows=(), begins=()))
        row = _rows(points)
        value = self.readings.temperature_c.get(probe.probe, np.zeros(0))
        begins = np.array(points.begins, dtype=np.int64)
        return Line(self.time_s[row], value[row], begins).within(*self.drawn)

    def unseen(self, probe: CoveredProbe) -> tuple[Mark, ...]:
        return tuple(
            Mark(epoch_s(span.start), epoch_s(span.end))
            for span in probe.spans
            if span.state == "unseen"
        )

    def possible(self, probe: CoveredProbe) -> tuple[Shape, ...]:
        """Of each of the probe's gaps the corners of what was possible in it."""
        shapes = (_corners(gap) for gap in self.report.gaps if gap.probe == probe.name)
        return tuple(corners for corners in shapes if corners)

    def accuracy_c(self, value_c: FloatArray) -> FloatArray:
        terms = self.report.terms
        if terms.accuracy_c is not None:
            return np.full(value_c.size, terms.accuracy_c)
        return np.where(value_c >= 0, terms.accuracy_above_zero_c, terms.accuracy_below_zero_c)

    @cached_property
    def worst(self) -> CoveredProbe | None:
        return next((p for p in self.report.probes if p.name == self.report.worst_probe), None)

    @cached_property
    def lid_open(self) -> tuple[Mark, ...]:
        """Runs of readings in drawn time that say yes; one alone counts for its instant."""
        start, end = self.drawn
        said = (self.readings.lid_open >= 0) & (self.time_s >= start) & (self.time_s <= end)
        time_s, yes = self.time_s[said], self.readings.lid_open[said] == 1
        edges = np.flatnonzero(np.diff(np.r_[False, yes, False].astype(np.int8)))
        return tuple(
            Mark(first_s, last_s)
            for first_s, last_s in zip(
                time_s[edges[::2]].tolist(), time_s[edges[1::2] - 1].tolist(), strict=True
            )
        )

    @cached_property
    def stops(self) -> tuple[Mark, ...]:
        stops = self.report.route.stops
        starts_s = epochs_s([stop.start for stop in stops]).tolist()
        ends_s = epochs_s([stop.end for stop in stops]).tolist()
        return tuple(
            Mark(start_s, end_s, certain=is_clue(stop), number=stop.number)
            for start_s, end_s, stop in zip(starts_s, ends_s, stops, strict=True)
        )

    @cached_property
    def way(self) -> Way:
        points = self.report.route.way
        row = _rows(points)
        lat_deg, lon_deg = self.readings.lat_deg[row], self.readings.lon_deg[row]
        return Way(self.time_s[row], lat_deg, lon_deg, np.array(points.begins, dtype=np.int64))


def _corners(gap: CoverageGap) -> Shape:
    """Around the shape: start, highest, end, lowest; none where nothing bounds the temperature."""
    around = (
        (gap.start, gap.start_c),
        (gap.highest_at, gap.highest_c),
        (gap.end, gap.end_c),
        (gap.lowest_at, gap.lowest_c),
    )
    return tuple((epoch_s(at), c) for at, c in around if at is not None and c is not None)


def _rows(points: Polyline) -> IntArray:
    stretches = [np.arange(first, last + 1) for first, last in points.rows]
    return np.concatenate([np.zeros(0, dtype=np.int64), *stretches])


def is_clue(stop: Stop) -> bool:
    return stop.finding is not None
