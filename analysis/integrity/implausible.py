"""A drug's curve that its box, coolant and surroundings do not explain, or that no load can follow.

Never an accusation: the box may hold what nobody wrote down. It makes the record's truth a
question for the logger's own memory.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, concatenate, finding_table
from coldwitness.analysis.integrity.innovation import (
    NOISE_MIN_C,
    READINGS_MIN,
    Departure,
    innovation_ratio,
)
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import ZONES
from coldwitness.analysis.record.series import Series
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

BY_TWO_MAX, BY_ALL_MAX = 2.0, 1.35
"""Of the smoothed residual to the noise, by the best two lags and by all of them, in a record of
FULL_READINGS and more; both have to be above. True records have 1.0 and 0.8 there."""
FULL_READINGS, SHRINKS = 200.0, 0.4
"""A shorter record is followed more closely by as many coefficients: both limits shrink with this
power of its readings, as the ratios of true records do (0.6 and 0.5 of 70 readings)."""
APART, APART_MAX = 1.8, 1.5
FAR_APART, FAR_MAX = 3.2, 2.2
"""Where all lags do so many times better than two, the box is none of those that two describe (a
load with walls of its own, a probe in its air), and what is left has to be as much."""
OPENED_TWO_MAX = 3.2
"""By two lags where the lid's sensor tells of an opening: where one was recorded others may have
been missed, a third of a minute long each on a way with many doors."""
UNTOLD_TIMES = 3.0
"""Both limits so many times where no sensor tells of the lid: a box opened for a minute or four
departs by as much, and each door on the way may be one. Of 800 true records of such boxes, opened
up to three times, 1 % lie above it, one in seven above the limits themselves."""
SPARSE_S, SPARSE_MAX = 62.0, 2.5
"""Between readings more than a minute apart the lid may have been opened and shut again."""
SEVERAL_MAX = 2.5
"""With goods beside the drug, whose warmest part no probe may touch."""
ROUGH_C, ROUGH_TIMES = 0.25, 4.0
"""A scatter that no sensor of a recorder has, and so many times that of the quietest of its other
probes."""
ROUGH_STEP_S, ROUGH_TURNS = 120.0, 0.5
"""Readings further apart may scatter because the drug moves; and so may such as do not turn back
at every second reading or more."""
GRID_MAX_C = 0.25
"""On a coarser grid nothing is said: a departure of less than a step is rounded away or made."""
ZONE_SHARE_MIN = 0.8
"""Share of the drug's readings at which coolant and surroundings have to speak."""
JUMPS_MIN = 4
JUMP_SHARE_MIN = 0.05
"""Least number and share of readings at which the drug jumps to and fro. A probe that is carried
from place to place jumps, but goes on; a lone corrupt reading is a `spike`."""
UNCERTAINTIES = 2.0
_COOLANT, _GOODS, _OUTSIDE = map(ZONES.index, ("coolant", "goods", "ambient"))


def implausible_findings(case: Case) -> FindingTable:
    """One finding for each series that jumps to and fro with the lid shut, else for each that
    scatters as no sensor does, else for each whose curve departs from the exchange with its
    surroundings by more than the noise leaves."""
    series = case.series
    if series.time_s.size == 0:
        return NO_FINDINGS
    jumps = _jumps(case)
    readings = np.diff(series.first)
    jumping = (jumps >= JUMPS_MIN) & (jumps >= JUMP_SHARE_MIN * readings)
    noise_c, grid_c = _noise(series, series.low_c)
    heard = [_share(~np.isnan(zone_c), series) for zone_c in case.zones_c]
    rough = _rough(case, heard, noise_c=noise_c, grid_c=grid_c) & ~jumping
    found = _departure(case, heard, noise_c=noise_c, grid_c=grid_c)
    departs = _departs(case, heard, found) & ~jumping & ~rough
    nothing = np.full(len(series), np.nan)
    return concatenate(
        [
            _told(series, jumping, "jumps", jumps=jumps.astype(np.float64)),
            _told(series, rough, "rough", scatter_c=np.where(rough, noise_c, nothing)),
            _told(series, departs, "departs", departure=found.by_all),
        ]
    )


def _departs(case: Case, heard: Sequence[FloatArray], found: Departure) -> NDArray[np.bool_]:
    """(m,) True where both fits leave more than a true record's. heard : by zone, (m,) share of the
    readings at which it speaks."""
    series, apart = case.series, found.by_two / found.by_all
    readings = np.diff(series.first)
    length_s = series.time_s[series.first[1:] - 1] - series.time_s[series.first[:-1]]
    by_all = np.where(apart > APART, APART_MAX, BY_ALL_MAX)
    by_all = np.where(apart > FAR_APART, FAR_MAX, by_all) * _scale(series)
    by_all = np.where(length_s > SPARSE_S * readings, SPARSE_MAX, by_all)
    by_all = np.where(heard[_GOODS] > 0, SEVERAL_MAX, by_all)  # goods lie beside the drug
    by_two = np.where(found.recorded > 0, OPENED_TWO_MAX, BY_TWO_MAX * _scale(series))
    lid = case.tracks.lid_open if series.row is None else case.tracks.lid_open[series.row]
    times = np.where(_share(lid >= 0, series) > 0, 1.0, UNTOLD_TIMES)
    return np.asarray((found.by_two > times * by_two) & (found.by_all > times * by_all))


def _scale(series: Series) -> FloatArray:
    """(m,) of the limits, by how many readings there are."""
    return np.asarray(np.minimum(np.diff(series.first) / FULL_READINGS, 1.0) ** SHRINKS)


