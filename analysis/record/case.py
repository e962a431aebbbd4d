"""The case that every detector judges: what a run has of its shipments, each thing made once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.curves import CurveIndex, curve_index
from coldwitness.analysis.record.custody_doubt import CustodyDoubt, custody_doubt
from coldwitness.analysis.record.custody_ends import UnsureEnds, unsure_ends
from coldwitness.analysis.record.disturbed import undisturbed
from coldwitness.analysis.record.drug_limits import (
    DrugLimits,
    ProbeLimits,
    drug_limits,
    probe_limits,
)
from coldwitness.analysis.record.lone import lone_readings
from coldwitness.analysis.record.place_datum import in_datum_of_positions
from coldwitness.analysis.record.probes import ZONES, probes_of
from coldwitness.analysis.record.sequence import SequenceBreaks, owner_of, sequence_breaks
from coldwitness.analysis.record.series import Series, probe_series, stated_logger
from coldwitness.analysis.record.silent_probes import SilentProbes, silent_probes
from coldwitness.analysis.record.window import Window, judged_window
from coldwitness.analysis.terms import Terms
from coldwitness.config.numbers import Numbers
from coldwitness.domain.columns import repeated, take
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, Tracks


@dataclass(frozen=True)
class Case:
    """Tracks and what they are judged by; rows of `terms` and `window` are shipments of `tracks`.

    `breaks`, `series`, `lone`, `custody_doubt` and `curves` are worked out when first asked for and
    kept, so that every detector sees the same ones and who asks for none pays for none.
    """

    tracks: Tracks
    """What is judged."""
    terms: Terms
    numbers: Numbers
    window: Window
    place_datum: CodeArray
    """(s,) PlaceDatum: what `terms` were moved by, so that places and positions agree."""
    sent: Tracks
    """All that was sent: with what officers did to probes on the way, which is not judged."""

    @cached_property
    def unsure_ends(self) -> UnsureEnds:
        """Why an end of custody may have been pressed elsewhere."""
        return unsure_ends(self.tracks, self.terms, self.numbers)

    @cached_property
    def breaks(self) -> SequenceBreaks:
        """Breaks in the loggers' counts, inside the window or not."""
        tracks = self.tracks
        return sequence_breaks(
            tracks.first, logger=tracks.logger, seq=tracks.seq, time_s=tracks.time_s
        )

    @cached_property
    def judged_breaks(self) -> SequenceBreaks:
        """Those of which any part lies in the window."""
        tracks, window, breaks = self.tracks, self.window, self.breaks
        owner = owner_of(breaks.row, first=tracks.first)
        inside = tracks.time_s[breaks.row] >= window.start_s[owner]
        inside &= tracks.time_s[breaks.before] <= window.end_s[owner]
        return take(breaks, inside)

    @cached_property
    def series(self) -> Series:
        """The drug's series of the judged time."""
        return self.series_among(self.window.rows, probes_of(self.tracks, "drug"))

    @cached_property
    def silent_probes(self) -> SilentProbes:
        """Probes that the loggers carry and that say nothing in the judged time."""
        return silent_probes(
            self.tracks,
            self.window,
            carried=self.terms.carried,
            interval_s=self.numbers.recording_interval_s,
        )

    @cached_property
    def lone(self) -> IntArray:
        """(c,) rows of `series` that stand alone, each away from its neighbours, and back, faster
        than the box changes."""
        return lone_readings(
            self.series,
            self.tracks,
            rows=self.window.rows,
            slew_c_per_min=self.terms.slew_max_c_per_min,
            numbers=self.numbers,
        )

    @cached_property
    def limits(self) -> DrugLimits:
        """What the series are judged by, and which items each speaks for."""
        return drug_limits(self.series, self.terms)

    def probe_limits(self, name: str) -> ProbeLimits:
        """What one drug probe of each shipment is judged by."""
        return probe_limits(self.limits, self.series, self.terms, name)

    @cached_property
    def custody_doubt(self) -> CustodyDoubt:
        """Which readings of `series` may show an empty box, or time that is not of custody."""
        return custody_doubt(
            self.series,
            self.tracks,
            window=self.window,
            terms=self.terms,
            limits=self.limits,
            outside_c=self.zones_c[ZONES.index("ambient")],
            numbers=self.numbers,
        )

    def series_among(self, rows: NDArray[np.bool_], probes: tuple[str, ...]) -> Series:
        """The series of some probes among some readings; rows : (n,) of tracks."""
        return probe_series(
            self.tracks,
            rows,
            self.numbers,
            probes=probes,
            breaks=self.breaks,
            accuracy_c=self.terms.accuracy_c,
            interval_s=self.terms.interval_s,
            stated=stated_logger(self.tracks, self.terms.logger_id),
        )

    @cached_property
    def zones_c(self) -> tuple[FloatArray, ...]:
        """(k,) for each of ZONES: what its first probe that speaks says at the drug's readings."""
        return tuple(_zone_c(self.tracks, self.series, zone) for zone in ZONES)

    @cached_property
    def curves(self) -> CurveIndex:
        """The drug's curves, indexed to be compared with each other and with earlier ones."""
        tracks, series = self.tracks, self.series
        lead = series.first[:-1] if series.row is None else series.row[series.first[:-1]]
        return curve_index(
            shipments=tracks.shipments,
            shipment=series.shipment,
            probe=np.array([*series.probes, ""], dtype=np.str_)[series.probe],
            logger=np.array([*tracks.loggers, ""], dtype=np.str_)[tracks.logger[lead]],
            first=series.first,
            time_s=series.time_s,
            value_c=series.low_c,
            zones_c=self.zones_c,
            received_s=tracks.received_s if series.row is None else tracks.received_s[series.row],
        )


def case_of(
    tracks: Tracks, terms: Terms, numbers: Numbers, *, as_of_s: float | None = None
) -> Case:
    """The case of all shipments of `tracks`, as of an instant [UTC epoch s], or else when all have
    ended. Raises ValueError if `terms` lists others."""
    if terms.shipments != tracks.shipments:
        raise ValueError(
            f"terms of {len(terms)} shipments do not fit tracks of {len(tracks.shipments)}"
        )
    sent, tracks = tracks, undisturbed(tracks, terms)
    window = judged_window(tracks, terms, numbers, as_of_s=as_of_s)
    terms, place_datum = in_datum_of_positions(tracks, terms, window)
    return Case(tracks, terms, numbers, window, place_datum, sent)


def _zone_c(tracks: Tracks, series: Series, zone: str) -> FloatArray:
    """(k,) what the first probe of a zone that speaks says at the drug's readings, else NaN."""
    value_c = repeated(np.full(1, np.nan), series.time_s.size)
    for name in probes_of(tracks, zone):
        column = tracks.temperature_c[name]
        value_c = np.where(
            np.isnan(value_c), column if series.row is None else column[series.row], value_c
        )
    return value_c
