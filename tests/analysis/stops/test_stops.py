"""Temporary storage: which stops accuse, which do not, and what stays open."""

import numpy as np
import pytest

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.stops.stay_places import Where
from coldwitness.analysis.stops.stop_judgement import (
    StopJudgement,
    StorageReason,
    judge_stops,
    worst_reason,
)
from coldwitness.analysis.terms import SiteRole
from coldwitness.config.finding_kinds import code_of, kind_of
from coldwitness.domain.words import Certainty, Status
from tests.analysis.building import START_S, Series, terms_of, tracks_of
from tests.analysis.stops.stop_journeys import (
    DEPOT_M,
    DOOR_M,
    NUMBERS,
    Fixed,
    Journey,
    custody,
    degrees,
    delivery,
    judge,
    spot,
)


def storage_types(judged):
    types = judged.findings.type
    return [t for t in types if kind_of(int(t)).kind == "temporary_storage"]


@pytest.mark.parametrize(
    ("stop_s", "status"),
    [(600, Status.COMPLIANT), (840, Status.COMPLIANT), (1200, Status.SUSPECTED)],
)
def test_a_stop_longer_than_the_setting_is_suspected_and_a_shorter_one_is_not(stop_s, status):
    judged = judge(delivery(stop_s).fixes(noise_m=8.0))
    assert Status(judged.status[0]) is status


def test_a_dwell_of_exactly_the_setting_is_not_longer_than_it():
    still = Journey().ride(DEPOT_M, kmh=36.0)
    fixed = still.stand(900).ride(DOOR_M, kmh=60.0).fixes(every_s=30.0)
    judged = judge(fixed)
    assert judged.stays.dwell_s.max() == 900.0
    assert Status(judged.status[0]) is Status.COMPLIANT


def test_the_finding_says_where_and_how_long():
    judged = judge(delivery(1500).fixes(noise_m=5.0))
    (at,) = np.flatnonzero(judged.findings.type == code_of("temporary_storage/suspected"))
    lat, lon = degrees(*DEPOT_M)
    assert judged.findings.certainty[at] == Certainty.PROBABLE
    assert judged.findings.lat_deg[at] == pytest.approx(float(lat), abs=2e-5)
    assert judged.findings.lon_deg[at] == pytest.approx(float(lon), abs=2e-5)
    assert judged.findings.measures["dwell_s"][at] == pytest.approx(1500, abs=60)
    assert judged.findings.measures["radius_m"][at] == 100.0


def test_a_stored_event_confirms():
    fixed = delivery(1500).fixes(noise_m=5.0)
    judged = judge(fixed, given=custody(fixed, events=[("stored", 800.0)]))
    assert storage_types(judged) == [code_of("temporary_storage/confirmed")]
    assert Status(judged.status[0]) is Status.BREACH


def test_the_same_stop_at_an_allowed_site_is_fine_even_with_a_stored_event():
    fixed = delivery(1500).fixes(noise_m=5.0)
    site = ("depot", *spot(DEPOT_M, 80.0), int(SiteRole.TRANSFER), np.nan)
    judged = judge(fixed, given=custody(fixed, sites=[site], events=[("stored", 800.0)]))
    assert storage_types(judged) == []
    assert Status(judged.status[0]) is Status.COMPLIANT
    assert Where.SITE in judged.places.where


@pytest.mark.parametrize(("seconds", "asserted"), [(800, False), (930, True), (1500, True)])
def test_a_long_stay_that_only_a_site_of_the_manifest_explains_is_asserted(seconds, asserted):
    fixed = delivery(seconds).fixes(every_s=20.0)
    site = ("depot", *spot(DEPOT_M, 80.0), int(SiteRole.TRANSFER), np.nan)
    stated = judge(fixed, given=custody(fixed, sites=[site], sites_registered=False))
    assert storage_types(stated) == []
    assert Status(stated.status[0]) is (Status.ASSERTED if asserted else Status.COMPLIANT)
    registered = judge(fixed, given=custody(fixed, sites=[site], sites_registered=True))
    assert Status(registered.status[0]) is Status.COMPLIANT


