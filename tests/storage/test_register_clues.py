"""Clues and the feed in the register, on every database."""

import threading
from datetime import date
from functools import partial

import pytest
from msgspec import structs

from coldwitness.domain.clues import Clue, ClueAct, Party, Statement
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest import Box, Company, Item, Manifest
from coldwitness.domain.text import Text
from coldwitness.judging.clue_clocks import first_deadline, notice
from coldwitness.judging.clues import GROWTH_MS, told_late
from coldwitness.storage.clue_ports import ClueEntry, ClueFilter, NearLimits
from coldwitness.storage.register import SqlRegister
from tests.storage.readings import MINUTE, T0
from tests.storage.results import finding, record, result

DAY_MS = 86_400_000
TODAY = date(2026, 11, 18)
"""Of T0, in Beijing."""


def outside(name: str = "CL-out", **more: object) -> Clue:
    blank = Clue(
        id=name,
        version=0,
        source="complaint",
        discovered_at=rfc3339(T0),
        updated_at=rfc3339(T0),
        shipment=None,
        shipments=(),
        kind=None,
        subtype=None,
        certainty=None,
        verdict=None,
        summary=Text("投诉", "complaint"),
        division="370305",
        deadlines=(first_deadline("complaint", starts_on=TODAY),),
    )
    return structs.replace(blank, **more)


def manifest(shipment: str, **more: object) -> Manifest:
    plain = Manifest(
        id=shipment,
        items=(Item(storage="refrigerated", name="胰岛素", batch="B1"),),
        seller=Company(uscc="91370305MA3XXXXXXX", division="370305"),
        courier=Company(id="ql-express", division="370303"),
        box=Box(id=f"BX-{shipment}"),
    )
    return structs.replace(plain, **more)


def test_a_clue_comes_back_as_it_was_opened(register: SqlRegister) -> None:
    (entry,) = record(register, result(finding()))
    assert (entry.cursor, entry.change.kind, entry.change.version) == (1, "opened", 1)
    assert (entry.clue.version, entry.clue.status, entry.clue.standing) == (
        1,
        "received",
        "stands",
    )
    assert register.clues.after(0) == [entry]
    assert register.clues.one(entry.clue.id) == entry
    assert register.clues.one("CL-none") is None
    assert (register.clues.last_cursor(), register.clues.listed()) == (1, [entry])


def test_each_change_is_an_entry_with_the_clue_as_it_then_stood(register: SqlRegister) -> None:
    (opened,) = record(register, result(finding(end=10)))
    late = T0 + GROWTH_MS
    (updated,) = record(register, result(finding(end=20)), judged_ms=late)
    (withdrawn,) = record(register, result(), judged_ms=late + 1)
    (reopened,) = record(register, result(finding(end=20)), judged_ms=late + 2)
    entries = [opened, updated, withdrawn, reopened]
    assert register.clues.after(0) == entries
    assert [entry.change.kind for entry in entries] == [
        "opened",
        "updated",
        "withdrawn",
        "reopened",
    ]
    assert [entry.clue.version for entry in entries] == [1, 2, 3, 4]
    assert len({entry.clue.id for entry in entries}) == 1
    assert opened.clue.findings == (finding(end=10),), "not as it stands now"
    assert register.clues.listed() == [reopened]
    assert register.clues.history(opened.clue.id) == entries
    kinds = [line.kind for line in reopened.clue.history]
    assert kinds == ["opened", "updated", "withdrawn", "reopened"]


def test_growth_waits_and_is_told_when_its_time_has_come(register: SqlRegister) -> None:
    record(register, result(finding(end=10)))
    assert record(register, result(finding(end=12)), judged_ms=T0 + 1) == []
    assert len(register.clues.after(0)) == 1
    tell = partial(told_late, now_ms=T0 + GROWTH_MS)
    assert register.clues.tell_held(told_before_ms=T0 - 1, policy=tell) == []
    (told,) = register.clues.tell_held(told_before_ms=T0, policy=tell)
    assert (told.change.kind, told.clue.version) == ("updated", 2)
    assert told.clue.findings == (finding(end=12),)
    assert register.clues.tell_held(told_before_ms=T0 + 10 * GROWTH_MS, policy=tell) == []


