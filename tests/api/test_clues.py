"""The clue feed: each change once, in order, replayable; what comes back, and from elsewhere."""

from hashlib import sha256
from typing import Any

import msgspec
import pytest

from coldwitness.domain.digests import sm3
from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest


def judged(world: World, shipment: str, temperatures: list[float]) -> None:
    world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))
    world.send(shipment, temperatures)


def feed(world: World, **query: Any) -> dict[str, Any]:
    answer = world.get("/v1/clues", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def shipments(page: dict[str, Any]) -> list[str]:
    return [entry["clue"]["shipment"] for entry in page["items"]]


def first_clue(world: World) -> dict[str, Any]:
    clue: dict[str, Any] = feed(world)["items"][0]["clue"]
    return clue


def changed(world: World, clue: str, **change: Any) -> dict[str, Any]:
    answer = world.client.patch(f"/v1/clues/{clue}", json=change)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_breach_is_an_entry_with_change_clue_and_report_address(world: World) -> None:
    judged(world, "ZB-1", WARM)
    (entry,) = feed(world)["items"]
    change, clue = entry["change"], entry["clue"]
    assert (change["kind"], change["version"], change["by"]) == ("opened", 1, "ColdWitness")
    assert (clue["shipment"], clue["verdict"], clue["standing"]) == ("ZB-1", "breach", "stands")
    assert (clue["kind"], clue["subtype"]) == ("cold_chain_break", "above_range")
    assert "ANNEX6-10" in clue["requirements"]
    assert (clue["status"], clue["version"], clue["source"]) == ("received", 1, "system")
    report = world.get(clue["report"])
    assert report.status_code == 200
    assert "ZB-1" in report.text
    for item in clue["evidence"]:
        assert world.get(item["href"]).status_code == 200
    kept = world.register.manifests.newest(["ZB-1"])["ZB-1"]
    body = msgspec.json.encode(kept, order="sorted")
    named = clue["evidence"][1]
    assert (named["sha256"], named["sm3"]) == (sha256(body).hexdigest(), sm3(body))


def test_a_clue_says_who_where_by_which_rule_and_until_when(world: World) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)
    assert [party["role"] for party in clue["parties"]] == ["seller", "courier"]
    assert clue["parties"][0]["division"] == "370305"
    assert clue["office"]["division"] == "370305"
    assert "实际经营地" in clue["office"]["rule"]["zh"]
    assert clue["office"]["transfer"] is False
    duties = {who for line in clue["basis"] for who in line["duty_of"]}
    assert duties == {"retailer", "carrier"}
    assert 0 < clue["least"] < clue["most"]
    assert clue["against"]
    assert len(clue["summary"]["zh"]) <= 200
    (deadline,) = clue["deadlines"]
    assert (deadline["kind"], deadline["working_days"], deadline["state"]) == (
        "clue",
        15,
        "running",
    )
    assert deadline["starts_on"] == "2026-11-21"
    assert "违法" not in world.get("/v1/clues").text


def test_missing_evidence_alone_is_no_clue(world: World) -> None:
    judged(world, "ZB-1", COLD[:2])
    assert world.get("/v1/shipments/ZB-1/check").json()["verdict"] == "insufficient_evidence"
    assert feed(world)["items"] == []


def test_a_clue_is_given_once_however_often_its_shipment_is_judged(world: World) -> None:
    judged(world, "ZB-1", WARM)
    first = feed(world)
    world.judge.judge_now(["ZB-1"])
    world.send("ZB-1", COLD, start_ms=T0 + 30 * MINUTE)
    assert feed(world)["items"] == first["items"]
    assert feed(world, after=first["next_cursor"])["items"] == []


def test_a_break_that_grows_and_one_that_was_withdrawn_are_told(world: World) -> None:
    judged(world, "ZB-1", WARM)
    world.clock.now_ms += 10 * MINUTE
    world.send("ZB-1", [15.0] * 29, start_ms=T0 + 30 * MINUTE)
    world.clock.now_ms += MINUTE
    for officer in ("鲁C-0101", "鲁C-0102"):
        review = {"officer": officer, "outcome": "correction_accepted", "note": "标签为阴凉"}
        if officer == "鲁C-0101":
            cool = {"name": "胰岛素", "category": "drug", "storage": "cool"}
            world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", items=[cool]))
        answer = world.client.post(
            "/v1/shipments/ZB-1/reviews", json={**review, "manifest_version": 2}
        )
        assert answer.status_code == 201
    world.judge.tick()
    entries = feed(world)["items"]
    assert [entry["change"]["kind"] for entry in entries[:2]] == ["opened", "updated"]
    assert entries[1]["clue"]["findings"][0]["measures"]["peak_c"] == 15.0
    assert [entry["change"]["version"] for entry in entries] == list(range(1, len(entries) + 1))
    gone = entries[-1]
    assert (gone["change"]["kind"], gone["clue"]["standing"]) == ("withdrawn", "withdrawn")
    assert gone["change"]["by"] == "鲁C-0102"
    assert "更正" in gone["change"]["reason"]
    assert gone["clue"]["withdrawn"]["reason"] == gone["change"]["reason"]


