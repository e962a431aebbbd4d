"""Could the box have stood too long anywhere, as far as the positions go?

`stays` finds stays that were seen. Here the question is turned round: is there a stretch
of the trip, longer than the setting, in which one place would fit every fix within its stated
accuracy, steps with missing positions filled by standing as long as travel allows? Then a stop
is possible, and the trip cannot be found compliant. Coarse positions and lone fixes between
gaps count here, though they can never accuse.
"""

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import plane_m
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.stops.fixes import BoolArray, Fixes, or_zero
from coldwitness.analysis.stops.missing_positions import RESOLVING_SHARE, Missing
from coldwitness.analysis.stops.rest_at_ends import PositionsNeeded
from coldwitness.analysis.stops.stay_places import DOOR_SLACK_M, Ends
from coldwitness.analysis.terms import Terms
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

ACCURACY_FACTOR = 2.0
"""Receivers state a radius that holds the truth in about two cases of three; twice that holds it
in nearly all."""

ALLOWED_SLACK_M = 300.0
"""How far outside a free place a stop that fits the fixes may lie and still count as there."""

UNSTATED_M = 25.0
"""What a receiver in a town may be off by that does not say so, where positions are missing."""


SPARSE_ZIGZAG_M = 120.0
"""How much of the zigzag of fixes minutes apart is counted: a receiver's wandering among houses,
not the turns of a way, which reach as far again from one fix to the next."""


def stop_possible(
    case: Case,
    fixes: Fixes,
    missing: Missing,
    ends: Ends,
    needed: PositionsNeeded,
    *,
    believed: BoolArray,
) -> BoolArray:
    """(s,) True where a stop longer than its setting fits the fixes somewhere it may not be."""
    tracks, terms, numbers = case.tracks, case.terms, case.numbers
    shipments = fixes.first.size - 1
    possible = np.zeros(shipments, dtype=np.bool_)
    used = np.flatnonzero(~fixes.jump)
    if used.size == 0:
        return possible
    before_s, after_s = _unseen_around(case, fixes, missing, needed, used)
    doubtful = np.zeros(shipments, dtype=np.bool_)
    doubtful[fixes.shipment[used[(before_s > 0) | (after_s > 0) | fixes.coarse[used]]]] = True
    some = doubtful[fixes.shipment[used]]
    if not some.any():
        return possible
    if not some.all():  # of one long shipment each of them is as long as its readings
        used, before_s, after_s = used[some], before_s[some], after_s[some]
    del some
    gap = np.diff(fixes.time_s[used]) > numbers.position_gap_s
    gap &= np.diff(fixes.shipment[used]) == 0
    gaps = np.concatenate(([0], np.cumsum(gap)))
    unseen = np.concatenate(([0.0], np.cumsum(np.where(gap, np.diff(fixes.time_s[used]), 0.0))))
    coarse = np.concatenate(([0], np.cumsum(fixes.coarse[used])))
    reach_m = numbers.dwell_radius_m + ACCURACY_FACTOR * np.maximum(
        zigzag_m(fixes, used, numbers), np.nan_to_num(fixes.accuracy_m[used], nan=UNSTATED_M)
    )
    strict = (numbers.dwell_limit_s, 0)
    lenient = (max(numbers.consumer_wait_s, numbers.traffic_wait_s, numbers.dwell_limit_s), 1)
    for limit_s, leniency in (strict, lenient):
        begin, end = _long_enough(fixes, used, before_s, after_s, limit_s)
        # A stretch that is sharp and seen all along is judged as a stay; here is the rest.
        open_ = (before_s[begin] > 0) | (after_s[end] > 0) | (gaps[end] > gaps[begin])
        open_ |= coarse[end + 1] > coarse[begin]
        begin, end = begin[open_], end[open_]
        west, east = common(middle_m=fixes.x_m[used], reach_m=reach_m, begin=begin, end=end)
        south, north = common(middle_m=fixes.y_m[used], reach_m=reach_m, begin=begin, end=end)
        fits = (west <= east) & (south <= north)
        begin, end = begin[fits], end[fits]
        box = (west[fits], east[fits], south[fits], north[fits])
        owner = fixes.shipment[used[begin]]
        excused = allowed(owner, box, fixes, ends, terms, door_m=0.0 if leniency else DOOR_SLACK_M)
        if not leniency:
            rides = riding(fixes, used, tracks, begin=begin, end=end)
            # What no position shows for longer is not known by motion alone, in one hole or two.
            rides &= before_s[begin] + after_s[end] + unseen[end] - unseen[begin] <= limit_s
            excused |= believed[owner] & rides
        possible[owner[~excused]] = True
    return possible


