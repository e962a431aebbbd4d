"""What else speaks for or against a stay being storage: motion, lid, events, room climate."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.rows_in_time import bisect_time
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.stops.fixes import BoolArray, Fixes, group_median
from coldwitness.analysis.stops.stay_places import count_within
from coldwitness.analysis.stops.stays import Stays
from coldwitness.analysis.terms import Terms
from coldwitness.domain.reading import EVENT_NAMES, split_probe
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

STORED_MATCH_M = 300.0
"""A `stored` event with a position belongs to a stay within this of it."""

SETTLE_S = 300.0
"""Time an ambient probe may take to show the room it was carried into."""

BESIDE_S = 1200.0
"""How long before and after a stay the street's ambient temperature is looked at."""

CREEP_M = 50.0
"""Progress within one stay that may be slow traffic rather than standing."""

TRAFFIC_M = 90.0
"""Progress that is: no receiver in order wanders as far in one direction, no box is carried as
far in a yard."""

MOST_OF_PART = 4096
"""Fixes of which a median is taken: more say nothing more about it."""

AT_ONCE = 1_000_000
"""Fixes of overlapping stretches that are in memory together."""

PARTS = 6
"""A stay is cut into so many parts, to tell a queue that moves on and on from one move."""

SHIFT_SHARE = 0.5
"""A progress of which one step between parts makes more than this is a move, not a queue."""

MOVED_SHARE = 0.05
"""A step between parts of a queue that moves makes at least this share of its progress."""

RESTING_SHARE = 0.25
"""A sensor that is believed and says motion no more often than this says that the box rests."""

STEADY_C = 1.0
"""The ambient temperature of a room, once the probe has settled, keeps as near to its median."""

HANDING_OUT_S = 300.0
"""To take somebody's parcel out of a box takes no longer; an open box that stands for longer is
being emptied, or filled."""

_STORED = EVENT_NAMES.index("stored")
_OPENED = EVENT_NAMES.index("opened")


@dataclass(frozen=True)
class Signs:
    """(k,) per stay. moving_share : share of its readings that report motion, NaN none say.
    believed : the motion sensor agrees with the fixes. creeping : its fixes make progress as a
    queue does. shifted : they make some progress, which may be a queue, one move or a receiver's
    drift. ambient_step_c : how far the ambient
    temperature of the stay lies from before and after (the smaller of both), NaN unknown.
    openings : how often the lid was opened, as briefly as a parcel is taken out or not. explained_s
    : how long deliveries that nobody recorded, one a brief opening, could take [s]."""

    moving_share: FloatArray
    believed: BoolArray
    creeping: BoolArray
    shifted: BoolArray
    openings: IntArray
    explained_s: FloatArray
    dwell_s: FloatArray
    stored: BoolArray
    ambient_step_c: FloatArray
    ambient_lasts: BoolArray

    @property
    def traffic(self) -> BoolArray:
        """(k,) it moves or creeps: a jam, no place to stay."""
        moves = self.believed & (self.moving_share > 0.5)
        return np.asarray(moves | (self.creeping & ~self.rests))

    @property
    def rests(self) -> BoolArray:
        """(k,) a sensor that is believed says that the box rests."""
        return np.asarray(self.believed & (self.moving_share <= RESTING_SHARE))

    @property
    def lid_opened(self) -> BoolArray:
        """(k,)"""
        return self.openings > 0

    @property
    def corroborated(self) -> BoolArray:
        """(k,) something besides the positions says that the box was put away: rest is what makes
        a stay, and sun or an opened lid alone a jam or another delivery has as well. A box that is
        opened in a building for no longer than deliveries nobody recorded could take may have been
        opened for them."""
        put_away = self.lid_opened & self.ambient_lasts & (self.dwell_s > self.explained_s)
        return np.asarray(self.stored | put_away)


