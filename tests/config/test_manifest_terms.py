from typing import Any

import numpy as np
import pytest

from coldwitness.analysis.terms import LimitSource, Terms, WindowSource
from coldwitness.config.rules import load_packs
from coldwitness.config.storage_classes import load_box_models, load_storage_classes
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.reading import Event
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.manifest_terms import terms_for

CLASSES = load_storage_classes()
MODELS = load_box_models()
NUMBERS = load_packs()[0].numbers
T0 = "2026-11-21T08:00:00Z"
T0_S = instant_ms(T0) / 1000


def _terms(
    *raws: dict[str, Any], events: list[Event] | None = None, assumed: str | None = None
) -> Terms:
    manifests = [
        parse_manifest({"id": f"S{i}", **raw}, classes=CLASSES)[0] for i, raw in enumerate(raws)
    ]
    return terms_for(
        [manifest.id for manifest in manifests] or ["S0"],
        manifests={manifest.id: manifest for manifest in manifests},
        events={"S0": events or []},
        classes=CLASSES,
        models=MODELS,
        numbers=NUMBERS,
        assumed_storage=assumed,
    )


DRUG = {"storage": "refrigerated"}


def _event(name: str, minute: int) -> Event:
    return Event(event=name, time_ms=instant_ms(T0) + minute * 60_000, shipment="S0")


def test_several_items_are_judged_by_their_strictest_common_limits() -> None:
    terms = _terms(
        {"items": [DRUG, {"limits": {"low": -5, "high": 6.5}}, {"storage": "cold_place"}]}
    )
    assert (terms.low_c[0], terms.high_c[0]) == (2.0, 6.5)
    assert list(terms.items.high_c) == [8.0, 6.5, 10.0]


def test_a_side_the_label_leaves_out_comes_from_the_class() -> None:
    terms = _terms({"items": [{"storage": "refrigerated", "limits": {"high": 25}}]})
    assert (terms.low_c[0], terms.high_c[0]) == (2.0, 25.0)


def test_an_open_side_is_infinite() -> None:
    terms = _terms({"items": [{"storage": "cool"}]})
    assert np.isneginf(terms.low_c[0])
    assert terms.high_c[0] == 20.0


def test_events_win_over_the_manifests_times_and_their_difference_is_kept() -> None:
    terms = _terms(
        {"items": [DRUG], "dispatched_at": T0, "delivered_at": "2026-11-21T09:00:00Z"},
        events=[_event("delivered", 67), _event("packed", 2)],
    )
    assert terms.start_s[0] == T0_S + 120
    assert terms.end_s[0] == T0_S + 67 * 60
    assert terms.start_source[0] == WindowSource.EVENT
    assert terms.mismatch_s[0] == 420


def test_an_end_before_packing_does_not_close_the_window() -> None:
    terms = _terms({"items": [DRUG]}, events=[_event("returned", -30), _event("packed", 0)])
    assert np.isnan(terms.end_s[0])
    assert terms.end_source[0] == WindowSource.READINGS


@pytest.mark.parametrize(
    ("endings", "ended_min"),
    [
        (["refused", "returned"], 61),
        (["refused", "delivered"], 60),
        (["delivered", "returned"], 60),
        (["refused"], 60),
    ],
)
def test_refused_and_then_returned_is_one_ending_at_the_later(
    endings: list[str], ended_min: int
) -> None:
    events = [_event("packed", 0), *(_event(name, 60 + n) for n, name in enumerate(endings))]
    assert _terms({"items": [DRUG]}, events=events).end_s[0] == T0_S + ended_min * 60


@pytest.mark.parametrize(
    ("stated_m", "used_m", "cut"), [(499, 499, False), (500, 500, False), (501, 500, True)]
)
def test_a_stated_radius_counts_up_to_the_largest_of_the_pack(
    stated_m: float, used_m: float, cut: bool
) -> None:
    place = {"lat": 36.8, "lon": 118.0, "radius_m": stated_m}
    terms = _terms({"items": [DRUG], "origin": place, "destination": place, "sites": [place]})
    assert [
        *terms.origin_radius_m,
        *terms.destination_radius_m,
        *terms.sites.radius_m,
    ] == [used_m] * 3
    assert terms.radius_cut.tolist() == [cut]


def test_limits_come_from_the_manifest_else_the_box_model_else_the_setting() -> None:
    terms = _terms(
        {"items": [DRUG], "box": {"qualification": {"coolant_coupling_max_per_h": 0.2}}},
        {"items": [DRUG], "box": {"model": "EPS-18L"}},
        {"items": [DRUG], "box": {"model": "unheard-of"}},
    )
    assert list(terms.coolant_limit_per_h) == [0.2, 0.8, NUMBERS.coolant_coupling_max_per_h]
    assert list(terms.coolant_limit_source) == [
        LimitSource.MANIFEST,
        LimitSource.MODEL,
        LimitSource.SETTING,
    ]
    assert list(terms.active_cooling) == [-1, 0, -1]


