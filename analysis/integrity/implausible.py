"""A drug's curve that its box, coolant and surroundings do not explain, or that no load can follow.

Never an accusation: the box may hold what nobody wrote down. It makes the record's truth a
question for the logger's own memory.
"""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, concatenate, finding_table
from coldwitness.analysis.integrity.innovation import NOISE_MIN_C, innovation_ratio
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import ZONES
from coldwitness.analysis.record.series import Series
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

RATIO_MAX = 0.8
"""Of the smoothed residual to the noise: about 0.45 of true records, see docs/analysis.md."""
GRID_MAX_C = 0.25
"""On a coarser grid nothing is said: a departure of less than a step is rounded away or made."""
ZONE_SHARE_MIN = 0.8
"""Share of the drug's readings at which coolant and surroundings have to speak."""
JUMPS_MIN = 4
JUMP_SHARE_MIN = 0.05
"""Least number and share of readings at which the drug jumps to and fro. A probe that is carried
from place to place jumps, but goes on; a lone corrupt reading is a `spike`."""
UNCERTAINTIES = 2.0


def implausible_findings(case: Case) -> FindingTable:
    """One finding for each series whose curve departs from the exchange with its surroundings by
    more than RATIO_MAX times the noise, and for each that jumps to and fro with the lid shut."""
    series = case.series
    if series.time_s.size == 0:
        return NO_FINDINGS
    jumps = _jumps(case)
    readings = np.diff(series.first)
    jumping = (jumps >= JUMPS_MIN) & (jumps >= JUMP_SHARE_MIN * readings)
    ratio = departure(case)
    departs = (ratio > RATIO_MAX) & ~jumping
    nothing = np.full(len(series), np.nan)
    return concatenate(
        [
            _told(
                series, jumping, cause="jumps", jumps=jumps.astype(np.float64), departure=nothing
            ),
            _told(series, departs, cause="departs", jumps=nothing, departure=ratio),
        ]
    )


def _told(
    series: Series,
    which: NDArray[np.bool_],
    *,
    cause: str,
    jumps: FloatArray,
    departure: FloatArray,
) -> FindingTable:
    j = np.flatnonzero(which)
    return finding_table(
        shipment=series.shipment[j],
        type=code_of("data_integrity/implausible"),
        start_s=series.time_s[series.first[j]],
        end_s=series.time_s[series.first[j + 1] - 1],
        certainty=Certainty.POSSIBLE,
        severity=Severity.MINOR,
        probe=np.array([*series.probes, ""])[series.probe[j]],
        measures={
            "logger_number": series.logger[j].astype(np.float64),
            "readings": np.diff(series.first)[j].astype(np.float64),
            "jumps": jumps[j],
            "departure": departure[j],
        },
        details={row: {"cause": cause} for row in range(j.size)},
    )


def departure(case: Case) -> FloatArray:
    """(m,) `innovation_ratio` of each series; NaN where nothing can be said: coolant or
    surroundings not recorded, goods aboard without a probe, a coarse grid, too few readings."""
    series, tracks, terms = case.series, case.tracks, case.terms
    row = np.arange(series.time_s.size) if series.row is None else series.row
    zones_c = [_filled(zone_c, series.first) for zone_c in case.zones_c]
    heard = {
        name: _share(~np.isnan(zone_c), series)
        for name, zone_c in zip(ZONES, case.zones_c, strict=True)
    }
    fit = (heard["coolant"] >= ZONE_SHARE_MIN) & (heard["ambient"] >= ZONE_SHARE_MIN)
    fit &= (heard["goods"] >= ZONE_SHARE_MIN) | (terms.goods_aboard[series.shipment] != 1)
    noise_c, grid_c = _noise(series)
    fit &= grid_c <= GRID_MAX_C
    j = np.flatnonzero(fit)
    ratio = np.full(len(series), np.nan)
    if j.size == 0:
        return ratio
    if j.size < len(series):
        mine = np.repeat(fit, np.diff(series.first))
        first = np.concatenate([[0], np.cumsum(np.diff(series.first)[j])])
    else:
        mine, first = np.ones(row.size, dtype=np.bool_), series.first
    ratio[j] = innovation_ratio(
        first=first,
        time_s=series.time_s[mine],
        drug_c=(series.low_c[mine] + series.high_c[mine]) / 2,
        zones_c=tuple(zone_c[mine] for zone_c in zones_c),
        lid_open=tracks.lid_open[row[mine]] == 1,
        noise_c=noise_c[j],
        several=heard["goods"][j] > 0,
    )
    return ratio


