"""How long a box could have stood unseen: in gaps of position, and at the ends of a stay."""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.positions import placed_rows
from coldwitness.analysis.stops.fixes import BoolArray, Fixes, or_zero
from coldwitness.analysis.stops.missing_positions import Missing
from coldwitness.analysis.stops.rest_at_ends import PositionsNeeded
from coldwitness.analysis.stops.stays import Stays
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks


@dataclass(frozen=True)
class PositionGaps:
    """(g,) times without a position longer than the setting, the ends of the window included.

    hidden_stop_max_s : the longest stop that fits: the gap less the shortest travel between the
        fixes around it at the greatest speed; at an end of the window the whole gap, less the rest
        at that end that needs no position.
    """

    shipment: IntArray
    start_s: FloatArray
    end_s: FloatArray
    hidden_stop_max_s: FloatArray

    @property
    def length_s(self) -> FloatArray:
        """(g,) [s]."""
        return self.end_s - self.start_s


def position_gaps(case: Case, fixes: Fixes, needed: PositionsNeeded) -> PositionGaps:
    """All gaps by shipment, then time. A shipment without fixes is one gap, its window; in time for
    which no position is needed no stop is hidden."""
    window, numbers = case.window, case.numbers
    shipments = window.start_s.size
    speed_m_s = numbers.travel_speed_max_kmh / 3.6
    silent = np.diff(fixes.time_s) > numbers.position_gap_s
    inner = np.flatnonzero(silent & (fixes.shipment[1:] == fixes.shipment[:-1]))
    away_m = haversine_m(
        lat_deg=fixes.lat_deg[inner],
        lon_deg=fixes.lon_deg[inner],
        to_lat_deg=fixes.lat_deg[inner + 1],
        to_lon_deg=fixes.lon_deg[inner + 1],
    )
    doubt_m = or_zero(fixes.accuracy_m[inner]) + or_zero(fixes.accuracy_m[inner + 1])
    travel_s = np.maximum(away_m - doubt_m, 0.0) / speed_m_s
    some = np.diff(fixes.first) > 0
    first_s, last_s = window.end_s.copy(), window.end_s.copy()
    first_s[some] = fixes.time_s[fixes.first[:-1][some]]
    last_s[some] = fixes.time_s[fixes.first[1:][some] - 1]
    each = np.arange(shipments)
    shipment = np.concatenate((each, fixes.shipment[inner], each))
    start_s = np.concatenate((window.start_s, fixes.time_s[inner], last_s))
    end_s = np.concatenate((first_s, fixes.time_s[inner + 1], window.end_s))
    travel_s = np.concatenate((np.zeros(shipments), travel_s, np.zeros(shipments)))
    found = np.flatnonzero(end_s - start_s > numbers.position_gap_s)
    long = found[np.lexsort((start_s[found], shipment[found]))]
    whose = shipment[long]
    blind_s = np.minimum(end_s[long], needed.to_s[whose])
    blind_s -= np.maximum(start_s[long], needed.from_s[whose])
    return PositionGaps(
        shipment=shipment[long],
        start_s=start_s[long],
        end_s=end_s[long],
        hidden_stop_max_s=np.maximum(blind_s - travel_s[long], 0.0),
    )


def way_of(
    tracks: Tracks, gaps: PositionGaps, *, shipment: int, rows: BoolArray
) -> tuple[IntArray, IntArray]:
    """Rows of the one shipment in `tracks` by which its way is drawn, and at which of them the
    line begins anew: the first, and those at the end of a gap.

    shipment : its number in `gaps`. rows : (n,) its readings in the window.
    """
    row = np.flatnonzero(placed_rows(tracks, rows))
    time_s = tracks.time_s[row]
    anew = np.isin(time_s, gaps.end_s[gaps.shipment == shipment])
    anew[1:] &= time_s[1:] > time_s[:-1]
    anew[:1] = True
    return row, np.flatnonzero(anew)


def longest_dwell_s(
    case: Case, stays: Stays, fixes: Fixes, missing: Missing, needed: PositionsNeeded | None = None
) -> FloatArray:
    """(k,) the longest each stay can have lasted: into steps where a position may be missing,
    up to the shortest travel from and to the fixes around it, and to the ends of the window, or of
    the time for which positions are needed."""
    ends_s = (
        (case.window.start_s, case.window.end_s) if needed is None else (needed.from_s, needed.to_s)
    )
    before_s = _unseen_beside(case, stays, fixes, missing, limit_s=ends_s[0], side=-1)
    after_s = _unseen_beside(case, stays, fixes, missing, limit_s=ends_s[1], side=1)
    return stays.dwell_s + before_s + after_s


def _unseen_beside(
    case: Case,
    stays: Stays,
    fixes: Fixes,
    missing: Missing,
    *,
    limit_s: FloatArray,
    side: int,
) -> FloatArray:
    numbers = case.numbers
    if len(stays) == 0:
        return np.zeros(0)
    edge = stays.first_fix if side < 0 else stays.last_fix
    bound = fixes.first[stays.shipment] if side < 0 else fixes.first[stays.shipment + 1] - 1
    beyond = np.where(edge == bound, edge, edge + side)
    step = np.minimum(edge, beyond)
    away_m = haversine_m(
        lat_deg=fixes.lat_deg[beyond],
        lon_deg=fixes.lon_deg[beyond],
        to_lat_deg=stays.lat_deg,
        to_lon_deg=stays.lon_deg,
    )
    doubt_m = numbers.dwell_radius_m + or_zero(fixes.accuracy_m[beyond])
    travel_s = np.maximum(away_m - doubt_m, 0.0) / (numbers.travel_speed_max_kmh / 3.6)
    step_s = np.abs(fixes.time_s[beyond] - fixes.time_s[edge])
    inner_s = np.where(missing.after[step], np.maximum(step_s - travel_s, 0.0), 0.0)
    edge_s = np.abs(limit_s[stays.shipment] - fixes.time_s[edge])
    usual_s = or_zero(missing.usual_s[stays.shipment])
    edge_s = np.where(edge_s > numbers.interval_slack * usual_s, edge_s, 0.0)
    return np.where(edge == bound, edge_s, inner_s)
