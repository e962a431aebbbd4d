"""The report's readings as the charts need them, taken from the report itself.

Page and PDF are drawn from nothing but the Report, so a twin read back draws the same pages.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from coldwitness.api.reports.drawn.charts.temperature import Mark
from coldwitness.api.reports.drawn.charts.trace import Series
from coldwitness.api.reports.drawn.charts.track import Way
from coldwitness.api.reports.made.coverage import Seen, Strand, strands_of, window_of
from coldwitness.api.reports.made.evidence import tracks_of
from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.api.reports.made.model import Report, Stop
from coldwitness.api.reports.made.wording import Lang
from coldwitness.domain.tracks import CodeArray, FloatArray, Tracks

_SHOWN_AROUND = 0.25
"""Share of the window's length drawn before and after it, where there are readings."""


class View:
    """One report in one language; arrays are made once and shared by the charts."""

    def __init__(self, report: Report, lang: Lang) -> None:
        self.report = report
        self.lang = lang
        self.tracks: Tracks = tracks_of(report.readings, report.shipment)
        self.window = window_of(report.terms, self.tracks)
        self.strands: tuple[Strand, ...] = strands_of(self.tracks)

    @cached_property
    def number(self) -> dict[str, float]:
        return {number.name: number.value for number in self.report.rules.numbers}

    @cached_property
    def drawn(self) -> tuple[float, float]:
        """Drawn time: the window and what was recorded shortly before and after it."""
        start, end = self.window
        air = max((end - start) * _SHOWN_AROUND, 60.0)
        time_s = self.tracks.time_s
        if time_s.size:
            start = max(min(float(time_s[0]), start), start - air)
            end = min(max(float(time_s[-1]), end), end + air)
        return start, max(end, start + 60.0)

    @cached_property
    def shown_rows(self) -> NDArray[np.bool_]:
        start, end = self.drawn
        shown: NDArray[np.bool_] = (self.tracks.time_s >= start) & (self.tracks.time_s <= end)
        return shown

    def seen(self, strand: Strand) -> Seen:
        """The strand's readings in drawn time (the window's edges cut nothing here)."""
        return Seen(
            self.tracks,
            strand,
            self.report.terms,
            rows=self.shown_rows,
            slack=self.number["interval_slack"],
        )

    def series(self, strand: Strand) -> Series:
        """For drawing: the line is also interrupted at the edges of the window."""
        its = self.seen(strand)
        broken = its.broken.copy()
        for edge in self.window:
            after = int(np.searchsorted(its.time_s, edge, side="left"))
            if edge == self.window[1]:
                after = int(np.searchsorted(its.time_s, edge, side="right"))
            if 0 < after < broken.size:
                broken[after] = True
        return Series(its.time_s, its.value_c, broken)

    def unseen(self, strand: Strand) -> tuple[Mark, ...]:
        for probe in self.report.probes:
            if probe.name == strand.name:
                return tuple(
                    Mark(epoch_s(span.start), epoch_s(span.end))
                    for span in probe.spans
                    if span.state == "unseen"
                )
        return (Mark(*self.window),)

    def accuracy_c(self, value_c: FloatArray) -> FloatArray:
        terms = self.report.terms
        if terms.accuracy_c is not None:
            return np.full(value_c.size, terms.accuracy_c)
        return np.where(value_c >= 0, terms.accuracy_above_zero_c, terms.accuracy_below_zero_c)

    @cached_property
    def worst(self) -> Strand | None:
        return next((s for s in self.strands if s.name == self.report.worst_probe), None)

    @cached_property
    def lid_open(self) -> tuple[Mark, ...]:
        return self._flagged(self.tracks.lid_open)

    def _flagged(self, codes: CodeArray) -> tuple[Mark, ...]:
        """Runs of readings in drawn time that say yes; one alone counts for its instant."""
        rows = np.flatnonzero(self.shown_rows & (codes >= 0))
        yes = codes[rows] == 1
        edges = np.flatnonzero(np.diff(np.r_[False, yes, False].astype(np.int8)))
        time_s = self.tracks.time_s[rows]
        return tuple(
            Mark(float(time_s[a]), float(time_s[b - 1]))
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
        start, end = self.window
        tracks = self.tracks
        has = (tracks.time_s >= start) & (tracks.time_s <= end)
        has &= np.isfinite(tracks.lat_deg) & np.isfinite(tracks.lon_deg)
        time_s = tracks.time_s[has]
        broken = np.ones(time_s.size, dtype=np.bool_)
        broken[1:] = np.diff(time_s) > self.number["position_gap_s"]
        return Way(time_s, tracks.lat_deg[has], tracks.lon_deg[has], broken)


def is_clue(stop: Stop) -> bool:
    return stop.finding is not None