def _rough(
    case: Case, heard: Sequence[FloatArray], *, noise_c: FloatArray, grid_c: FloatArray
) -> NDArray[np.bool_]:
    """(m,) True where the readings scatter from one to the next as no sensor does and the logger's
    other probes do not. heard : by zone, (m,) share of the readings at which it speaks."""
    series = case.series
    maybe = noise_c > ROUGH_C
    if not maybe.any():
        return maybe
    quietest_c = np.full(len(series), np.inf)
    for zone_c, share in zip(case.zones_c, heard, strict=True):
        beside_c, _ = _noise(series, _filled(zone_c, series.first))
        quietest_c = np.where(share >= ZONE_SHARE_MIN, np.fmin(quietest_c, beside_c), quietest_c)
    owner, step_c = series.owner, np.diff(series.low_c)
    turned = (owner[2:] == owner[:-2]) & (step_c[1:] * step_c[:-1] < 0)
    turns = np.bincount(owner[2:][turned], minlength=len(series))
    readings = np.diff(series.first)
    length_s = series.time_s[series.first[1:] - 1] - series.time_s[series.first[:-1]]
    rough = maybe & (noise_c > ROUGH_TIMES * quietest_c) & np.isfinite(quietest_c)
    rough &= (grid_c <= GRID_MAX_C) & (readings >= READINGS_MIN)
    rough &= length_s <= ROUGH_STEP_S * readings
    return np.asarray(rough & (turns >= ROUGH_TURNS * readings))


def _told(
    series: Series,
    which: NDArray[np.bool_],
    cause: str,
    *,
    jumps: FloatArray | None = None,
    scatter_c: FloatArray | None = None,
    departure: FloatArray | None = None,
) -> FindingTable:
    j = np.flatnonzero(which)
    if j.size == 0:
        return NO_FINDINGS
    unsaid = np.full(j.size, np.nan)
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
            "jumps": unsaid if jumps is None else jumps[j],
            "departure": unsaid if departure is None else departure[j],
            "scatter_c": unsaid if scatter_c is None else scatter_c[j],
        },
        details={row: {"cause": cause} for row in range(j.size)},
    )


def _departure(
    case: Case, heard: Sequence[FloatArray], *, noise_c: FloatArray, grid_c: FloatArray
) -> Departure:
    """`innovation_ratio` of each series; NaN where nothing can be said: coolant or surroundings not
    recorded, goods aboard without a probe, a coarse grid, too few readings. heard : by zone, (m,)
    share of the readings at which it speaks. noise_c, grid_c : (m,) [°C]."""
    series, tracks, terms = case.series, case.tracks, case.terms
    fit = (heard[_COOLANT] >= ZONE_SHARE_MIN) & (heard[_OUTSIDE] >= ZONE_SHARE_MIN)
    fit &= (heard[_GOODS] >= ZONE_SHARE_MIN) | (terms.goods_aboard[series.shipment] != 1)
    fit &= grid_c <= GRID_MAX_C
    j = np.flatnonzero(fit)
    found = Departure(*(np.full(len(series), np.nan) for _ in range(3)))
    if j.size == 0:
        return found
    row = np.arange(series.time_s.size) if series.row is None else series.row
    zones_c = [_filled(zone_c, series.first) for zone_c in case.zones_c]
    if j.size < len(series):
        mine = np.repeat(fit, np.diff(series.first))
        first = np.concatenate([[0], np.cumsum(np.diff(series.first)[j])])
    else:
        mine, first = np.ones(row.size, dtype=np.bool_), series.first
    left_out = _not_the_drugs(case)
    drug_c = _filled(np.where(left_out, np.nan, (series.low_c + series.high_c) / 2), series.first)
    its = innovation_ratio(
        first=first,
        time_s=series.time_s[mine],
        drug_c=drug_c[mine],
        zones_c=tuple(zone_c[mine] for zone_c in zones_c),
        outside=_OUTSIDE,
        lid_open=tracks.lid_open[row[mine]] == 1,
        left_out=left_out[mine],
        noise_c=noise_c[j],
        several=heard[_GOODS][j] > 0,
        worth=BY_TWO_MAX * _scale(series)[j],
    )
    found.by_two[j], found.by_all[j], found.recorded[j] = its.by_two, its.by_all, its.recorded
    return found


def _not_the_drugs(case: Case) -> NDArray[np.bool_]:
    """(k,) readings that may not be of the drug in its box: a lone one, which is told as a `spike`,
    and those at an end of custody of which the range says the same."""
    series, doubt = case.series, case.custody_doubt
    out = np.zeros(series.time_s.size, dtype=np.bool_)
    out[case.lone] = True
    return out if doubt.none else out | doubt.holds(series.owner, series.time_s)


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
    known = ~np.isnan(value_c)
    if known.all():
        return value_c
    start = np.repeat(first[:-1], np.diff(first))
    end = np.repeat(first[1:], np.diff(first))
    place = np.arange(value_c.size)
    before = np.maximum.accumulate(np.where(known, place, -1))
    after = np.minimum.accumulate(np.where(known, place, value_c.size)[::-1])[::-1]
    taken = np.where(before >= start, before, after)
    return np.where(
        (taken >= start) & (taken < end), value_c[np.clip(taken, 0, value_c.size - 1)], 0.0
    )


def _noise(series: Series, value_c: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(m,) the sensor's noise with its rounding, and its least change [°C], of a probe at the
    readings of each series; inf and inf where it never moves there.

    Our own: as analysis.integrity.sensor_noise, mean(min(|bend|, 3 · 1.4826 · median)²) / 6, and no
    less than the rounding's q²/12 and NOISE_MIN_C.
    """
    owner = series.owner
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