def test_no_positions_at_all_is_never_compliant():
    fixed = delivery(300).fixes()
    judged = judge(fixed.without(np.ones(fixed.time_s.size, dtype=bool)))
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE
    assert judged.reason[0] == StorageReason.NO_POSITIONS
    assert judged.hidden_stop_max_s[0] == fixed.time_s[-1] - fixed.time_s[0]
    assert np.isnan(judged.distance_m[0])


def test_the_way_is_measured_and_the_jitter_of_standing_is_not():
    judged = judge(delivery(1500).fixes(noise_m=8.0))
    assert judged.distance_m[0] == pytest.approx(DOOR_M[0], rel=0.03)


def at_stop(judged, place_m, *, within_m=60.0):
    lat, lon = degrees(*place_m)
    away = np.hypot(
        (judged.stays.lat_deg - lat) * 111_195,
        (judged.stays.lon_deg - lon) * 111_195 * np.cos(np.radians(float(lat))),
    )
    return np.flatnonzero(away <= within_m)


def test_the_last_stop_counts_without_a_departure():
    fixed = Journey().stand(300).ride(DEPOT_M).stand(2400).fixes(noise_m=6.0)
    judged = judge(fixed)
    assert storage_types(judged) == [code_of("temporary_storage/suspected")]
    assert judged.findings.end_s[0] == pytest.approx(fixed.time_s[-1] + START_S, abs=61)


def test_two_stops_that_touch_stay_two_and_their_times_are_not_added():
    near_m = (DEPOT_M[0] + 250.0, 0.0)
    journey = Journey().stand(300).ride(DEPOT_M).stand(660).ride(near_m).stand(660).ride(DOOR_M)
    judged = judge(journey.stand(300).fixes(noise_m=5.0))
    assert at_stop(judged, DEPOT_M).size == 1
    assert at_stop(judged, near_m).size == 1
    assert Status(judged.status[0]) is Status.COMPLIANT


def test_two_long_stops_that_touch_are_two_findings():
    near_m = (DEPOT_M[0] + 250.0, 0.0)
    journey = Journey().stand(300).ride(DEPOT_M).stand(1200).ride(near_m).stand(1500).ride(DOOR_M)
    judged = judge(journey.stand(300).fixes(noise_m=5.0))
    assert storage_types(judged) == [code_of("temporary_storage/suspected")] * 2
    assert judged.findings.measures["dwell_s"][:2] == pytest.approx([1200, 1500], abs=60)


def test_a_stop_that_begins_before_the_first_fix_may_have_lasted_since_the_window_began():
    fixed = Journey(at_m=DEPOT_M).stand(1500).ride(DOOR_M).stand(300).fixes(noise_m=5.0)
    late = fixed.without(fixed.time_s < 900)
    judged = judge(late)
    assert storage_types(judged) == []
    assert judged.longest_possible_s[0] >= 1470
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE
    assert judged.reason[0] == StorageReason.STOP_POSSIBLE