def _unseen_around(
    case: Case, fixes: Fixes, missing: Missing, needed: PositionsNeeded, used: IntArray
) -> tuple[FloatArray, FloatArray]:
    """How long before and after each used fix the box can have stood near it unseen."""
    numbers = case.numbers
    owner, time_s = fixes.shipment[used], fixes.time_s[used]
    same = owner[1:] == owner[:-1]
    inner_s = _unseen_between(fixes, missing, used, numbers)
    usual_s = numbers.interval_slack * or_zero(missing.usual_s[owner])
    before_s, after_s = time_s - needed.from_s[owner], needed.to_s[owner] - time_s
    for edge_s in (before_s, after_s):
        edge_s[~(edge_s > usual_s)] = 0.0
    before_s[1:][same] = inner_s[same]
    after_s[:-1][same] = inner_s[same]
    return before_s, after_s


def _unseen_between(fixes: Fixes, missing: Missing, used: IntArray, numbers: Numbers) -> FloatArray:
    """(k - 1,) of these seconds, how long it can have stood between each used fix and the next;
    between those of two shipments it says nothing."""
    here, there = used[:-1], used[1:]
    blind = np.concatenate(([0], np.cumsum(missing.after)))
    unseen = blind[there] > blind[here]
    del blind
    away_m = np.hypot(fixes.x_m[there] - fixes.x_m[here], fixes.y_m[there] - fixes.y_m[here])
    doubt_m = ACCURACY_FACTOR * or_zero(fixes.accuracy_m[used])
    away_m -= doubt_m[1:] + doubt_m[:-1] + numbers.dwell_radius_m
    del doubt_m
    step_s = fixes.time_s[there] - fixes.time_s[here]
    standing_s = step_s - np.maximum(away_m, 0) / (numbers.travel_speed_max_kmh / 3.6)
    return np.where(unseen, np.maximum(standing_s, 0), 0.0)


def zigzag_m(fixes: Fixes, used: IntArray, numbers: Numbers) -> FloatArray:
    """How far each fix lies from the middle of those beside it, if one of these does as well: a
    turn of the road is a single one. 0 at the ends of a shipment; no more than SPARSE_ZIGZAG_M
    where those beside it are so far apart in time that a way has several turns between them.

    used : (k,) fixes; result (k,) [m]. Our own: z_i = |p_i - (p_(i-1) + p_(i+1)) / 2| and of these
    min(z_i, max(z_(i-1), z_(i+1))): noise bends at neighbours too, a turn of the road does not.
    """
    x_m, y_m, owner = fixes.x_m[used], fixes.y_m[used], fixes.shipment[used]
    time_s = fixes.time_s[used]
    off_m = np.zeros(used.size + 2)
    inner = owner[2:] == owner[:-2]
    near = time_s[2:] - time_s[:-2] <= 2.0 * RESOLVING_SHARE * numbers.dwell_limit_s
    bend_m = np.hypot(
        x_m[1:-1] - (x_m[2:] + x_m[:-2]) / 2.0, y_m[1:-1] - (y_m[2:] + y_m[:-2]) / 2.0
    )
    off_m[2:-2] = np.where(inner, np.where(near, bend_m, np.minimum(bend_m, SPARSE_ZIGZAG_M)), 0.0)
    return np.asarray(np.minimum(off_m[1:-1], np.maximum(off_m[:-2], off_m[2:])))


def _long_enough(
    fixes: Fixes, used: IntArray, before_s: FloatArray, after_s: FloatArray, limit_s: float
) -> tuple[IntArray, IntArray]:
    """Shortest stretches of used fixes whose longest stop exceeds the limit, one a beginning."""
    owner, time_s = fixes.shipment[used], fixes.time_s[used]
    start_s = np.full(fixes.first.size - 1, np.inf)
    start_s[owner[::-1]] = time_s[::-1]  # the first fix of a shipment is written last
    local_s = time_s - start_s[owner]
    span_s = float((local_s + after_s).max(initial=0.0) + before_s.max(initial=0.0)) + limit_s + 1.0
    until = owner * span_s + local_s + after_s
    since = owner * span_s + local_s - before_s + limit_s + 1e-4
    end = np.maximum(np.searchsorted(until, since), np.arange(used.size))
    inside = np.minimum(end, used.size - 1)
    begin = np.flatnonzero((end < used.size) & (owner[inside] == owner))
    return begin, end[begin]


