"""Contact with a pack near the drug's own temperature: eight nodes with latent heat."""

from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks.isolation_oracle import TOLD_Z, melting, of_simulator
from coldwitness.analysis.isolation.isolation_judgement import IsolationJudgement, judge_isolation
from coldwitness.analysis.record.case import case_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.tracks import FloatArray
from coldwitness.domain.words import Isolation
from tests.analysis.building import START_S, Given, terms_of
from tests.analysis.isolation.isolation_pcm import PcmWorld, pcm_world

NUMBERS = load_packs()[0].numbers
BOXES = 150
WARM = (2.0, 4.5)
PACKED_S = 120.0


def judge(made: PcmWorld, *, start_s: float = 0.0) -> IsolationJudgement:
    shipments = made.tracks.shipments
    aboard = int("goods" in made.tracks.temperature_c)
    given = [
        Given(start=start_s, goods_aboard=aboard, coolant_limit=coolant, goods_limit=goods)
        for coolant, goods in zip(made.coolant_limit_per_h, made.goods_limit_per_h, strict=True)
    ]
    return judge_isolation(case_of(made.tracks, terms_of(*given, shipments=shipments), NUMBERS))


@cache
def matched(contact: bool) -> PcmWorld:
    return pcm_world(BOXES, seed=41, contact=contact, warmer_c=WARM)


def test_contact_is_found_from_a_warm_start_and_the_matched_box_in_order_is_not_accused() -> None:
    touching, apart = judge(matched(True)).coolant, judge(matched(False)).coolant
    assert (touching.isolation == Isolation.MISSING).mean() > 0.75
    assert not (touching.isolation == Isolation.ISOLATED).any()
    assert not (apart.isolation == Isolation.MISSING).any()
    assert (apart.isolation == Isolation.ISOLATED).mean() > 0.3


def test_the_first_minutes_say_most() -> None:
    """Without them a pack near the drug's temperature is found far less often."""
    tracks = matched(True).tracks
    late = [Given(start=1200.0)] * BOXES
    terms = terms_of(*late, shipments=tracks.shipments)
    without = judge_isolation(case_of(tracks, terms, NUMBERS)).coolant
    found = judge(matched(True)).coolant
    missing = Isolation.MISSING
    assert (without.isolation == missing).mean() < 0.7 * (found.isolation == missing).mean()


def covered(low: FloatArray, high: FloatArray, true: FloatArray) -> float:
    known = np.isfinite(low)
    return float(((low <= true) & (true <= high))[known].mean())


def test_the_interval_covers_the_slow_coupling_apart_and_in_contact() -> None:
    for contact in (False, True):
        facet = judge(matched(contact)).coolant
        assert covered(facet.low_per_h, facet.high_per_h, matched(contact).coolant_per_h) >= 0.93


def test_an_opening_of_minutes_a_small_load_and_a_slow_logger_accuse_nobody() -> None:
    for made in (
        pcm_world(BOXES, seed=42, lid_min=(2.5, 12.0)),
        pcm_world(BOXES, seed=43, payload_j_per_k=(300.0, 900.0)),
        pcm_world(BOXES, seed=44, interval_s=300.0),
    ):
        assert not (judge(made).coolant.isolation == Isolation.MISSING).any()


def test_goods_against_the_drug_are_named_and_not_the_coolant() -> None:
    judged = judge(pcm_world(BOXES, seed=45, goods_contact=True))
    assert (judged.goods.isolation == Isolation.MISSING).mean() > 0.37
    assert (judged.coolant.isolation == Isolation.MISSING).mean() <= 0.01
    apart = judge(pcm_world(BOXES, seed=46, goods_contact=False))
    for facet in (apart.goods, apart.coolant):
        assert not (facet.isolation == Isolation.MISSING).any()


def test_a_box_packed_warm_accuses_nobody_and_goods_against_the_drug_are_still_named() -> None:
    """Air and inner wall begin as warm as the outside, the lid open until custody begins."""
    apart = judge(
        _packed_open(pcm_world(BOXES, seed=47, goods_contact=False, warm_box=1.0)), start_s=PACKED_S
    )
    for facet in (apart.goods, apart.coolant):
        assert not (facet.isolation == Isolation.MISSING).any()
    contact = judge(
        _packed_open(pcm_world(BOXES, seed=48, goods_contact=True, warm_box=1.0)), start_s=PACKED_S
    )
    assert (contact.goods.isolation == Isolation.MISSING).mean() > 0.28


def _packed_open(made: PcmWorld) -> PcmWorld:
    tracks = made.tracks
    since_s = tracks.time_s - START_S
    lid = np.where(since_s < PACKED_S - 20.0, 1, tracks.lid_open).astype(np.int8)
    return replace(made, tracks=replace(tracks, lid_open=lid))


def test_somebody_who_knows_the_whole_box_tells_nearly_every_contact() -> None:
    assert (melting(10, 3, "goods") > TOLD_Z).mean() >= 0.9
    assert (of_simulator("drinks_contact", "goods", 4, 3) > TOLD_Z).all()
