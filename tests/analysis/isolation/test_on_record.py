"""What the office has on record lifts what is only asserted; the company's own word never does."""

from dataclasses import replace

import numpy as np
import pytest

from coldwitness.analysis.isolation.isolation_judgement import Facet, judge_isolation
from coldwitness.analysis.isolation.on_record import RestsOn
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.record.case import case_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.words import Certainty, Isolation, Status
from tests.analysis.building import Given, Series, terms_of
from tests.analysis.isolation.isolation_world import World, world
from tests.analysis.judging import Seen, minutes, seen

NUMBERS = load_packs()[0].numbers
DECLARED = Given(start=0.0, end=3600.0, isolation_coolant=1, isolation_goods=1, goods_aboard=1)
SILENT = replace(DECLARED, isolation_coolant=-1, isolation_goods=-1)
SEEN = {"isolation_seen": True}
BUILT_IN = {"box_registered": True, "partition": 1}
REMOVABLE = {"box_registered": True, "partition": -1}
NO_PART = {"box_registered": True, "partition": 0}
HOUR = Series(minutes(61), drug=5.0)
COLD_PACK = Series(minutes(61), drug=5.0, probes={"coolant": -2.0})


@pytest.mark.parametrize("question", ["coolant_isolation", "goods_isolation"])
@pytest.mark.parametrize(
    ("given", "office", "status"),
    [
        (DECLARED, {}, Status.ASSERTED),
        (DECLARED, SEEN, Status.COMPLIANT),
        (DECLARED, BUILT_IN, Status.COMPLIANT),
        (DECLARED, REMOVABLE, Status.ASSERTED),
        (DECLARED, NO_PART, Status.INSUFFICIENT_EVIDENCE),
        (DECLARED, {**NO_PART, **SEEN}, Status.COMPLIANT),
        (SILENT, {}, Status.INSUFFICIENT_EVIDENCE),
        (SILENT, SEEN, Status.COMPLIANT),
        (SILENT, BUILT_IN, Status.COMPLIANT),
        (SILENT, REMOVABLE, Status.INSUFFICIENT_EVIDENCE),
    ],
)
def test_where_the_heat_says_nothing_the_office_lifts_and_the_company_only_asserts(
    question, given, office, status
):
    assert seen(HOUR, given=replace(given, **office)).status(question) == status


@pytest.fixture(scope="module")
def contact() -> World:
    return world(30, seed=22, k_coolant=(2.0, 4.0), coolant_hold_h=(6.0, 12.0))


def coolant(made: World, given: Given) -> Facet:
    tracks = made.tracks
    terms = terms_of(*[given] * len(tracks.shipments), shipments=tracks.shipments)
    return judge_isolation(case_of(tracks, terms, NUMBERS)).coolant


@pytest.mark.parametrize("office", [SEEN, BUILT_IN, {**SEEN, **BUILT_IN}])
def test_contact_that_the_heat_shows_stands_against_register_and_look(contact, office):
    plain = coolant(contact, Given(start=0.0, isolation_coolant=1))
    backed = coolant(contact, Given(start=0.0, isolation_coolant=1, **office))
    missing = plain.isolation == Isolation.MISSING
    assert missing.any()
    assert (backed.isolation == plain.isolation).all()
    assert (backed.status[missing] == Status.SUSPECTED).all()


@pytest.mark.parametrize("office", [SEEN, BUILT_IN])
def test_an_estimate_that_leans_to_contact_is_not_lifted(office):
    made = world(200, seed=62, k_coolant=(0.7, 1.6), hours=(0.8, 1.5))
    facet = coolant(made, Given(start=0.0, isolation_coolant=1, **office))
    open_ = facet.isolation == Isolation.INDETERMINATE
    leans = open_ & (facet.coupling_per_h > 0.8) & (facet.low_per_h > 0.05)
    assert leans.any()
    assert (facet.status[leans] == Status.INSUFFICIENT_EVIDENCE).all()
    assert (facet.status[open_ & (facet.low_per_h == 0)] == Status.COMPLIANT).all()


def test_what_the_manifest_itself_shows_amiss_stands_against_the_register():
    shown = seen(HOUR, given=replace(DECLARED, isolation_coolant=0, **BUILT_IN))
    assert shown.status("coolant_isolation") == Status.SUSPECTED