def signs_of(
    case: Case, stays: Stays, fixes: Fixes, *, matters: BoolArray, believed: BoolArray
) -> Signs:
    """Signs of each stay; creeping is looked for only where it `matters`.

    matters : (k,). believed : (s,) shipments whose motion sensor is. Columns (k,).
    """
    tracks, terms, numbers = case.tracks, case.terms, case.numbers
    owner = stays.shipment
    low, high = _rows_between(tracks, owner, stays.start_s, stays.end_s)
    says = _count(tracks.moving >= 0, low, high)
    moves = _count(tracks.moving == 1, low, high)
    with np.errstate(invalid="ignore"):
        moving_share = moves / np.where(says > 0, says, np.nan)
    step_c, lasts = ambient_step(case, stays.shipment, start_s=stays.start_s, end_s=stays.end_s)
    creeping, shifted = _creeping(stays, fixes, matters)
    openings = np.maximum(_openings(tracks, low, high), _events(stays, terms, _OPENED))
    brief = _open_s(tracks, low, high) <= HANDING_OUT_S * openings
    return Signs(
        moving_share=moving_share,
        believed=believed[owner],
        creeping=creeping,
        shifted=shifted,
        openings=openings,
        explained_s=np.where(brief, openings * numbers.dwell_limit_s + numbers.consumer_wait_s, 0),
        dwell_s=stays.dwell_s,
        stored=_stored(case, stays),
        ambient_step_c=step_c,
        ambient_lasts=lasts,
    )


def _rows_between(
    tracks: Tracks, owner: IntArray, start_s: FloatArray, end_s: FloatArray
) -> tuple[IntArray, IntArray]:
    """Rows of each shipment from start_s to end_s, both included, as low:high."""
    first, last = tracks.first[owner], tracks.first[owner + 1]
    low = bisect_time(tracks.time_s, first=first, last=last, at_s=start_s)
    return low, bisect_time(tracks.time_s, first=first, last=last, at_s=end_s, after_equal=True)


def _count(flags: BoolArray, low: IntArray, high: IntArray) -> IntArray:
    sums = np.concatenate(([0], np.cumsum(flags)))
    return sums[np.maximum(high, low)] - sums[low]


def _openings(tracks: Tracks, low: IntArray, high: IntArray) -> IntArray:
    """(k,) times that the lid is found open in rows low:high and was not in the row before."""
    open_: BoolArray = tracks.lid_open == 1
    begins = open_.copy()
    begins[1:] &= ~open_[:-1]
    at_first = open_[np.minimum(low, open_.size - 1)] & (high > low) if open_.size else low < 0
    return np.asarray(_count(begins, np.minimum(low + 1, high), high) + at_first)


def _open_s(tracks: Tracks, low: IntArray, high: IntArray) -> FloatArray:
    """(k,) how long the lid stood open in rows low:high, each reading until the next [s]."""
    if not (tracks.lid_open == 1).any():
        return np.zeros(low.size)
    step_s = np.append(np.diff(tracks.time_s), 0.0)
    total_s = np.concatenate(([0.0], np.cumsum(np.where(tracks.lid_open == 1, step_s, 0.0))))
    last = np.maximum(high - 1, low)
    return np.asarray(total_s[np.minimum(last, tracks.time_s.size)] - total_s[low])


def _events(stays: Stays, terms: Terms, code: int) -> IntArray:
    """(k,) events of a kind in each stay, its ends included."""
    events = terms.events
    owner = events.owner
    chosen = events.code == code
    return count_within(
        owner[chosen],
        events.time_s[chosen],
        of=stays.shipment,
        start_s=stays.start_s,
        end_s=stays.end_s,
    )


def _stored(case: Case, stays: Stays) -> BoolArray:
    """True where a `stored` event fits the stay in time and, if it says where, in place."""
    terms, numbers = case.terms, case.numbers
    events = terms.events
    chosen = np.flatnonzero(events.code == _STORED)
    found = np.zeros(len(stays), dtype=np.bool_)
    if chosen.size == 0 or len(stays) == 0:
        return found
    owner = events.owner[chosen]
    event, stay = expanded(
        first=np.searchsorted(stays.shipment, owner),
        end=np.searchsorted(stays.shipment, owner, side="right"),
    )
    row = chosen[event]
    margin_s = numbers.position_gap_s
    fits = events.time_s[row] >= stays.start_s[stay] - margin_s
    fits &= events.time_s[row] <= stays.end_s[stay] + margin_s
    away_m = haversine_m(
        lat_deg=events.lat_deg[row],
        lon_deg=events.lon_deg[row],
        to_lat_deg=stays.lat_deg[stay],
        to_lon_deg=stays.lon_deg[stay],
    )
    found[stay[fits & ~(away_m > STORED_MATCH_M)]] = True
    return found


