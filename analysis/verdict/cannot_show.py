"""What no record can show, of each shipment whose record leaves it open.

Nothing that is deleted, set or edited makes a line compliant, but for what leaves no trace in a
record of this kind. A result says which of it its own record cannot exclude.
"""

from collections.abc import Callable
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.custody_ends import BESIDE_S
from coldwitness.analysis.record.positions import placed_rows
from coldwitness.domain.tracks import FloatArray, IntArray

Flags = NDArray[np.bool_]
_Some = Callable[[Flags], Flags]
"""Of rows (n,), the shipments (s,) that have one."""


class CannotShow(IntFlag):
    """By what a record may have been made to look better without a trace in it."""

    NEVER_SENT = 1
    """A probe or a sensor that was never sent: one of coolant, outside, motion or lid is absent."""
    SHORT_HOLE = 2
    """Readings steeper than the box allows that are gone: some readings are missing."""
    LONG_HOLE = 128
    """The same where a hole is longer than the permitted interval, of the range alone: it asks how
    far the box can have come, and found that it cannot have left the range."""
    UNCOUNTED = 4
    """Deleted readings: the record has neither numbers nor a stated interval."""
    LEFT_OUT = 8
    """An event or a version of the manifest that never reached us."""
    END_UNSEEN = 16
    """Where custody was begun or ended: no fix lies near one of its ends."""
    CLOCK = 32
    """That the logger's clock was set: nobody noted when its readings were received."""
    CLOCK_WITHIN = 64
    """That it was set by no more than the tolerance by which clocks may differ."""


def cannot_show(
    case: Case,
    *,
    missing_readings: FloatArray,
    longest_gap_s: FloatArray,
    in_range: Flags,
    deletion_shows: Flags,
) -> IntArray:
    """(s,) CannotShow of each shipment; 0 of a planned one.

    missing_readings : (s,) how many fit into the holes, NaN where not known. longest_gap_s : (s,)
    of the drug's readings, both ends of the judged time included. in_range : (s,) whether nothing
    was found of the range. deletion_shows : (s,) whether a deleted reading leaves a gap in numbers
    or interval.
    """
    tracks = case.tracks
    count = len(case.terms)

    def some(rows: Flags) -> Flags:
        return np.bincount(tracks.shipment[rows], minlength=count) > 0

    nowhere = np.full(tracks.time_s.size, np.nan)
    roles = [tracks.temperature_c.get(role, nowhere) for role in ("coolant", "ambient")]
    told = [some(~np.isnan(column)) for column in roles]
    told += [some(tracks.moving >= 0), some(tracks.lid_open >= 0)]
    received = some(~np.isnan(tracks.received_s))
    flags = np.full(count, int(CannotShow.LEFT_OUT), dtype=np.int64)
    for flag, holds in (
        (CannotShow.NEVER_SENT, ~np.logical_and.reduce(told)),
        (CannotShow.SHORT_HOLE, ~(missing_readings <= 0)),
        (CannotShow.LONG_HOLE, in_range & (longest_gap_s > case.numbers.recording_interval_s)),
        (CannotShow.UNCOUNTED, ~deletion_shows),
        (CannotShow.END_UNSEEN, _end_unseen(case, some)),
        (CannotShow.CLOCK, ~received),
        (CannotShow.CLOCK_WITHIN, received),
    ):
        flags[holds] |= int(flag)
    flags[case.window.custody.planned] = 0
    return flags


def _end_unseen(case: Case, some: _Some) -> Flags:
    """(s,) no position within BESIDE_S of an end of custody that has come."""
    tracks, window = case.tracks, case.window
    placed = placed_rows(tracks, np.ones(tracks.time_s.size, dtype=np.bool_))
    unseen = np.zeros(len(case.terms), dtype=np.bool_)
    for at_s, due in (
        (window.start_s, np.ones(len(case.terms), dtype=np.bool_)),
        (window.end_s, ~window.custody.in_transit),
    ):
        near = np.abs(tracks.time_s - at_s[tracks.shipment]) <= BESIDE_S
        unseen |= due & ~some(placed & near)
    return unseen
