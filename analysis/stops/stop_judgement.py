"""Temporary storage on the way: what the positions of a trip prove, and what they leave open.

A stay longer than its setting, away from origin, destination and the allowed sites, is
`suspected`; with a corroborating sign it is `confirmed`. Where a stop of that length could hide
in time without positions the answer is insufficient evidence: nothing unseen accuses, and
nothing is found compliant because it was not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from coldwitness.analysis.findings import FindingTable, concatenate
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import haversine_m, short_way_m
from coldwitness.analysis.stops.blurred_stops import stop_blurred
from coldwitness.analysis.stops.doubtful_stays import doubtful_stays
from coldwitness.analysis.stops.fixes import BoolArray, Fixes, positions
from coldwitness.analysis.stops.missing_positions import missing_positions, positions_torn
from coldwitness.analysis.stops.motion import believed
from coldwitness.analysis.stops.position_gaps import PositionGaps, longest_dwell_s, position_gaps
from coldwitness.analysis.stops.possible_stops import stop_possible
from coldwitness.analysis.stops.rest_at_ends import positions_needed
from coldwitness.analysis.stops.signs import Signs, signs_of
from coldwitness.analysis.stops.stay_places import Places, Where, ends_of, place_stays
from coldwitness.analysis.stops.stays import Stays, find_stays
from coldwitness.analysis.stops.storage_findings import (
    doubtful_findings,
    gap_findings,
    storage_findings,
    unseen_findings,
)
from coldwitness.analysis.stops.unseen_rest import unseen_stops
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import State, Status


class StorageReason(IntEnum):
    """Why `storage_on_the_way` has its status; the basis text is written from it. Of several that
    hold the largest is told: what is known of a dwell goes before what is not known."""

    NOTHING_FOUND = 0
    SITE_REGISTERED = 1
    """A long stay lies at a site that the office has on record, and within what it allows."""
    SITE_STATED = 2
    """Nothing but a site of the manifest explains a long stay."""
    RECORD_TORN = 3
    """Nothing found in a record of which so much is missing that a stop could hide in it."""
    POSITIONS_TORN = 4
    """Nothing found by coarse positions of which some are missing."""
    END_UNSEEN = 5
    """No fix shows an end of custody near its place: it may have been pressed elsewhere."""
    NO_CUSTODY_WINDOW = 6
    NO_POSITIONS = 7
    GAP_COULD_HIDE = 8
    STOP_POSSIBLE = 9
    """A longer stop fits the fixes: a stay that reaches into missing positions, or positions
    too coarse to show whether the box stood."""
    STAY_DOUBTFUL = 10
    """A stay that may be storage and may be something else."""
    CUSTODY_DOUBTFUL = 11
    """An end of custody was pressed elsewhere or contradicts another."""
    STAY_OUTSIDE_KNOWN_CUSTODY = 12
    """A long stay, but the window is not known well enough to say that the drug was in the box."""
    SUSPECTED_UNSEEN = 13
    """No position, but events or the motion sensor tell of a long dwell."""
    SUSPECTED = 14
    CONFIRMED = 15


_STATUS = np.full(len(StorageReason), Status.INSUFFICIENT_EVIDENCE, dtype=np.int64)
_STATUS[[StorageReason.NOTHING_FOUND, StorageReason.SITE_REGISTERED]] = Status.COMPLIANT
_STATUS[StorageReason.SITE_STATED] = Status.ASSERTED
_STATUS[[StorageReason.SUSPECTED_UNSEEN, StorageReason.SUSPECTED]] = Status.SUSPECTED
_STATUS[StorageReason.CONFIRMED] = Status.BREACH
"""By reason."""


@dataclass(frozen=True)
class StopJudgement:
    """Columns (s,) unless said; NaN where it could not be computed.

    status, reason : of the question `storage_on_the_way`, codes of Status and StorageReason.
    distance_m : way between the fixes, jitter of stays and jumps left out. stopped_s : time in
    stays of at least MIN_STAY_S, wherever. longest_stay_s : longest dwell seen, or told by events
    and motion, where dwelling is limited, 0 where none. longest_possible_s : longest such dwell
    that the record leaves possible, NaN where a longer one fits positions that
    wander. hidden_stop_max_s : longest stop that fits in a gap of position, 0 without a gap.

    fixes : how many positions of the judged time there are. gaps : between them, of all shipments.
    place_datum : PlaceDatum of the manifest's places and the positions. sources_disagree :
    positions of another logger contradict those of the box's own, which count.
    stays, places, signs : (k,) every stay found, for the report; `limit_s` of `places` is inf
    where standing is free.
    """

    findings: FindingTable
    status: IntArray
    reason: IntArray
    distance_m: FloatArray
    stopped_s: FloatArray
    longest_stay_s: FloatArray
    longest_possible_s: FloatArray
    hidden_stop_max_s: FloatArray
    fixes: IntArray
    gaps: PositionGaps
    place_datum: CodeArray
    sources_disagree: tuple[bool, ...]
    stays: Stays
    places: Places
    signs: Signs


def judge_stops(case: Case) -> StopJudgement:
    """Stays, position gaps and the status of temporary storage for every shipment at once."""
    terms, window, numbers = case.terms, case.window, case.numbers
    shipments = len(terms)
    fixes = positions(case)
    stays = find_stays(fixes, numbers)
    missing = missing_positions(case, fixes)
    matters = longest_dwell_s(case, stays, fixes, missing) > numbers.dwell_limit_s
    sure = believed(case, fixes, stays, in_question=matters)
    signs = signs_of(case, stays, fixes, matters=matters, believed=sure)
    ends = ends_of(case, fixes)
    jam = signs.traffic | (signs.shifted & ~signs.rests)
    places = place_stays(case, stays, ends, traffic=jam, stored=signs.stored)
    needed = positions_needed(case, fixes, ends, believed=sure)
    possible_s = longest_dwell_s(case, stays, fixes, missing, needed)
    gaps = position_gaps(case, fixes, needed)
    unseen = unseen_stops(case, fixes, ends, believed=sure)

    too_long = stays.dwell_s > places.limit_s
    doubtful = doubtful_stays(case, fixes, stays, places, signs, too_long=too_long)
    in_custody = _surely_in_custody(case, stays, fixes)
    accused = too_long & in_custody
    confirmed = accused & signs.corroborated
    limited = np.isfinite(places.limit_s)
    hidden_s = _largest(gaps.hidden_stop_max_s, gaps.shipment, shipments)
    judged = np.isfinite(window.start_s)
    some = np.diff(fixes.first) > 0

    known = window.told
    possible = stop_possible(case, fixes, missing, ends, needed, believed=sure)
    possible |= stop_blurred(case, fixes, stays, places, ends, believed=sure)
    reason = worst_reason(
        shipments,
        {
            StorageReason.SITE_REGISTERED: stays.shipment[
                _at_site(case, stays, places, registered=True)
            ],
            StorageReason.SITE_STATED: stays.shipment[
                _at_site(case, stays, places, registered=False)
            ],
            StorageReason.POSITIONS_TORN: np.flatnonzero(positions_torn(case, fixes, needed)),
            StorageReason.END_UNSEEN: _of_ended(case, case.unsure_ends.unseen),
            StorageReason.NO_CUSTODY_WINDOW: np.flatnonzero(~known),
            StorageReason.NO_POSITIONS: np.flatnonzero(~some),
            StorageReason.GAP_COULD_HIDE: np.flatnonzero(some & (hidden_s > numbers.dwell_limit_s)),
            StorageReason.STOP_POSSIBLE: np.concatenate(
                (np.flatnonzero(possible), stays.shipment[possible_s > doubtful.limit_s])
            ),
            StorageReason.STAY_DOUBTFUL: np.append(
                doubtful.shipment, unseen.shipment[~unseen.surely]
            ),
            StorageReason.CUSTODY_DOUBTFUL: case.unsure_ends.shipment,
            StorageReason.STAY_OUTSIDE_KNOWN_CUSTODY: stays.shipment[too_long],
            StorageReason.SUSPECTED_UNSEEN: unseen.shipment[unseen.surely],
            StorageReason.SUSPECTED: stays.shipment[accused],
            StorageReason.CONFIRMED: stays.shipment[confirmed],
        },
    )

    stopped_s = np.bincount(stays.shipment, weights=stays.dwell_s, minlength=shipments)
    longest_s = _largest(stays.dwell_s[limited], stays.shipment[limited], shipments)
    longest_possible_s = np.fmax(
        _largest(possible_s[limited], stays.shipment[limited], shipments), hidden_s
    )
    told_s = _largest(unseen.dwell_s[unseen.surely], unseen.shipment[unseen.surely], shipments)
    longest_possible_s = np.fmax(longest_possible_s, told_s)
    unbounded = reason == StorageReason.STOP_POSSIBLE
    unbounded &= longest_possible_s <= numbers.dwell_limit_s
    return StopJudgement(
        findings=concatenate(
            [
                storage_findings(
                    case, stays, places, signs, too_long=too_long, in_custody=in_custody
                ),
                doubtful_findings(doubtful, numbers),
                unseen_findings(unseen, numbers),
                gap_findings(gaps, numbers),
            ]
        ),
        status=_STATUS[reason],
        reason=reason,
        distance_m=np.where(some, _distance_m(fixes, stays, shipments), np.nan),
        stopped_s=np.where(some, stopped_s, np.nan),
        longest_stay_s=np.where(some | (told_s > 0), np.maximum(longest_s, told_s), np.nan),
        longest_possible_s=np.where(judged & ~unbounded, longest_possible_s, np.nan),
        hidden_stop_max_s=np.where(judged, hidden_s, np.nan),
        fixes=np.diff(fixes.first),
        gaps=gaps,
        place_datum=case.place_datum,
        sources_disagree=fixes.sources_disagree,
        stays=stays,
        places=places,
        signs=signs,
    )


def _of_ended(case: Case, shipments: IntArray) -> IntArray:
    """Those whose custody has ended: of one on its way nobody has pressed the end."""
    return np.asarray(shipments[case.window.custody.state[shipments] == State.ENDED])


def unless_torn(judged: StopJudgement, torn: BoolArray) -> StopJudgement:
    """No line is compliant for lack of data: nothing found in a torn record, (s,), shows nothing,
    whatever positions are left in it."""
    held = torn & (judged.status <= Status.COMPLIANT)
    if not held.any():
        return judged
    return replace(
        judged,
        status=np.where(held, Status.INSUFFICIENT_EVIDENCE.value, judged.status),
        reason=np.where(held, StorageReason.RECORD_TORN.value, judged.reason),
    )


def _at_site(case: Case, stays: Stays, places: Places, *, registered: bool) -> BoolArray:
    """(k,) stays over the dwell setting that a site explains, on record at the office or only in
    the manifest."""
    sites, dwell_limit_s = case.terms.sites, case.numbers.dwell_limit_s
    at_site = places.where == Where.SITE.value
    explained = np.zeros(len(stays), dtype=np.bool_)
    explained[at_site] = sites.registered[places.site[at_site]] == registered
    return explained & (stays.dwell_s > dwell_limit_s) & (stays.dwell_s <= places.limit_s)


def worst_reason(shipments: int, found: Mapping[StorageReason, IntArray]) -> IntArray:
    """(s,) the largest reason of each shipment, NOTHING_FOUND where none holds; found : reason ->
    numbers of the shipments of which it holds, in any order and repeated as they come."""
    reason = np.full(shipments, StorageReason.NOTHING_FOUND, dtype=np.int64)
    code = np.repeat(np.array(list(found), dtype=np.int64), [one.size for one in found.values()])
    np.maximum.at(reason, np.concatenate(list(found.values())), code)
    return reason


def _largest(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Largest value of each group, 0 where it has none."""
    largest = np.zeros(groups)
    np.maximum.at(largest, group, values)
    return largest