def _creeping(stays: Stays, fixes: Fixes, matters: BoolArray) -> tuple[BoolArray, BoolArray]:
    creeping, shifted = (np.zeros(len(stays), dtype=np.bool_) for _ in range(2))
    at = np.flatnonzero(matters)
    first_fix, last_fix = stays.first_fix[at], stays.last_fix[at]
    shifted[at] = shifting(fixes, first_fix=first_fix, last_fix=last_fix)
    at = np.flatnonzero(shifted)
    creeping[at] = progressing(fixes, first_fix=stays.first_fix[at], last_fix=stays.last_fix[at])
    return creeping, shifted


def progressing(
    fixes: Fixes, *, first_fix: IntArray, last_fix: IntArray, most: int = MOST_OF_PART
) -> BoolArray:
    """True where the fixes first_fix..last_fix move on and on in one direction: slow traffic.

    first_fix, last_fix : (k,). most : of a part with more fixes so many, evenly apart, are looked
    at. Result (k,). Our own: of the median places of PARTS equal parts the
    last lies more than TRAFFIC_M and more than twice the scatter within parts from the first, and
    along that way no step from part to part makes more than SHIFT_SHARE of it, all but one more
    than MOVED_SHARE, and none leads back by more than the scatter.
    """
    progress = np.zeros(first_fix.size, dtype=np.bool_)
    at = np.flatnonzero(last_fix - first_fix + 1 >= 2 * PARTS)
    if at.size == 0:
        return progress
    cut = np.linspace(0.0, 1.0, PARTS + 1)
    count = last_fix[at] - first_fix[at] + 1
    bound = first_fix[at] + np.rint(np.outer(cut, count)).astype(np.int64)
    x, y, spread_m = (
        parts.reshape(PARTS, at.size)
        for parts in _middle(fixes, bound[:-1].ravel(), np.diff(bound, axis=0).ravel(), most=most)
    )
    way_m = np.hypot(x[-1] - x[0], y[-1] - y[0])
    noise_m = np.median(spread_m, axis=0)
    long = (way_m > TRAFFIC_M) & (way_m > 2.0 * noise_m)
    with np.errstate(invalid="ignore", divide="ignore"):
        east, north = (x[-1] - x[0]) / way_m, (y[-1] - y[0]) / way_m
    along_m = np.diff(x, axis=0) * east + np.diff(y, axis=0) * north
    steady = (along_m <= SHIFT_SHARE * way_m).all(axis=0) & (along_m >= -noise_m).all(axis=0)
    steady &= (along_m > MOVED_SHARE * way_m).sum(axis=0) >= PARTS - 2
    progress[at] = long & steady
    return progress


def shifting(fixes: Fixes, *, first_fix: IntArray, last_fix: IntArray) -> BoolArray:
    """True where the last third of the fixes first_fix..last_fix lies clearly away from the
    first: slow traffic, a move, or a receiver that drifts.

    first_fix, last_fix : (k,). Result (k,). Our own: the median places of the first and
    the last third lie more than CREEP_M and more than twice the median scatter of either apart.
    """
    shifted = np.zeros(first_fix.size, dtype=np.bool_)
    at = np.flatnonzero(last_fix - first_fix >= 5)
    if at.size == 0:
        return shifted
    third = (last_fix[at] - first_fix[at] + 1) // 3
    begin = np.concatenate((first_fix[at], last_fix[at] - third + 1))
    x, y, spread_m = (
        halves.reshape(2, at.size)
        for halves in _middle(fixes, begin, np.append(third, third), most=MOST_OF_PART)
    )
    progress_m = np.hypot(x[1] - x[0], y[1] - y[0])
    noise_m = np.maximum(spread_m[0], spread_m[1])
    shifted[at] = (progress_m > CREEP_M) & (progress_m > 2.0 * noise_m)
    return shifted


