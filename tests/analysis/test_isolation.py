"""Missing isolation: what the exchange fit and the manifest accuse of, and what stays open."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.isolation import IsolationJudgement, IsolationReason, judge_isolation
from analysis.window import judged_window
from config.rules import load_packs
from domain.words import Certainty, FindingType, Isolation, Status
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of
from tests.analysis.isolation_world import World, world

NUMBERS = load_packs()[0].numbers


PLAIN = Given(start=0.0)


def judge(made: World, given: Given = PLAIN, **changes) -> IsolationJudgement:
    tracks = made.tracks
    terms = terms_of(*[given] * len(tracks.shipments), shipments=tracks.shipments)
    terms = replace(terms, **changes)
    return judge_isolation(tracks, terms, judged_window(tracks, terms), NUMBERS)


@pytest.fixture(scope="module")
def isolated() -> World:
    return world(100, seed=21, k_coolant=(0.1, 0.4), coolant_hold_h=(6.0, 12.0))


@pytest.fixture(scope="module")
def contact() -> World:
    return world(100, seed=22, k_coolant=(2.0, 4.0), coolant_hold_h=(6.0, 12.0))


def test_a_separated_drug_is_found_isolated_and_never_accused(isolated):
    judged = judge(isolated)
    assert not (judged.coolant.isolation == Isolation.MISSING).any()
    assert (judged.coolant.isolation == Isolation.ISOLATED).mean() > 0.9
    assert len(judged.findings) == 0


def test_contact_with_the_coolant_is_suspected_and_never_acquitted(contact):
    judged = judge(contact)
    assert not (judged.coolant.isolation == Isolation.ISOLATED).any()
    assert (judged.coolant.isolation == Isolation.MISSING).mean() > 0.9
    found = judged.findings
    assert (found.type == FindingType.COOLANT_CONTACT).all()
    assert (found.certainty == Certainty.PROBABLE).all()
    assert (found.measures["low_per_h"] > found.measures["limit_per_h"]).all()
    missing = judged.coolant.isolation == Isolation.MISSING
    assert (judged.coolant.status[missing] == Status.SUSPECTED).all()


def test_without_an_outside_probe_nothing_is_decided(contact):
    made = world(50, seed=23, k_coolant=(2.0, 4.0), with_ambient=False)
    judged = judge(made)
    assert (judged.coolant.isolation == Isolation.INDETERMINATE).all()
    assert (judged.coolant.reason == IsolationReason.NO_AMBIENT_PROBE).all()


def test_indeterminate_is_compliant_on_the_record_only_where_the_manifest_declares_the_part():
    made = world(5, seed=24, with_ambient=False)
    silent = judge(made).coolant
    declared = judge(made, Given(start=0.0, isolation_coolant=1)).coolant
    assert (silent.status == Status.INSUFFICIENT_EVIDENCE).all()
    assert (declared.status == Status.COMPLIANT).all()
    assert declared.on_record.all()


def test_a_passive_box_declared_without_the_part_is_a_breach_and_an_active_one_is_exempt(isolated):
    bare = judge(isolated, Given(start=0.0, isolation_coolant=0))
    assert (bare.coolant.status == Status.BREACH).all()
    assert (bare.findings.type == FindingType.ISOLATION_DECLARED).all()
    assert (bare.findings.certainty == Certainty.CERTAIN).all()
    active = judge(isolated, Given(start=0.0, isolation_coolant=0, active=1))
    assert (active.coolant.status == Status.NOT_APPLICABLE).all()
    assert (active.coolant.reason == IsolationReason.ACTIVE_COOLING).all()
    assert len(active.findings) == 0


def test_drug_and_other_goods_in_one_compartment_are_a_breach_of_goods_isolation(isolated):
    shared = Given(start=0.0, goods_aboard=1, shared="items[0] a; items[1] b")
    judged = judge(isolated, shared)
    assert (judged.goods.status == Status.BREACH).all()
    assert judged.findings.details[0]["lines"] == ["items[0] a", "items[1] b"]


def test_without_other_goods_aboard_goods_isolation_is_not_applicable(isolated):
    judged = judge(isolated)
    assert (judged.goods.isolation == Isolation.NOT_APPLICABLE).all()
    assert (judged.goods.reason == IsolationReason.NO_GOODS).all()


def test_a_shipment_without_readings_or_probes_is_indeterminate_with_its_reason():
    tracks = tracks_of(Series(np.arange(0.0, 7200.0, 60.0), drug=5.0), shipments=("S1", "S2"))
    terms = terms_of(Given(start=0.0), Given(start=0.0), shipments=("S1", "S2"))
    judged = judge_isolation(tracks, terms, judged_window(tracks, terms), NUMBERS)
    assert judged.coolant.reason.tolist() == [
        IsolationReason.NO_ZONE_PROBE,
        IsolationReason.NO_DRUG_PROBE,
    ]
    assert np.isnan(judged.coolant.coupling_per_h).all()
    assert START_S > 0
