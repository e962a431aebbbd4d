"""The positions of the judged time, made fit for finding stops: projected, jumps marked."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import METRES_PER_DEGREE
from coldwitness.analysis.record.position_digits import digits_m, repeated
from coldwitness.analysis.record.positions import placed_rows
from coldwitness.analysis.stops.fix_accuracy import MAST_M, stale_and_masts
from coldwitness.analysis.stops.sources import contradicted
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

REST_PROVED_S = 120.0
"""Two readings at rest further apart than this do not show that the box rested in between: the
flag may be that of the instant."""

BLOCK = 32_768
"""Fixes worked on at a time: what they need fits a processor's cache, which halves the time."""


@dataclass(frozen=True)
class Fixes:
    """Positions inside the window, by shipment, then time; shipment i owns first[i]:first[i+1].

    row : index into `Tracks`. x_m, y_m : east and north of the shipment's first fix.
    accuracy_m : as stated, or worse where digits or masts say so; NaN where nothing does. Fixes
        that only repeat the one before to the last digit are left out.
    coarse : accuracy worse than the dwell radius: says roughly where, never a stop.
    jump : lies away from at least three of its four neighbours, which agree: multipath.
    still_after : the motion sensor, which works on this trip, says that the box stood still all
        the way to the next fix.
    sources_disagree : by shipment, positions of another logger contradict those of the box's own
        and are left out.
    """

    first: IntArray
    shipment: IntArray
    row: IntArray
    time_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray
    accuracy_m: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    coarse: BoolArray
    jump: BoolArray
    still_after: BoolArray
    sources_disagree: tuple[bool, ...]

    def __len__(self) -> int:
        return int(self.row.size)


def positions(case: Case) -> Fixes:
    """Fixes of the judged time."""
    tracks, terms, numbers = case.tracks, case.terms, case.numbers
    placed = placed_rows(tracks, case.window.rows)
    others, sources_disagree = contradicted(case, placed)
    placed &= ~others
    time_s, lat_deg, lon_deg = tracks.time_s, tracks.lat_deg, tracks.lon_deg
    accuracy_m = tracks.accuracy_m
    if placed.all():
        row = np.arange(placed.size)
        first = tracks.first.astype(np.int64)
    else:
        row = np.flatnonzero(placed)
        first = np.searchsorted(row, tracks.first).astype(np.int64)
        time_s, accuracy_m = time_s[row], accuracy_m[row]
        lat_deg, lon_deg = lat_deg[row], lon_deg[row]
    x_m, y_m = np.empty(row.size), np.empty(row.size)
    same = repeated(first=first, lat_deg=lat_deg, lon_deg=lon_deg)
    off_m = digits_m(first=first, same=same, lat_deg=lat_deg, lon_deg=lon_deg)
    if off_m.any():
        accuracy_m = np.where(off_m > 0.0, np.fmax(accuracy_m, off_m), accuracy_m)
    jump = np.empty(row.size, dtype=np.bool_)
    for low, high in shipment_blocks(first):
        begin, end = int(first[low]), int(first[high])
        heads = first[low : high + 1] - begin
        x_m[begin:end], y_m[begin:end] = _plane(lat_deg[begin:end], lon_deg[begin:end], heads)
    stale, masts = stale_and_masts(first, same, time_s=time_s, x_m=x_m, y_m=y_m, numbers=numbers)
    if masts.any():
        accuracy_m = np.where(masts, np.fmax(accuracy_m, MAST_M), accuracy_m)
    if stale.any():
        new = np.flatnonzero(~stale)
        first = np.searchsorted(new, first)
        row, time_s, accuracy_m = row[new], time_s[new], accuracy_m[new]
        lat_deg, lon_deg, x_m, y_m = lat_deg[new], lon_deg[new], x_m[new], y_m[new]
        jump = jump[new]
    for low, high in shipment_blocks(first):
        begin, end = int(first[low]), int(first[high])
        heads = first[low : high + 1] - begin
        jump[begin:end] = _jumps(
            heads, x_m[begin:end], y_m[begin:end], radius_m=numbers.dwell_radius_m
        )
    return Fixes(
        first=first,
        shipment=np.repeat(np.arange(len(terms)), np.diff(first)),
        row=row,
        time_s=time_s,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        accuracy_m=accuracy_m,
        x_m=x_m,
        y_m=y_m,
        coarse=accuracy_m > numbers.dwell_radius_m,
        jump=jump,
        still_after=_still(case, row),
        sources_disagree=tuple(sources_disagree.tolist()),
    )


def shipment_blocks(first: IntArray) -> Iterator[tuple[int, int]]:
    """Ranges low:high of shipments that together own about BLOCK rows; a shipment is whole.

    first : (s + 1,) shipment i owns first[i]:first[i+1].
    """
    if int(first[-1]) <= BLOCK:
        if first[-1] > 0:
            yield 0, first.size - 1
        return
    marks = np.arange(0, int(first[-1]), BLOCK)
    bounds = np.unique(np.append(np.searchsorted(first, marks), first.size - 1))
    bounds = np.unique(np.append(0, bounds))
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if first[high] > first[low]:
            yield low, high


def _plane(
    lat_deg: FloatArray, lon_deg: FloatArray, first: IntArray
) -> tuple[FloatArray, FloatArray]:
    """East and north [m] of each shipment's first fix, on the plane that touches the earth there
    (see geodesy.plane_m), with one cosine a shipment."""
    some = np.flatnonzero(np.diff(first))
    count, head = np.diff(first)[some], first[some]
    east_deg = lon_deg - np.repeat(lon_deg[head], count)
    if east_deg.max() > 180.0 or east_deg.min() < -180.0:  # across the date line
        east_deg = np.remainder(east_deg + 180.0, 360.0) - 180.0
    parallel_m = METRES_PER_DEGREE * np.cos(np.radians(lat_deg[head]))
    east_deg *= np.repeat(parallel_m, count)
    north_deg = lat_deg - np.repeat(lat_deg[head], count)
    north_deg *= METRES_PER_DEGREE
    return east_deg, north_deg


