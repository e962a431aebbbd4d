"""What only the company's own limits, or its own slew limit, allow is at best asserted."""

from dataclasses import replace
from typing import Any

import pytest

from coldwitness.domain.manifest import Qualification
from coldwitness.domain.office import OfficeBox, OfficeFacts
from coldwitness.domain.reading_table import reading_table
from coldwitness.domain.result import CheckResult
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.run import judge_shipments
from tests.cli.deliveries import manifest
from tests.judging.test_publishers import BOOK, result, sent, status

COLD = {"name": "insulin", "category": "drug", "storage": "refrigerated"}
PLACES = {"low": 2.0, "high": 25.0}


def of_item(celsius: float, **item: Any) -> CheckResult:
    drug = {"name": "insulin", "category": "drug", **item}
    return result(sent(celsius), raw=manifest(items=[drug]))


@pytest.mark.parametrize(
    ("celsius", "expected"), [(5.0, "compliant"), (8.0, "compliant"), (8.1, "asserted")]
)
def test_a_reading_that_only_own_limits_allow_makes_no_finding_and_is_asserted(
    celsius: float, expected: str
) -> None:
    found = of_item(celsius, storage="refrigerated", limits=PLACES)
    assert status(found) == expected
    assert [item.status for item in found.items] == [expected]
    assert not [one for one in found.findings if one.kind == "cold_chain_break"]


def test_beyond_its_own_limits_a_reading_is_a_breach_as_ever() -> None:
    assert status(of_item(26.0, storage="refrigerated", limits=PLACES)) == "breach"


def test_own_limits_inside_the_class_are_taken_as_they_are() -> None:
    narrow = {"low": 3.0, "high": 7.0}
    assert status(of_item(5.0, storage="refrigerated", limits=narrow)) == "compliant"
    assert status(of_item(7.9, storage="refrigerated", limits=narrow)) != "compliant"


def test_limits_without_a_class_are_asserted_and_the_label_would_settle_it() -> None:
    found = of_item(5.0, limits={"low": 2.0, "high": 8.0})
    (line,) = [one for one in found.requirements if one.id == "ANNEX6-10"]
    assert line.status == "asserted"
    assert "the registered label would settle it" in line.basis.en
    assert line.would_settle


def qualified(slew: float | None) -> dict[str, Any]:
    box = {"id": "BX-1", "isolation": {"coolant": True, "goods": True}, "cooling": "passive"}
    qualification = {} if slew is None else {"slew_max_c_per_min": slew}
    return manifest(items=[COLD], box={**box, "qualification": qualification})


def holed(raw: dict[str, Any]) -> str:
    """Status of the range with nothing seen for 22 minutes between readings of 5 °C."""
    raw = {**raw, "logger": {"id": "LG-1", "calibrated_until": "2027-03-01"}}
    readings = sent(5.0, minutes=range(20)) + sent(5.0, minutes=range(41, 61))
    return status(result(readings, raw=raw))


def test_only_a_stated_slew_limit_that_alone_makes_a_hole_harmless_is_asserted() -> None:
    """Over the 22 minutes unseen the default of 0.3 °C/min reaches 8.3 °C, 0.2 only 7.2."""
    assert holed(qualified(None)) == "insufficient_evidence"
    assert holed(qualified(0.3)) == "insufficient_evidence"
    assert holed(qualified(0.2)) == "asserted"


def test_a_stated_slew_limit_that_changes_nothing_leaves_the_line_compliant() -> None:
    assert status(result(sent(5.0), raw=qualified(0.2))) == "compliant"


def briefly_holed(slew: float | None) -> str:
    """Status of the range with nothing seen for 10 minutes between readings of 5 °C."""
    raw = {**qualified(slew), "logger": {"id": "LG-1", "calibrated_until": "2027-03-01"}}
    readings = sent(5.0, minutes=range(20)) + sent(5.0, minutes=range(29, 61))
    return status(result(readings, raw=raw))


def test_a_stated_slew_limit_looser_than_the_default_counts_against_its_company() -> None:
    """In 10 minutes unseen the default of 0.3 °C/min reaches 6.5 °C, 1.0 would reach 10."""
    assert briefly_holed(None) == "compliant"
    assert briefly_holed(1.0) == "insufficient_evidence"


def test_a_slew_limit_that_the_office_registered_lifts_what_the_stated_one_only_asserts() -> None:
    box = OfficeBox(
        id="BX-1",
        model="M",
        cooling="passive",
        partition="removable",
        qualification=Qualification(slew_max_c_per_min=0.2),
    )
    raw = {**qualified(0.2), "logger": {"id": "LG-1", "calibrated_until": "2027-03-01"}}
    readings = sent(5.0, minutes=range(20)) + sent(5.0, minutes=range(41, 61))
    declared = {"S1": parse_manifest(raw, classes=BOOK.classes)[0]}
    evidence = Evidence(
        ("S1",), reading_table(readings, None, shipments=("S1",)), declared, {"S1": []}
    )
    for office, expected in (({}, "asserted"), ({"S1": OfficeFacts(box=box)}, "compliant")):
        (group,) = judge_shipments(replace(evidence, office=office), rulebook=BOOK)
        assert status(group.results[0]) == expected
