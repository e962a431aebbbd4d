"""Results, findings and clues in the register, on every database."""

import threading
from typing import Any

import msgspec
import pytest

from coldwitness.domain.manifest import Item, Manifest
from coldwitness.domain.reading import Event
from coldwitness.domain.result import CheckResult
from coldwitness.domain.words import CertaintyWord
from coldwitness.storage.ports import Clue
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.register.bodies import CHAIN
from tests.storage.readings import MINUTE, T0
from tests.storage.results import finding, result


def record(
    register: SqlRegister, *results: CheckResult, reason: str = "readings", judged_ms: int = T0
) -> list[Clue]:
    return register.results.record(results, judged_ms=judged_ms, reason=reason)


def test_a_result_comes_back_as_it_was_judged(register: SqlRegister) -> None:
    judged = result(finding())
    record(register, judged)
    assert register.results.of("S-1") == judged
    assert register.results.of("S-none") is None
    assert register.results.of("S-1", version=2) is None


def test_the_same_result_again_is_no_new_version(register: SqlRegister) -> None:
    record(register, result())
    record(register, result(), judged_ms=T0 + 1)
    assert [v["version"] for v in register.results.versions("S-1")] == [1]


def test_every_differing_result_is_kept_as_a_version(register: SqlRegister) -> None:
    count = 2 * CHAIN + 5
    for readings in range(count):
        record(register, result(finding(), readings=readings), judged_ms=T0 + readings)

    for version in range(1, count + 1):
        kept = register.results.of("S-1", version=version)
        assert kept == result(finding(), readings=version - 1)
    assert [v["judged_ms"] for v in register.results.versions("S-1")] == [
        T0 + readings for readings in range(count)
    ]


def test_findings_are_those_of_the_current_results_by_id(register: SqlRegister) -> None:
    record(register, result(finding("F-2"), finding("F-1", certainty="possible")))
    record(register, result(finding("F-3", kind="data_integrity"), shipment="S-2"))
    record(register, result(finding("F-2", end=20), finding("F-4")))

    def ids(**filters: Any) -> list[str]:
        return [found.id for found in register.results.findings(**filters)]

    assert ids() == ["F-2", "F-3", "F-4"]
    (second,) = register.results.findings(shipment="S-1", limit=1)
    assert msgspec.to_builtins(second) == {
        **msgspec.to_builtins(finding("F-2", end=20)),
        "shipment": "S-1",
    }
    assert ids(kind="data_integrity") == ["F-3"]
    assert ids(certainty="possible") == []
    assert ids(after="F-2") == ["F-3", "F-4"]


@pytest.mark.parametrize("kind", ["cold_chain_break", "temporary_storage", "missing_isolation"])
@pytest.mark.parametrize("certainty", ["certain", "probable"])
def test_an_accusation_of_at_least_probable_certainty_is_a_clue(
    register: SqlRegister, kind: str, certainty: CertaintyWord
) -> None:
    accused = finding(kind=kind, certainty=certainty)
    (clue,) = record(register, result(accused))

    assert clue.shipment == "S-1"
    assert clue.finding == accused
    assert clue.requirements == ("ANNEX6-10", "LZ-PLAN-5.cold-chain")
    assert (clue.cursor, clue.version, clue.status, clue.standing) == (1, 1, "open", True)
    assert register.clues.after(0) == [clue]
    assert register.clues.one(clue.id) == clue


@pytest.mark.parametrize(
    ("kind", "certainty"),
    [
        ("cold_chain_break", "possible"),
        ("evidence_gap", "certain"),
        ("data_integrity", "certain"),
    ],
)
def test_doubt_and_gaps_accuse_nobody(
    register: SqlRegister, kind: str, certainty: CertaintyWord
) -> None:
    assert record(register, result(finding(kind=kind, certainty=certainty))) == []
    assert register.clues.after(0) == []


def delivered(name: str, minute: float) -> Event:
    return Event(event=name, time_ms=T0 + round(minute * MINUTE), shipment="S-1", box="BX-1")


@pytest.mark.parametrize("by", ["events", "manifest"])
def test_what_is_inferred_waits_for_the_end_of_the_journey(register: SqlRegister, by: str) -> None:
    inferred = finding("F-p", certainty="probable", kind="temporary_storage", subtype="suspected")
    measured = finding("F-c")
    items = (Item(storage="refrigerated"),)
    if by == "events":
        register.custody.add_events([delivered("packed", 0)], [T0])
    else:
        register.manifests.put(Manifest(id="S-1", items=items, dispatched_ms=T0), received_ms=T0)
    begun = record(register, result(inferred, measured))
    assert [clue.finding.id for clue in begun] == ["F-c"]

    if by == "events":
        register.custody.add_events([delivered("delivered", 60)], [T0])
    else:
        whole = Manifest(id="S-1", items=items, dispatched_ms=T0, delivered_ms=T0 + 60 * MINUTE)
        register.manifests.put(whole, received_ms=T0)
    ended = record(register, result(inferred, measured))
    assert [clue.finding.id for clue in ended] == ["F-p"]


