"""Manifests written by hand: none is refused, and each line comes to what stands beside it."""

from typing import Any

import pytest

from coldwitness.config.rules import load_packs
from coldwitness.domain.measures import given
from tests.judging.hand_made import expected, judged, names

STATUSES = (
    "breach",
    "suspected",
    "insufficient_evidence",
    "to_check",
    "asserted",
    "compliant",
    "not_applicable",
)


def test_there_are_sixty_and_more_and_each_has_its_row() -> None:
    assert len(names()) >= 60
    assert sorted(expected()) == names()


@pytest.mark.parametrize("name", names())
def test_a_manifest_comes_to_what_is_written_beside_it(name: str) -> None:
    told = expected()[name]
    result, _ = judged(name, told["record"], told.get("as_of"))
    assert (result.state, result.verdict) == (told["state"], told["verdict"])
    assert {line.id: line.status for line in result.requirements} == _lines(told)
    found = {f"{one.kind}/{one.subtype} {one.certainty}" for one in result.findings}
    assert sorted(found) == told["findings"]
    items = told.get("items", ["compliant"] * len(result.items))
    assert [item.status for item in result.items] == items
    codes = {warning.code for warning in given(result.warnings) or ()}
    assert sorted(codes) == told.get("warnings", [])


@pytest.mark.parametrize("name", names())
def test_every_line_of_the_pack_has_one_status(name: str) -> None:
    told = expected()[name]
    lines = [id_ for status in STATUSES for id_ in told.get(status, "").split()]
    pack = next(pack for pack in load_packs() if pack.id == "cn-retail-delivery")
    assert sorted(lines) == sorted(line.id for line in pack.requirements)


def _lines(told: dict[str, Any]) -> dict[str, str]:
    return {id_: status for status in STATUSES for id_ in told.get(status, "").split()}
