"""A lone reading: away from both its neighbours at once, and back, faster than any box changes.

A sensor that fails once, or a message in which one number went wrong, leaves a reading like that;
so may a probe that somebody held in his hand. The record cannot tell which.
"""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.sensor_grid import sensor_grids
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

SHORT_S = 120.0
"""Up to this length, included, a step is held against SHORT_SLEWS and SHORT_C_PER_MIN."""
SHORT_SLEWS = 5.0
SHORT_C_PER_MIN = 2.0
LONG_SLEWS = 3.0
"""A longer step need not be as steep: over minutes no box keeps three times its slew limit up, and
2 °C/min would be many degrees."""
UNCERTAINTIES = 2.0
GRID_STEPS = 2.0


def spike_findings(case: Case) -> FindingTable:
    """One finding for each reading of a drug probe whose steps to both neighbours are steep and in
    opposite directions; the first and the last reading have one neighbour. Two or more in a row
    are no spike: something happened."""
    series = case.series
    if series.time_s.size == 0:
        return NO_FINDINGS
    row = _lone(_steep(case), first=series.first)
    row = row[_beyond_grid(case, row)]
    if row.size == 0:
        return NO_FINDINGS
    j = series.owner[row]
    before, after = _neighbours(row, first=series.first, owner=j)
    value_c = series.low_c
    return finding_table(
        shipment=series.shipment[j],
        type=code_of("data_integrity/spike"),
        start_s=series.time_s[row],
        end_s=series.time_s[row],
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        probe=np.array([*series.probes, ""])[series.probe[j]],
        measures={
            "logger_number": series.logger[j].astype(np.float64),
            "value_c": value_c[row],
            "before_c": np.where(before >= 0, value_c[before], np.nan),
            "after_c": np.where(after >= 0, value_c[after], np.nan),
        },
        details={
            k: {"stands": "first" if before[k] < 0 else "last" if after[k] < 0 else "between"}
            for k in range(row.size)
        },
    )


def _steep(case: Case) -> IntArray:
    """(k,) direction of the step that ends at each row of the series, -1 or 1, where it is steep,
    else 0; the first row of a series has none.

    Formula (contract): |step| > rate · length, the rate max(5 slew, 2 °C/min) up to 2 minutes and
    3 slew beyond, the slew limit never below the pack's; and |step| > 2 uncertainties."""
    series, numbers, terms = case.series, case.numbers, case.terms
    owner, value_c = series.owner, series.low_c
    step_c, length_s = np.diff(value_c, prepend=np.nan), np.diff(series.time_s, prepend=np.nan)
    slew = np.maximum(terms.slew_max_c_per_min, numbers.slew_max_c_per_min)[series.shipment][owner]
    rate = np.where(
        length_s <= SHORT_S, np.maximum(SHORT_SLEWS * slew, SHORT_C_PER_MIN), LONG_SLEWS * slew
    )
    stated = series.accuracy_c[owner]
    by_pack = np.where(value_c >= 0, numbers.accuracy_above_zero_c, numbers.accuracy_below_zero_c)
    error_c = np.where(np.isnan(stated), by_pack, stated)
    error_c[1:] = np.maximum(error_c[1:], error_c[:-1])
    far = np.abs(step_c) > UNCERTAINTIES * error_c
    steep = far & (length_s > 0) & (np.abs(step_c) > rate * length_s / 60)
    steep[series.first[:-1]] = False
    return np.where(steep, np.sign(np.nan_to_num(step_c)), 0).astype(np.int64)


def _lone(steep: IntArray, *, first: IntArray) -> IntArray:
    """Rows that stand alone: steep (k,) as `_steep` gives it, first (m + 1,) rows of the series."""
    ahead = np.append(steep[1:], 0)
    lone = steep * ahead == -1
    lone &= ~(_shifted(lone, 1) | _shifted(lone, -1))
    between = steep * ahead == -1
    begin, last = first[:-1], first[1:] - 1
    several = last > begin
    begin, last = begin[several], last[several]
    lone[begin] = (ahead[begin] != 0) & ~between[begin + 1]
    lone[last] = (steep[last] != 0) & ~between[last - 1]
    return np.flatnonzero(lone)


def _shifted(flags: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """The flag of the row `by` rows before."""
    moved = np.roll(flags, by)
    moved[slice(by) if by > 0 else slice(by, None)] = False
    return moved


def _neighbours(row: IntArray, *, first: IntArray, owner: IntArray) -> tuple[IntArray, IntArray]:
    """(c,) rows before and after each, of the same series; -1 where there is none."""
    before = np.where(row > first[owner], row - 1, -1)
    after = np.where(row + 1 < first[owner + 1], row + 1, -1)
    return before, after


def _beyond_grid(case: Case, row: IntArray) -> NDArray[np.bool_]:
    """(c,) whether the steps beside each row are larger than two steps of its sensor's grid; they
    are where no grid is discernible."""
    series, tracks = case.series, case.tracks
    beyond = np.ones(row.size, dtype=np.bool_)
    if row.size == 0:
        return beyond
    j = series.owner[row]
    concerned = np.isin(tracks.shipment, series.shipment[j])
    grids = sensor_grids(tracks, case.window.rows & concerned)
    names = np.array([*series.probes, ""])[series.probe[j]]
    least_c = _least_step_c(case, row)
    for k in range(row.size):  # over lone readings, which are few
        its = (grids.shipment == series.shipment[j[k]]) & (grids.logger == series.logger[j[k]])
        its &= np.array(grids.probe) == names[k]
        coarse = np.nan_to_num(grids.grid_c[its]).max(initial=0.0)
        beyond[k] = least_c[k] > GRID_STEPS * coarse
    return beyond


def _least_step_c(case: Case, row: IntArray) -> FloatArray:
    """(c,) the smaller of the steps [°C] beside each row."""
    series = case.series
    before, after = _neighbours(row, first=series.first, owner=series.owner[row])
    value_c = series.low_c
    steps_c = [
        np.where(side >= 0, np.abs(value_c[row] - value_c[side]), np.inf)
        for side in (before, after)
    ]
    return np.minimum(*steps_c)