def test_the_feed_goes_on_from_a_cursor_and_can_be_read_again(world: World) -> None:
    for n in range(5):
        judged(world, f"ZB-{n}", WARM)
    whole = shipments(feed(world))
    assert whole == [f"ZB-{n}" for n in range(5)], "in the order found"
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = feed(world, **query)
        seen += shipments(page)
        query["after"] = page["next_cursor"]
        if not page["has_more"]:
            break
    assert seen == whole
    judged(world, "ZB-9", WARM)
    assert shipments(feed(world, **query)) == ["ZB-9"]
    third = feed(world)["items"][2]["cursor"]
    assert shipments(feed(world, after=third)) == [
        "ZB-3",
        "ZB-4",
        "ZB-9",
    ]


def test_an_empty_feed_gives_a_cursor_to_wait_with(world: World) -> None:
    page = feed(world)
    assert (page["items"], page["has_more"]) == ([], False)
    judged(world, "ZB-1", WARM)
    assert len(feed(world, after=page["next_cursor"])["items"]) == 1


def test_a_filtered_feed_waits_behind_what_it_passed_over(world: World) -> None:
    judged(world, "ZB-1", WARM)
    judged(world, "ZB-2", WARM)
    world.client.patch(f"/v1/clues/{first_clue(world)['id']}", json={"status": "filed"})
    assert shipments(feed(world, status="filed")) == ["ZB-1"]
    assert shipments(feed(world, courier="ql-express", kind="cold_chain_break")) == [
        "ZB-1",
        "ZB-2",
        "ZB-1",
    ]
    assert shipments(feed(world, division="370305", status="received")) == ["ZB-1", "ZB-2"]
    none = feed(world, division="370400")
    assert (none["items"], none["next_cursor"]) == ([], feed(world)["next_cursor"])
    assert world.get("/v1/clues", params={"status": "guilty"}).status_code == 422


def test_a_clue_holds_no_reading_no_drug_and_no_person(world: World) -> None:
    judged(world, "ZB-1", WARM)
    text = world.get("/v1/clues").text
    for word in ("胰岛素", "humidity", "seq"):
        assert word not in text


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("checking", "checking"),
        ("filed", "filed"),
        ("rejected", "rejected"),
        ("transferred", "transferred"),
        ("closed", "closed"),
        ("in_progress", "checking"),
        ("dismissed", "rejected"),
    ],
)
def test_the_case_system_says_what_became_of_a_clue(world: World, said: str, kept: str) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)["id"]
    told = changed(world, clue, status=said, note="立案 2026-17", verify_result="属实")
    assert told == world.get(f"/v1/clues/{clue}").json()
    assert (told["status"], told["status_note"]) == (kept, "立案 2026-17")
    three = {"filed": "FILED", "rejected": "REJECTED", "closed": "REJECTED"}
    assert told["case_status"] == three.get(kept, "PENDING")
    assert told["verify_result"] == "属实"
    (line,) = [one for one in told["history"] if one["kind"] == "status"]
    assert (line["from"], line["to"], line["by"]) == ("received", kept, "local")
    entry = feed(world)["items"][-1]
    assert (entry["change"]["kind"], entry["clue"]["status"]) == ("updated", kept)
    last = world.register.audit.entries()[-1]
    assert (last.action, last.subject) == (f"clue_{said}", clue)


@pytest.mark.parametrize("said", ["received", "open", "acknowledged"])
def test_what_changes_nothing_is_no_entry(world: World, said: str) -> None:
    judged(world, "ZB-1", WARM)
    changed(world, first_clue(world)["id"], status=said)
    assert len(feed(world)["items"]) == 1


def test_a_status_of_before_is_a_conflict_and_one_beside_is_none(world: World) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)["id"]
    changed(world, clue, status="filed")
    answer = world.client.patch(f"/v1/clues/{clue}", json={"status": "checking"})
    assert answer.status_code == 409
    assert changed(world, clue, status="rejected")["status"] == "rejected"


