"""Readings that are an officer's doing: of a probe warmed or cooled to see whether it lives.

They stay in the record and are shown; what is judged has no value there, so that the time is
unknown and the box's slew bounds what the drug can have had. Time that was already out of range
stays judged.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable
from coldwitness.analysis.terms import Terms
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import FloatArray, Tracks

_GAPS = (code_of("evidence_gap/no_readings"), code_of("evidence_gap/probe_missing"))
LONGEST_S = 600.0
"""Contract: a disturbance is ten minutes at most, whatever was decided."""
HEARD_WITHIN_S = 900.0
CLOCK_S = 30.0
"""A logger's clock is corrected by when its readings came where it is further off."""


def undisturbed(tracks: Tracks, terms: Terms) -> Tracks:
    """The tracks without what officers did; the same object where they did nothing.

    Raises ValueError if `terms` lists other shipments.
    """
    told = terms.disturbances
    if not told.probe:
        return tracks
    temperature_c = dict(tracks.temperature_c)
    for name in sorted(set(told.probe) & temperature_c.keys()):
        column = temperature_c[name]
        rows = _disturbed_rows(tracks, terms, column, name=name)
        temperature_c[name] = np.where(rows, np.nan, column)
    return replace(tracks, temperature_c=temperature_c)


def without_disturbed(findings: FindingTable, terms: Terms, *, interval_s: float) -> FindingTable:
    """The findings without gaps of a probe's record that are an officer's doing alone: the time is
    unknown, and nobody left it out.

    interval_s : permitted between readings; a gap that reaches further is somebody else's too.
    """
    told = terms.disturbances
    mine = np.zeros(findings.shipment.size, dtype=np.bool_)
    for one, name in enumerate(told.probe):
        to_s = min(told.to_s[one], told.from_s[one] + LONGEST_S)
        mine |= (
            np.isin(findings.type, _GAPS)
            & (findings.shipment == told.shipment[one])
            & (findings.probe == name)
            & (findings.start_s >= told.from_s[one] - interval_s)
            & (findings.end_s <= to_s + interval_s)
        )
    return take(findings, ~mine) if mine.any() else findings


def _disturbed_rows(
    tracks: Tracks, terms: Terms, column: FloatArray, *, name: str
) -> NDArray[np.bool_]:
    """(n,) readings of a probe (its column of °C) that say what an officer did."""
    disturbed = np.zeros(tracks.time_s.size, dtype=np.bool_)
    told = terms.disturbances
    its = np.flatnonzero(np.array(told.probe, dtype=np.str_) == name)
    for one in its.tolist():  # of a run there are a few, each somebody's deed
        shipment, from_s = told.shipment[one], told.from_s[one]
        to_s = min(told.to_s[one], from_s + LONGEST_S)
        mine = (tracks.shipment == shipment) & ~np.isnan(column)
        at_s = _by_our_clock(tracks, mine, near_s=float(from_s))
        before = np.flatnonzero(mine & (at_s < from_s))
        if before.size:
            last_c = column[before[-1]]
            if last_c > terms.high_c[shipment] or last_c < terms.low_c[shipment]:
                continue
        disturbed |= mine & (at_s >= from_s) & (at_s <= to_s)
    return disturbed


def _by_our_clock(tracks: Tracks, mine: NDArray[np.bool_], *, near_s: float) -> FloatArray:
    """(n,) when readings were measured, corrected where the logger's clock was far off: by those of
    the rows `mine` (n,) that came about then and waited least."""
    lag_s = tracks.received_s - tracks.time_s
    told = mine & (np.abs(tracks.received_s - near_s) <= HEARD_WITHIN_S)
    if not told.any():
        return tracks.time_s
    lags_s = lag_s[told]
    off_s = float(lags_s[np.argmin(np.abs(lags_s))])
    return tracks.time_s + (off_s if abs(off_s) > CLOCK_S else 0.0)
