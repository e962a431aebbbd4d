"""What becomes a clue, which clue it is, and what is told of it: decided without a register."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from msgspec import structs

from coldwitness.domain.clues import Change
from coldwitness.domain.manifest import Company, Item, Manifest
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.judging.clues import GROWTH_MS, ClueRules, told_late, under_way
from coldwitness.storage.clue_ports import ClueChange, KeptClue, ToldOfShipment
from tests.storage.readings import MINUTE, T0
from tests.storage.results import at, finding, result

RULES = ClueRules()
NOTHING = ToldOfShipment(frozenset(), None)
PACKED = ToldOfShipment(frozenset({"packed"}), None)
ENDED = ToldOfShipment(frozenset({"packed", "delivered"}), None)


def judged(
    verdict: CheckResult,
    clues: Sequence[KeptClue] = (),
    told: ToldOfShipment = NOTHING,
    *,
    minute: float = 0,
    reason: str = "readings",
) -> list[ClueChange]:
    judged_ms = T0 + round(minute * MINUTE)
    return RULES(verdict, clues, told, judged_ms=judged_ms, reason=reason)


def changes(*findings: Finding, clues: Sequence[KeptClue] = (), **how: Any) -> list[ClueChange]:
    return judged(result(*findings), clues, **how)


def read_up_to(verdict: CheckResult, digest: str) -> CheckResult:
    evidence = structs.replace(verdict.evidence, readings_sha256=digest)
    return structs.replace(verdict, evidence=evidence)


def kept(*findings: Finding, **how: Any) -> list[KeptClue]:
    return [change.kept for change in changes(*findings, **how)]


def told_of(change: ClueChange) -> Change:
    assert change.change is not None
    return change.change


@pytest.mark.parametrize(
    ("kind", "subtype", "matter"),
    [
        ("cold_chain_break", "above_range", "cold_chain_break"),
        ("temporary_storage", "suspected", "temporary_storage"),
        ("missing_isolation", "coolant_contact", "missing_isolation"),
        ("data_integrity", "copied", "data_integrity/copied"),
    ],
)
@pytest.mark.parametrize("certainty", ["certain", "probable"])
def test_an_accusation_of_at_least_probable_certainty_is_a_clue(
    kind: str, subtype: str, matter: str, certainty: str
) -> None:
    accused = finding(kind=kind, subtype=subtype, certainty=certainty)
    (change,) = changes(accused)
    clue = change.kept.found
    assert (clue.shipment, clue.findings, clue.verdict) == ("S-1", (accused,), "breach")
    assert (clue.kind, clue.subtype, clue.certainty) == (kind, subtype, certainty)
    assert clue.requirements == ("ANNEX6-10", "LZ-PLAN-5.cold-chain")
    assert (change.kept.matter, clue.standing, clue.status) == (matter, "stands", "received")
    assert told_of(change).kind == "opened"
    assert "待核查" in told_of(change).reason


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
    assert changes(told) == []


def test_what_is_inferred_waits_for_the_end_of_the_journey() -> None:
    inferred = finding("F-p", kind="temporary_storage", subtype="suspected", certainty="probable")
    measured = finding("F-c", start=20, end=30)
    (begun,) = changes(inferred, measured, told=PACKED)
    assert begun.kept.found.findings == (measured,)
    assert len(changes(inferred, measured, told=ENDED)) == 2


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
    both = finding(), finding("F-2", kind="temporary_storage", subtype="suspected")
    assert changes(*both, clues=kept(*both), minute=60) == []


def test_all_findings_of_one_matter_are_one_clue_and_none_hides() -> None:
    short = finding("F-1", start=0, end=3, duration_s=180.0)
    long = finding("F-2", start=20, end=49, duration_s=1740.0)
    cold = finding("F-3", subtype="below_range", start=60, end=61, duration_s=60.0)
    (change,) = changes(short, long, cold)
    clue = change.kept.found
    assert [one.id for one in clue.findings] == ["F-2", "F-1", "F-3"], "the gravest first"
    assert clue.act is not None
    assert (clue.act.start, clue.act.end) == (at(0), at(61))


def test_a_break_that_comes_again_worse_is_told_of_as_the_same_clue() -> None:
    (first,) = kept(finding("F-1", start=0, end=3))
    warmer = finding("F-1", start=0, end=3), finding("F-2", start=20, end=49, duration_s=1740.0)
    (change,) = judged(read_up_to(result(*warmer), "01"), [first], minute=60)
    assert told_of(change).kind == "updated"
    assert "迟到读数" in told_of(change).reason
    assert change.kept.found.id == first.found.id
    assert len(change.kept.found.findings) == 2
    assert [line.kind for line in change.kept.found.history] == ["opened", "updated"]


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "temporary_storage", "subtype": "suspected"},
        {"kind": "data_integrity", "subtype": "copied"},
    ],
)
def test_a_finding_of_another_matter_is_its_own_clue(other: dict[str, Any]) -> None:
    first, second = kept(finding("F-1"), finding("F-2", **other))
    assert first.found.id != second.found.id


def test_a_clue_whose_findings_are_gone_is_withdrawn_once_and_may_come_again() -> None:
    (first,) = kept(finding())
    (gone,) = judged(read_up_to(result(), "02"), [first], reason="late readings")
    clue = gone.kept.found
    assert (told_of(gone).kind, clue.standing, clue.verdict) == (
        "withdrawn",
        "withdrawn",
        "compliant",
    )
    assert clue.withdrawn is not None
    assert clue.withdrawn.reason == told_of(gone).reason
    assert "further or late readings" in clue.withdrawn.reason
    assert clue.findings == first.found.findings, "what was found stays to be read"
    assert changes(clues=[gone.kept], reason="more") == []
    (back,) = changes(finding(), clues=[gone.kept])
    assert told_of(back).kind == "reopened"
    assert (back.kept.found.standing, back.kept.found.withdrawn) == ("stands", None)
    kinds = [line.kind for line in back.kept.found.history]
    assert kinds == ["opened", "withdrawn", "reopened"]


ITEMS = (Item(storage="refrigerated"),)


def test_a_withdrawal_says_what_changed_and_who_changed_it() -> None:
    before = ToldOfShipment(frozenset(), Manifest("S-1", ITEMS), 1, "aa", "ql-express")
    (first,) = kept(finding(), told=before)
    edited = ToldOfShipment(frozenset(), Manifest("S-1", ITEMS), 2, "bb", "somebody")
    (gone,) = changes(clues=[first], told=edited, reason="manifest")
    assert told_of(gone).by == "somebody"
    assert "运单更改为第 2 版，提交方 somebody" in told_of(gone).reason

    other = structs.replace(result(), evidence=structs.replace(result().evidence, rules="cn 2"))
    (gone,) = judged(other, [first], before)
    assert "rule pack cn 2 in place of cn 1" in told_of(gone).reason

    said = "review: correction_accepted 鲁C-0101"
    (gone,) = changes(clues=[first], told=before, reason=said)
    assert told_of(gone).by == "鲁C-0101"
    assert "更正" in told_of(gone).reason

    courier = Company(id="ql-express")
    named = replace(before, manifest=Manifest("S-1", ITEMS, courier=courier))
    (gone,) = judged(read_up_to(result(), "03"), [first], named)
    assert told_of(gone).by == "ql-express", "its loggers sent more"


def test_growth_of_an_open_episode_is_told_at_its_end_and_at_most_every_five_minutes() -> None:
    def grown(end: float, *, window: float) -> CheckResult:
        warm = finding(start=0, end=end, duration_s=end * 60)
        return read_up_to(result(warm, end=at(window)), f"{window}")

    (opened,) = judged(grown(1, window=1), told=PACKED, minute=1)
    assert opened.kept.open
    clue, told = opened.kept, []
    for minute in range(2, 18):
        for change in judged(grown(minute, window=minute), [clue], PACKED, minute=minute):
            clue = change.kept
            told += [minute] if change.change is not None else []
    assert told == [6, 11, 16]
    assert clue.held, "the last minute is kept and not told yet"
    (ended,) = judged(grown(17, window=19), [clue], PACKED, minute=18)
    assert told_of(ended).kind == "updated"
    assert not ended.kept.open
    assert ended.kept.found.findings[0].end == at(17)


def test_what_is_graver_is_told_at_once() -> None:
    (first,) = kept(finding(certainty="probable"), told=ENDED)
    (change,) = changes(finding(certainty="certain"), clues=[first], told=ENDED, minute=1)
    assert told_of(change).kind == "updated"
    (first,) = kept(finding(), told=PACKED)
    worse = result(finding(end=12), verdict="suspected")
    (change,) = judged(worse, [first], PACKED, minute=1)
    assert told_of(change).kind == "updated"


def test_another_cause_than_readings_is_told_at_once() -> None:
    before = replace(PACKED, manifest=Manifest("S-1", ITEMS), manifest_version=1)
    (first,) = kept(finding(), told=before)
    edited = replace(before, manifest_version=2, sender="somebody")
    (change,) = changes(finding(end=11), clues=[first], told=edited, minute=1)
    assert told_of(change).by == "somebody"


def test_growth_that_nothing_follows_is_told_when_its_time_has_come() -> None:
    (first,) = kept(finding(end=10), told=PACKED)
    (held,) = changes(finding(end=12), clues=[first], told=PACKED, minute=1)
    assert (held.change, held.kept.held) == (None, True)
    assert held.kept.told_ms == T0
    change = told_late(held.kept, now_ms=T0 + GROWTH_MS)
    assert (told_of(change).kind, change.kept.held) == ("updated", False)
    assert change.kept.found.findings[0].end == at(12)
    (again,) = changes(finding(end=12), clues=[held.kept], told=PACKED, minute=6)
    assert told_of(again).kind == "updated", "so it is when it is judged again"


def test_clues_of_before_one_matter_was_one_clue_are_merged() -> None:
    (first,) = kept(finding("F-1", start=0, end=3))
    second = replace(first, found=structs.replace(first.found, id="CL-second"))
    both = finding("F-1", start=0, end=3), finding("F-2", start=20, end=30)
    updated, merged = changes(*both, clues=[first, second], minute=60)
    assert [told_of(one).kind for one in (updated, merged)] == ["updated", "withdrawn"]
    assert first.found.id in told_of(merged).reason


def test_a_clue_can_be_kept_and_read_again_whole() -> None:
    (first,) = kept(finding())
    body = msgspec.json.encode(first.found)
    assert msgspec.json.decode(body, type=type(first.found)) == first.found
    assert len(first.found.summary.zh) <= 200


def test_a_summary_is_cut_at_200_characters() -> None:
    many = [finding(f"F-{n}", start=n * 10, end=n * 10 + 3) for n in range(40)]
    long = [
        structs.replace(one, explanation=structs.replace(one.explanation, zh=f"超温第{n}次。" * 9))
        for n, one in enumerate(many)
    ]
    (change,) = changes(*long)
    assert len(change.kept.found.summary.zh) == 200