def test_a_change_of_status_without_a_reason_is_told_in_words_of_both_languages(
    world: World,
) -> None:
    judged(world, "ZB-1", WARM)
    clue = changed(world, first_clue(world)["id"], status="checking")
    assert clue["history"][-1]["reason"] == (
        "状态由 已接收 改为 核查中 status being checked in place of received"
    )


def test_filing_ends_the_check_and_begins_the_ninety_days(world: World) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)["id"]
    longer = changed(world, clue, extended=True, reason="案情复杂", status="checking")
    (running,) = longer["deadlines"]
    assert (running["kind"], running["starts_on"]) == ("clue_extended", "2026-11-21")
    lines = [one for one in longer["history"] if one["kind"] == "extension"]
    assert [(one["from"], one["to"]) for one in lines] == [("2026-12-11", running["due_on"])]
    excluded = changed(world, clue, excluded_days=5)["deadlines"][0]
    assert (excluded["excluded_days"], excluded["due_on"]) == (5, "2027-01-08")
    check, decision = changed(world, clue, status="filed")["deadlines"]
    assert (check["state"], check["done_on"]) == ("done", "2026-11-21")
    assert (decision["kind"], decision["calendar_days"]) == ("decision", 90)
    closed = changed(world, clue, status="closed")
    assert all(one["state"] == "done" for one in closed["deadlines"])
    assert closed["case_status"] == "FILED"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "guilty"},
        {"status": "closed", "by": "x"},
        {"status": 1},
        {"extended": True},
        {"until": "2026-12-20"},
        {"extended": True, "reason": "x", "until": "2026-12-01"},
        {"extended": True, "reason": "x", "until": "2027-06-01"},
        {"excluded_days": -1},
        [],
        3,
    ],
)
def test_a_change_that_is_none_is_422(world: World, change: Any) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)["id"]
    answer = world.client.patch(f"/v1/clues/{clue}", json=change)
    assert answer.status_code == 422
    assert len(feed(world)["items"]) == 1


def test_an_old_version_is_not_changed_with_if_match(world: World) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)["id"]
    tag = world.get(f"/v1/clues/{clue}").headers["etag"]
    path = f"/v1/clues/{clue}"
    assert world.get(path, headers={"If-None-Match": tag}).status_code == 304
    first = world.client.patch(path, json={"status": "checking"}, headers={"If-Match": tag})
    assert first.status_code == 200
    late = world.client.patch(path, json={"status": "filed"}, headers={"If-Match": tag})
    assert late.status_code == 412
    assert world.get(path).json()["status"] == "checking"
    again = {"If-Match": first.headers["etag"]}
    assert world.client.patch(path, json={"status": "filed"}, headers=again).status_code == 200


def test_every_entry_of_one_clue_can_be_read(world: World) -> None:
    judged(world, "ZB-1", WARM)
    judged(world, "ZB-2", WARM)
    clue = first_clue(world)["id"]
    changed(world, clue, status="checking")
    told = world.get(f"/v1/clues/{clue}/history").json()
    assert [entry["change"]["version"] for entry in told["items"]] == [1, 2]
    assert {entry["clue"]["id"] for entry in told["items"]} == {clue}


def test_a_note_of_2000_characters_is_kept_and_one_of_2001_refused(world: World) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)["id"]
    for length, status in ((2000, 200), (2001, 422)):
        change = {"status": "closed", "note": "字" * length}
        assert world.client.patch(f"/v1/clues/{clue}", json=change).status_code == status


def test_an_unknown_clue_is_404(world: World) -> None:
    assert world.get("/v1/clues/CL-none").status_code == 404
    assert world.get("/v1/clues/CL-none/history").status_code == 404
    change = {"status": "closed"}
    assert world.client.patch("/v1/clues/CL-none", json=change).status_code == 404


NATIONAL = {
    "source": "monitor",
    "source_number": "GJ-2026-0117",
    "assigned_at": "2026-11-16",
    "content": "监测发现某网店配送胰岛素疑似脱离冷链",
    "parties": [{"role": "seller", "name": "某大药房", "division": "370302"}],
}


def test_a_clue_of_the_national_platform_gets_its_forty_working_days(world: World) -> None:
    answer = world.client.post("/v1/clues", json=NATIONAL)
    assert answer.status_code == 201
    clue = answer.json()
    assert (clue["source"], clue["source_number"]) == ("monitor", "GJ-2026-0117")
    assert (clue["shipment"], clue["report"], clue["kind"]) == (None, None, None)
    (limit,) = clue["deadlines"]
    assert (limit["kind"], limit["starts_on"], limit["due_on"]) == (
        "national_clue",
        "2026-11-16",
        "2027-01-11",
    )
    assert limit["provisional"]
    assert clue["office"]["division"] == "370302"
    again = world.client.post("/v1/clues", json={**NATIONAL, "content": "再次下发"})
    assert (again.status_code, again.json()["id"]) == (200, clue["id"])
    assert len(feed(world)["items"]) == 1
    first = changed(world, clue["id"], extended=True, reason="需检验")["deadlines"]
    assert [(one["kind"], one["starts_on"]) for one in first] == [
        ("national_progress", "2027-01-11")
    ]
    second = changed(world, clue["id"], extended=True, reason="报告进展")["deadlines"]
    assert second[0]["starts_on"] == first[0]["due_on"]


