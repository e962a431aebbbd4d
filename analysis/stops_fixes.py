"""The positions of the judged time, made fit for finding stops: projected, jumps marked."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from analysis.geodesy import plane_m
from analysis.window import Window
from config.rules import Numbers
from config.terms import Terms
from domain.tracks import FloatArray, IntArray, Tracks

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Fixes:
    """Positions inside the window, by shipment, then time; shipment i owns first[i]:first[i+1].

    row : index into `Tracks`. x_m, y_m : east and north of the shipment's first fix.
    accuracy_m : as stated, NaN where not stated.
    coarse : stated accuracy worse than the dwell radius: says roughly where, never a stop.
    jump : lies away from at least three of its four neighbours, which agree: multipath.
    usual_s : (s,) usual step between positions: the logger's own interval, else the median.
    unseen_after : between this fix and the next of the shipment a position may be missing (the
        step is longer than the recording shows to be usual, a sequence number is missing, or a
        reading in between has no position); the last fix of a shipment has True.
    still_after : the motion sensor, which works on this trip, says that the box stood still all
        the way to the next fix.
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
    usual_s: FloatArray
    unseen_after: BoolArray
    still_after: BoolArray

    def __len__(self) -> int:
        return int(self.row.size)


def positions(tracks: Tracks, terms: Terms, window: Window, numbers: Numbers) -> Fixes:
    """Fixes of the judged time. Exactly 0°, 0° is what receivers send without a fix: left out."""
    placed = window.rows & np.isfinite(tracks.lat_deg) & np.isfinite(tracks.lon_deg)
    placed &= (tracks.lat_deg != 0.0) | (tracks.lon_deg != 0.0)
    row = np.flatnonzero(placed)
    owner = tracks.shipment
    shipment = owner[row]
    first = np.searchsorted(shipment, np.arange(len(terms) + 1)).astype(np.int64)
    lat_deg, lon_deg = tracks.lat_deg[row], tracks.lon_deg[row]
    head = first[:-1][shipment]
    x_m, y_m = plane_m(
        lat_deg=lat_deg, lon_deg=lon_deg, lat0_deg=lat_deg[head], lon0_deg=lon_deg[head]
    )
    accuracy_m = tracks.accuracy_m[row]
    coarse = np.nan_to_num(accuracy_m) > numbers.dwell_radius_m
    usual_s = _usual_step(tracks.time_s[row], shipment, terms)
    return Fixes(
        first=first,
        shipment=shipment,
        row=row,
        time_s=tracks.time_s[row],
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        accuracy_m=accuracy_m,
        x_m=x_m,
        y_m=y_m,
        coarse=coarse,
        jump=_jumps(first, shipment, x_m, y_m, radius_m=numbers.dwell_radius_m),
        usual_s=usual_s,
        unseen_after=_unseen(tracks, usual_s, window, numbers, row, owner, placed),
        still_after=_still(tracks, window, numbers, row, owner),
    )


def fixes_of(fixes: Fixes, low: int, high: int) -> Fixes:
    """The fixes of shipments low:high as a table of their own, sharing its columns."""
    begin, end = int(fixes.first[low]), int(fixes.first[high])
    rows = {
        f.name: getattr(fixes, f.name)[begin:end]
        for f in fields(Fixes)
        if f.name not in ("first", "usual_s")
    }
    rows["shipment"] = rows["shipment"] - low
    return Fixes(first=fixes.first[low : high + 1] - begin, usual_s=fixes.usual_s[low:high], **rows)


