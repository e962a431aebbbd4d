"""What an opened lid disturbs: readings that say nothing about what separates the drug.

With the lid open the outside flows in at a rate that no zone explains. After it the air of the box
comes back to itself within minutes; a long opening has warmed the wall and the core of the load as
well, which go on pulling at the drug as a contact would.
"""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import probes_of
from coldwitness.domain.reading import EVENT_NAMES
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

BoolArray = NDArray[np.bool_]

SETTLE_S = 300.0
"""Time left out after a short opening."""

LONG_OPENING_S, LONG_SETTLE_S = 30.0, 1200.0
"""Time left out after an opening that may have been longer than half a minute."""

PACKING_SETTLE_S = 600.0
"""Time left out after the opening in which the box was packed: the load was not in it and begins
at a temperature of its own, which is fitted; only air and wall are warm. In 1,600 simulated boxes
whose air and inner wall began up to as warm as the outside one was named wrongly, and half as many
contacts again were found as with 20 minutes. Nothing is left out where the goods have a probe: what
tells them from the outside is the start, and of 1,000 such boxes in order none was named."""


def disturbed(case: Case) -> BoolArray:
    """(n,) readings with the lid open by its sensor, between `opened` and `closed`, or within
    the settling time after either."""
    tracks = case.tracks
    opened: BoolArray = tracks.lid_open == 1
    left_out: BoolArray = opened
    if opened.any():
        left_out = left_out | _after_sensor(case, opened)
    start_s, end_s, whose = _told(case)
    if start_s.size:
        settle_s = np.where(end_s - start_s > LONG_OPENING_S, LONG_SETTLE_S, SETTLE_S)
        packed = start_s < case.window.start_s[whose]
        settle_s = np.where(
            packed, np.minimum(settle_s, _packing_settle_s(tracks)[whose]), settle_s
        )
        low = _rows_at(tracks, whose, start_s)
        high = _rows_at(tracks, whose, end_s + settle_s)
        change = np.zeros(tracks.time_s.size + 1, dtype=np.int64)
        np.add.at(change, low, 1)
        np.add.at(change, np.maximum(high, low), -1)
        left_out = left_out | (np.cumsum(change[:-1]) > 0)
    return np.asarray(left_out)


def _packing_settle_s(tracks: Tracks) -> FloatArray:
    """(s,) time left out after the opening in which the box was packed."""
    goods = np.zeros(len(tracks.shipments), dtype=np.bool_)
    for name in probes_of(tracks, "goods"):
        goods[tracks.shipment[np.isfinite(tracks.temperature_c[name])]] = True
    return np.where(goods, 0.0, PACKING_SETTLE_S)


def _after_sensor(case: Case, opened: BoolArray) -> BoolArray:
    """Readings that follow an open one too soon. How long the lid stood open is bounded by the
    closed readings around: what they do not bound to half a minute counts as long. An opening that
    may have begun before custody is that of packing."""
    tracks = case.tracks
    n, owner, time_s = opened.size, tracks.shipment, tracks.time_s
    place = np.arange(n)
    told = tracks.lid_open >= 0
    shut = told & ~opened
    last_open = np.maximum.accumulate(np.where(opened, place, -1))
    last_shut = np.maximum.accumulate(np.where(shut, place, -1))
    follows = (last_open >= 0) & (owner[np.maximum(last_open, 0)] == owner)
    at = np.maximum(last_open, 0)
    before = last_shut[at]
    next_shut = np.minimum.accumulate(np.where(shut, place, n)[::-1])[::-1]
    after = np.minimum(next_shut[at], n - 1)
    bounded = (before >= 0) & (owner[np.maximum(before, 0)] == owner) & shut[after]
    bounded &= owner[after] == owner
    short = bounded & (time_s[after] - time_s[np.maximum(before, 0)] <= LONG_OPENING_S)
    settle_s = np.where(short, SETTLE_S, LONG_SETTLE_S)
    shut_s = np.where(before >= 0, time_s[np.maximum(before, 0)], -np.inf)
    shut_s = np.where(owner[np.maximum(before, 0)] == owner, shut_s, -np.inf)
    packed = shut_s < case.window.start_s[owner]
    settle_s = np.where(packed, np.minimum(settle_s, _packing_settle_s(tracks)[owner]), settle_s)
    return np.asarray(follows & (time_s - time_s[at] <= settle_s))


def _told(case: Case) -> tuple[FloatArray, FloatArray, IntArray]:
    """Openings that events tell: start, end and shipment of each; one without `closed` ends at
    once, and nobody knows how long it was, so it counts as long."""
    events = case.terms.events
    whose = events.owner
    is_open = events.code == EVENT_NAMES.index("opened")
    is_closed = events.code == EVENT_NAMES.index("closed")
    told = np.flatnonzero(is_open | is_closed)
    if told.size == 0:
        return np.zeros(0), np.zeros(0), told
    after = np.append(told[1:], -1)
    paired = is_open[told] & is_closed[after] & (whose[told] == whose[after]) & (after >= 0)
    span = np.flatnonzero(is_open[told])
    start_s = events.time_s[told[span]]
    unknown_s = start_s + 2.0 * LONG_OPENING_S
    end_s = np.where(paired[span], events.time_s[after[span]], unknown_s)
    return start_s, end_s, whose[told[span]]


def _rows_at(tracks: Tracks, shipment: IntArray, at_s: FloatArray) -> IntArray:
    """First row of each shipment at or after an instant."""
    low, high = tracks.first[shipment], tracks.first[shipment + 1]
    while (searching := low < high).any():
        middle = np.minimum((low + high) // 2, tracks.time_s.size - 1)
        before = tracks.time_s[middle] < at_s
        low = np.where(searching & before, middle + 1, low)
        high = np.where(searching & ~before, middle, high)
    return np.asarray(low)
