"""Dwells without positions: what events and the motion sensor can say, and what they cannot."""

import numpy as np
import pytest

from coldwitness.analysis.terms import SiteRole
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Certainty, Status
from tests.analysis.stops.stop_journeys import DEPOT_M, DOOR_M, Fixed, Journey, custody, judge, spot


def blind(stop_s: float = 2400.0) -> tuple[Fixed, np.ndarray]:
    """A trip without positions and its motion sensor."""
    fixed = Journey().stand(300).ride(DEPOT_M).stand(stop_s).ride(DOOR_M).stand(300).fixes()
    step_m = np.hypot(np.diff(fixed.x_m, append=fixed.x_m[-1]), np.diff(fixed.y_m, append=0.0))
    moving = (step_m > 1.0).astype(int)
    return fixed.without(np.ones(fixed.time_s.size, dtype=bool)), moving


def storages(judged):
    return np.flatnonzero(
        (judged.findings.type == code_of("temporary_storage/suspected"))
        | (judged.findings.type == code_of("temporary_storage/confirmed"))
    )


def test_a_long_rest_between_two_rides_told_by_motion_alone_is_possible():
    fixed, moving = blind()
    judged = judge(fixed, moving=moving)
    (at,) = storages(judged)
    assert judged.findings.certainty[at] == Certainty.POSSIBLE
    assert np.isnan(judged.findings.lat_deg[at])
    assert judged.findings.measures["dwell_s"][at] == pytest.approx(2400, abs=60)
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize("stop_s", [300.0, 1200.0, 1740.0])
def test_a_rest_that_traffic_may_explain_leaves_the_evidence_insufficient(stop_s):
    fixed, moving = blind(stop_s)
    judged = judge(fixed, moving=moving)
    assert storages(judged).size == 0
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_a_rest_with_the_lid_opened_is_held_to_the_dwell_setting():
    fixed, moving = blind(1200.0)
    lid = ((fixed.time_s > 1000) & (fixed.time_s < 1100)).astype(int)
    judged = judge(fixed, moving=moving, lid_open=lid)
    (at,) = storages(judged)
    assert judged.findings.details[at]["signs"] == ["not_moving", "lid_opened"]
    assert Status(judged.status[0]) is Status.SUSPECTED


def room(fixed: Fixed, stop_s: float) -> dict[str, np.ndarray]:
    """An ambient probe that shows a room of 22 °C during the stop and a street of 31 °C."""
    inside = (fixed.time_s > 660) & (fixed.time_s < 660 + stop_s)
    return {"ambient": np.where(inside, 22.0, 31.0)}


def test_a_rest_in_a_room_is_held_to_the_dwell_setting_and_only_possible():
    """20 minutes: traffic could explain the rest, the room's temperature could not."""
    fixed, moving = blind(1200.0)
    judged = judge(fixed, moving=moving, probes=room(fixed, 1200.0))
    (at,) = storages(judged)
    assert judged.findings.certainty[at] == Certainty.POSSIBLE
    assert judged.findings.details[at]["signs"] == ["not_moving", "ambient_step"]
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_a_long_rest_in_a_room_without_positions_is_possible_and_never_confirmed():
    fixed, moving = blind(2400.0)
    judged = judge(fixed, moving=moving, probes=room(fixed, 2400.0))
    (at,) = storages(judged)
    assert judged.findings.type[at] == code_of("temporary_storage/suspected")
    assert judged.findings.details[at]["signs"] == ["not_moving", "ambient_step"]
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_the_temperature_of_a_room_alone_says_nothing_about_standing():
    """A vehicle's cabin shows the same; without motion sensor and positions it stays open."""
    fixed, _ = blind(2400.0)
    judged = judge(fixed, probes=room(fixed, 2400.0))
    assert storages(judged).size == 0
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_a_sensor_that_never_reports_motion_proves_no_rest():
    fixed, moving = blind()
    judged = judge(fixed, moving=np.zeros_like(moving))
    assert storages(judged).size == 0
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_rest_at_either_end_is_the_origin_and_the_door_and_no_dwell():
    fixed = Journey().stand(3600).ride(DOOR_M).stand(3600).fixes()
    gone = fixed.without(np.ones(fixed.time_s.size, dtype=bool))
    moving = ((fixed.time_s > 3600) & (fixed.time_s < fixed.time_s[-1] - 3600)).astype(int)
    judged = judge(gone, moving=moving)
    assert storages(judged).size == 0
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(("minutes", "found"), [(10, 0), (40, 1)])
def test_stored_until_retrieved_is_a_dwell_of_that_length(minutes, found):
    fixed, _ = blind()
    events = [("stored", 900.0), ("retrieved", 900.0 + 60 * minutes)]
    judged = judge(fixed, given=custody(fixed, events=events))
    assert storages(judged).size == found
    expected = Status.SUSPECTED if found else Status.INSUFFICIENT_EVIDENCE
    assert Status(judged.status[0]) is expected


