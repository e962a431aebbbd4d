"""Missing isolation: what the exchange fit and the manifest accuse of, and what stays open."""

from dataclasses import replace

import numpy as np
import pytest

from coldwitness.analysis.isolation.isolation_judgement import IsolationJudgement, judge_isolation
from coldwitness.analysis.isolation.on_record import RestsOn
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.terms import LimitSource
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.words import Certainty, Isolation, Status
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of
from tests.analysis.isolation.isolation_world import Probes, World, world

NUMBERS = load_packs()[0].numbers


PLAIN = Given(start=0.0)


def judge(made: World, given: Given = PLAIN, **changes) -> IsolationJudgement:
    tracks = made.tracks
    terms = terms_of(*[given] * len(tracks.shipments), shipments=tracks.shipments)
    terms = replace(terms, **changes)
    return judge_isolation(case_of(tracks, terms, NUMBERS))


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
    assert (found.type == code_of("missing_isolation/coolant_contact")).all()
    assert (found.certainty == Certainty.PROBABLE).all()
    assert (found.measures["low_per_h"] > found.measures["limit_per_h"]).all()
    missing = judged.coolant.isolation == Isolation.MISSING
    assert (judged.coolant.status[missing] == Status.SUSPECTED).all()


def test_contact_is_found_in_a_delivery_of_half_an_hour_too():
    made = world(200, seed=24, k_coolant=(1.5, 4.0), hours=(0.45, 0.75))
    judged = judge(made)
    assert (judged.coolant.isolation == Isolation.MISSING).mean() > 0.75
    assert not (judged.coolant.isolation == Isolation.ISOLATED).any()
    low, high = judged.coolant.low_per_h, judged.coolant.high_per_h
    known = np.isfinite(low)
    assert ((low <= made.k_coolant) & (made.k_coolant <= high))[known].mean() > 0.9


def test_a_short_delivery_in_order_is_not_accused():
    judged = judge(world(400, seed=25, k_coolant=(0.1, 0.5), hours=(0.4, 0.75)))
    assert len(judged.findings) == 0


def test_without_an_outside_probe_nothing_is_decided(contact):
    made = world(50, seed=23, k_coolant=(2.0, 4.0), with_ambient=False)
    judged = judge(made)
    assert (judged.coolant.isolation == Isolation.INDETERMINATE).all()
    assert (judged.coolant.reason == IsolationReason.NO_AMBIENT_PROBE).all()


def test_indeterminate_is_asserted_where_nothing_but_the_manifest_says_the_part_is_there():
    made = world(5, seed=24, with_ambient=False)
    silent = judge(made).coolant
    declared = judge(made, Given(start=0.0, isolation_coolant=1)).coolant
    assert (silent.status == Status.INSUFFICIENT_EVIDENCE).all()
    assert (declared.status == Status.ASSERTED).all()
    assert (declared.rests_on == RestsOn.MANIFEST).all()


def test_a_passive_box_declared_without_the_part_is_suspected_and_a_registered_active_one_exempt(
    isolated,
):
    bare = judge(isolated, Given(start=0.0, isolation_coolant=0))
    assert (bare.coolant.status == Status.SUSPECTED).all()
    assert (bare.findings.type == code_of("missing_isolation/declared")).all()
    assert (bare.findings.certainty == Certainty.PROBABLE).all(), "nobody saw the box"
    cooled = Given(start=0.0, isolation_coolant=0, active=1, box_registered=True)
    active = judge(isolated, cooled)
    assert (active.coolant.status == Status.NOT_APPLICABLE).all()
    assert (active.coolant.reason == IsolationReason.ACTIVE_COOLING).all()
    assert len(active.findings) == 0


def test_drug_and_other_goods_in_one_compartment_make_goods_isolation_suspected(isolated):
    shared = Given(start=0.0, goods_aboard=1, shared="items[0] a; items[1] b")
    judged = judge(isolated, shared)
    assert (judged.goods.status == Status.SUSPECTED).all()
    assert judged.findings.details[0]["lines"] == ["items[0] a", "items[1] b"]


def test_without_other_goods_aboard_goods_isolation_is_not_applicable(isolated):
    judged = judge(isolated)
    assert (judged.goods.isolation == Isolation.NOT_APPLICABLE).all()
    assert (judged.goods.reason == IsolationReason.NO_GOODS).all()


def test_a_shipment_without_readings_or_probes_is_indeterminate_with_its_reason():
    tracks = tracks_of(Series(np.arange(0.0, 7200.0, 60.0), drug=5.0), shipments=("S1", "S2"))
    terms = terms_of(Given(start=0.0), Given(start=0.0), shipments=("S1", "S2"))
    judged = judge_isolation(case_of(tracks, terms, NUMBERS))
    assert judged.coolant.reason.tolist() == [
        IsolationReason.NO_ZONE_PROBE,
        IsolationReason.NO_DRUG_PROBE,
    ]
    assert np.isnan(judged.coolant.coupling_per_h).all()
    assert START_S > 0