def torn(kept: np.ndarray, **office) -> Seen:
    given = replace(DECLARED, interval_s=60.0, **office)
    return seen(Series(minutes(61)[kept], drug=5.0, seq=np.arange(61)[kept]), given=given)


@pytest.mark.parametrize("office", [SEEN, BUILT_IN])
def test_nothing_is_lifted_where_readings_are_missing_that_could_contradict(office):
    every = np.arange(61)
    assert torn(every, **office).status("coolant_isolation") == Status.COMPLIANT
    lone = every[every % 20 != 7]
    assert torn(lone, **office).status("coolant_isolation") == Status.COMPLIANT
    thinned = every[every % 4 == 0]
    found = torn(thinned, **office)
    assert found.status("recording") == Status.COMPLIANT, "no hole is long, none leaves the range"
    assert found.status("coolant_isolation") == Status.ASSERTED
    assert int(found.judgement.isolation.coolant.rests_on[0]) == RestsOn.RECORD_TORN
    holed = every[(every < 20) | (every > 40)]
    assert torn(holed, **office).status("coolant_isolation") == Status.ASSERTED


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ({"active": 1, "box_registered": True}, Status.NOT_APPLICABLE, "active_cooling"),
        ({"active": 1}, Status.ASSERTED, "no_zone_probe"),
        ({"active": 0}, Status.INSUFFICIENT_EVIDENCE, "no_zone_probe"),
        ({"active": 1, "isolation_coolant": 0}, Status.ASSERTED, "no_zone_probe"),
        ({"needs_cooling": False}, Status.NOT_APPLICABLE, "no_cooling_needed"),
        ({"needs_cooling": False, "isolation_coolant": 0}, Status.SUSPECTED, "declared_absent"),
    ],
)
def test_isolation_from_the_coolant_binds_where_cold_is_carried(given, status, reason):
    found = seen(HOUR, given=Given(start=0.0, end=3600.0, **given))
    assert found.status("coolant_isolation") == status
    assert found.result["isolation"]["coolant"]["reason"] == reason


def test_a_coolant_probe_that_sent_binds_whatever_the_class_needs():
    warm = Given(start=0.0, end=3600.0, needs_cooling=False)
    assert seen(HOUR, given=warm).status("coolant_isolation") == Status.NOT_APPLICABLE
    assert seen(COLD_PACK, given=warm).status("coolant_isolation") == Status.INSUFFICIENT_EVIDENCE


def test_contact_in_a_box_that_the_manifest_alone_calls_active_is_possible_and_no_more(contact):
    stated = Given(start=0.0, active=1)
    facet = coolant(contact, stated)
    above = facet.reason == IsolationReason.ABOVE_LIMIT
    assert above.any()
    assert (facet.status[above] == Status.INSUFFICIENT_EVIDENCE).all()
    shipments = contact.tracks.shipments
    terms = terms_of(*[stated] * len(shipments), shipments=shipments)
    found = judge_isolation(case_of(contact.tracks, terms, NUMBERS)).findings
    assert (found.type == code_of("missing_isolation/coolant_contact")).all()
    assert (found.certainty == Certainty.POSSIBLE).all()


@pytest.mark.parametrize(
    ("given", "probes", "binds"),
    [
        ({"goods_aboard": 0}, {}, False),
        ({"goods_aboard": 1}, {}, True),
        ({"goods_aboard": -1, "has_manifest": False}, {}, True),
        ({"goods_aboard": 0}, {"goods": 20.0}, True),
        ({"goods_aboard": 0}, {"goods.2": 20.0}, True),
    ],
)
def test_isolation_from_goods_binds_where_there_are_any(given, probes, binds):
    found = seen(
        Series(minutes(61), drug=5.0, probes=probes), given=Given(start=0.0, end=3600.0, **given)
    )
    assert (found.status("goods_isolation") != Status.NOT_APPLICABLE) == binds
    if not binds:
        assert "运单未列其他货物" in found.line("ANNEX6-13")["basis"]["zh"]


def test_each_way_in_which_a_part_is_vouched_for_is_said():
    told = {
        office: seen(HOUR, given=replace(DECLARED, **given)).line("ANNEX6-12")["basis"]["zh"]
        for office, given in (
            ("company", {}),
            ("look", SEEN),
            ("register", BUILT_IN),
            ("none", NO_PART),
        )
    }
    assert "运单申报" in told["company"]
    assert "执法人员已核看" in told["look"]
    assert "内置且不可拆除" in told["register"]
    assert "不予采信" in told["none"]
