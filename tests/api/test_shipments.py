"""Shipments over HTTP: the manifest in, the list, one shipment, its check result."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest


def test_an_unknown_shipment_has_no_check_no_line_no_readings_and_no_report(world: World) -> None:
    for path in ("", "/check", "/readings", "/report.json", "/report.html", "/report.pdf"):
        answer = world.get(f"/v1/shipments/ZB-1{path}")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "shipment ZB-1: unknown"


def test_the_check_of_a_judged_shipment_is_its_recorded_result(world: World) -> None:
    world.send("ZB-1", WARM)
    answer = world.get("/v1/shipments/ZB-1/check")
    assert answer.status_code == 200
    assert answer.json()["schema"] == "coldwitness.check/1"
    assert answer.content == msgspec.json.encode(world.register.results.of("ZB-1"))


def test_a_shipment_with_readings_and_no_result_yet_is_judged_when_asked_for(world: World) -> None:
    world.send("ZB-1", COLD, judge=False)
    assert world.register.results.of("ZB-1") is None
    answer = world.get("/v1/shipments/ZB-1/check")
    assert (answer.status_code, answer.json()["metrics"]["readings"]) == (200, 30)
    assert msgspec.json.encode(world.register.results.of("ZB-1")) == answer.content


def test_a_manifest_without_any_reading_is_insufficient_evidence(world: World) -> None:
    assert world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1")).status_code == 201
    answer = world.get("/v1/shipments/ZB-1/check")
    assert answer.json()["verdict"] == "insufficient_evidence"


def test_a_new_manifest_is_201_the_same_again_200_and_a_changed_one_a_new_version(
    world: World,
) -> None:
    first = world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    assert first.status_code == 201
    assert first.headers["location"].endswith("/v1/shipments/ZB-1")
    assert (first.json()["version"], first.json()["verdict"]) == (1, None)
    again = world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    assert (again.status_code, again.json()["version"]) == (200, 1)
    changed = manifest("ZB-1", due_at="2026-11-20T05:00:00Z")
    third = world.client.put("/v1/shipments/ZB-1", json=changed)
    assert (third.status_code, third.json()["version"]) == (200, 2)
    assert world.get("/v1/shipments/ZB-1").json()["manifest"] == changed


def test_a_manifest_may_leave_its_id_to_the_address_but_not_contradict_it(world: World) -> None:
    plain = {"items": [{"storage": "refrigerated"}]}
    assert world.client.put("/v1/shipments/ZB-1", json=plain).status_code == 201
    wrong = world.client.put("/v1/shipments/ZB-1", json={**plain, "id": "ZB-2"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"] == [
        {"field": "id", "detail": "expected ZB-1, the shipment of the address"}
    ]


def test_a_key_that_is_not_understood_is_ignored_with_a_warning(world: World) -> None:
    answer = world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", colour="blue"))
    assert answer.status_code == 201
    assert len(answer.json()["warnings"]) == 1
    assert "colour" in answer.json()["warnings"][0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("consignee", {"name": "王小明"}),
        ("收货人", "王小明"),
        ("recipient_phone", "13800001111"),
    ],
)
def test_a_persons_data_are_refused_with_the_key_and_never_the_value(
    world: World, key: str, value: object
) -> None:
    answer = world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", **{key: value}))
    assert answer.status_code == 422
    assert key in answer.json()["detail"]
    assert "王小明" not in answer.text
    assert "13800001111" not in answer.text
    assert world.get("/v1/shipments/ZB-1").status_code == 404


def test_a_manifest_that_contradicts_itself_is_said_so_with_its_field(world: World) -> None:
    items = [{"storage": "frozen", "limits": {"low": 8, "high": 2}}]
    answer = world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", items=items))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("items")
    assert "lies above" in answer.json()["detail"]


def test_several_classes_in_one_box_are_taken_and_judged_item_by_item(world: World) -> None:
    items = [
        {"name": "胰岛素", "storage": "refrigerated", "compartment": "A"},
        {"name": "软膏", "storage": "room", "compartment": "B"},
    ]
    answer = world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", items=items))
    assert answer.status_code in (200, 201)
    world.send("ZB-1", [5.0] * 30)
    told = world.get("/v1/shipments/ZB-1/check").json()["items"]
    assert [item["compartment"] for item in told] == ["A", "B"]
    assert {item["status"] for item in told} == {"insufficient_evidence"}


def test_a_changed_manifest_has_its_shipment_judged_again(world: World) -> None:
    world.send("ZB-1", [15.0] * 30)
    before = world.get("/v1/shipments/ZB-1/check").json()
    assert before["verdict"] == "insufficient_evidence", "no limits are known"
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    assert world.judge.tick() == 1
    assert world.get("/v1/shipments/ZB-1/check").json()["verdict"] == "breach"


def test_an_event_has_its_shipment_judged_again(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", COLD)
    world.event("ZB-1", "delivered", 29)
    assert world.judge.tick() == 1
    window = world.get("/v1/shipments/ZB-1/check").json()["window"]
    assert window == {"start": "2026-11-20T01:00:00Z", "end": "2026-11-20T01:29:00Z"}


def test_the_list_shows_every_shipment_with_its_verdict_and_where_the_rest_is(
    world: World,
) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", WARM)
    world.send("ZB-2", COLD)
    page = world.get("/v1/shipments").json()
    assert [line["id"] for line in page["items"]] == ["ZB-2", "ZB-1"]
    assert page["next_cursor"] is None
    first = page["items"][1]
    assert (first["verdict"], first["courier"], first["findings"] > 0) == (
        "breach",
        "ql-express",
        True,
    )
    assert world.get(first["links"]["check"]).status_code == 200


def test_the_list_is_read_in_pages_that_repeat_nothing_and_leave_nothing_out(
    world: World,
) -> None:
    world.register.custody.note_seen({f"S-{n:02d}": None for n in range(25)})
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 10}
    for _ in range(10):
        page = world.get("/v1/shipments", params=query).json()
        seen += [line["id"] for line in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [f"S-{n:02d}" for n in reversed(range(25))], "the newest first"


def test_the_list_is_cut_by_verdict_courier_division_and_time(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", WARM)
    world.send("ZB-2", COLD, start_ms=T0 + 600 * MINUTE)
    for shipment, minute in (("ZB-1", 30), ("ZB-2", 630)):
        world.event(shipment, "delivered", minute)
        world.judge.judge_now([shipment])

    def ids(**query: str) -> list[str]:
        answer = world.get("/v1/shipments", params=query)
        assert answer.status_code == 200, answer.text
        return [line["id"] for line in answer.json()["items"]]

    assert ids() == ids(sort="newest") == ["ZB-2", "ZB-1"]
    assert ids(sort="oldest") == ids(sort="gravest") == ids(sort="id") == ["ZB-1", "ZB-2"]
    assert ids(verdict="breach", courier="") == ["ZB-1"]
    assert ids(verdict="compliant") == []
    assert ids(kind="cold_chain_break") == ids(kind="cold_chain_break/above_range") == ["ZB-1"]
    assert ids(kind="cold_chain_break/frozen") == []
    assert ids(courier="ql-express") == ["ZB-2", "ZB-1"]
    assert ids(courier="other") == []
    assert ids(division="370305") == ["ZB-1"]
    assert ids(to="2026-11-20T05:00:00Z") == ["ZB-1"]
    assert ids(**{"from": "2026-11-20T13:00:00+08:00"}) == ["ZB-2"]
    assert ids(**{"from": "2026-11-20", "to": "2026-11-20"}) == ["ZB-2", "ZB-1"]
    assert ids(**{"from": "2026-11-21"}) == []


def test_a_zone_offset_whose_plus_came_as_a_space_is_understood(world: World) -> None:
    world.send("ZB-1", COLD)
    answer = world.get("/v1/shipments?from=2026-11-20T08:00:00+08:00")
    assert (answer.status_code, len(answer.json()["items"])) == (200, 1)


def test_an_unchanged_check_is_not_sent_again(world: World) -> None:
    world.send("ZB-1", WARM)
    first = world.get("/v1/shipments/ZB-1/check")
    held = {"If-None-Match": first.headers["etag"]}
    again = world.get("/v1/shipments/ZB-1/check", headers=held)
    assert (again.status_code, again.content) == (304, b"")
    world.send("ZB-1", [14.0], start_ms=T0 + 30 * MINUTE)
    assert world.get("/v1/shipments/ZB-1/check", headers=held).status_code == 200


def test_changes_and_reads_of_reports_stand_in_the_audit_trail(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", COLD)
    world.get("/v1/shipments/ZB-1/report.html")
    trail = [(entry.action, entry.subject) for entry in world.register.audit.entries()]
    assert trail == [("put_manifest", "ZB-1 v1"), ("read_report_html", "ZB-1")]


def test_findings_are_listed_across_shipments_and_cut_by_kind_and_certainty(world: World) -> None:
    for shipment in ("ZB-1", "ZB-2"):
        world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))
        world.send(shipment, WARM)
    warm = world.get("/v1/findings", params={"kind": "cold_chain_break"}).json()["items"]
    assert sorted(finding["shipment"] for finding in warm) == ["ZB-1", "ZB-2"]
    assert {finding["subtype"] for finding in warm} == {"above_range"}
    certain = {"certainty": "certain", "kind": "cold_chain_break", "shipment": "ZB-1"}
    assert len(world.get("/v1/findings", params=certain).json()["items"]) == 1
    everything = world.get("/v1/findings").json()["items"]
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 1}
    while len(seen) <= len(everything):
        page = world.get("/v1/findings", params=query).json()
        seen += [finding["id"] for finding in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [finding["id"] for finding in everything]


def test_the_list_is_cut_by_where_shipments_stand(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", COLD)
    world.event("ZB-1", "delivered", 30)
    world.send("ZB-2", COLD, start_ms=T0 + 600 * MINUTE)
    later = manifest("ZB-3", dispatched_at="2026-12-01T00:00:00Z")
    world.client.put("/v1/shipments/ZB-3", json=later)
    world.judge.judge_now(["ZB-1", "ZB-2", "ZB-3"])

    def standing(state: str) -> list[tuple[str, str]]:
        items = world.get("/v1/shipments", params={"state": state}).json()["items"]
        return [(line["id"], line["state"]) for line in items]

    assert standing("ended") == [("ZB-1", "ended")]
    assert standing("in_transit") == [("ZB-2", "in_transit")]
    assert standing("planned") == [("ZB-3", "planned")]
    assert world.get("/v1/shipments?state=lost").status_code == 422
    assert world.get("/v1/shipments/ZB-3/check").json()["findings"] == []


EVERY_KEY: dict[str, Any] = {
    "seller": {"name": "淄博大药房", "uscc": "91370305MA3C000109", "licence": "鲁DA5330001"},
    "delivery": {
        "mode": "instant",
        "platform": "好药网",
        "planned_minutes": 95,
        "sub_carrier": {"id": "hand-2", "name": "城南转运行", "uscc": "91370303MA3D000206"},
    },
    "items": [
        {
            "name": "胰岛素",
            "storage": "refrigerated",
            "batch": "B6267731",
            "approval_number": "国药准字S20000001",
            "trace_code": "81234567890123456789",
            "holder": "齐鲁生物制药",
            "dosage_form": "注射剂",
            "strength": "3ml:300单位",
            "expires": "2027-08-31",
            "price": 58.5,
        }
    ],
    "order": {"number": "ORD-9", "sold_at": "2026-11-20", "online": True},
    "seal": {"number": "SEAL-77"},
    "agreement": {"number": "XY-2026-8", "signed_at": "2026-02-03", "audited_at": "2026-04-05"},
    "boxes": ["BX-SECOND"],
}
"""Every key beside those that decide a limit."""


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("zb-1", True),
        ("bx-ZB-1", True),
        ("淄博", True),
        ("B6267731", True),
        ("6267 大药房", True),
        ("国药准字", True),
        ("8123456789", True),
        ("齐鲁生物", True),
        ("注射剂", True),
        ("3ML:300", True),
        ("2027-08", True),
        ("58.5", True),
        ("ord-9", True),
        ("2026-11-20", True),
        ("SEAL-77", True),
        ("鲁DA533", True),
        ("好药网", True),
        ("instant", True),
        ("城南转运", True),
        ("MA3D000206", True),
        ("hand-2", True),
        ("bx-second", True),
        ("xy-2026", True),
        ("2026-02-03", True),
        ("2026-04-05", True),
        ("6267 北京", False),
        ("%", False),
        ("s_me", False),
    ],
)
def test_a_search_finds_what_the_manifest_names(world: World, asked: str, found: bool) -> None:
    put = world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", **EVERY_KEY))
    assert put.status_code == 201, put.text
    world.client.put("/v1/shipments/OTHER", json=manifest("OTHER"))
    items = world.get("/v1/shipments", params={"q": asked}).json()["items"]
    assert [line["id"] for line in items] == (["ZB-1"] if found else [])


def test_what_the_manifest_names_beside_limits_is_printed_in_the_report(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", **EVERY_KEY))
    world.send("ZB-1", COLD)
    page = world.get("/v1/shipments/ZB-1/report.html").text
    for said in (
        "鲁DA5330001",
        "好药网",
        "1 小时 35 分",
        "城南转运行",
        "91370303MA3D000206",
        "B6267731",
        "国药准字S20000001",
        "81234567890123456789",
        "齐鲁生物制药",
        "注射剂",
        "3ml:300单位",
        "2027-08-31",
        "58.5 元",
        "ORD-9",
        "2026-11-20",
        "网络销售",
        "SEAL-77",
        "XY-2026-8",
        "签订 2026-02-03",
        "审核 2026-04-05",
        "BX-SECOND",
    ):
        assert said in page, said


def test_a_manifest_is_changed_by_who_saw_it_as_it_is(world: World) -> None:
    address, first = "/v1/shipments/ZB-1", manifest("ZB-1")
    nobody = {"If-None-Match": "*"}
    assert world.client.put(address, json=first, headers={"If-Match": "*"}).status_code == 412
    assert world.client.put(address, json=first, headers=nobody).status_code == 201
    assert world.client.put(address, json=first, headers=nobody).status_code == 412
    seen = world.get(address)
    tag = {"If-Match": seen.headers["ETag"]}
    held = {"If-None-Match": tag["If-Match"]}
    assert world.client.get(address, headers=held).status_code == 304
    world.send("ZB-1", [5.0] * 5)  # a reading is no change of the manifest
    second = {**first, "order": {"number": "2"}}
    answer = world.client.put(address, json=second, headers=tag)
    assert answer.status_code == 200
    assert world.client.put(address, json=first, headers=tag).status_code == 412
    nonsense = {"If-Match": "nonsense"}
    assert world.client.put(address, json=first, headers=nonsense).status_code == 412
    now = {"If-Match": answer.headers["ETag"]}
    assert world.client.put(address, json=first, headers=now).status_code == 200
    assert world.client.get(address, headers=held).status_code == 200


def test_of_two_who_change_one_manifest_at_once_one_is_told_and_one_is_new(world: World) -> None:
    address = "/v1/shipments/ZB-1"
    with ThreadPoolExecutor(8) as pool:

        def put(number: int, **headers: str) -> int:
            body = {**manifest("ZB-1"), "order": {"number": str(number)}}
            return world.client.put(address, json=body, headers=headers).status_code

        made = list(pool.map(put, range(16)))
        assert sorted(made) == [200] * 15 + [201]
        tag = world.get(address).headers["ETag"]
        changed = list(pool.map(lambda n: put(n, **{"If-Match": tag}), range(100, 116)))
    assert sorted(changed) == [200] + [412] * 15