def test_judging_again_makes_no_second_clue(register: SqlRegister) -> None:
    record(register, result(finding(), readings=1))
    assert record(register, result(finding(), readings=2)) == []
    assert len(register.clues.after(0)) == 1
    assert register.clues.after(0)[0].version == 1


@pytest.mark.parametrize(
    ("start", "end", "continued"),
    [(10, 20, True), (5, 12, True), (-5, 0, True), (10.001, 20, False), (-5, -0.001, False)],
)
def test_a_finding_that_touches_an_earlier_clue_updates_it(
    register: SqlRegister, start: float, end: float, continued: bool
) -> None:
    (clue,) = record(register, result(finding("F-1", start=0, end=10)))
    fresh = record(
        register,
        result(finding("F-9", start=start, end=end)),
        reason="late readings",
        judged_ms=T0 + 7,
    )
    kept = register.clues.one(clue.id)
    assert kept is not None
    assert kept.cursor == clue.cursor
    assert (kept.version, kept.updated_ms) == (2, T0 + 7)
    if continued:
        assert fresh == []
        assert kept.finding.id == "F-9"
        assert kept.reason == "late readings"
    else:
        assert [one.finding.id for one in fresh] == ["F-9"]
        assert kept.finding.id == "F-1"


@pytest.mark.parametrize(
    "other", [{"kind": "temporary_storage"}, {"subtype": "frozen"}, {"probe": "drug.2"}]
)
def test_a_finding_of_another_kind_subtype_or_probe_is_its_own_clue(
    register: SqlRegister, other: dict[str, Any]
) -> None:
    fresh = record(register, result(finding("F-1"), finding("F-2", **other)))
    assert len(fresh) == 2
    assert record(register, result(finding("F-1"), finding("F-2", **other), readings=5)) == []


def test_two_findings_never_hide_in_one_clue(register: SqlRegister) -> None:
    record(register, result(finding("F-1", start=0, end=20)))
    (fresh,) = record(
        register, result(finding("F-2", start=0, end=8), finding("F-3", start=12, end=20))
    )
    assert fresh.finding.id == "F-3"
    assert [clue.finding.id for clue in register.clues.after(0)] == ["F-2", "F-3"]


def test_a_clue_whose_finding_is_gone_stays_and_says_so(register: SqlRegister) -> None:
    (clue,) = record(register, result(finding()))
    record(register, result(readings=5), reason="late readings")
    record(register, result(readings=6), reason="more")

    kept = register.clues.one(clue.id)
    assert kept is not None
    assert not kept.standing
    assert (kept.version, kept.verdict) == (2, "compliant")
    assert kept.reason == "no longer found: late readings"

    record(register, result(finding(), readings=7), reason="again")
    back = register.clues.one(clue.id)
    assert back is not None
    assert (back.standing, back.version, back.reason) == (True, 3, "again")


def test_the_feed_is_read_in_order_from_any_cursor(register: SqlRegister) -> None:
    for number in range(12):
        record(register, result(finding(f"F-{number}"), shipment=f"S-{number}"))
    assert [clue.cursor for clue in register.clues.after(0)] == list(range(1, 13))
    assert [clue.cursor for clue in register.clues.after(5, limit=3)] == [6, 7, 8]
    assert register.clues.after(12) == []


def test_readers_of_the_feed_miss_nothing_while_several_write(register: SqlRegister) -> None:
    def write(worker: int) -> None:
        for number in range(12):
            name = f"S-{worker}-{number}"
            record(register, result(finding(name), finding(name + "b", start=30), shipment=name))

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for writer in writers:
        writer.start()
    seen: list[int] = []
    while any(writer.is_alive() for writer in writers) or len(seen) < 72:
        seen += [c.cursor for c in register.clues.after(seen[-1] if seen else 0, limit=7)]
    for writer in writers:
        writer.join()
    assert seen == list(range(1, 73))


def test_several_writers_of_one_shipment_keep_every_version(register: SqlRegister) -> None:
    def write(worker: int) -> None:
        for number in range(10):
            record(register, result(finding(), readings=100 * worker + number))

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    versions = [v["version"] for v in register.results.versions("S-1")]
    assert versions == list(range(1, 31))
    assert len(register.clues.after(0)) == 1


def test_the_case_system_says_back_what_became_of_a_clue(register: SqlRegister) -> None:
    (clue,) = record(register, result(finding()))
    changed = register.clues.set_status(
        clue.id, status="transferred", note="案号 17 \x00", now_ms=T0 + 9
    )
    assert changed is not None
    assert (changed.status, changed.updated_ms) == ("transferred", T0 + 9)
    assert register.clues.one(clue.id) == changed
    record(register, result(finding(end=30)), reason="late")
    kept = register.clues.one(clue.id)
    assert kept is not None
    assert (kept.status, kept.version) == ("transferred", 2)
    assert register.clues.set_status("CL-none", status="open", note=None, now_ms=T0) is None