def test_what_people_do_is_told_and_outlives_what_judging_finds(register: SqlRegister) -> None:
    (opened,) = record(register, result(finding()))
    name = opened.clue.id
    said = register.clues.act(
        name, ClueAct(by="case", at=rfc3339(T0 + 5), status="checking", note="案号 17")
    )
    assert said is not None
    assert (said.change.kind, said.change.by, said.clue.status) == ("updated", "case", "checking")
    statement = Statement(said_on=TODAY, role="courier", text="已更换箱体")
    register.clues.act(name, ClueAct(by="c", at=rfc3339(T0 + 6), statement=statement))
    (later,) = record(register, result(finding(end=30)), judged_ms=T0 + GROWTH_MS + 6)
    assert (later.clue.status, later.clue.status_note) == ("checking", "案号 17")
    assert [one.text for one in later.clue.statements] == ["已更换箱体"]
    kinds = [line.kind for line in later.clue.history]
    assert kinds == ["opened", "status", "statement", "updated"]
    assert [entry.clue.version for entry in register.clues.after(0)] == [1, 2, 3, 4]


def test_what_was_done_waits_for_a_clue_that_is_to_be_found_again(register: SqlRegister) -> None:
    act = ClueAct(by="case", at=rfc3339(T0), status="filed")
    assert register.clues.act("CL-out", act) is None
    entry = register.clues.take(outside(), by="local", reason="登记")
    assert (entry.clue.version, entry.clue.status) == (1, "filed")


def test_a_clue_from_elsewhere_is_taken_once(register: SqlRegister) -> None:
    entry = register.clues.take(outside(), by="local", reason="登记")
    assert (entry.change.kind, entry.clue.version, entry.clue.source) == ("opened", 1, "complaint")
    assert register.clues.take(outside(), by="local", reason="登记") == entry
    assert register.clues.after(0) == [entry]


def test_a_time_limit_is_told_once_before_its_end_and_once_after_it(register: SqlRegister) -> None:
    register.clues.take(outside(), by="local", reason="登记")
    (due_on,) = [one.due_on for one in outside().deadlines]
    assert due_on == date(2026, 12, 9)

    def told(day: date) -> list[ClueEntry]:
        now_ms = T0 + (day - TODAY).days * DAY_MS
        return register.clues.tell_due(today=day, policy=partial(notice, now_ms=now_ms))

    assert told(date(2026, 12, 3)) == []
    assert register.clues.near_limits() == NearLimits(due=0, overdue=0)
    (due,) = told(date(2026, 12, 4))
    assert (due.change.kind, due.clue.deadlines[0].state) == ("due", "due")
    assert "2026-12-09" in due.change.reason
    assert told(date(2026, 12, 4)) == []
    assert told(due_on) == []
    assert register.clues.near_limits() == NearLimits(due=1, overdue=0)
    (over,) = told(date(2026, 12, 10))
    assert (over.change.kind, over.clue.deadlines[0].state) == ("due", "overdue")
    assert told(date(2027, 3, 1)) == []
    assert register.clues.near_limits() == NearLimits(due=0, overdue=1)
    register.clues.act(outside().id, ClueAct(by="case", at=rfc3339(T0), status="rejected"))
    assert register.clues.near_limits() == NearLimits(due=0, overdue=0), "it ended"
    assert [line.kind for line in over.clue.history] == ["opened", "due", "due"]


def test_the_clock_of_a_withdrawn_clue_is_silent(register: SqlRegister) -> None:
    record(register, result(finding()))
    record(register, result(), judged_ms=T0 + 1)
    far = date(2027, 6, 1)
    now_ms = T0 + 200 * DAY_MS
    assert register.clues.tell_due(today=far, policy=partial(notice, now_ms=now_ms)) == []


