"""Whether the record is whole and of one piece: counts, conflicts, clocks, late imports."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, concatenate, finding_table
from coldwitness.analysis.integrity.below_noise import below_noise_findings
from coldwitness.analysis.integrity.clock import clock_findings
from coldwitness.analysis.integrity.copied import copied_findings
from coldwitness.analysis.integrity.curves import CurveArchive, CurveIndex, curve_index
from coldwitness.analysis.integrity.off_grid import off_grid_findings
from coldwitness.analysis.integrity.stuck import stuck_findings
from coldwitness.analysis.isolation.windows import ZONES, probes_of
from coldwitness.analysis.record.sequence import SequenceBreaks, owner_of, sequence_breaks
from coldwitness.analysis.record.series import Series, drug_series, stated_logger
from coldwitness.analysis.record.window import Window
from coldwitness.analysis.terms import Terms
from coldwitness.config.rules import Numbers
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import IntArray, Tracks
from coldwitness.domain.words import Certainty, FindingType, Severity

_SHOWN = 20
"""How many places a finding lists; the counts are of all."""


def integrity_findings(
    tracks: Tracks,
    terms: Terms,
    window: Window,
    numbers: Numbers,
    *,
    archive: CurveIndex | CurveArchive | None = None,
) -> FindingTable:
    """What in each shipment's record speaks against its being true and complete. `archive` :
    curves of shipments judged before, or what finds them, to look for copies of them too."""
    series = drug_series(
        tracks,
        window.rows,
        numbers,
        accuracy_c=terms.accuracy_c,
        interval_s=terms.interval_s,
        stated=stated_logger(tracks, terms),
    )
    breaks = sequence_breaks(tracks.first, tracks.logger, tracks.seq, tracks.time_s)
    breaks = _in_window(breaks, tracks, window)
    curves = curves_of(tracks, series)
    earlier = archive if archive is None or isinstance(archive, CurveIndex) else archive(curves)
    return concatenate(
        [
            _sequence_findings(breaks, tracks),
            _conflict_findings(tracks, window),
            clock_findings(tracks, terms, window, numbers, breaks),
            stuck_findings(series),
            below_noise_findings(series),
            off_grid_findings(tracks, window.rows),
            copied_findings(curves, archive=earlier),
        ]
    )


def curves_of(tracks: Tracks, series: Series) -> CurveIndex:
    """The index of the drug's curves, to be kept for judging later shipments against them."""
    lead = series.first[:-1] if series.row is None else series.row[series.first[:-1]]
    loggers = np.array([*tracks.loggers, ""], dtype=np.str_)
    return curve_index(
        shipments=tracks.shipments,
        shipment=series.shipment,
        probe=np.array([*series.probes, ""], dtype=np.str_)[series.probe],
        logger=loggers[tracks.logger[lead]],
        first=series.first,
        time_s=series.time_s,
        value_c=series.low_c,
        zones_c=[_zone(tracks, series, zone) for zone in ZONES],
    )


def _zone(tracks: Tracks, series: Series, zone: str) -> NDArray[np.float64]:
    """(k,) what the first probe of a zone that speaks says at the drug's readings, else NaN."""
    value = np.full(series.time_s.size, np.nan)
    for name in probes_of(tracks, zone):
        column = tracks.temperature_c[name]
        value = np.where(
            np.isnan(value), column if series.row is None else column[series.row], value
        )
    return value


def _in_window(breaks: SequenceBreaks, tracks: Tracks, window: Window) -> SequenceBreaks:
    """Breaks of which any part lies in the judged time."""
    if len(breaks) == 0:
        return breaks
    owner = owner_of(tracks.first, breaks.row)
    inside = tracks.time_s[breaks.row] >= window.start_s[owner]
    inside &= tracks.time_s[breaks.before] <= window.end_s[owner]
    return take(breaks, inside)