def exchanged(made: World, one: str, other: str) -> World:
    temperature = dict(made.tracks.temperature_c)
    temperature[one], temperature[other] = temperature[other], temperature[one]
    return replace(made, tracks=replace(made.tracks, temperature_c=temperature))


@pytest.mark.parametrize("pair", [("drug", "coolant"), ("drug", "ambient"), ("coolant", "ambient")])
def test_swapped_probes_never_make_a_confident_wrong_answer(contact, isolated, pair):
    turned = judge(exchanged(contact, *pair)).coolant
    assert (turned.isolation == Isolation.ISOLATED).mean() <= 0.03
    assert not (judge(exchanged(isolated, *pair)).coolant.isolation == Isolation.MISSING).any()


def test_drug_and_coolant_probes_that_are_swapped_are_told_or_fit_no_box(contact):
    turned = judge(exchanged(contact, "drug", "coolant")).coolant
    told = (IsolationReason.PROBES_SWAPPED, IsolationReason.MODEL_MISFIT)
    assert (turned.reason == IsolationReason.PROBES_SWAPPED).mean() > 0.2
    assert np.isin(turned.reason, told).mean() > 0.7
    assert (turned.isolation == Isolation.ISOLATED).mean() <= 0.03


def test_probes_in_their_places_are_not_called_swapped(contact, isolated):
    for made in (contact, isolated):
        reason = judge(made).coolant.reason
        assert (reason == IsolationReason.PROBES_SWAPPED).mean() <= 0.02


def test_the_worst_of_several_drug_probes_speaks(contact, isolated):
    """Two probes in one box: the one beside the coolant decides, and is named."""
    tracks = contact.tracks
    steady = np.full(tracks.time_s.size, 5.0)
    both = {**tracks.temperature_c, "drug": steady, "drug.2": tracks.temperature_c["drug"]}
    judged = judge(replace(contact, tracks=replace(tracks, temperature_c=both)))
    assert (judged.coolant.isolation == Isolation.MISSING).mean() > 0.9
    missing = judged.coolant.isolation == Isolation.MISSING
    assert {judged.coolant.probe[i] for i in np.flatnonzero(missing)} == {"drug.2"}


def first_found(contact) -> tuple[int, float, float]:
    facet = judge(contact).coolant
    at = int(np.flatnonzero(facet.isolation == Isolation.MISSING)[0])
    return at, facet.low_per_h[at], facet.high_per_h[at]


def test_the_interval_is_held_to_the_limit_of_the_terms(contact):
    at, low, high = first_found(contact)
    s = len(contact.tracks.shipments)
    for limit, expected in (
        (low * 0.999, Isolation.MISSING),
        (low, Isolation.INDETERMINATE),
        ((low + high) / 2, Isolation.INDETERMINATE),
    ):
        turned = judge(contact, coolant_limit_per_h=np.full(s, limit)).coolant
        assert turned.isolation[at] == expected
        assert turned.limit_per_h[at] == limit


def test_contact_is_named_only_above_the_companys_limit_and_ours(contact):
    at, low, _ = first_found(contact)
    ours = NUMBERS.coolant_coupling_max_per_h
    s = len(contact.tracks.shipments)
    assert low > ours
    for stated, expected, reason in (
        (ours / 4, Isolation.MISSING, IsolationReason.ABOVE_LIMIT),
        (low * 1.01, Isolation.INDETERMINATE, IsolationReason.BETWEEN_LIMITS),
    ):
        declared = np.ones(s, dtype=np.int8)
        turned = judge(
            contact, coolant_limit_per_h=np.full(s, stated), isolation_coolant=declared
        ).coolant
        assert turned.isolation[at] == expected
        assert turned.reason[at] == reason
        assert turned.default_limit_per_h[at] == ours
        # The declaration does not help against a rate surely above the lower of both.
        assert turned.status[at] in (Status.SUSPECTED, Status.INSUFFICIENT_EVIDENCE)


def test_of_a_registered_box_its_models_number_counts_alone(contact):
    at, low, high = first_found(contact)
    s = len(contact.tracks.shipments)
    assert low > NUMBERS.coolant_coupling_max_per_h
    for limit, expected in (
        (low * 0.99, Isolation.MISSING),
        (low * 1.01, Isolation.INDETERMINATE),
        (high * 1.01, Isolation.ISOLATED),
    ):
        turned = judge(
            contact,
            coolant_limit_per_h=np.full(s, limit),
            coolant_limit_source=np.full(s, LimitSource.REGISTER, dtype=np.int8),
        ).coolant
        assert turned.isolation[at] == expected


def test_isolation_is_found_only_below_the_companys_limit_and_ours(isolated):
    facet = judge(isolated).coolant
    at = int(np.flatnonzero(facet.isolation == Isolation.ISOLATED)[0])
    high, s = facet.high_per_h[at], len(isolated.tracks.shipments)
    for stated, expected in (
        (high * 0.99, Isolation.INDETERMINATE),
        (high * 1.01, Isolation.ISOLATED),
        (50.0, Isolation.ISOLATED),
    ):
        turned = judge(isolated, coolant_limit_per_h=np.full(s, stated)).coolant
        assert turned.isolation[at] == expected
    assert high < NUMBERS.coolant_coupling_max_per_h


