"""Temporary storage: which stops accuse, which do not, and what stays open."""

import numpy as np
import pytest

from analysis.stops import StorageReason
from analysis.stops_places import Where
from config.terms import SiteRole
from domain.words import Certainty, FindingType, Status
from tests.analysis.stop_journeys import (
    DEPOT_M,
    DOOR_M,
    Journey,
    custody,
    degrees,
    delivery,
    judge,
    spot,
)


def storage_types(judged):
    types = judged.findings.type
    return [FindingType(t) for t in types if FindingType(t).kind == "temporary_storage"]


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
    (at,) = np.flatnonzero(judged.findings.type == FindingType.STORAGE_SUSPECTED)
    lat, lon = degrees(*DEPOT_M)
    assert judged.findings.certainty[at] == Certainty.PROBABLE
    assert judged.findings.lat_deg[at] == pytest.approx(float(lat), abs=2e-5)
    assert judged.findings.lon_deg[at] == pytest.approx(float(lon), abs=2e-5)
    assert judged.findings.measures["dwell_s"][at] == pytest.approx(1500, abs=60)
    assert judged.findings.measures["radius_m"][at] == 100.0


def test_a_stored_event_confirms():
    fixed = delivery(1500).fixes(noise_m=5.0)
    judged = judge(fixed, given=custody(fixed, events=[("stored", 800.0)]))
    assert storage_types(judged) == [FindingType.STORAGE_CONFIRMED]
    assert Status(judged.status[0]) is Status.BREACH


def test_the_same_stop_at_an_allowed_site_is_fine_even_with_a_stored_event():
    fixed = delivery(1500).fixes(noise_m=5.0)
    site = ("depot", *spot(DEPOT_M, 80.0), int(SiteRole.TRANSFER), np.nan)
    judged = judge(fixed, given=custody(fixed, sites=[site], events=[("stored", 800.0)]))
    assert storage_types(judged) == []
    assert Status(judged.status[0]) is Status.COMPLIANT
    assert Where.SITE in judged.places.where


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