def _sequence_findings(breaks: SequenceBreaks, tracks: Tracks) -> FindingTable:
    """One finding a logger and shipment: numbers missing, used twice, or counted anew. A restart
    alone is allowed: it is told, and weighs on no requirement (`missing` and `repeated` are 0)."""
    told = np.flatnonzero((breaks.missing > 0) | breaks.repeated | breaks.reset)
    if told.size == 0:
        return NO_FINDINGS
    row, before = breaks.row[told], breaks.before[told]
    group, lead, member = _groups(row, tracks)
    weighs = (breaks.missing[told] > 0) | breaks.repeated[told]
    count = lead.size

    def total(flag: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(member, weights=flag, minlength=count).astype(np.float64)

    start = np.full(count, np.inf)
    end = np.full(count, -np.inf)
    np.minimum.at(start, member, tracks.time_s[before])
    np.maximum.at(end, member, tracks.time_s[row])
    missing, repeated = total(breaks.missing[told]), total(breaks.repeated[told])
    shown: dict[int, dict[str, Any]] = {}
    for number, anchor in enumerate(lead):
        mine = np.flatnonzero((member == number) & weighs)[:_SHOWN]
        shown[number] = {
            "logger": _logger_name(tracks, int(row[anchor])),
            "breaks": [
                {"after_seq": int(tracks.seq[before[i]]), "next_seq": int(tracks.seq[row[i]])}
                for i in mine
            ],
        }
    bad = (missing > 0) | (repeated > 0)
    return finding_table(
        shipment=group,
        type=FindingType.SEQUENCE,
        start_s=start,
        end_s=end,
        certainty=Certainty.CERTAIN,
        severity=np.where(bad, Severity.MINOR, Severity.INFO).astype(np.int8),
        measures={
            "missing": missing,
            "repeated": repeated,
            "resets": total(breaks.reset[told]),
        },
        details=shown,
    )


def _conflict_findings(tracks: Tracks, window: Window) -> FindingTable:
    """One finding a logger and shipment that gave two values for one instant."""
    row = np.flatnonzero(tracks.conflict & window.rows)
    if row.size == 0:
        return NO_FINDINGS
    group, lead, member = _groups(row, tracks)
    count = lead.size
    start, end = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(start, member, tracks.time_s[row])
    np.maximum.at(end, member, tracks.time_s[row])
    instants = np.ones(row.size, dtype=np.bool_)
    instants[1:] = (np.diff(tracks.time_s[row]) != 0) | (np.diff(member) != 0)
    spread = np.zeros(row.size)
    for name, column in tracks.temperature_c.items():
        del name
        spread = np.fmax(spread, _spread(column, row, instants))
    widest = np.zeros(count)
    np.maximum.at(widest, member, spread)
    return finding_table(
        shipment=group,
        type=FindingType.DUPLICATE_CONFLICT,
        start_s=start,
        end_s=end,
        certainty=Certainty.CERTAIN,
        severity=Severity.MAJOR,
        measures={
            "readings": np.bincount(member, minlength=count).astype(np.float64),
            "instants": np.bincount(member, weights=instants, minlength=count).astype(np.float64),
            "difference_max_c": widest,
        },
        details={
            number: {"logger": _logger_name(tracks, int(row[anchor]))}
            for number, anchor in enumerate(lead)
        },
    )


def _spread(
    column: NDArray[np.float64], row: IntArray, instants: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Largest difference of a probe's values within each instant, at every row of it."""
    starts = np.flatnonzero(instants)
    if starts.size == 0:
        return np.zeros(0)
    value = column[row]
    given = ~np.isnan(value)
    high = np.maximum.reduceat(np.where(given, value, -np.inf), starts)
    low = np.minimum.reduceat(np.where(given, value, np.inf), starts)
    return np.repeat(np.maximum(high - low, 0.0), np.diff(np.append(starts, row.size)))


def _groups(row: IntArray, tracks: Tracks) -> tuple[IntArray, IntArray, IntArray]:
    """Shipment of each (shipment, logger) that owns any of the rows, the position of its first
    row, and the group of every row."""
    owner = owner_of(tracks.first, row)
    key = owner * (len(tracks.loggers) + 1) + tracks.logger[row] + 1
    _, lead, member = np.unique(key, return_index=True, return_inverse=True)
    return owner[lead], lead, member


def _logger_name(tracks: Tracks, row: int) -> str | None:
    number = int(tracks.logger[row])
    return tracks.loggers[number] if number >= 0 else None
