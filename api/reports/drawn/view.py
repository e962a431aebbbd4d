"""The report's readings as the charts need them, taken from the report itself.

Page and PDF are drawn from nothing but the Report, so a twin read back draws the same pages. What
was seen, and which readings a line may join, stands in it; nothing of that is worked out here.
"""

from functools import cached_property

import numpy as np

from coldwitness.api.reports.drawn.charts.temperature import Mark
from coldwitness.api.reports.drawn.charts.trace import Line
from coldwitness.api.reports.drawn.charts.track import Way
from coldwitness.api.reports.made.instants import epoch_s, epochs_s
from coldwitness.api.reports.made.model import Polyline, Report, Stop
from coldwitness.api.reports.made.wording import Lang, say
from coldwitness.domain.coverage import CoverageGap, CoveredProbe
from coldwitness.domain.tracks import FloatArray, IntArray

_SHOWN_AROUND = 0.25
"""Share of the window's length drawn before and after it, where there are readings."""

Shape = tuple[tuple[float, float], ...]


class View:
    """One report in one language; arrays are made once and shared by the charts."""

    def __init__(self, report: Report, lang: Lang) -> None:
        self.report = report
        self.lang = lang

    def say(self, key: str, **values: object) -> str:
        """The report's words for `key` in its language."""
        return say(key, self.lang, **values)

    @cached_property
    def time_s(self) -> FloatArray:
        """(n,) of every reading, inside and outside the window, not decreasing."""
        return epochs_s(self.report.readings.time)

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
        value = np.array(self.report.readings.temperature_c.get(probe.probe, ()), np.float64)
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
        said = [
            (time_s, flag)
            for time_s, flag in zip(
                self.time_s.tolist(), self.report.readings.lid_open, strict=True
            )
            if flag is not None and start <= time_s <= end
        ]
        yes = np.array([flag for _, flag in said], dtype=np.bool_)
        edges = np.flatnonzero(np.diff(np.r_[False, yes, False].astype(np.int8)))
        return tuple(
            Mark(said[a][0], said[b - 1][0])
            for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        )

    @cached_property
    def stops(self) -> tuple[Mark, ...]:
        return tuple(
            Mark(
                epoch_s(stop.start),
                epoch_s(stop.end),
                certain=is_clue(stop),
                number=stop.number,
            )
            for stop in self.report.route.stops
        )

    @cached_property
    def way(self) -> Way:
        readings, points = self.report.readings, self.report.route.way
        row = _rows(points)
        lat_deg, lon_deg = (
            np.array(column, dtype=np.float64)[row] for column in (readings.lat, readings.lon)
        )
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