def _middle(
    fixes: Fixes, begin: IntArray, count: IntArray, *, most: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Median place of `count` fixes from `begin` on, and their median distance from it; of more
    than `most` so many, evenly apart. Stretches that overlap are looked at a few at a time: written
    out, those of a record of one position a second are a thousand times its size."""
    looked_at = np.minimum(count, most)
    x, y, off_m = (np.empty(begin.size) for _ in range(3))
    before = np.cumsum(looked_at) - looked_at
    cuts = np.unique(np.searchsorted(before, np.arange(0, int(looked_at.sum()) + 1, AT_ONCE)))
    for low, high in pairwise([*cuts.tolist(), begin.size]):
        here = slice(low, high)
        group, nth = expanded(first=np.zeros_like(looked_at[here]), end=looked_at[here])
        row = begin[here][group] + nth * count[here][group] // looked_at[here][group]
        groups = looked_at[here].size
        x[here] = group_median(fixes.x_m[row], group, groups)
        y[here] = group_median(fixes.y_m[row], group, groups)
        away_m = np.hypot(fixes.x_m[row] - x[here][group], fixes.y_m[row] - y[here][group])
        off_m[here] = group_median(away_m, group, groups)
    return x, y, off_m


def ambient_step(
    case: Case, owner: IntArray, *, start_s: FloatArray, end_s: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """How far the ambient temperature of each time span lies from before and after (the smaller
    of both), NaN unknown; True where it is a step to a steady level that lasts the span: a room.

    owner : (k,) shipments. start_s, end_s : (k,) UTC epoch s. Results (k,) [°C] and (k,).
    """
    tracks, numbers = case.tracks, case.numbers
    step_c = np.full(owner.size, np.nan)
    lasts = np.zeros(owner.size, dtype=np.bool_)
    for name in sorted(tracks.temperature_c) if owner.size else ():
        probe = split_probe(name)
        if probe is None or probe[0] != "ambient":
            continue
        column = tracks.temperature_c[name]
        settled_s = np.minimum(start_s + SETTLE_S, end_s)
        median, row, group = _ambient(
            tracks,
            column,
            np.concatenate((owner, owner, owner)),
            np.concatenate((settled_s, start_s - BESIDE_S, end_s + SETTLE_S)),
            np.concatenate((end_s, start_s - 1.0, end_s + BESIDE_S)),
        )
        inside, before, after = median.reshape(3, owner.size)
        row, group = row[group < owner.size], group[group < owner.size]
        step = np.fmin(np.abs(inside - before), np.abs(inside - after))
        street = np.where(np.isnan(before), after, before)
        far = np.abs(column[row] - street[group]) >= numbers.ambient_step_c
        share = np.bincount(group[far], minlength=owner.size) / np.maximum(
            np.bincount(group, minlength=owner.size), 1
        )
        steady = np.abs(column[row] - inside[group]) <= STEADY_C
        level = np.bincount(group[steady], minlength=owner.size) / np.maximum(
            np.bincount(group, minlength=owner.size), 1
        )
        lasts |= (step >= numbers.ambient_step_c) & (share >= 0.8) & (level >= 0.8)
        step_c = np.fmax(step_c, step)
    return step_c, lasts


def _ambient(
    tracks: Tracks, column: FloatArray, owner: IntArray, start_s: FloatArray, end_s: FloatArray
) -> tuple[FloatArray, IntArray, IntArray]:
    """Median of a probe over each time span; the rows it gave a value in and their span."""
    low, high = _rows_between(tracks, owner, start_s, end_s)
    group, row = expanded(first=low, end=high)
    given = np.isfinite(column[row])
    row, group = row[given], group[given]
    return group_median(column[row], group, owner.size), row, group