def test_drug_and_other_goods_in_one_named_compartment_are_seen() -> None:
    meal = {"name": "hot meal", "category": "non_drug", "compartment": "A"}
    terms = _terms(
        {"items": [{**DRUG, "name": "insulin", "compartment": "A"}, meal]},
        {"items": [DRUG, {**meal, "compartment": None}]},
    )
    assert list(terms.shared_compartment) == [True, False]
    assert terms.shared_lines[0] == "items[0] insulin; items[1] hot meal"
    assert list(terms.goods_aboard) == [1, 1]


def test_without_a_manifest_the_range_is_unknown_unless_a_class_is_assumed() -> None:
    unknown = _terms()
    assert not unknown.limits_known[0]
    assumed = _terms(assumed="refrigerated")
    assert assumed.limits_known[0]
    assert assumed.storage_assumed[0]
    assert (assumed.low_c[0], assumed.high_c[0]) == (2.0, 8.0)


def test_an_unknown_assumed_class_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="'warmish'"):
        _terms(assumed="warmish")


def test_calibration_holds_through_its_last_chinese_day() -> None:
    terms = _terms({"items": [DRUG], "logger": {"calibrated_until": "2026-11-21"}})
    assert terms.calibrated_until_s[0] == instant_ms("2026-11-22T00:00:00+08:00") / 1000


@pytest.mark.parametrize(
    ("stated_c", "kept_c"), [(0.5, 0.5), (0.1, 0.1), (0.09, np.nan), (0.0, np.nan)]
)
def test_an_uncertainty_that_no_logger_has_counts_as_not_stated(
    stated_c: float, kept_c: float
) -> None:
    terms = _terms({"items": [DRUG], "logger": {"accuracy_c": stated_c}})
    np.testing.assert_equal(terms.accuracy_c[0], kept_c)


TRIED = [{"payload_j_per_k": 1000.0, "max": 1.2}, {"payload_j_per_k": 4000.0, "max": 0.3}]


@pytest.mark.parametrize(
    ("box", "items", "limit"),
    [
        ({"payload_j_per_k": 4000.0}, [DRUG], 0.3),
        ({"payload_j_per_k": 2000.0}, [DRUG], 0.6),
        ({"payload_j_per_k": 1000.0}, [DRUG], 1.2),
        ({"payload_j_per_k": 200.0}, [DRUG], 1.2),
        ({"payload_j_per_k": 9000.0}, [DRUG], 0.3),
        ({}, [DRUG], 1.2),
        ({}, [{**DRUG, "mass_kg": 0.5}, {**DRUG, "mass_kg": 0.3}], 0.6),
        ({}, [{**DRUG, "mass_kg": 0.8}, {"category": "non_drug", "mass_kg": 5.0}], 0.6),
        ({}, [{**DRUG, "mass_kg": 0.8}, DRUG], 1.2),
        ({"payload_j_per_k": 4000.0}, [{**DRUG, "mass_kg": 0.4}], 0.3),
    ],
)
def test_a_limit_by_load_is_that_of_this_load_and_of_an_unknown_one_the_largest(
    box: dict[str, Any], items: list[dict[str, Any]], limit: float
) -> None:
    limits = {"coolant_coupling_max_per_h": TRIED, "goods_coupling_max_per_h": TRIED}
    terms = _terms({"items": items, "box": {**box, "qualification": limits}})
    assert terms.coolant_limit_per_h.tolist() == pytest.approx([limit])
    assert terms.goods_limit_per_h.tolist() == pytest.approx([limit])
    assert terms.coolant_limit_source.tolist() == [LimitSource.MANIFEST]


def test_several_classes_are_no_contradiction_and_stand_item_by_item() -> None:
    items = [
        {"storage": "refrigerated", "compartment": "A"},
        {"storage": "room", "compartment": "B"},
    ]
    terms = _terms(
        {"items": items, "logger": {"probes": {"drug": "A", "drug.2": "B"}}}, {"items": [DRUG]}
    )
    assert terms.excluding.tolist() == [True, False]
    assert not terms.compartment_unstated.any()
    assert terms.items.compartment == ("A", "B", "")
    assert terms.probe_compartments == {0: {"drug": "A", "drug.2": "B"}}
    assert not terms.shared_compartment.any()


@pytest.mark.parametrize(
    ("items", "shared"),
    [
        ([("refrigerated", "A"), ("room", "A")], "items[0]; items[1]"),
        ([("refrigerated", "A"), ("cold_place", "A")], ""),
        ([("refrigerated", "A"), ("room", "B")], ""),
        ([("refrigerated", None), ("room", None)], ""),
        ([("refrigerated", "A"), ("room", None)], ""),
    ],
)
def test_classes_that_exclude_each_other_in_one_compartment_are_told(
    items: list[tuple[str, str | None]], shared: str
) -> None:
    terms = _terms({"items": [{"storage": storage, "compartment": at} for storage, at in items]})
    assert terms.shared_lines == (shared,)
    unstated = terms.excluding[0] and any(at is None for _, at in items)
    assert terms.compartment_unstated[0] == unstated
