"""Missing isolation in a world built unlike the detector: layered wall, stratified air, two packs
that melt at different temperatures, a stack of cartons, lids, places. Offsets."""

from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np
import pytest

from coldwitness.analysis.isolation.isolation_judgement import IsolationJudgement, judge_isolation
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.record.case import case_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.tracks import Tracks
from coldwitness.domain.words import Isolation
from tests.analysis.building import Given, terms_of
from tests.analysis.isolation.isolation_layers import layered_world
from tests.analysis.isolation.isolation_world import Probes, world

NUMBERS = load_packs()[0].numbers
BOXES = 120


def judge(tracks: Tracks) -> IsolationJudgement:
    given = Given(start=0.0, goods_aboard=int("goods" in tracks.temperature_c))
    terms = terms_of(*[given] * len(tracks.shipments), shipments=tracks.shipments)
    return judge_isolation(case_of(tracks, terms, NUMBERS))


@lru_cache
def layers(contact: bool, goods_contact: bool | None = None, grid_c: float = 0.1) -> Tracks:
    return layered_world(
        BOXES, seed=31, contact=contact, goods_contact=goods_contact, grid_c=grid_c
    )


@pytest.mark.parametrize("grid_c", [0.1, 0.5])
def test_a_box_in_order_is_never_accused_there(grid_c):
    coolant = judge(layers(False, grid_c=grid_c)).coolant
    assert not (coolant.isolation == Isolation.MISSING).any()


@pytest.mark.parametrize(("grid_c", "least"), [(0.1, 0.65), (0.5, 0.25)])
def test_contact_there_is_mostly_found_and_hardly_ever_called_isolated(grid_c, least):
    coolant = judge(layers(True, grid_c=grid_c)).coolant
    assert (coolant.isolation == Isolation.MISSING).mean() > least
    assert (coolant.isolation == Isolation.ISOLATED).mean() <= 0.01


@pytest.mark.parametrize(
    ("contact", "goods_contact"), [(False, False), (False, True), (True, False)]
)
def test_coolant_and_goods_are_told_apart_there(contact, goods_contact):
    judged = judge(layers(contact, goods_contact))
    for facet, touching in ((judged.coolant, contact), (judged.goods, goods_contact)):
        wrong = Isolation.ISOLATED if touching else Isolation.MISSING
        right = Isolation.MISSING if touching else Isolation.ISOLATED
        assert (facet.isolation == wrong).mean() <= 0.01
        assert (facet.isolation == right).mean() > 0.5


def test_where_coolant_and_goods_both_touch_the_drug_neither_is_acquitted_nor_named():
    """Neither explains the curve alone, and what a lumped box lets follow from both is too much."""
    judged = judge(layers(True, True))
    for facet in (judged.coolant, judged.goods):
        assert (facet.isolation == Isolation.ISOLATED).mean() <= 0.01
        assert (facet.reason == IsolationReason.OTHER_EXPLAINS).mean() > 0.5


@pytest.mark.parametrize("contact", [False, True])
def test_no_offset_of_half_a_degree_makes_a_confident_wrong_answer(contact):
    """Every probe at the end of its tolerance, in every combination of signs."""
    made = world(
        40,
        seed=33,
        k_coolant=(1.5, 4.0) if contact else (0.1, 0.5),
        coolant_hold_h=(6.0, 12.0),
        probes=Probes(offset_c=0.0),
    ).tracks
    wrong = Isolation.ISOLATED if contact else Isolation.MISSING
    for signs in product((-0.5, 0.5), repeat=3):
        shifted = {
            name: made.temperature_c[name] + offset_c
            for name, offset_c in zip(("drug", "coolant", "ambient"), signs, strict=True)
        }
        coolant = judge(replace(made, temperature_c=shifted)).coolant
        assert not (coolant.isolation == wrong).any(), signs


def test_the_interval_covers_in_93_to_99_of_100_repeats_over_all_conditions():
    """In order and in contact; offsets, grids, lags, uneven and lost samples, lids, goods."""
    covered = []
    for rates in ((0.1, 0.5), (1.5, 4.0)):
        for options in (
            {},
            {"hours": (1.0, 2.0)},
            {"probes": Probes(interval_s=300.0, jitter=0.0)},
            {"probes": Probes(grid_c=0.5)},
            {"probes": Probes(jitter=0.45, lost=0.2)},
            {"k_goods": (0.1, 0.4)},
            {"lid_events": 2.0},
        ):
            made = world(80, seed=35, k_coolant=rates, **options)
            facet = judge(made.tracks).coolant
            known = np.isfinite(facet.low_per_h)
            true = made.k_coolant[known]
            covered.append((facet.low_per_h[known] <= true) & (true <= facet.high_per_h[known]))
    assert 0.93 <= np.concatenate(covered).mean() <= 0.99


def test_a_probe_in_the_air_of_the_box_accuses_nobody():
    """It follows coolant and outside as the air does, fast, with every part in place."""
    made = world(150, seed=77, k_coolant=(0.1, 0.5), body="air")
    coolant = judge(made.tracks).coolant
    assert (coolant.isolation == Isolation.MISSING).mean() <= 0.01