def test_our_own_limit_alone_makes_a_possible_finding_and_no_accusation(contact):
    """As with one insulin pen in the box: its rate is high because it is small."""
    judged = judge(contact, Given(start=0.0, limit_source=LimitSource.SETTING))
    found = judged.findings
    assert len(found) > 50
    assert (found.certainty == Certainty.POSSIBLE).all()
    assert not (judged.coolant.isolation == Isolation.MISSING).any()
    assert (judged.coolant.status[found.shipment] == Status.INSUFFICIENT_EVIDENCE).all()


def test_a_declaration_is_not_believed_against_an_estimate_above_the_limit_that_is_not_zero():
    made = world(200, seed=62, k_coolant=(0.7, 1.6), hours=(0.8, 1.5))
    facet = judge(made, Given(start=0.0, isolation_coolant=1)).coolant
    open_ = facet.isolation == Isolation.INDETERMINATE
    leans = open_ & (facet.coupling_per_h > 0.8) & (facet.low_per_h > 0.05)
    silent = open_ & (facet.low_per_h == 0)
    assert leans.any()
    assert silent.any()
    assert (facet.status[leans] == Status.INSUFFICIENT_EVIDENCE).all()
    assert (facet.rests_on[silent] == RestsOn.MANIFEST).all()


def test_hot_goods_against_the_drug_are_suspected_and_goods_apart_are_not():
    aboard = Given(start=0.0, goods_aboard=1)
    touching = world(60, seed=51, k_goods=(1.5, 3.0), coolant_hold_h=(6.0, 12.0))
    judged = judge(touching, aboard)
    assert (judged.goods.isolation == Isolation.MISSING).mean() > 0.8
    assert (judged.findings.type == code_of("missing_isolation/goods_contact")).any()
    assert not (judged.coolant.isolation == Isolation.MISSING).any()
    apart = judge(world(60, seed=52, k_goods=(0.02, 0.3)), aboard)
    assert not (apart.goods.isolation == Isolation.MISSING).any()
    assert (apart.goods.isolation == Isolation.ISOLATED).mean() > 0.8


def test_two_steps_of_a_sensors_grid_carry_no_accusation():
    """A drug that moves by 0.2 °C in all is too quiet to speak of contact, whatever fits it."""
    random = np.random.default_rng(3)
    seconds = np.arange(0.0, 4000.0, 60.0)
    accused = 0
    for _ in range(20):
        drug = np.round(4.3 + 0.1 * np.sin(seconds / 900.0 + random.uniform(0, 6)), 1)
        probes = {
            "coolant": np.round(0.05 + 0.05 * random.standard_normal(seconds.size), 1),
            "ambient": 27.0 + 2.0 * np.sin(seconds / 800.0 + random.uniform(0, 6)),
        }
        tracks = tracks_of(Series(seconds, drug=drug, probes=probes))
        terms = terms_of(Given(start=0.0))
        judged = judge_isolation(case_of(tracks, terms, NUMBERS))
        accused += int(judged.coolant.isolation[0] == Isolation.MISSING)
    assert accused == 0


def test_a_declaration_is_not_believed_against_an_interval_above_the_limit():
    """Where a guard forbids to accuse, the declared part does not make it compliant either."""
    made = world(80, seed=61, k_coolant=(2.0, 4.0), body="payload", probes=Probes(grid_c=0.5))
    facet = judge(made, Given(start=0.0, isolation_coolant=1)).coolant
    guarded = (facet.low_per_h > facet.limit_per_h) & (facet.isolation == Isolation.INDETERMINATE)
    assert guarded.any()
    assert (facet.status[guarded] == Status.INSUFFICIENT_EVIDENCE).all()
    assert (facet.rests_on[guarded] == RestsOn.HEAT).all()


def test_a_small_load_follows_coolant_and_outside_alike_and_accuses_nobody():
    """Five times as fast to the coolant as to the outside: a few pens with every part in place."""
    made = world(
        60, seed=31, k_coolant=(1.6, 1.9), k_ambient=(0.31, 0.37), coolant_hold_h=(6.0, 12.0)
    )
    judged = judge(made, Given(start=0.0, isolation_coolant=1))
    facet = judged.coolant
    told = facet.reason == IsolationReason.SMALL_LOAD
    assert told.mean() > 0.5
    assert (facet.isolation[told] == Isolation.INDETERMINATE).all()
    assert (facet.status[told] == Status.INSUFFICIENT_EVIDENCE).all()  # nor is it believed
    assert (facet.isolation == Isolation.MISSING).mean() < 0.02


def test_of_a_registered_box_the_number_holds_for_its_load():
    made = world(
        60, seed=31, k_coolant=(1.6, 1.9), k_ambient=(0.31, 0.37), coolant_hold_h=(6.0, 12.0)
    )
    source = np.full(60, LimitSource.REGISTER, dtype=np.int8)
    judged = judge(made, coolant_limit_source=source)
    assert not (judged.coolant.reason == IsolationReason.SMALL_LOAD).any()
    assert (judged.coolant.isolation == Isolation.MISSING).mean() > 0.3