def group_median(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """(groups,) median of the values of each group, true to a 2^-34th of their range; NaN where
    a group is empty. One sort of whole numbers, which is many times quicker than two keys."""
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


def _jumps(
    first: IntArray, shipment: IntArray, x_m: FloatArray, y_m: FloatArray, *, radius_m: float
) -> BoolArray:
    """Fixes beyond `radius_m` of the median of five while three neighbours are within it."""
    jump = np.zeros(x_m.size, dtype=np.bool_)
    if x_m.size < 2:
        return jump
    far = np.hypot(np.diff(x_m), np.diff(y_m)) > radius_m / 2.0
    at = np.flatnonzero(np.append(far, False) | np.append(False, far))
    around = at + np.arange(-2, 3)[:, None]
    around = np.clip(around, first[:-1][shipment[at]], first[1:][shipment[at]] - 1)
    x, y = x_m[around], y_m[around]
    near = np.hypot(x - _median_of_five(x), y - _median_of_five(y)) <= radius_m
    jump[at] = ~near[2] & (near.sum(axis=0) >= 3)
    return jump


def _median_of_five(v: FloatArray) -> FloatArray:
    """Along the first axis; the least and the greatest of four cannot be the median of five."""
    a, b = np.minimum(v[0], v[1]), np.maximum(v[0], v[1])
    c, d = np.minimum(v[2], v[3]), np.maximum(v[2], v[3])
    inner_low, inner_high = np.maximum(a, c), np.minimum(b, d)
    low, high = np.minimum(inner_low, inner_high), np.maximum(inner_low, inner_high)
    return np.asarray(np.maximum(low, np.minimum(high, v[4])))


def _usual_step(time_s: FloatArray, shipment: IntArray, terms: Terms) -> FloatArray:
    same = shipment[1:] == shipment[:-1]
    median_s = group_median(np.diff(time_s)[same], shipment[1:][same], len(terms))
    return np.where(np.isnan(terms.interval_s), median_s, terms.interval_s)


def _unseen(
    tracks: Tracks,
    usual_s: FloatArray,
    window: Window,
    numbers: Numbers,
    row: IntArray,
    owner: IntArray,
    placed: BoolArray,
) -> BoolArray:
    unseen = np.ones(row.size, dtype=np.bool_)
    if row.size < 2:
        return unseen
    here, there = row[:-1], row[1:]
    same = owner[here] == owner[there]
    step_s = tracks.time_s[there] - tracks.time_s[here]
    missing = step_s > numbers.interval_slack * usual_s[owner[here]]
    missing |= step_s > numbers.position_gap_s
    numbered = (tracks.logger[here] == tracks.logger[there]) & (tracks.seq[here] >= 0)
    missing |= numbered & (tracks.seq[there] > tracks.seq[here] + 1)
    blank = np.flatnonzero(window.rows & ~placed)
    if blank.size:
        # A logger without any position says nothing about the positions of the others.
        loggers = int(tracks.logger.max(initial=0)) + 2
        source = owner[row] * loggers + tracks.logger[row] + 1
        alike = np.isin(owner[blank] * loggers + tracks.logger[blank] + 1, np.unique(source))
        blank = blank[alike]
        missing |= np.searchsorted(blank, there) > np.searchsorted(blank, here)
    unseen[:-1] = missing | ~same
    return unseen


def _still(
    tracks: Tracks, window: Window, numbers: Numbers, row: IntArray, owner: IntArray
) -> BoolArray:
    still = np.zeros(row.size, dtype=np.bool_)
    if row.size < 2 or not (tracks.moving >= 0).any():
        return still
    # A sensor that never reports motion on a trip may be broken; its rest proves nothing.
    counts = np.diff(tracks.first).size
    works = np.bincount(owner[window.rows & (tracks.moving == 1)], minlength=counts) > 0
    silent = np.ones(tracks.time_s.size, dtype=np.bool_)
    silent[1:] = np.diff(tracks.time_s) > numbers.recording_interval_s
    restless = np.cumsum(tracks.moving != 0)
    breaks = np.cumsum(silent)
    here, there = row[:-1], row[1:]
    before = restless[here] - (tracks.moving[here] != 0)
    still[:-1] = (owner[here] == owner[there]) & works[owner[here]]
    still[:-1] &= (restless[there] == before) & (breaks[there] == breaks[here])
    return still