def test_a_gap_right_after_the_first_fix_can_hide_a_stop():
    fixed = delivery(900).fixes(noise_m=5.0)
    lonely = fixed.without((fixed.time_s > 0) & (fixed.time_s < 1800))
    judged = judge(lonely)
    assert judged.hidden_stop_max_s[0] > 900
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_the_hidden_stop_of_a_gap_is_its_length_less_the_fastest_ride_across_it():
    journey = Journey().stand(300).ride(DEPOT_M).stand(1500).ride(DOOR_M).stand(300)
    fixed = journey.fixes(every_s=30.0)
    gone = (fixed.time_s > 300) & (fixed.time_s < journey.now_s - 300)
    judged = judge(fixed.without(gone))
    (gap,) = np.flatnonzero(judged.findings.type == code_of("evidence_gap/no_position"))
    before, after = fixed.time_s[~gone][10], fixed.time_s[~gone][11]
    travel_s = 6000.0 / (120.0 / 3.6)
    assert judged.findings.measures["length_s"][gap] == pytest.approx(after - before)
    expected = pytest.approx(after - before - travel_s, abs=2.0)
    assert judged.findings.measures["hidden_stop_max_s"][gap] == expected
    assert judged.hidden_stop_max_s[0] == expected
    assert judged.findings.certainty[gap] == Certainty.CERTAIN
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(("every", "hides"), [(12, False), (40, True)])
def test_a_receiver_that_seldom_finds_its_place_makes_one_finding_for_its_pace(every, hides):
    """Fixes of each 30 s of which one in `every` is there; a longer gap keeps its own."""
    journey = Journey().stand(300)
    for _ in range(10):
        journey = journey.ride(DOOR_M).ride(DEPOT_M)
    fixed = journey.fixes()
    fixed = Fixed(*(column[:241] for column in (fixed.time_s, fixed.x_m, fixed.y_m)))
    number = np.arange(fixed.time_s.size)
    assert number.size == 241
    sparse = fixed.without(number % every != 0)
    type_ = code_of("evidence_gap/no_position")
    judged = judge(sparse)
    (gap,) = np.flatnonzero(judged.findings.type == type_)
    measures = judged.findings.measures
    count = (number.size - 1) // every
    assert measures["gaps"][gap] == count
    assert measures["pace_s"][gap] == measures["length_s"][gap] == every * 30.0
    assert judged.findings.start_s[gap] == START_S
    assert judged.findings.end_s[gap] == START_S + count * every * 30.0
    assert (measures["hidden_stop_max_s"][gap] > NUMBERS.dwell_limit_s) == hides
    assert (Status(judged.status[0]) is not Status.COMPLIANT) or not hides
    if not hides:
        judged = judge(sparse.without((number > 24) & (number < 60)))
        told = np.flatnonzero(judged.findings.type == type_)
        lengths = judged.findings.measures["length_s"][told]
        assert sorted(lengths) == [360.0, 1080.0]


def test_a_gap_too_short_for_the_setting_is_reported_and_harmless():
    fixed = delivery(200).fixes(every_s=30.0)
    gap = (fixed.time_s > 400) & (fixed.time_s < 800)
    judged = judge(fixed.without(gap))
    assert (judged.findings.type == code_of("evidence_gap/no_position")).sum() == 1
    assert 0 < judged.hidden_stop_max_s[0] < 900
    assert Status(judged.status[0]) is Status.COMPLIANT


def test_a_gap_inside_a_stop_leaves_the_whole_stop_possible():
    """Both ends of the gap are at one place: seen parts and gap together exceed the setting,
    none of them alone does."""
    fixed = delivery(1500).fixes(every_s=30.0, noise_m=6.0)
    gap = (fixed.time_s > 1050) & (fixed.time_s < 1600)
    judged = judge(fixed.without(gap))
    assert storage_types(judged) == []
    assert judged.longest_stay_s[0] < 900
    assert judged.hidden_stop_max_s[0] < 900
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_a_full_record_hides_nothing():
    judged = judge(delivery(300).fixes(every_s=60.0))
    assert judged.hidden_stop_max_s[0] == 0.0
    assert len(judged.findings) == 0


@pytest.mark.parametrize("jump_m", [300.0, 1500.0, 20_000.0])
def test_multipath_jumps_neither_end_a_stop_nor_make_one(jump_m):
    fixed = delivery(1800).fixes(every_s=30.0, noise_m=6.0)
    x_m = fixed.x_m.copy()
    x_m[[40, 41, 55]] += jump_m
    judged = judge(type(fixed)(fixed.time_s, x_m, fixed.y_m))
    assert storage_types(judged) == [code_of("temporary_storage/suspected")]
    assert judged.findings.measures["dwell_s"][0] == pytest.approx(1800, abs=90)
    assert judged.distance_m[0] == pytest.approx(6000, rel=0.05)


def test_a_jump_between_fixes_five_minutes_apart_does_not_part_a_stop_in_two():
    fixed = delivery(2400).fixes(every_s=300.0, noise_m=6.0)
    x_m = fixed.x_m.copy()
    x_m[6] += 250.0
    judged = judge(type(fixed)(fixed.time_s, x_m, fixed.y_m))
    assert storage_types(judged) == [code_of("temporary_storage/suspected")]
    assert judged.findings.measures["dwell_s"][0] >= 1800


