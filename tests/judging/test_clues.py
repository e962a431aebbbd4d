"""What becomes a clue, and which clue it is: decided without a register."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from coldwitness.domain.manifest import Item, Manifest
from coldwitness.domain.result import Finding
from coldwitness.judging.clues import clue_changes, under_way
from coldwitness.storage.clue_ports import Clue, ClueChanges, ToldOfShipment
from tests.storage.readings import T0
from tests.storage.results import finding, result

NOTHING = ToldOfShipment(frozenset(), None)
PACKED = ToldOfShipment(frozenset({"packed"}), None)


def changes(
    *findings: Finding,
    clues: Sequence[Clue] = (),
    told: ToldOfShipment = NOTHING,
    judged_ms: int = T0,
    reason: str = "readings",
) -> ClueChanges:
    return clue_changes(result(*findings), clues, told, judged_ms=judged_ms, reason=reason)


def opened(*findings: Finding) -> list[Clue]:
    """Clues of these findings, as the feed numbers them."""
    fresh = changes(*findings).opened
    return [replace(clue, cursor=n) for n, clue in enumerate(fresh, start=1)]


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        ("cold_chain_break", "above_range"),
        ("temporary_storage", "suspected"),
        ("missing_isolation", "coolant_contact"),
        ("data_integrity", "copied"),
    ],
)
@pytest.mark.parametrize("certainty", ["certain", "probable"])
def test_an_accusation_of_at_least_probable_certainty_is_a_clue(
    kind: str, subtype: str, certainty: str
) -> None:
    accused = finding(kind=kind, subtype=subtype, certainty=certainty)
    (clue,) = changes(accused).opened
    assert (clue.shipment, clue.finding, clue.verdict) == ("S-1", accused, "breach")
    assert clue.requirements == ("ANNEX6-10", "LZ-PLAN-5.cold-chain")
    assert (clue.version, clue.status, clue.standing) == (1, "open", True)


@pytest.mark.parametrize(
    ("kind", "subtype", "certainty"),
    [
        ("cold_chain_break", "above_range", "possible"),
        ("evidence_gap", "no_readings", "certain"),
        ("data_integrity", "sequence", "certain"),
        ("data_integrity", "copied", "possible"),
    ],
)
def test_doubt_and_gaps_accuse_nobody(kind: str, subtype: str, certainty: str) -> None:
    told = finding(kind=kind, subtype=subtype, certainty=certainty)
    assert changes(told) == ClueChanges((), ())


def test_what_is_inferred_waits_for_the_end_of_the_journey() -> None:
    inferred, measured = finding("F-p", certainty="probable"), finding("F-c", start=20, end=30)
    begun = changes(inferred, measured, told=PACKED)
    assert [clue.finding.id for clue in begun.opened] == ["F-c"]
    ended = ToldOfShipment(frozenset({"packed", "delivered"}), None)
    assert len(changes(inferred, measured, told=ended).opened) == 2


@pytest.mark.parametrize(
    ("events", "dispatched", "arrived", "expected"),
    [
        (set(), False, False, False),
        ({"packed"}, False, False, True),
        ({"departed"}, True, False, True),
        ({"packed", "delivered"}, False, False, False),
        ({"delivered"}, True, False, False),
        (set(), True, False, True),
        (set(), True, True, False),
        ({"packed"}, True, True, False),
    ],
)
def test_a_journey_is_under_way_from_the_first_word_of_it_to_the_first_of_its_end(
    events: set[str], dispatched: bool, arrived: bool, expected: bool
) -> None:
    manifest = Manifest(
        id="S-1",
        items=(Item(storage="refrigerated"),),
        dispatched_ms=T0 if dispatched else None,
        delivered_ms=T0 + 1 if arrived else None,
    )
    assert under_way(ToldOfShipment(frozenset(events), manifest)) is expected


def test_judging_again_changes_nothing() -> None:
    assert changes(finding(), clues=opened(finding())) == ClueChanges((), ())


@pytest.mark.parametrize(
    ("start", "end", "continued"),
    [(10, 20, True), (5, 12, True), (-5, 0, True), (10.001, 20, False), (-5, -0.001, False)],
)
def test_a_finding_that_touches_an_earlier_clue_updates_it(
    start: float, end: float, continued: bool
) -> None:
    (clue,) = opened(finding("F-1", start=0, end=10))
    said = changes(
        finding("F-9", start=start, end=end), clues=[clue], reason="late", judged_ms=T0 + 7
    )
    (kept,) = said.changed
    assert (kept.id, kept.cursor, kept.version, kept.updated_ms) == (clue.id, 1, 2, T0 + 7)
    if continued:
        assert said.opened == ()
        assert (kept.finding.id, kept.standing, kept.reason) == ("F-9", True, "late")
    else:
        assert [one.finding.id for one in said.opened] == ["F-9"]
        assert (kept.finding.id, kept.standing) == ("F-1", False)


@pytest.mark.parametrize(
    ("without", "far"),
    [("start", finding("F-9", start=-90, end=-80)), ("end", finding("F-9", start=80, end=90))],
)
def test_a_finding_without_a_bound_reaches_to_that_side(without: str, far: Finding) -> None:
    bounded = finding("F-1", start=10, end=20)
    assert len(changes(far, clues=opened(bounded)).opened) == 1
    unbounded = msgspec.structs.replace(bounded, **{without: None})
    assert changes(far, clues=opened(unbounded)).opened == ()


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "temporary_storage", "subtype": "suspected"},
        {"subtype": "frozen"},
        {"probe": "drug.2"},
    ],
)
def test_a_finding_of_another_kind_subtype_or_probe_is_its_own_clue(other: dict[str, Any]) -> None:
    both = finding("F-1"), finding("F-2", **other)
    clues = opened(*both)
    assert len(clues) == 2
    assert changes(*both, clues=clues) == ClueChanges((), ())


def test_two_findings_never_hide_in_one_clue() -> None:
    said = changes(
        finding("F-2", start=0, end=8),
        finding("F-3", start=12, end=20),
        clues=opened(finding("F-1", start=0, end=20)),
    )
    assert [clue.finding.id for clue in said.changed] == ["F-2"]
    assert [clue.finding.id for clue in said.opened] == ["F-3"]


def test_the_finding_a_clue_was_made_of_comes_before_one_that_touches_it() -> None:
    first, second = opened(finding("F-1", start=0, end=10), finding("F-2", start=10, end=20))
    assert changes(finding("F-2", start=10, end=20), clues=[first, second]).changed == (
        replace(
            first,
            version=2,
            standing=False,
            reason="no longer found: readings",
        ),
    )


def test_a_clue_whose_finding_is_gone_stays_and_says_so_once() -> None:
    (kept,) = changes(clues=opened(finding()), reason="late readings").changed
    assert (kept.standing, kept.version, kept.verdict) == (False, 2, "compliant")
    assert kept.reason == "no longer found: late readings"
    assert changes(clues=[kept], reason="more") == ClueChanges((), ())
    (back,) = changes(finding(), clues=[kept], reason="again").changed
    assert (back.standing, back.version, back.reason) == (True, 3, "again")


def test_what_the_case_system_said_outlives_a_change() -> None:
    (clue,) = opened(finding())
    said = replace(clue, status="transferred", status_note="案号 17")
    (kept,) = changes(finding(end=30), clues=[said]).changed
    assert (kept.status, kept.status_note, kept.version) == ("transferred", "案号 17", 2)
