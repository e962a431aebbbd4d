"""Stays that may be storage and may be something else: never more than possible, never fine."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import short_way_m
from coldwitness.analysis.stops.fixes import BoolArray, Fixes
from coldwitness.analysis.stops.signs import Signs, progressing, shifting
from coldwitness.analysis.stops.stay_places import Places, Where
from coldwitness.analysis.stops.stays import Stays
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray


class Doubt(IntEnum):
    """What leaves it open; of several the largest is told."""

    NONE = 0
    SHIFTED = 1
    """It made some progress: slow traffic, one move in a yard, or a receiver that drifts."""
    SHORT_OF_DOOR = 2
    """Outside the destination's radius and near it: neither delivery nor storage."""
    LONG_REST = 3
    """At the destination for long before the hand-over."""
    UNNAMED_END = 4
    """Where custody began or ended, which the manifest does not name."""
    OTHER_DELIVERY = 5
    """Other shipments of the box were delivered there; longer than the setting for each."""
    TOUCHING = 6
    """Stays that touch, none too long by itself."""


QUEUE_STAY_SHARE = 2.0 / 3.0
"""Part of the dwell setting that a queue stands at one place at most: ten minutes of fifteen. A box
that is put a hundred metres on every twelve minutes is in no traffic."""


@dataclass(frozen=True)
class DoubtfulStays:
    """(d,) columns; dwell_s of touching stays is their sum, allowed_s the dwell that is fine.
    limit_s : (k,) of all stays, the dwell beyond which each is not fine; never above the limit that
    accuses."""

    shipment: IntArray
    start_s: FloatArray
    end_s: FloatArray
    dwell_s: FloatArray
    allowed_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray
    doubt: CodeArray
    limit_s: FloatArray


def doubtful_stays(
    case: Case, fixes: Fixes, stays: Stays, places: Places, signs: Signs, *, too_long: BoolArray
) -> DoubtfulStays:
    """Stays that are not too long where they are, and yet not fine; too_long : (k,)."""
    doubt, limit_s = _single(case, stays, places, signs)
    alone = np.flatnonzero((stays.dwell_s > limit_s) & ~too_long)
    told = too_long | (stays.dwell_s > limit_s)
    chain, at, dwell_s = _touching(case, fixes, stays, places, told=told)
    first, last = chain
    row = np.append(alone, at)
    return DoubtfulStays(
        shipment=stays.shipment[row],
        start_s=np.append(stays.start_s[alone], stays.start_s[first]),
        end_s=np.append(stays.end_s[alone], stays.end_s[last]),
        dwell_s=np.append(stays.dwell_s[alone], dwell_s),
        allowed_s=np.append(limit_s[alone], np.full(at.size, case.numbers.dwell_limit_s)),
        lat_deg=stays.lat_deg[row],
        lon_deg=stays.lon_deg[row],
        doubt=np.append(doubt[alone], np.full(at.size, Doubt.TOUCHING)).astype(np.int8),
        limit_s=limit_s,
    )


def _single(case: Case, stays: Stays, places: Places, signs: Signs) -> tuple[CodeArray, FloatArray]:
    """(k,) why each stay may be none, and how long it may last without."""
    terms, numbers = case.terms, case.numbers
    owner = stays.shipment
    at_origin, at_end = places.where == Where.ORIGIN, places.where == Where.DESTINATION
    unnamed = at_origin & np.isnan(terms.origin_lat_deg)[owner]
    unnamed |= at_end & np.isnan(terms.destination_lat_deg)[owner]
    elsewhere = places.where == Where.ELSEWHERE
    moves = signs.believed & (signs.moving_share > 0.5)
    cases = (
        (elsewhere & signs.shifted & ~signs.traffic & ~signs.rests, Doubt.SHIFTED),
        (elsewhere & places.door & ~moves, Doubt.SHORT_OF_DOOR),
        (elsewhere & (places.deliveries > 0), Doubt.OTHER_DELIVERY),
        (at_end, Doubt.LONG_REST),
        (unnamed, Doubt.UNNAMED_END),
    )
    doubt = np.full(len(stays), Doubt.NONE, dtype=np.int8)
    limit_s = places.limit_s.copy()
    for which, why in cases:
        doubt[which] = why
        shorter_s = np.full(len(stays), numbers.dwell_limit_s)
        if why is Doubt.LONG_REST:
            shorter_s[:] = numbers.destination_rest_s
        elif why is Doubt.OTHER_DELIVERY:
            shorter_s *= places.deliveries
        limit_s[which] = np.minimum(places.limit_s, shorter_s)[which]
    return doubt, limit_s


def _touching(
    case: Case, fixes: Fixes, stays: Stays, places: Places, *, told: BoolArray
) -> tuple[tuple[IntArray, IntArray], IntArray, FloatArray]:
    """First and last stay of each chain of stays that touch and together are too long, its longest
    stay and the sum of its dwells. Two touch whose middles lie within twice the radius, with no
    more than the gap setting between them. A chain that moves on and on, as traffic does, is left
    out unless one of its stays alone lasts nearly as long as a stop may, and one in which a stay is
    told of already; a slow walk from place to place does not count.
    """
    numbers = case.numbers
    if len(stays) == 0:
        none = np.zeros(0, dtype=np.int64)
        return (none, none), none, np.zeros(0)
    free = ~np.isfinite(places.limit_s) | (places.where != Where.ELSEWHERE)
    free |= (places.deliveries > 0) & ~told
    near = (
        short_way_m(
            lat_deg=stays.lat_deg[:-1],
            lon_deg=stays.lon_deg[:-1],
            to_lat_deg=stays.lat_deg[1:],
            to_lon_deg=stays.lon_deg[1:],
        )
        <= 2.0 * numbers.dwell_radius_m
    )
    near &= stays.start_s[1:] - stays.end_s[:-1] <= numbers.position_gap_s
    near &= (stays.shipment[1:] == stays.shipment[:-1]) & ~free[1:] & ~free[:-1]
    head = np.flatnonzero(np.append(True, ~near))
    tail = np.append(head[1:], len(stays)) - 1
    linked = np.append(near, False) | np.append(False, near)
    walks = np.zeros(len(stays), dtype=np.bool_)
    walks[linked] = shifting(
        fixes, first_fix=stays.first_fix[linked], last_fix=stays.last_fix[linked]
    )
    dwell_s = np.add.reduceat(np.where(walks, 0.0, stays.dwell_s), head)
    chosen = (tail > head) & (dwell_s > numbers.dwell_limit_s)
    chosen &= np.add.reduceat(told.astype(np.int64), head) == 0
    head_of_all = head
    head, tail, dwell_s = head[chosen], tail[chosen], dwell_s[chosen]
    queue = progressing(fixes, first_fix=stays.first_fix[head], last_fix=stays.last_fix[tail])
    longest_s = np.maximum.reduceat(stays.dwell_s, head_of_all)[chosen]
    queue &= longest_s <= QUEUE_STAY_SHARE * numbers.dwell_limit_s
    head, tail, dwell_s = head[~queue], tail[~queue], dwell_s[~queue]
    longest = [
        int(first + np.argmax(stays.dwell_s[first : last + 1]))
        for first, last in zip(head.tolist(), tail.tolist(), strict=True)  # few
    ]
    return (head, tail), np.array(longest, dtype=np.int64), dwell_s