def test_a_clue_is_assigned_on_a_day_or_at_a_time_whose_day_in_beijing_counts(
    world: World,
) -> None:
    for number, said in enumerate(
        ("2026-11-16", "2026-11-15T16:00:00Z", "2026-11-16T23:59:59+08:00")
    ):
        told = {**NATIONAL, "source_number": f"N-{number}", "assigned_at": said}
        clue = world.client.post("/v1/clues", json=told).json()
        assert (clue["assigned_at"], clue["deadlines"][0]["starts_on"]) == ("2026-11-16",) * 2


def test_a_clue_from_elsewhere_takes_parties_from_its_shipment(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    new = {"source": "complaint", "content": "顾客称药品送达时不凉", "shipments": ["ZB-1"]}
    clue = world.client.post("/v1/clues", json=new).json()
    assert [party["role"] for party in clue["parties"]] == ["seller", "courier"]
    assert clue["deadlines"][0]["kind"] == "clue"
    special = {**new, "content": "另一件", "special_due_on": "2026-11-30"}
    limit = world.client.post("/v1/clues", json=special).json()["deadlines"][0]
    assert (limit["due_on"], limit["special"], limit["working_days"]) == ("2026-11-30", True, None)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"source": "system"}, "source"),
        ({"source_number": None}, "source_number"),
        ({"assigned_at": "2026-12-01"}, "assigned_at"),
        ({"assigned_at": "2026-11-16 08:00"}, "assigned_at"),
        ({"assigned_at": "9999-12-31T23:00:00Z"}, "assigned_at"),
        ({"special_due_on": "2026-11-16"}, "special_due_on"),
        ({"shipments": ["ZB-none"]}, "shipments"),
        ({"content": " "}, "content"),
        ({"parties": [{"role": "patient"}]}, "parties[0].role"),
        ({"content": "联系电话13812345678"}, "content"),
    ],
)
def test_a_clue_from_elsewhere_that_cannot_be_taken_is_422(
    world: World, more: dict[str, Any], field: str
) -> None:
    answer = world.client.post("/v1/clues", json={**NATIONAL, **more})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(field), answer.text
    assert feed(world)["items"] == []


def test_a_companys_statement_stands_with_the_clue(world: World) -> None:
    judged(world, "ZB-1", WARM)
    clue = first_clue(world)["id"]
    photo = world.client.post(
        "/v1/shipments/ZB-1/attachments?kind=statement",
        content=b"%PDF-1.7 x",
        headers={"Content-Type": "application/pdf"},
    ).json()["sha256"]
    new = {"said_on": "2026-11-21", "role": "courier", "text": "箱体故障，已更换"}
    path = f"/v1/clues/{clue}/statements"
    answer = world.client.post(path, json={**new, "attachments": [photo]})
    assert answer.status_code == 201
    (kept,) = answer.json()["statements"]
    assert (kept["text"], kept["attachments"], kept["by"]) == (new["text"], [photo], "local")
    assert feed(world)["items"][-1]["change"]["kind"] == "updated"
    world.clock.now_ms += 10 * MINUTE
    world.send("ZB-1", [15.0] * 29, start_ms=T0 + 30 * MINUTE)
    (named,) = [
        one for one in feed(world)["items"][-1]["clue"]["evidence"] if one["sha256"] == photo
    ]
    assert named["name"]["zh"] == "陈述材料"
    for wrong in ({"attachments": ["0" * 64]}, {"said_on": "2026-11-22"}, {"text": ""}):
        assert world.client.post(path, json={**new, **wrong}).status_code == 422
    assert world.client.post("/v1/clues/CL-x/statements", json=new).status_code == 404


def test_a_limit_that_ends_soon_is_told(world: World) -> None:
    world.client.post("/v1/clues", json={**NATIONAL, "source": "transfer"})
    world.clock.now_ms += 17 * 86_400_000
    assert world.judge.tell_of_clues() == 1
    entry = feed(world)["items"][-1]
    assert (entry["change"]["kind"], entry["clue"]["deadlines"][0]["state"]) == ("due", "overdue")
    assert world.judge.tell_of_clues() == 0
