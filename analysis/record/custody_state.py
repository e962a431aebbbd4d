"""Whether a shipment's custody has not begun, is under way, or has ended.

What is judged of a shipment on its way is the time so far: up to its newest reading while the
logger speaks, and to the present once it has been silent for longer than a permitted interval,
whatever the age of what it sent last.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.terms import Terms, WindowSource
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import CodeArray, FloatArray, Tracks
from coldwitness.domain.words import State


@dataclass(frozen=True)
class CustodyState:
    """(s,) one a shipment.

    state : code of domain.words.State. until_s : while in transit, up to when the time so far is
        judged, UTC epoch s; else NaN. as_of_s : while in transit, the present that makes the same
        of the same record; else NaN.
    """

    state: CodeArray
    until_s: FloatArray
    as_of_s: FloatArray

    @property
    def in_transit(self) -> NDArray[np.bool_]:
        """(s,)"""
        return np.asarray(self.state == State.IN_TRANSIT)

    @property
    def planned(self) -> NDArray[np.bool_]:
        """(s,)"""
        return np.asarray(self.state == State.PLANNED)


def custody_state(
    tracks: Tracks, terms: Terms, numbers: Numbers, *, as_of_s: float | None
) -> CustodyState:
    """As of an instant [UTC epoch s]; without one every record has ended.

    Custody begins with `packed`, at the manifest's `dispatched_at`, or with the first event or
    reading of a shipment of which neither is told. It ends with an ending event, at the manifest's
    `delivered_at` once that has passed, or when nothing was heard for longer than the setting: of
    a shipment that never spoke, since it was to begin or was due.

    A logger's silence is counted from when we last heard it where receive times are known, for a
    backlog may speak of the morning; whether the shipment has ended, by the loggers' own clocks.
    """
    count = len(terms)
    nowhere = np.full(count, np.nan)
    if as_of_s is None:
        ended = np.full(count, int(State.ENDED), dtype=np.int8)
        return CustodyState(ended, nowhere, nowhere)
    last_s, received_s = _last_heard_s(tracks)
    event_s = _last_event_s(terms)
    heard_s = np.fmax(last_s, event_s)
    now_s = np.fmax(as_of_s, heard_s)
    told_start = (terms.start_source != WindowSource.READINGS) & ~np.isnan(terms.start_s)
    begun = np.where(told_start, terms.start_s <= now_s, ~np.isnan(heard_s))
    told_end = (terms.end_source != WindowSource.READINGS) & ~np.isnan(terms.end_s)
    ended = told_end & ((terms.end_source == WindowSource.EVENT) | (terms.end_s <= now_s))
    waited_for_s = np.where(np.isnan(heard_s), np.fmax(terms.start_s, terms.due_s), heard_s)
    ended |= as_of_s - waited_for_s > numbers.custody_silence_s
    state = np.where(ended, State.ENDED, np.where(begun, State.IN_TRANSIT, State.PLANNED))
    in_transit = state == State.IN_TRANSIT
    unheard_s = np.where(np.isnan(received_s), as_of_s - last_s, as_of_s - received_s)
    silent = ~(unheard_s <= numbers.recording_interval_s)
    until_s = np.where(silent, np.fmax(np.fmax(last_s, as_of_s), terms.start_s), last_s)
    present_s = np.where(silent, as_of_s, np.where(np.isnan(received_s), last_s, received_s))
    return CustodyState(
        state.astype(np.int8),
        np.where(in_transit, until_s, np.nan),
        np.where(in_transit, present_s, np.nan),
    )


def _last_heard_s(tracks: Tracks) -> tuple[FloatArray, FloatArray]:
    """(s,) device time of each shipment's newest reading, and when one of it was last received;
    NaN where there is none, or receipt is not known."""
    last_s, received_s = np.full((2, len(tracks.shipments)), np.nan)
    some = np.flatnonzero(np.diff(tracks.first))
    if some.size:
        last_s[some] = tracks.time_s[tracks.first[1:][some] - 1]
        received_s[some] = np.fmax.reduceat(tracks.received_s, tracks.first[some])
    return last_s, received_s


def _last_event_s(terms: Terms) -> FloatArray:
    """(s,) time of each shipment's last event, NaN without one."""
    events = terms.events
    last_s = np.full(len(terms), np.nan)
    some = np.flatnonzero(np.diff(events.first))
    last_s[some] = events.time_s[events.first[1:][some] - 1]
    return last_s