def fixes_of(fixes: Fixes, low: int, high: int) -> Fixes:
    """The fixes of shipments low:high as a table of their own, sharing its columns."""
    begin, end = int(fixes.first[low]), int(fixes.first[high])
    if low == 0 and end - begin == len(fixes) and high == fixes.first.size - 1:
        return fixes
    return take(
        fixes,
        slice(begin, end),
        first=fixes.first[low : high + 1] - begin,
        shipment=fixes.shipment[begin:end] - low,
    )


def or_zero(values: FloatArray) -> FloatArray:
    """The values, 0 where there is none.

    values : (n,), in any unit, as the result.
    """
    return np.where(np.isnan(values), 0.0, values)


def group_median(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """(groups,) median of the values of each group, true to a 2^-34th of their range; NaN where
    a group is empty. One sort of whole numbers, which is many times quicker than two keys.

    values : (n,) in any unit. group : (n,) its number, below `groups`.
    """
    median = np.full(groups, np.nan)
    if values.size == 0:
        return median
    low = float(values.min())
    scale = (2.0**34) / max(float(values.max()) - low, 1e-9)
    key = np.sort(group * (1 << 35) + np.rint((values - low) * scale).astype(np.int64))
    first = np.concatenate(([0], np.cumsum(np.bincount(group, minlength=groups))))
    count = np.diff(first)
    some = count > 0
    lower = key[(first[:-1] + (count - 1) // 2)[some]]
    upper = key[(first[:-1] + count // 2)[some]]
    middle = (lower + upper) / 2.0 - np.flatnonzero(some) * float(1 << 35)
    median[some] = middle / scale + low
    return median


def _jumps(first: IntArray, x_m: FloatArray, y_m: FloatArray, *, radius_m: float) -> BoolArray:
    """Fixes beyond `radius_m` of the median of five while three neighbours are within it."""
    jump = np.zeros(x_m.size, dtype=np.bool_)
    if x_m.size < 2:
        return jump
    # The median of five lies between the least and the greatest of any three of them, so a fix
    # is no farther from it than its two steps, squared and summed, allow.
    step_m2 = np.zeros(x_m.size + 1)
    step_m2[1:-1] = np.square(np.diff(x_m)) + np.square(np.diff(y_m))
    step_m2[first] = 0.0
    maybe = step_m2[1:] + step_m2[:-1] > radius_m**2
    # Three of four neighbours agree, so those on either side at one or the other distance do.
    agree = np.zeros(x_m.size, dtype=np.bool_)
    for n in (1, 2):
        pair = np.abs(x_m[2 * n :] - x_m[: -2 * n]) <= 2.0 * radius_m
        pair &= np.abs(y_m[2 * n :] - y_m[: -2 * n]) <= 2.0 * radius_m
        agree[n:-n] |= pair
        agree[np.minimum(first[:-1] + n - 1, x_m.size - 1)] = True
        agree[np.maximum(first[1:] - n, 0)] = True
    at = np.flatnonzero(maybe & agree)
    which = np.searchsorted(first, at, side="right")
    low, high = first[which - 1], first[which] - 1
    around = np.clip(at + np.arange(-2, 3)[:, None], low, high)
    x, y = x_m[around], y_m[around]
    middle_x, middle_y = _median_of_five(x), _median_of_five(y)
    away = np.flatnonzero(np.hypot(x[2] - middle_x, y[2] - middle_y) > radius_m)
    x, y = x[:, away] - middle_x[away], y[:, away] - middle_y[away]
    jump[at[away]] = (np.hypot(x, y) <= radius_m).sum(axis=0) >= 3
    return jump


def _median_of_five(v: FloatArray) -> FloatArray:
    """Along the first axis; the least and the greatest of four cannot be the median of five."""
    a, b = np.minimum(v[0], v[1]), np.maximum(v[0], v[1])
    c, d = np.minimum(v[2], v[3]), np.maximum(v[2], v[3])
    inner_low, inner_high = np.maximum(a, c), np.minimum(b, d)
    low, high = np.minimum(inner_low, inner_high), np.maximum(inner_low, inner_high)
    return np.asarray(np.maximum(low, np.minimum(high, v[4])))


def _still(case: Case, row: IntArray) -> BoolArray:
    tracks, window = case.tracks, case.window
    still = np.zeros(row.size, dtype=np.bool_)
    if row.size < 2 or not (tracks.moving >= 0).any():
        return still
    # A sensor that never reports motion on a trip may be broken; its rest proves nothing, nor does
    # that of single instants.
    owner, counts = tracks.shipment, np.diff(tracks.first).size
    works = np.bincount(owner[window.rows & (tracks.moving == 1)], minlength=counts) > 0
    silent = np.ones(tracks.time_s.size, dtype=np.bool_)
    silent[1:] = np.diff(tracks.time_s) > REST_PROVED_S
    restless = np.cumsum(tracks.moving != 0)
    breaks = np.cumsum(silent)
    here, there = row[:-1], row[1:]
    before = restless[here] - (tracks.moving[here] != 0)
    still[:-1] = (owner[here] == owner[there]) & works[owner[here]]
    still[:-1] &= (restless[there] == before) & (breaks[there] == breaks[here])
    return still