@pytest.mark.parametrize(
    ("stop_s", "every_s", "status"),
    [
        (840, 60.0, Status.COMPLIANT),
        (300, 300.0, Status.COMPLIANT),
        (1150, 300.0, Status.INSUFFICIENT_EVIDENCE),
        (2400, 300.0, Status.SUSPECTED),
    ],
)
def test_positions_too_far_apart_to_measure_a_dwell_neither_accuse_nor_acquit(
    stop_s, every_s, status
):
    """Fixes five minutes apart show 15 minutes of a stop of 19; it may have been 24."""
    judged = judge(delivery(stop_s).fixes(every_s=every_s, noise_m=6.0))
    assert Status(judged.status[0]) is status


def test_network_positions_of_hundreds_of_metres_do_not_accuse_and_do_not_acquit():
    fixed = delivery(2400).fixes(every_s=60.0, noise_m=250.0, seed=4)
    judged = judge(fixed, accuracy_m=400.0)
    assert storage_types(judged) == []
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_network_positions_of_a_trip_without_a_stop_are_compliant():
    journey = Journey().ride((20_000.0, 0.0), kmh=40.0).ride((20_000.0, 9_000.0), kmh=40.0)
    fixed = journey.fixes(every_s=60.0, noise_m=150.0)
    far = spot((20_000.0, 9_000.0), 300.0)
    judged = judge(fixed, given=custody(fixed, destination=far), accuracy_m=300.0)
    assert Status(judged.status[0]) is Status.COMPLIANT


def test_waiting_near_the_consumers_door_is_suspected_from_its_own_setting_on_only():
    street_m = (DOOR_M[0] - 220.0, 0.0)
    fixed = Journey().stand(300).ride(street_m).stand(1500).fixes(noise_m=6.0)
    assert_possible(judge(fixed), cause="short_of_door")
    long = Journey().stand(300).ride(street_m).stand(2700).ride((9000.0, 0.0)).fixes(noise_m=6.0)
    assert Status(judge(long).status[0]) is Status.SUSPECTED


@pytest.mark.parametrize(("stand_s", "fine"), [(3500.0, True), (3600.0, True), (3700.0, False)])
def test_resting_at_the_destination_before_the_hand_over_is_possible_storage_after_an_hour(
    stand_s: float, fine: bool
):
    judged = judge(Journey().stand(300).ride(DOOR_M).stand(stand_s).fixes(noise_m=2.0))
    if fine:
        assert Status(judged.status[0]) is Status.COMPLIANT
    else:
        assert_possible(judged, cause="long_rest")


@pytest.mark.parametrize("named", ["origin", "destination"])
@pytest.mark.parametrize(("stand_s", "fine"), [(840.0, True), (960.0, False)])
def test_resting_where_the_manifest_names_no_end_is_possible_storage_after_the_dwell(
    named: str, stand_s: float, fine: bool
):
    fixed = Journey().stand(stand_s).ride(DOOR_M).stand(stand_s).fixes(noise_m=2.0)
    unnamed = {"origin": "destination", "destination": "origin"}[named]
    judged = judge(fixed, given=custody(fixed, **{unnamed: None}))
    if fine:
        assert Status(judged.status[0]) is Status.COMPLIANT
    else:
        assert_possible(judged, cause="unnamed_end")


def test_waiting_at_the_origin_before_leaving_is_never_storage():
    fixed = Journey().stand(5400).ride(DOOR_M).stand(200).fixes(noise_m=10.0)
    assert Status(judge(fixed).status[0]) is Status.COMPLIANT


def test_a_stay_that_an_arrival_ends_short_of_the_door_is_neither_delivery_nor_storage():
    street_m = (DOOR_M[0] - 450.0, 0.0)
    fixed = Journey().stand(300).ride(street_m).stand(1500).ride(DOOR_M).fixes(noise_m=6.0)
    assert storage_types(judge(fixed)) == [code_of("temporary_storage/suspected")]
    arrived = custody(fixed, events=[("arrived", 1200.0)])
    assert_possible(judge(fixed, given=arrived), cause="short_of_door")