def _surely_in_custody(case: Case, stays: Stays, fixes: Fixes) -> BoolArray:
    """True where the drug was surely in the box during the stay.

    Between a known start and a known end it was. With one of them unknown the map stands in: the
    box had left the origin, or had not yet been at the destination. With neither known nothing
    about custody is certain.
    """
    terms, window = case.terms, case.window
    owner = stays.shipment
    end_known = window.end_known | window.custody.in_transit
    begun, lasting = window.start_known[owner], end_known[owner]
    half = window.start_known ^ end_known
    if not half[owner].any():
        return np.asarray(begun & lasting)
    left_s, reached_s = np.full(len(terms), np.inf), np.full(len(terms), np.inf)
    row = np.flatnonzero(half[fixes.shipment])
    whose = fixes.shipment[row]
    for at_s, lat_deg, lon_deg, radius_m in (
        (left_s, terms.origin_lat_deg, terms.origin_lon_deg, terms.origin_radius_m),
        (
            reached_s,
            terms.destination_lat_deg,
            terms.destination_lon_deg,
            terms.destination_radius_m,
        ),
    ):
        away_m = haversine_m(
            lat_deg=fixes.lat_deg[row],
            lon_deg=fixes.lon_deg[row],
            to_lat_deg=lat_deg[whose],
            to_lon_deg=lon_deg[whose],
        )
        there = away_m <= radius_m[whose]
        np.minimum.at(at_s, whose[there], fixes.time_s[row[there]])
    reached_s[np.isnan(terms.destination_lat_deg)] = -np.inf
    begun = begun | (stays.start_s > left_s[owner])
    lasting = lasting | (stays.end_s < reached_s[owner])
    return np.asarray(begun & lasting & (window.start_known | end_known)[owner])


def _distance_m(fixes: Fixes, stays: Stays, shipments: int) -> FloatArray:
    """Way between fixes; a stay counts as one place, jumps and coarse fixes do not count."""
    inside = np.zeros(len(fixes) + 1, dtype=np.int64)
    np.add.at(inside, stays.first_fix + 1, 1)
    np.add.at(inside, stays.last_fix + 1, -1)
    used = np.flatnonzero(~fixes.jump & ~fixes.coarse & (np.cumsum(inside[:-1]) == 0))
    here, there = used[:-1], used[1:]
    same = fixes.shipment[here] == fixes.shipment[there]
    here, there = here[same], there[same]
    step_m = short_way_m(
        lat_deg=fixes.lat_deg[here],
        lon_deg=fixes.lon_deg[here],
        to_lat_deg=fixes.lat_deg[there],
        to_lon_deg=fixes.lon_deg[there],
    )
    way_m = np.bincount(fixes.shipment[here], weights=step_m, minlength=shipments)
    return way_m.astype(np.float64)
