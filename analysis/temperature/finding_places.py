"""Where findings of the temperature happened, and how long a stop could hide in a silence."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.tracks import FloatArray, IntArray

_EPISODES = [kind.code for kind in finding_kinds() if kind.episode]
_SILENCES = [kind.code for kind in finding_kinds() if kind.silence]
_OWNER_SHIFT = 43
"""Bits for the time [ms] below the shipment's number in one sortable key: up to the year 2248."""


def placed(case: Case, findings: FindingTable) -> FindingTable:
    """Breaks with the position nearest their start in time, if one lies within the permitted
    gap of positions; silences with the longest stop that fits between the positions at both
    sides at the highest travel speed (the whole silence where there are none)."""
    tracks, window, numbers = case.tracks, case.window, case.numbers
    fix = np.flatnonzero(window.rows & ~np.isnan(tracks.lat_deg) & ~np.isnan(tracks.lon_deg))
    if fix.size == 0 or len(findings) == 0:
        return findings
    owner = np.searchsorted(tracks.first, fix, "right") - 1
    keys = (owner << _OWNER_SHIFT) + np.rint(tracks.time_s[fix] * 1000).astype(np.int64)
    lat_deg, lon_deg = findings.lat_deg.copy(), findings.lon_deg.copy()
    broken = np.flatnonzero(np.isin(findings.type, _EPISODES) & np.isnan(lat_deg))
    at, off_s = _nearest(findings.shipment[broken], findings.start_s[broken], keys)
    near = off_s <= numbers.position_gap_s
    lat_deg[broken[near]] = tracks.lat_deg[fix[at[near]]]
    lon_deg[broken[near]] = tracks.lon_deg[fix[at[near]]]
    measures = dict(findings.measures)
    if "hidden_stop_max_s" in measures:
        silent = np.flatnonzero(
            np.isin(findings.type, _SILENCES) & (measures["hidden_stop_max_s"] > 0)
        )
        hidden = measures["hidden_stop_max_s"].copy()
        hidden[silent] -= _travel_s(case, findings, silent, fix, keys)
        measures["hidden_stop_max_s"] = np.where(hidden < 0, 0.0, hidden)
    return replace(findings, lat_deg=lat_deg, lon_deg=lon_deg, measures=measures)


def _key(shipment: IntArray, time_s: FloatArray) -> IntArray:
    key: IntArray = (shipment << _OWNER_SHIFT) + np.rint(time_s * 1000).astype(np.int64)
    return key


def _nearest(shipment: IntArray, time_s: FloatArray, keys: IntArray) -> tuple[IntArray, FloatArray]:
    """Position of the fix nearest in time, of the same shipment, and how far off it is [s]."""
    wanted = _key(shipment, time_s)
    after = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    before = np.maximum(after - 1, 0)
    off = [
        np.where(keys[side] >> _OWNER_SHIFT == shipment, np.abs(keys[side] - wanted) / 1000, np.inf)
        for side in (before, after)
    ]
    nearest = np.where(off[0] <= off[1], before, after)
    return nearest, np.minimum(off[0], off[1])


def _travel_s(
    case: Case, findings: FindingTable, silent: IntArray, fix: IntArray, keys: IntArray
) -> FloatArray:
    """Least time needed between the positions at both ends of each silence, 0 where an end has
    none within the permitted gap."""
    tracks, numbers = case.tracks, case.numbers
    shipment = findings.shipment[silent]
    sides = []
    known: NDArray[np.bool_] = np.ones(silent.size, dtype=np.bool_)
    for time_s in (findings.start_s[silent], findings.end_s[silent]):
        known &= ~np.isnan(time_s)
        at, off_s = _nearest(shipment, np.where(np.isnan(time_s), 0.0, time_s), keys)
        known &= off_s <= numbers.position_gap_s
        sides.append(fix[at])
    start, end = sides
    way_m = haversine_m(
        lat_deg=tracks.lat_deg[start],
        lon_deg=tracks.lon_deg[start],
        to_lat_deg=tracks.lat_deg[end],
        to_lon_deg=tracks.lon_deg[end],
    )
    return np.where(known, way_m / (numbers.travel_speed_max_kmh / 3.6), 0.0)