def assert_possible(judged: StopJudgement, *, cause: str):
    """One finding that is possible only, for this cause, and the line insufficient."""
    (at,) = np.flatnonzero(judged.findings.type == code_of("temporary_storage/suspected"))
    assert judged.findings.certainty[at] == Certainty.POSSIBLE
    assert judged.findings.details[at]["cause"] == cause
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize("shift_m", [55.0, 70.0, 90.0])
def test_a_box_that_is_moved_once_in_a_yard_is_no_traffic(shift_m: float):
    journey = Journey().stand(300).ride(DEPOT_M).stand(800)
    journey.ride((DEPOT_M[0] + shift_m, 0.0), kmh=4.0).stand(800).ride(DOOR_M).stand(300)
    judged = judge(journey.fixes(noise_m=4.0))
    assert Status(judged.status[0]) in (Status.INSUFFICIENT_EVIDENCE, Status.SUSPECTED)


def test_stays_that_touch_add_up_to_a_possible_one():
    journey = Journey().stand(300).ride(DEPOT_M).stand(780).ride((3150.0, 0.0), kmh=5.0).stand(780)
    judged = judge(journey.ride(DOOR_M).stand(300).fixes(noise_m=4.0))
    assert_possible(judged, cause="touching")


def test_creeping_traffic_is_not_a_stop():
    journey = Journey().stand(300).ride(DEPOT_M).ride((3300.0, 0.0), kmh=0.9).ride(DOOR_M)
    judged = judge(journey.fixes(noise_m=5.0))
    assert storage_types(judged) == []


def test_standing_traffic_with_the_motor_running_has_its_own_setting():
    fixed = delivery(1500).fixes(noise_m=4.0)
    assert storage_types(judge(fixed, moving=motor_on(fixed))) == []
    long = delivery(2400).fixes(noise_m=4.0)
    suspected = [code_of("temporary_storage/suspected")]
    assert storage_types(judge(long, moving=motor_on(long))) == suspected


@pytest.mark.parametrize("stuck", [0, 1])
def test_a_motion_flag_that_never_changes_proves_nothing(stuck: int):
    fixed = delivery(1500).fixes(noise_m=4.0)
    judged = judge(fixed, moving=np.full(fixed.time_s.size, stuck))
    assert Status(judged.status[0]) is Status.SUSPECTED


def test_a_motion_flag_that_contradicts_the_fixes_proves_nothing():
    fixed = delivery(1500).fixes(noise_m=4.0)
    judged = judge(fixed, moving=1 - riding_by_fixes(fixed))
    assert Status(judged.status[0]) is Status.SUSPECTED


def riding_by_fixes(fixed: Fixed) -> np.ndarray:
    return (np.hypot(np.gradient(fixed.x_m), np.gradient(fixed.y_m)) > 60.0).astype(int)


def motor_on(fixed: Fixed) -> np.ndarray:
    """At rest at the two ends, in motion on the way and in the jam."""
    return ((fixed.x_m > 60.0) & (fixed.x_m < DOOR_M[0] - 60.0)).astype(int)


def test_a_slow_walk_up_to_the_stop_does_not_lengthen_it():
    walk = Journey().stand(300).ride((2850.0, 0.0)).ride(DEPOT_M, kmh=2.0).stand(780)
    fixed = walk.ride((3150.0, 0.0), kmh=2.0).ride(DOOR_M).stand(200).fixes(noise_m=3.0)
    judged = judge(fixed)
    assert storage_types(judged) == []


def test_a_stay_longer_than_the_sites_own_limit_is_suspected():
    fixed = delivery(1500).fixes(noise_m=5.0)
    site = ("depot", *spot(DEPOT_M, 80.0), int(SiteRole.TRANSFER), 10.0)
    judged = judge(fixed, given=custody(fixed, sites=[site]))
    assert storage_types(judged) == [code_of("temporary_storage/suspected")]
    assert judged.findings.measures["limit_s"][0] == 600.0
    assert judged.findings.details[0]["site"] == "depot"