def test_stored_without_any_later_sign_is_not_given_a_length():
    fixed, _ = blind()
    judged = judge(fixed, given=custody(fixed, events=[("stored", 900.0)]))
    assert storages(judged).size == 0
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_stored_until_delivered_holds_an_unknown_ride_and_is_only_possible():
    fixed, _ = blind()
    events = [("stored", 900.0), ("delivered", float(fixed.time_s[-1]))]
    judged = judge(fixed, given=custody(fixed, events=events))
    (at,) = storages(judged)
    assert judged.findings.certainty[at] == Certainty.POSSIBLE
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_stored_at_a_known_allowed_site_is_fine_and_somewhere_unknown_it_may_have_been_one():
    fixed, _ = blind()
    site = ("depot", *spot(DEPOT_M), int(SiteRole.COLD_STORE), np.nan)
    events = [("stored", 900.0), ("retrieved", 3300.0)]
    given = custody(fixed, events=events, sites=[site])
    there = judge(fixed, given=given, event_places_m=[DEPOT_M, DEPOT_M])
    assert storages(there).size == 0
    somewhere = judge(fixed, given=given)
    (at,) = storages(somewhere)
    assert somewhere.findings.certainty[at] == Certainty.POSSIBLE
    assert Status(somewhere.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_positions_that_show_a_ride_outweigh_a_stored_event():
    fixed = Journey().stand(300).ride((12_000.0, 0.0), kmh=20.0).stand(100).fixes()
    events = [("stored", 500.0), ("retrieved", 2000.0)]
    given = custody(fixed, events=events, destination=spot((12_000.0, 0.0)))
    judged = judge(fixed, given=given)
    assert storages(judged).size == 0
    assert Status(judged.status[0]) is Status.COMPLIANT


def test_stored_in_a_gap_of_position_is_suspected():
    fixed = Journey().stand(300).ride(DEPOT_M).stand(2400).ride(DOOR_M).stand(300).fixes()
    gap = (fixed.time_s > 500) & (fixed.time_s < 3100)
    events = [("stored", 700.0), ("retrieved", 3000.0)]
    judged = judge(fixed.without(gap), given=custody(fixed, events=events))
    assert storages(judged).size == 1
    assert Status(judged.status[0]) is Status.SUSPECTED


def test_a_rest_where_the_box_was_last_seen_at_its_origin_is_no_dwell():
    fixed = Journey().stand(3000).ride(DOOR_M).stand(300).fixes()
    moving = (fixed.time_s > 3000).astype(int)
    moving[3] = 1
    gap = (fixed.time_s > 200) & (fixed.time_s < 2950)
    judged = judge(fixed.without(gap), moving=moving)
    assert storages(judged).size == 0


def indoors(at_m: tuple[float, float], *, last_fix_m: float) -> tuple[Fixed, np.ndarray]:
    """40 minutes without positions at the end of custody, the last fix so far short of it."""
    journey = Journey().stand(300).ride(DEPOT_M).ride(at_m).stand(2400)
    fixed = journey.ride((at_m[0] + 20.0, 0.0), kmh=3.0).stand(30).fixes()
    step_m = np.hypot(np.gradient(fixed.x_m), np.gradient(fixed.y_m))
    blind = np.abs(fixed.x_m - at_m[0]) < max(last_fix_m, 1e-3)
    return fixed.without(blind & (fixed.time_s > 600.0)), (step_m > 8.0).astype(int)


@pytest.mark.parametrize("last_fix_m", [80.0, 250.0])
def test_a_rest_indoors_at_the_destination_without_positions_is_free(last_fix_m: float):
    fixed, moving = indoors(DOOR_M, last_fix_m=last_fix_m)
    assert storages(judge(fixed, moving=moving)).size == 0


def test_a_motion_flag_of_the_instant_does_not_prove_the_rest_in_between():
    """Readings each 260 s, the box at a consumer's at each of them."""
    time_s = np.arange(0.0, 4000.0, 260.0)
    nowhere = np.full(time_s.size, np.nan)
    moving = np.zeros(time_s.size, dtype=int)
    moving[[1, -2]] = 1
    assert storages(judge(Fixed(time_s, nowhere, nowhere), moving=moving)).size == 0