def test_clues_of_one_courier_seller_box_or_batch_are_linked(register: SqlRegister) -> None:
    names = {}
    for shipment, more in (
        ("S-1", {}),
        ("S-2", {"courier": Company(id="other"), "seller": None, "items": (Item(name="b"),)}),
        ("S-3", {"courier": Company(id="third"), "seller": None}),
        ("S-4", {"seller": None, "items": (Item(name="b"),)}),
    ):
        register.manifests.put(manifest(shipment, **more), received_ms=T0)
        (entry,) = record(register, result(finding(), shipment=shipment))
        names[entry.clue.id] = shipment
        linked = [names[other] for other in entry.clue.linked]
        assert linked == {"S-3": ["S-1"], "S-4": ["S-1"]}.get(shipment, []), shipment


def test_the_feed_is_filtered_by_the_clue_as_it_then_stood(register: SqlRegister) -> None:
    register.manifests.put(manifest("S-1"), received_ms=T0)
    (opened,) = record(register, result(finding()))
    stored = finding(kind="temporary_storage", subtype="suspected")
    record(register, result(stored, shipment="S-2"))
    act = ClueAct(by="x", at=rfc3339(T0), status="filed")
    register.clues.act(opened.clue.id, act)
    register.clues.take(outside(), by="local", reason="登记")

    def cursors(**wanted: object) -> list[int]:
        told = register.clues.after(0, wanted=ClueFilter(**wanted))  # type: ignore[arg-type]
        return [entry.cursor for entry in told]

    assert cursors() == [1, 2, 3, 4]
    assert cursors(status="received") == [1, 2, 4]
    assert cursors(status="filed") == [3]
    assert cursors(kind="temporary_storage") == [2]
    assert cursors(courier="ql-express") == [1, 3]
    assert cursors(seller="91370305MA3XXXXXXX") == [1, 3]
    assert cursors(division="370300") == [1, 3, 4]
    assert cursors(division="370303") == []
    assert cursors(source="complaint") == [4]
    assert cursors(standing="withdrawn") == []
    assert cursors(shipment="S-2") == [2]


def test_parties_place_and_office_come_from_the_manifest(register: SqlRegister) -> None:
    register.manifests.put(manifest("S-1"), received_ms=T0)
    (entry,) = record(register, result(finding()))
    clue = entry.clue
    assert [party.role for party in clue.parties] == ["seller", "courier"]
    assert clue.parties[0] == Party(
        role="seller", uscc="91370305MA3XXXXXXX", uscc_mistake=18, division="370305"
    )
    assert clue.office is not None
    assert clue.office.name is not None
    assert (clue.office.name.zh, clue.office.division) == ("临淄区市场监督管理局", "370305")
    assert [one.name.zh for one in clue.evidence] == ["判定所用读数", "运单第 1 版"]


def test_the_feed_is_read_in_order_from_any_cursor(register: SqlRegister) -> None:
    for number in range(12):
        record(register, result(finding(f"F-{number}"), shipment=f"S-{number}"))
    assert [entry.cursor for entry in register.clues.after(0)] == list(range(1, 13))
    assert [entry.cursor for entry in register.clues.after(5, limit=3)] == [6, 7, 8]
    assert register.clues.after(12) == []
    assert [entry.cursor for entry in register.clues.listed(before=5, limit=2)] == [4, 3]


@pytest.mark.timeout(120)
def test_readers_of_the_feed_miss_nothing_while_several_write(register: SqlRegister) -> None:
    def write(worker: int) -> None:
        stored = finding("F-s", kind="temporary_storage", subtype="suspected")
        for number in range(6):
            record(register, result(finding(), stored, shipment=f"S-{worker}-{number}"))
        shared = register.clues.take(outside(), by="local", reason="登记")
        for number in range(4):
            at = rfc3339(T0 + MINUTE + number)
            register.clues.act(shared.clue.id, ClueAct(by=f"w{worker}", at=at, note="x"))

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for writer in writers:
        writer.start()
    seen: list[ClueEntry] = []
    while any(writer.is_alive() for writer in writers) or len(seen) < 49:
        seen += register.clues.after(seen[-1].cursor if seen else 0, limit=7)
    for writer in writers:
        writer.join()
    assert [entry.cursor for entry in seen] == list(range(1, 50))
    versions: dict[str, list[int]] = {}
    for entry in seen:
        versions.setdefault(entry.clue.id, []).append(entry.clue.version)
    assert all(told == list(range(1, len(told) + 1)) for told in versions.values())
    assert len(versions["CL-out"]) == 13