@pytest.mark.parametrize(("minutes", "found"), [(24.0, True), (26.0, False)])
def test_the_limit_of_a_site_counts_from_its_own_minutes(minutes, found):
    fixed = delivery(1500).fixes(every_s=20.0)
    site = ("depot", *spot(DEPOT_M, 80.0), int(SiteRole.TRANSFER), minutes)
    judged = judge(fixed, given=custody(fixed, sites=[site]))
    assert (len(storage_types(judged)) > 0) is found


def test_rest_makes_a_stay_and_an_opened_box_alone_does_not_confirm_it():
    fixed = delivery(1500).fixes(noise_m=5.0)
    inside = (fixed.time_s > 700) & (fixed.time_s < 2100)
    moving = np.where(inside, 0, 1)
    lid = ((fixed.time_s > 1200) & (fixed.time_s < 1260)).astype(int)
    still = judge(fixed, moving=np.where((fixed.time_s > 600) & (fixed.time_s < 2200), 0, 1))
    opened = judge(
        fixed, moving=np.where((fixed.time_s > 600) & (fixed.time_s < 2200), 0, 1), lid_open=lid
    )
    assert storage_types(still) == [code_of("temporary_storage/suspected")]
    assert storage_types(opened) == [code_of("temporary_storage/suspected")]
    assert opened.findings.details[0]["signs"] == ["not_moving", "lid_opened"]
    assert moving.size == lid.size


def test_a_room_that_lasts_the_dwell_confirms_together_with_the_lid():
    fixed = delivery(3000).fixes(noise_m=5.0)
    inside = (fixed.time_s > 700) & (fixed.time_s < 3600)
    room = np.where(inside, 22.0, 31.0)
    lid = ((fixed.time_s > 1200) & (fixed.time_s < 1260)).astype(int)
    confirmed = judge(fixed, probes={"ambient": room}, lid_open=lid)
    assert storage_types(confirmed) == [code_of("temporary_storage/confirmed")]
    assert storage_types(judge(fixed, probes={"ambient": room})) == [
        code_of("temporary_storage/suspected")
    ]
    sun = np.where(inside, 29.0 + (fixed.time_s - 700) / 200.0 + 5.0, 29.0)
    assert storage_types(judge(fixed, probes={"ambient": sun}, lid_open=lid)) == [
        code_of("temporary_storage/suspected")
    ]
    mild = np.where(inside, 27.0, 31.0)
    assert storage_types(judge(fixed, probes={"ambient": mild})) == [
        code_of("temporary_storage/suspected")
    ]
    short = np.where((fixed.time_s > 900) & (fixed.time_s < 1300), 22.0, 31.0)
    assert storage_types(judge(fixed, probes={"ambient": short})) == [
        code_of("temporary_storage/suspected")
    ]


@pytest.mark.parametrize(
    ("stop_s", "openings", "open_s", "confirmed"),
    [
        (1900, 1, 60, False),
        (2640, 1, 60, False),
        (2760, 1, 60, True),
        (3540, 2, 60, False),
        (3660, 2, 60, True),
        (1900, 1, 290, False),
        (1900, 1, 400, True),
        (1900, 0, 0, False),
    ],
)
def test_a_box_opened_in_a_building_as_for_deliveries_nobody_recorded_is_suspected_and_no_more(
    stop_s, openings, open_s, confirmed
):
    """The dwell setting for each opening and the wait of a consumer; an opening of more than five
    minutes hands out no parcel."""
    fixed = delivery(stop_s).fixes(noise_m=5.0)
    inside = (fixed.time_s > 700) & (fixed.time_s < 600 + stop_s)
    lid = np.zeros(fixed.time_s.size, dtype=int)
    for number in range(openings):
        begin_s = 1000.0 + 600.0 * number
        lid[(fixed.time_s >= begin_s) & (fixed.time_s < begin_s + open_s)] = 1
    found = judge(fixed, probes={"ambient": np.where(inside, 22.0, 31.0)}, lid_open=lid)
    wanted = "confirmed" if confirmed else "suspected"
    assert storage_types(found) == [code_of(f"temporary_storage/{wanted}")]


