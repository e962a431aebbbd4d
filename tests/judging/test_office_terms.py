"""Registered facts stand in place of stated ones, of the manifest they speak of and no other."""

from typing import Any

from coldwitness.config.storage_classes import load_storage_classes
from coldwitness.domain.manifest import Box, Item, Limits, Manifest, Qualification
from coldwitness.domain.office import OfficeBox, OfficeFacts, OfficeProduct
from coldwitness.judging.office_terms import as_registered, bearing_on

CLASSES = load_storage_classes()
BOX = OfficeBox(
    id="BX-1",
    model="M",
    cooling="passive",
    partition="built_in",
    qualification=Qualification(hold_h=6.0),
)
LABEL = OfficeProduct(item=0, number="S1", storage="refrigerated")


def manifest(box: str | None = "BX-1", **item: Any) -> Manifest:
    its = Item(**{"storage": "room", "approval_number": "S1", **item})
    numbers = Qualification(hold_h=99.0, slew_max_c_per_min=0.2)
    return Manifest(id="S-1", items=(its,), box=Box(id=box, model="X", qualification=numbers))


def test_a_registered_number_replaces_the_stated_one_and_what_is_left_out_stays_stated() -> None:
    counted = as_registered(manifest(), OfficeFacts(box=BOX), CLASSES)
    assert (counted.box.model, counted.box.cooling) == ("M", "passive")
    assert counted.box.qualification == Qualification(hold_h=6.0, slew_max_c_per_min=0.2)


def test_a_box_bears_on_the_manifest_that_names_it_or_none() -> None:
    facts = OfficeFacts(box=BOX)
    assert bearing_on(manifest("BX-1"), facts).box == BOX
    assert bearing_on(manifest(None), facts).box == BOX
    assert bearing_on(manifest("BX-2"), facts).box is None


def test_a_label_bears_on_the_item_with_its_number() -> None:
    facts = OfficeFacts(products=(LABEL,))
    assert bearing_on(manifest(), facts).products == (LABEL,)
    assert bearing_on(manifest(approval_number="S2"), facts).products == ()
    assert bearing_on(manifest(approval_number=None, trace_code="S1"), facts).products == (LABEL,)


def test_own_limits_wholly_outside_the_registered_label_do_not_count() -> None:
    warm = manifest(limits=Limits(low=15.0, high=25.0))
    (item,) = as_registered(warm, OfficeFacts(products=(LABEL,)), CLASSES).items
    assert (item.storage, item.limits) == ("refrigerated", None)
