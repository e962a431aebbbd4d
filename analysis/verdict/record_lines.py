"""Facts of the record that single requirement lines ask for: papers, custody, times.

Each answer says what the record shows and in what state that leaves the question: shown by the
record itself, said by the company alone, short of what is asked, or absent. What a shortfall and
an absence mean for a line stands in the rule pack.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.probes import probes_of
from coldwitness.analysis.record.sequence import owner_of
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.window import Window
from coldwitness.analysis.terms import Delegation, Terms
from coldwitness.analysis.verdict.record_reasons import STATE_OF_REASON, RecordReason
from coldwitness.config.rules import Question
from coldwitness.domain.reading import ENDING_EVENTS, EVENT_NAMES
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, Tracks

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class RecordLine:
    """The answer to one question, (s,). amount : the number that the reason speaks of (seconds
    late, seconds too long, °C at packing, seconds of lag, °C stated), NaN where it has none."""

    reason: CodeArray
    amount: FloatArray

    @property
    def state(self) -> CodeArray:
        """(s,) RecordState by reason."""
        return STATE_OF_REASON[self.reason]


_OF_THE_WAY: tuple[Question, ...] = (
    "custody_events",
    "delivery_time",
    "seal",
    "packing_temperature",
    "live_upload",
)
"""Questions of which nothing is due before the way begins."""


def record_lines(case: Case) -> Mapping[Question, RecordLine]:
    """The answer to each question of config.rules.RECORD_QUESTIONS, each (s,)."""
    terms = case.terms
    answered: dict[Question, RecordLine] = {
        "custody_events": _custody_events(case),
        "delivery_time": _delivery_time(case),
        "hold_time": _hold_time(case),
        "box_model": _box_model(terms),
        "seal": _seal(case),
        "entrusted": _entrusted(terms),
        "packing_temperature": _packing_temperature(case),
        "live_upload": _live_upload(case),
        "logger_accuracy": _logger_accuracy(case),
        "calibration": _calibration(case),
        "ban_list": _ban_list(terms),
        "box_upkeep": _box_upkeep(terms),
    }
    planned = case.window.custody.planned
    if planned.any():
        for question in _OF_THE_WAY:
            line = answered[question]
            reason = np.where(planned, np.int8(RecordReason.NOT_BEGUN), line.reason)
            answered[question] = RecordLine(reason, np.where(planned, np.nan, line.amount))
    return answered


def _line(count: int, *cases: tuple[Flags | bool, RecordReason, FloatArray | None]) -> RecordLine:
    """The first case that holds of each shipment; the last has to be True, which holds of all."""
    reason, amount = np.zeros(count, dtype=np.int8), np.full(count, np.nan)
    for when, why, value in reversed(cases):  # what is written last stands
        which = slice(None) if isinstance(when, bool) else when
        reason[which] = int(why)
        amount[which] = np.nan if value is None else value[which]
    return RecordLine(reason, amount)


def _codes(*names: str) -> Flags:
    """By event code, whether it is one of these."""
    return np.array([name in names for name in EVENT_NAMES])


_PACKED, _TAKEN, _ENDED = (
    _codes("packed"),
    _codes("picked_up", "handed_over"),
    _codes(*ENDING_EVENTS),
)
_ON_THE_WAY = _codes("picked_up", "handed_over", "stored", "retrieved", "arrived")
_ARRIVED = _codes("arrived")
_OPENED = EVENT_NAMES.index("opened")


def _custody_events(case: Case) -> RecordLine:
    """Packed, taken over and ended, nothing of custody before the first or after the last. Of a
    shipment on its way the end is not due, nor that somebody took it over before it arrived."""
    terms, on_its_way = case.terms, case.window.custody.in_transit
    events = terms.events
    count = len(terms)
    owner, code, time_s = events.owner, events.code, events.time_s

    def earliest(which: Flags) -> FloatArray:
        first = np.full(count, np.inf)
        np.minimum.at(first, owner[which], time_s[which])
        return first

    packed, taken, ended = (earliest(kind[code]) for kind in (_PACKED, _TAKEN, _ENDED))
    outside = _ON_THE_WAY[code] & ((time_s < packed[owner]) | (time_s > ended[owner]))
    disordered = np.zeros(count, dtype=np.bool_)
    disordered[owner[outside]] = True
    disordered |= np.isfinite(packed) & np.isfinite(ended) & (ended < packed)
    missing = ~(np.isfinite(packed) & np.isfinite(taken) & np.isfinite(ended))
    arrived = np.isfinite(earliest(_ARRIVED[code]))
    so_far = on_its_way & np.isfinite(packed) & (np.isfinite(taken) | ~arrived)
    return _line(
        count,
        (np.diff(events.first) == 0, RecordReason.NO_EVENTS, None),
        (missing & ~so_far, RecordReason.EVENTS_MISSING, None),
        (disordered, RecordReason.EVENTS_OUT_OF_ORDER, None),
        (on_its_way, RecordReason.EVENTS_SO_FAR, None),
        (True, RecordReason.EVENTS_IN_ORDER, None),
    )


def _delivery_time(case: Case) -> RecordLine:
    terms, window = case.terms, case.window
    late_s = window.end_s - terms.due_s
    on_its_way = window.custody.in_transit
    return _line(
        len(terms),
        (np.isnan(terms.due_s), RecordReason.NO_TIME_LIMIT, None),
        (on_its_way & (late_s > 0), RecordReason.OVERDUE, late_s),
        (on_its_way, RecordReason.NOT_YET_DUE, None),
        (~window.end_known, RecordReason.CUSTODY_UNKNOWN, None),
        (late_s > 0, RecordReason.LATE, late_s),
        (True, RecordReason.IN_TIME, None),
    )


def _hold_time(case: Case) -> RecordLine:
    terms, window = case.terms, case.window
    over_s = window.length_s - terms.hold_h * 3600
    planned_over_s = terms.planned_s - terms.hold_h * 3600
    custody = window.custody
    return _line(
        len(terms),
        (np.isnan(terms.hold_h), RecordReason.NO_HOLD_TIME, None),
        (~window.told & ~custody.planned, RecordReason.CUSTODY_UNKNOWN, None),
        (over_s > 0, RecordReason.LONGER_THAN_HOLD_TIME, over_s),
        (
            (custody.planned | custody.in_transit) & (planned_over_s > 0),
            RecordReason.PLANNED_BEYOND_HOLD_TIME,
            planned_over_s,
        ),
        (custody.planned & np.isnan(planned_over_s), RecordReason.NO_PLANNED_TIME, None),
        (custody.planned, RecordReason.PLANNED_WITHIN_HOLD_TIME, None),
        (terms.on_record.hold_time, RecordReason.WITHIN_REGISTERED_HOLD_TIME, None),
        (True, RecordReason.WITHIN_HOLD_TIME, None),
    )


def _box_model(terms: Terms) -> RecordLine:
    return _line(
        len(terms),
        (terms.on_record.box, RecordReason.BOX_REGISTERED, None),
        (terms.box_known < 0, RecordReason.NO_BOX_NAMED, None),
        (terms.box_known == 0, RecordReason.BOX_NOT_ON_RECORD, None),
        (True, RecordReason.BOX_ON_RECORD, None),
    )


def _seal(case: Case) -> RecordLine:
    """Opened by a lid reading or an `opened` event; closed only where lid readings cover the
    custody time without a hole longer than the permitted recording interval."""
    tracks, terms, window, numbers = case.tracks, case.terms, case.window, case.numbers
    count = len(terms)
    row = np.flatnonzero((tracks.lid_open >= 0) & window.rows)
    told_by = owner_of(row, first=tracks.first)
    longest_s = _longest_unseen_s(tracks.time_s[row], told_by, window)
    open_ = tracks.lid_open[row] == 1
    event = np.flatnonzero(terms.events.code == _OPENED)
    event_owner, event_s = terms.events.owner[event], terms.events.time_s[event]
    opened = event_s >= window.start_s[event_owner]
    opened &= event_s <= window.end_s[event_owner]
    event_owner, event = event_owner[opened], event[opened]
    whose = np.concatenate([told_by[open_], event_owner])
    lat = np.concatenate([tracks.lat_deg[row[open_]], terms.events.lat_deg[event]])
    lon = np.concatenate([tracks.lon_deg[row[open_]], terms.events.lon_deg[event]])
    away, unknown = _away(terms, whose, lat, lon)

    def any_(which: Flags) -> Flags:
        return np.bincount(whose[which], minlength=count) > 0

    return _line(
        count,
        (any_(away), RecordReason.OPENED_ON_THE_WAY, None),
        (any_(unknown), RecordReason.OPENED_SOMEWHERE, None),
        (np.bincount(told_by, minlength=count) == 0, RecordReason.NO_LID_RECORD, None),
        (~window.told, RecordReason.CUSTODY_UNKNOWN, None),
        (longest_s > numbers.recording_interval_s, RecordReason.LID_PARTLY_SEEN, longest_s),
        (True, RecordReason.LID_STAYED_CLOSED, None),
    )


def _away(terms: Terms, whose: IntArray, lat: FloatArray, lon: FloatArray) -> tuple[Flags, Flags]:
    """Whether each place lies outside origin and destination, and whether that is unknown."""
    if whose.size == 0:
        return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.bool_)

    def within(place_lat: FloatArray, place_lon: FloatArray, radius_m: FloatArray) -> Flags:
        far = haversine_m(
            lat_deg=lat, lon_deg=lon, to_lat_deg=place_lat[whose], to_lon_deg=place_lon[whose]
        )
        inside: Flags = far <= radius_m[whose]
        return inside

    home = within(terms.origin_lat_deg, terms.origin_lon_deg, terms.origin_radius_m)
    there = within(terms.destination_lat_deg, terms.destination_lon_deg, terms.destination_radius_m)
    placed = ~np.isnan(lat) & ~np.isnan(terms.origin_lat_deg[whose])
    placed &= ~np.isnan(terms.destination_lat_deg[whose])
    at_an_end = home | there
    return placed & ~at_an_end, ~placed & ~at_an_end


def _longest_unseen_s(time_s: FloatArray, owner: IntArray, window: Window) -> FloatArray:
    """(s,) longest time of the window without one of these readings, both ends counted."""
    longest = np.full(window.start_s.size, np.nan)
    if time_s.size == 0:
        return longest
    lead = np.flatnonzero(np.diff(owner, prepend=-1))
    tail = np.append(lead[1:], owner.size) - 1
    step = np.diff(time_s, prepend=time_s[0])
    step[lead] = time_s[lead] - window.start_s[owner[lead]]
    inner = np.maximum.reduceat(step, lead)
    longest[owner[lead]] = np.maximum(inner, window.end_s[owner[tail]] - time_s[tail])
    return longest


def _entrusted(terms: Terms) -> RecordLine:
    return RecordLine(_OF_DELEGATION[terms.delegation], np.full(len(terms), np.nan))


_OF_DELEGATION = np.zeros(max(Delegation) + 1, dtype=np.int8)
for _papers, _said in (
    (Delegation.NOT_SAID, RecordReason.CARRIER_NOT_SAID),
    (Delegation.OWN, RecordReason.OWN_DELIVERY),
    (Delegation.OWN_STATED, RecordReason.OWN_DELIVERY_STATED),
    (Delegation.OTHER_COMPANY, RecordReason.CARRIER_IS_ANOTHER),
    (Delegation.NO_AGREEMENT, RecordReason.CARRIER_ENTRUSTED),
    (Delegation.STATED, RecordReason.AGREEMENT_STATED),
    (Delegation.STATED_UNAUDITED, RecordReason.AGREEMENT_STATED_UNAUDITED),
    (Delegation.STATED_LATER, RecordReason.AGREEMENT_LATER),
    (Delegation.REGISTERED, RecordReason.AGREEMENT_REGISTERED),
    (Delegation.NOT_IN_FORCE, RecordReason.AGREEMENT_NOT_IN_FORCE),
    (Delegation.NOT_AUDITED, RecordReason.CARRIER_NOT_AUDITED),
    (Delegation.SUB_CARRIER_UNNAMED, RecordReason.SUB_CARRIER_UNNAMED),
    (Delegation.DAY_UNKNOWN, RecordReason.CUSTODY_UNKNOWN),
):
    _OF_DELEGATION[_papers] = _said


def _doubted_at_packing(case: Case, probe: str) -> NDArray[np.bool_]:
    """(s,) where it is not sure that this drug probe was with the drug when custody began."""
    series, doubted = case.series, np.zeros(len(case.terms), dtype=np.bool_)
    its = np.array([*series.probes, ""])[series.probe] == probe
    doubted[series.shipment[its & np.isfinite(case.custody_doubt.head_until_s)]] = True
    return doubted


def _packing_temperature(case: Case) -> RecordLine:
    """The first reading of each drug probe within one recording interval of packing, its logger's
    own where that is shorter; the amount is the reading that lies furthest outside. Surely out of
    range only beyond the sensor's uncertainty, only where no reading within the tolerance of the
    clocks lies inside, and where the range does not doubt it: the clocks of logger and events may
    differ, so a probe that was still to be packed is no drug packed warm."""
    tracks, terms, window, numbers = case.tracks, case.terms, case.window, case.numbers
    count = len(terms)
    begin = _first_row(tracks, window.start_s, after=False)
    soon_s = np.fmin(numbers.recording_interval_s, numbers.interval_slack * case.terms.interval_s)
    clocks_s = np.maximum(soon_s, numbers.custody_clock_tolerance_s)
    end = _first_row(tracks, window.start_s + clocks_s, after=True)
    whose, row = expanded(first=begin, end=end)
    whose, row = whose[window.rows[row]], row[window.rows[row]]
    soon = tracks.time_s[row] <= (window.start_s + soon_s)[whose]
    furthest, beyond_c = np.full(count, np.nan), np.full(count, -np.inf)
    surely, soon_inside = np.zeros((2, count), dtype=np.bool_)
    for probe in probes_of(tracks, "drug"):
        limits = case.probe_limits(probe)
        value = tracks.temperature_c[probe][row]
        given = np.flatnonzero(~np.isnan(value) & soon)
        first = given[np.flatnonzero(np.diff(whose[given], prepend=-1))]
        at, first_c = whose[first], value[first]
        out_c = np.maximum(first_c - limits.high_c[at], limits.low_c[at] - first_c)
        worse = out_c > beyond_c[at]
        furthest[at[worse]], beyond_c[at[worse]] = first_c[worse], out_c[worse]
        error_c = np.where(
            np.isnan(terms.accuracy_c[at]),
            np.where(first_c < 0, numbers.accuracy_below_zero_c, numbers.accuracy_above_zero_c),
            terms.accuracy_c[at],
        )
        far = (first_c < limits.outer_low_c[at] - error_c) | (
            first_c > limits.outer_high_c[at] + error_c
        )
        surely[at[far & ~_doubted_at_packing(case, probe)[at]]] = True
        inside = (value >= limits.low_c[whose]) & (value <= limits.high_c[whose])
        soon_inside[whose[inside]] = True
    outside, none = beyond_c > 0, np.isneginf(beyond_c)
    surely &= ~soon_inside
    return _line(
        count,
        (~terms.limits_known, RecordReason.LIMITS_UNKNOWN, None),
        (~window.start_known, RecordReason.CUSTODY_UNKNOWN, None),
        (none, RecordReason.NO_READING_AT_PACKING, None),
        (surely, RecordReason.PACKED_OUT_OF_RANGE, furthest),
        (outside, RecordReason.PACKED_PERHAPS_OUT_OF_RANGE, furthest),
        (True, RecordReason.PACKED_IN_RANGE, None),
    )


def _first_row(tracks: Tracks, time_s: FloatArray, *, after: bool) -> IntArray:
    """(s,) first row of each shipment at or after (or only after) a time; its end if there is
    none, or the time is unknown. All shipments are halved together, whatever their lengths."""
    low, high = tracks.first[:-1].copy(), tracks.first[1:].copy()
    if low.size == 1:  # numpy's own search, far quicker for one
        return tracks.time_s.searchsorted(time_s, "right" if after else "left")
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) // 2
        here = tracks.time_s[middle]
        reached = here > time_s[open_] if after else here >= time_s[open_]
        high[open_[reached]] = middle[reached]
        low[open_[~reached]] = middle[~reached] + 1
    return low


def _live_upload(case: Case) -> RecordLine:
    """The longest time between measuring and receipt; unknown where one receipt is."""
    tracks, window, numbers = case.tracks, case.window, case.numbers
    count = len(tracks.shipments)
    longest_s = np.full(count, -np.inf)
    some = np.flatnonzero(np.diff(tracks.first))
    if some.size and not np.isnan(tracks.received_s).all():
        lag_s = np.where(window.rows, tracks.received_s - tracks.time_s, -np.inf)
        longest_s[some] = np.maximum.reduceat(lag_s, tracks.first[some])
    return _line(
        count,
        (~np.isfinite(longest_s), RecordReason.RECEIPT_UNKNOWN, None),
        (longest_s > numbers.live_upload_s, RecordReason.SENT_LATE, longest_s),
        (True, RecordReason.SENT_LIVE, longest_s),
    )


def _logger_accuracy(case: Case) -> RecordLine:
    """The stated uncertainty against the permissible error of the range: the one below zero only
    where the whole range lies there."""
    terms, numbers = case.terms, case.numbers
    frozen = terms.limits_known & (np.maximum(terms.low_c, terms.high_c) <= 0)
    permitted = np.where(frozen, numbers.accuracy_below_zero_c, numbers.accuracy_above_zero_c)
    return _line(
        len(terms),
        (np.isnan(terms.accuracy_c), RecordReason.ACCURACY_NOT_STATED, None),
        (terms.accuracy_c > permitted, RecordReason.LESS_ACCURATE, terms.accuracy_c),
        (True, RecordReason.ACCURATE_ENOUGH, terms.accuracy_c),
    )


def _calibration(case: Case) -> RecordLine:
    """Valid to the end of the time judged; the day itself is included."""
    until_s, end_s = case.terms.calibrated_until_s, case.window.end_s
    return _line(
        len(case.terms),
        (np.isnan(until_s), RecordReason.NO_CALIBRATION_DATE, None),
        (np.isnan(end_s), RecordReason.CUSTODY_UNKNOWN, None),
        (until_s < end_s, RecordReason.CALIBRATION_EXPIRED, end_s - until_s),
        (case.terms.on_record.calibration, RecordReason.CALIBRATION_REGISTERED, None),
        (True, RecordReason.CALIBRATION_VALID, None),
    )


def _ban_list(terms: Terms) -> RecordLine:
    """A drug whose words are listed is told whatever the manifest says of the sale: that it was
    not online is the company's own word."""
    listed = np.array([lines != "" for lines in terms.banned_lines], dtype=np.bool_)
    return _line(
        len(terms),
        (listed, RecordReason.LISTED, None),
        (terms.sold_online == 0, RecordReason.SOLD_OFFLINE, None),
        (~terms.drugs_named | ~terms.has_manifest, RecordReason.DRUGS_NOT_NAMED, None),
        (True, RecordReason.NOT_LISTED, None),
    )


def _box_upkeep(terms: Terms) -> RecordLine:
    """Neither loggers nor manifests say when a box was inspected and maintained."""
    return _line(len(terms), (True, RecordReason.NO_UPKEEP_RECORD, None))