def common(
    *, middle_m: FloatArray, reach_m: FloatArray, begin: IntArray, end: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Largest lower and smallest upper end of middle ± reach over each stretch.

    middle_m, reach_m : (n,) [m]. begin, end : (k,) first and last row of each stretch. Both results
    (k,) [m].
    """
    if begin.size == 0:
        return np.zeros(0), np.zeros(0)
    low, high = middle_m - reach_m, middle_m + reach_m
    level = np.frexp((end - begin + 1).astype(np.float64))[1] - 1
    largest, smallest = np.empty(begin.size), np.empty(begin.size)
    block = 1
    for step in range(int(level.max(initial=-1)) + 1):
        if step:
            low[:-block] = np.maximum(low[:-block], low[block:])
            high[:-block] = np.minimum(high[:-block], high[block:])
            block *= 2
        at = np.flatnonzero(level == step)
        front, back = begin[at], end[at] + 1 - block
        largest[at] = np.maximum(low[front], low[back])
        smallest[at] = np.minimum(high[front], high[back])
    return largest, smallest


def allowed(
    owner: IntArray,
    box: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    fixes: Fixes,
    ends: Ends,
    terms: Terms,
    *,
    door_m: float,
) -> BoolArray:
    """True where the stop can only have been at the origin, the destination or an allowed site: all
    places that fit lie there, or hardly outside.

    owner : (k,) shipments. box : west, east, south, north of the places, (k,) each [m] from the
    shipment's first fix. door_m : how much wider the destination is [m]. Result (k,).
    """
    head = fixes.first[:-1][owner]
    lat0_deg, lon0_deg = fixes.lat_deg[head], fixes.lon_deg[head]

    def inside(
        which: IntArray, lat_deg: FloatArray, lon_deg: FloatArray, radius_m: FloatArray
    ) -> BoolArray:
        x_m, y_m = plane_m(
            lat_deg=lat_deg, lon_deg=lon_deg, lat0_deg=lat0_deg[which], lon0_deg=lon0_deg[which]
        )
        west, east, south, north = (side[which] for side in box)
        fits = (x_m >= west - radius_m) & (x_m <= east + radius_m)
        fits &= (y_m >= south - radius_m) & (y_m <= north + radius_m)
        reach_m = radius_m + ALLOWED_SLACK_M
        fits &= (x_m - reach_m <= west) & (x_m + reach_m >= east)
        return np.asarray(fits & (y_m - reach_m <= south) & (y_m + reach_m >= north))

    each = np.arange(owner.size)
    allowed = inside(
        each, ends.origin_lat_deg[owner], ends.origin_lon_deg[owner], ends.origin_radius_m[owner]
    )
    allowed |= inside(
        each,
        ends.destination_lat_deg[owner],
        ends.destination_lon_deg[owner],
        ends.destination_radius_m[owner] + door_m,
    )
    sites = terms.sites
    which, site = expanded(first=sites.first[owner], end=sites.first[owner + 1])
    if which.size:
        at = inside(which, sites.lat_deg[site], sites.lon_deg[site], sites.radius_m[site])
        allowed[which[at]] = True
    return allowed


def riding(
    fixes: Fixes, used: IntArray, tracks: Tracks, *, begin: IntArray, end: IntArray
) -> BoolArray:
    """True where the box's own motion sensor reports motion for most of the stretch, and the fixes
    do not deny it: where most of them equal the one before to the last digit, neither says what the
    box did.

    used : (n,) fixes. begin, end : (k,) first and last of each stretch among them. Result (k,).
    """
    says = np.concatenate(([0], np.cumsum(tracks.moving >= 0)))
    moves = np.concatenate(([0], np.cumsum(tracks.moving == 1)))
    low, high = fixes.row[used[begin]], fixes.row[used[end]] + 1
    said, moved = says[high] - says[low], moves[high] - moves[low]
    equal = (np.diff(fixes.x_m[used]) == 0.0) & (np.diff(fixes.y_m[used]) == 0.0)
    equals = np.concatenate(([0], np.cumsum(equal)))
    held = 2 * (equals[end] - equals[begin]) > end - begin
    return np.asarray((said > 0) & (2 * moved > said) & ~held)