def test_a_stored_event_elsewhere_or_at_another_time_does_not_confirm():
    fixed = delivery(1500).fixes(noise_m=5.0)
    late = custody(fixed, events=[("stored", 2790.0)])
    assert storage_types(judge(fixed, given=late)) == [code_of("temporary_storage/suspected")]
    far = judge(fixed, given=custody(fixed, events=[("stored", 900.0)]), event_places_m=[DOOR_M])
    assert storage_types(far) == [code_of("temporary_storage/suspected")]
    here = judge(fixed, given=custody(fixed, events=[("stored", 900.0)]), event_places_m=[DEPOT_M])
    assert storage_types(here) == [code_of("temporary_storage/confirmed")]


def test_without_a_custody_window_a_long_stop_is_only_possible():
    fixed = delivery(1800).fixes(noise_m=5.0)
    judged = judge(fixed, given=custody(fixed, start=None, end=None))
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE
    (at,) = np.flatnonzero(judged.findings.type == code_of("temporary_storage/suspected"))
    assert judged.findings.certainty[at] == Certainty.POSSIBLE


def test_a_trip_still_under_way_is_accused_of_a_stop_but_never_found_compliant():
    fixed = Journey().stand(300).ride(DEPOT_M).stand(1800).ride((4500.0, 0.0)).fixes(noise_m=5.0)
    assert Status(judge(fixed, given=custody(fixed, end=None)).status[0]) is Status.SUSPECTED
    fine = Journey().stand(300).ride((4500.0, 0.0)).fixes(noise_m=5.0)
    judged = judge(fine, given=custody(fine, end=None))
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE
    assert judged.reason[0] == StorageReason.NO_CUSTODY_WINDOW


def test_a_logger_that_goes_on_after_an_unreported_delivery_does_not_accuse():
    fixed = Journey().stand(300).ride(DOOR_M).stand(300).ride(DEPOT_M).stand(3600).fixes()
    judged = judge(fixed, given=custody(fixed, end=None))
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_many_shipments_are_judged_as_each_alone():
    journeys = [delivery(s).fixes(noise_m=6.0, seed=s) for s in (0, 400, 1200, 2400)]
    alone = [judge(fixed) for fixed in journeys]
    names = tuple(f"S{i}" for i in range(4))
    series = []
    for name, fixed in zip(names, journeys, strict=True):
        lat, lon = degrees(fixed.x_m, fixed.y_m)
        series.append(Series(fixed.time_s, drug=5.0, lat=lat, lon=lon, shipment=name))
    tracks = tracks_of(*series, shipments=names)
    terms = terms_of(*[custody(fixed) for fixed in journeys], shipments=names)
    judged = judge_stops(case_of(tracks, terms, NUMBERS))
    for column in ("status", "reason", "distance_m", "stopped_s", "longest_stay_s"):
        assert getattr(judged, column) == pytest.approx(
            np.concatenate([getattr(one, column) for one in alone])
        )


@pytest.mark.parametrize("lesser", list(StorageReason)[1:-1])
def test_of_several_reasons_the_largest_stands_in_whatever_order_they_are_found(
    lesser: StorageReason,
) -> None:
    larger = StorageReason(lesser + 1)
    found = {lesser: np.array([0, 1, 1]), larger: np.array([1, 2])}
    expected = [lesser, larger, larger, StorageReason.NOTHING_FOUND]
    for cases in (found, dict(reversed(found.items()))):
        assert worst_reason(4, cases).tolist() == expected


def test_what_is_known_of_a_dwell_goes_before_what_is_not() -> None:
    assert [reason.name for reason in sorted(StorageReason, reverse=True)] == [
        "CONFIRMED",
        "SUSPECTED",
        "SUSPECTED_UNSEEN",
        "STAY_OUTSIDE_KNOWN_CUSTODY",
        "CUSTODY_DOUBTFUL",
        "STAY_DOUBTFUL",
        "STOP_POSSIBLE",
        "GAP_COULD_HIDE",
        "NO_POSITIONS",
        "NO_CUSTODY_WINDOW",
        "END_UNSEEN",
        "POSITIONS_TORN",
        "RECORD_TORN",
        "SITE_STATED",
        "SITE_REGISTERED",
        "NOTHING_FOUND",
    ]
