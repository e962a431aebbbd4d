"""Several storage classes in one box: each item by its own limits and its compartment's probe."""

from typing import Any

import numpy as np
import pytest

from coldwitness.domain.words import Status
from tests.analysis.building import Drug, Given, Series
from tests.analysis.judging import BREAKS, Seen, minutes, seen

FRIDGE = Drug(low=2.0, high=8.0, name="insulin")
ROOM = Drug(low=10.0, high=30.0, name="tablets", storage="room")
FROZEN = Drug(low=-25.0, high=-10.0, name="plasma", storage="frozen")


def at(drug: Drug, compartment: str, **changes: Any) -> Drug:
    return Drug(
        low=drug.low,
        high=drug.high,
        name=drug.name,
        storage=drug.storage,
        compartment=compartment,
        **changes,
    )


def flat(celsius: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.full(61, celsius)


def judged(items: tuple[Drug, ...], **probes: float) -> Seen:
    """One hour of steady probes, named with `_at_` for @."""
    readings = {name.replace("_at_", "@"): flat(celsius) for name, celsius in probes.items()}
    given = Given(start=0, end=3600, items=items)
    return seen(Series(minutes(61), readings.pop("drug", None), probes=readings), given=given)


def items_of(found: Seen) -> dict[str, str]:
    return {item["name"]: item["status"] for item in found.result["items"]}


def certainties(found: Seen) -> set[str]:
    return {one["certainty"] for one in found.found(*BREAKS)}


@pytest.mark.parametrize(
    ("celsius", "certainty", "range_"),
    [
        (5.0, "possible", Status.INSUFFICIENT_EVIDENCE),
        (20.0, "possible", Status.INSUFFICIENT_EVIDENCE),
        (8.5, "possible", Status.INSUFFICIENT_EVIDENCE),
        (9.0, "certain", Status.BREACH),
        (9.5, "possible", Status.INSUFFICIENT_EVIDENCE),
        (30.4, "possible", Status.INSUFFICIENT_EVIDENCE),
        (31.0, "certain", Status.BREACH),
        (1.0, "certain", Status.BREACH),
    ],
)
def test_without_compartments_only_what_no_item_allows_is_certain(
    celsius: float, certainty: str, range_: Status
) -> None:
    found = judged((FRIDGE, ROOM), drug=celsius)
    assert certainties(found) == {certainty}
    assert found.status("range") is range_
    assert found.status("goods_isolation") is Status.TO_CHECK
    assert all(one["subtype"] != "declared" for one in found.result["findings"])


def test_each_item_has_its_line_by_its_own_limits() -> None:
    assert items_of(judged((FRIDGE, ROOM), drug=5.0)) == {
        "insulin": "compliant",
        "tablets": "insufficient_evidence",
    }
    assert items_of(judged((FRIDGE, FROZEN), drug=-5.0)) == {
        "insulin": "breach",
        "plasma": "breach",
    }


def test_each_item_is_judged_by_the_probe_of_its_compartment() -> None:
    found = judged((at(FRIDGE, "A"), at(ROOM, "B")), drug_at_A=5.0, **{"drug.2_at_B": 21.0})
    assert found.status("range") is Status.COMPLIANT
    assert items_of(found) == {"insulin": "compliant", "tablets": "compliant"}
    assert not found.found(*BREAKS)


def test_a_compartment_out_of_its_range_is_a_breach_of_its_item_alone() -> None:
    found = judged((at(FRIDGE, "A"), at(ROOM, "B")), drug_at_A=12.0, **{"drug.2_at_B": 21.0})
    assert found.status("range") is Status.BREACH
    assert items_of(found) == {"insulin": "breach", "tablets": "compliant"}
    insulin, tablets = found.result["items"]
    assert insulin["findings"]
    assert not tablets["findings"]
    assert certainties(found) == {"certain"}


def test_an_item_whose_compartment_no_probe_names_is_insufficient() -> None:
    found = judged((at(FRIDGE, "A"), at(ROOM, "B")), drug_at_A=5.0)
    assert items_of(found) == {"insulin": "compliant", "tablets": "insufficient_evidence"}
    assert found.status("range") is Status.INSUFFICIENT_EVIDENCE
    assert "没有测点" in found.line("ANNEX6-10")["basis"]["zh"]
    both = judged((at(FRIDGE, "A"), at(ROOM, "B")), drug=5.0)
    assert items_of(both) == dict.fromkeys(("insulin", "tablets"), "insufficient_evidence")


def test_an_unnamed_compartment_of_one_class_alone_changes_nothing() -> None:
    found = judged((at(FRIDGE, "A"), at(FRIDGE, "B")), drug=5.0)
    assert set(items_of(found).values()) == {"compliant"}
    assert found.status("range") is Status.COMPLIANT


def test_an_item_without_compartment_beside_named_ones_is_at_most_doubted_by_their_probes() -> None:
    found = judged((at(FRIDGE, "A"), ROOM), drug_at_A=5.0)
    assert items_of(found) == {"insulin": "compliant", "tablets": "insufficient_evidence"}
    assert found.status("range") is Status.INSUFFICIENT_EVIDENCE
    assert found.status("goods_isolation") is Status.TO_CHECK


def test_two_classes_in_one_compartment_are_both_judged_by_its_probe() -> None:
    found = judged((at(FRIDGE, "A"), at(ROOM, "A")), drug_at_A=5.0)
    assert items_of(found) == {"insulin": "compliant", "tablets": "breach"}
    assert found.status("range") is Status.BREACH


def test_a_probe_of_an_unknown_compartment_is_never_left_out() -> None:
    found = judged((FRIDGE,), drug_at_A=5.0, **{"drug.2_at_B": 15.0})
    assert found.status("range") is Status.BREACH
    stated = judged((at(FRIDGE, "A"),), drug_at_A=5.0, **{"drug.2_at_B": 15.0})
    assert stated.status("range") is Status.BREACH


def test_freezing_is_certain_only_where_the_freeze_sensitive_item_is_surely_there() -> None:
    sensitive = Drug(low=2.0, high=8.0, name="insulin", freeze_sensitive=True)
    loose = judged((sensitive, FROZEN), drug=-15.0)
    assert certainties(loose) == {"possible"}
    named = judged(
        (at(sensitive, "A", freeze_sensitive=True), at(FROZEN, "B")),
        drug_at_A=-15.0,
        **{"drug.2_at_B": -15.0},
    )
    assert items_of(named) == {"insulin": "breach", "plasma": "compliant"}


def test_a_budget_counts_by_the_probe_of_its_item() -> None:
    budget = ((8.0, 25.0, 10.0),)
    items = (at(FRIDGE, "A", budget=budget), at(ROOM, "B"))
    kept = judged(items, drug_at_A=5.0, **{"drug.2_at_B": 21.0})
    assert not [one for one in kept.result["findings"] if one["subtype"] == "budget_exceeded"]
    spent = judged(items, drug_at_A=12.0, **{"drug.2_at_B": 21.0})
    assert [one for one in spent.result["findings"] if one["subtype"] == "budget_exceeded"]


def test_packed_out_of_range_asks_the_compartment_of_the_probe() -> None:
    named = judged((at(FRIDGE, "A"), at(ROOM, "B")), drug_at_A=5.0, **{"drug.2_at_B": 21.0})
    assert named.line("ANNEX1-05")["status"] == "compliant"
    loose = judged((FRIDGE, ROOM), drug=5.0)
    assert loose.line("ANNEX1-05")["status"] == "to_check"