def _jumps(case: Case) -> IntArray:
    """(m,) readings with the lid shut whose steps to both neighbours go in opposite directions,
    each steeper than the slew limit and twice the uncertainty allow."""
    series, terms, numbers = case.series, case.terms, case.numbers
    value_c, owner = series.low_c, series.owner
    slew = np.maximum(terms.slew_max_c_per_min, numbers.slew_max_c_per_min)[series.shipment]
    stated = series.accuracy_c
    error_c = np.where(np.isnan(stated), numbers.accuracy_above_zero_c, stated)
    step_c, length_s = np.diff(value_c), np.diff(series.time_s)
    limit_c = slew[owner[1:]] * length_s / 60 + UNCERTAINTIES * error_c[owner[1:]]
    way = np.where(np.abs(step_c) > limit_c, np.sign(step_c), 0.0)
    way[owner[1:] != owner[:-1]] = 0.0
    lid = case.tracks.lid_open if series.row is None else case.tracks.lid_open[series.row]
    turned = (way[1:] * way[:-1] < 0) & (lid[1:-1] != 1)
    return np.bincount(owner[1:-1][turned], minlength=len(series))


def _share(flags: NDArray[np.bool_], series: Series) -> FloatArray:
    """(m,) share of each series' rows."""
    return np.asarray(
        np.add.reduceat(flags.astype(np.float64), series.first[:-1]) / np.diff(series.first)
    )


def _filled(value_c: FloatArray, first: IntArray) -> FloatArray:
    """Values with the nearest before, else after, in the same series where there is none; 0 where
    the series has none at all."""
    start = np.repeat(first[:-1], np.diff(first))
    end = np.repeat(first[1:], np.diff(first))
    known = ~np.isnan(value_c)
    place = np.arange(value_c.size)
    before = np.maximum.accumulate(np.where(known, place, -1))
    after = np.minimum.accumulate(np.where(known, place, value_c.size)[::-1])[::-1]
    taken = np.where(before >= start, before, after)
    return np.where(
        (taken >= start) & (taken < end), value_c[np.clip(taken, 0, value_c.size - 1)], 0.0
    )


def _noise(series: Series) -> tuple[FloatArray, FloatArray]:
    """(m,) the sensor's noise with its rounding, and its least change [°C]; inf and inf for a
    series that never moves.

    Our own: as analysis.integrity.sensor_noise, mean(min(|bend|, 3 · 1.4826 · median)²) / 6, and no
    less than the rounding's q²/12 and NOISE_MIN_C.
    """
    owner, value_c = series.owner, series.low_c
    grid_c = np.full(len(series), np.inf)
    step_c = np.abs(np.diff(value_c))
    moved = (owner[1:] == owner[:-1]) & (step_c > 1e-6)
    np.minimum.at(grid_c, owner[1:][moved], step_c[moved])
    bend_c = np.abs(np.diff(value_c, 2))
    whole = owner[2:] == owner[:-2]
    bend_c, whose = bend_c[whole], owner[2:][whole]
    count = np.bincount(whose, minlength=len(series))
    order = np.lexsort((bend_c, whose))
    middle = np.cumsum(count) - count + count // 2
    median_c = np.zeros(len(series))
    some = count > 0
    median_c[some] = bend_c[order][middle[some]]
    ceiling_c = np.where(
        median_c > 0, 3 * 1.4826 * median_c, np.where(np.isinf(grid_c), 0, 2 * grid_c)
    )
    square = np.minimum(bend_c, ceiling_c[whose]) ** 2
    variance = np.bincount(whose, weights=square, minlength=len(series)) / (
        6 * np.maximum(count, 1)
    )
    return np.sqrt(np.maximum(variance, np.maximum(grid_c**2 / 12, NOISE_MIN_C**2))), grid_c
