"""The office's registers over HTTP: checked, kept with who and when, taken from this machine."""

import asyncio
from typing import Any

import httpx
import pytest

from coldwitness.api.app import create_app
from tests.api.world import COLD, World, manifest

GOOD: dict[str, dict[str, Any]] = {
    "boxes/BX-1": {"model": "EPS-18L"},
    "box-models/EPS-18L": {
        "cooling": "passive",
        "partition": "built_in",
        "qualification": {"hold_h": 8.0, "coolant_coupling_max_per_h": 0.5},
    },
    "products/国药准字S20059001": {"storage": "refrigerated"},
    "products/81234567890123456789": {"storage": "frozen"},
    "sites/T-1": {"lat": 36.8, "lon": 118.3, "radius_m": 80, "max_minutes": 30},
    "agreements/XY-1": {
        "seller": "91370305000000115J",
        "carrier": "913703030000003340",
        "signed_at": "2026-01-01",
        "audits": [{"done_at": "2026-02-01", "number": "SH-7"}],
        "sub_carriers": ["91370303000000414K"],
    },
    "companies/91370305000000115J": {
        "name": "临淄康和大药房",
        "roles": ["seller"],
        "division": "370305",
        "licence": "鲁CA0533001",
        "online_from": "2024-03-01",
        "shops": [{"platform": "示例平台", "name": "康和旗舰店"}],
        "key_supervision": ["new_platform", "penalised"],
        "measures": [{"kind": "fined", "on": "2026-05-06", "amount_yuan": 20000.0}],
        "shortfalls": [{"found_on": "2026-05-01", "text": "箱内无隔板"}],
        "checked_on": ["2026-05-01"],
    },
    "banned-drugs/glp1": {
        "title": "降糖类注射剂",
        "source": "示例公告 2026 年第 1 号",
        "valid_from": "2026-11-20",
        "words": ["鲁肽", "glutide"],
        "unless": ["口服"],
    },
    "devices/LG-1": {
        "model": "LHT65N",
        "calibrations": [
            {"number": "JZ-1", "done_at": "2026-03-02", "valid_until": "2027-03-01"},
        ],
    },
}

AGREED = GOOD["agreements/XY-1"]
BAN = GOOD["banned-drugs/glp1"]


@pytest.mark.parametrize("path", GOOD)
def test_an_entry_is_kept_and_told_with_its_history(world: World, path: str) -> None:
    answer = world.client.put(f"/v1/{path}", json=GOOD[path])
    assert answer.status_code == 201, answer.text
    again = world.client.put(f"/v1/{path}", json=GOOD[path])
    assert (again.status_code, again.json()["version"]) == (200, 1)
    told = world.get(f"/v1/{path}").json()
    assert told == again.json()
    assert told["entry"].keys() >= GOOD[path].keys()
    assert [(one["version"], one["by"]) for one in told["history"]] == [(1, "local")]
    register, name = path.split("/")
    listed = world.get(f"/v1/{register}").json()
    assert listed["next_cursor"] is None
    (item,) = listed["items"]
    assert (item["id"], item["entry"]) == (name, told["entry"])


def test_a_changed_entry_is_a_new_version_and_the_old_one_stays(world: World) -> None:
    world.client.put("/v1/boxes/BX-1", json={"model": "A"})
    world.clock.now_ms += 60_000
    told = world.client.put("/v1/boxes/BX-1", json={"model": "B"}).json()
    assert (told["version"], told["entry"]) == (2, {"model": "B"})
    assert [one["entry"]["model"] for one in told["history"]] == ["A", "B"]
    assert told["history"][0]["at"] < told["history"][1]["at"]
    entries = [one for one in world.register.audit.entries() if one.action == "register_boxes"]
    assert [one.subject for one in entries] == ["BX-1 v1", "BX-1 v2"]


def test_a_recalled_batch_names_every_shipment_that_carried_it(world: World) -> None:
    for name, batch in (("ZB-1", "B1"), ("ZB-2", "B2"), ("ZB-3", "B1")):
        sent = manifest(name)
        sent["items"][0] |= {"approval_number": "国药准字S20059001", "batch": batch}
        assert world.client.put(f"/v1/shipments/{name}", json=sent).status_code == 201
    recall = {"batch": "B1", "announced_on": "2026-11-20", "level": 2, "reason": "效价偏低"}
    body = {"storage": "refrigerated", "recalls": [recall]}
    world.client.put("/v1/products/国药准字S20059001", json=body)
    (told,) = world.get("/v1/products/国药准字S20059001/recalls").json()["items"]
    assert told == {**recall, "shipments": ["ZB-1", "ZB-3"], "perhaps": []}
    assert world.get("/v1/products/S2/recalls").status_code == 404


def test_a_recall_is_of_the_product_and_not_of_whatever_lay_beside_it(world: World) -> None:
    ours, other = "国药准字S20059001", "国药准字S20059002"
    drug = {"name": "甲", "category": "drug", "storage": "refrigerated"}
    items = {
        "ZB-beside": [
            {"approval_number": ours, "batch": "B2"},
            {"approval_number": other, "batch": "B1"},
        ],
        "ZB-longer": [{"approval_number": f"{ours}7", "batch": "B1"}],
        "ZB-blank": [{"approval_number": ours, "batch": " b1 "}],
        "ZB-numberless": [{"batch": "B1"}],
    }
    for name, its in items.items():
        sent = manifest(name, items=[{**drug, **one} for one in its])
        assert world.client.put(f"/v1/shipments/{name}", json=sent).status_code == 201
    taken_back = manifest("ZB-blank", items=[{**drug, "approval_number": ours, "batch": "B7"}])
    world.client.put("/v1/shipments/ZB-blank", json=taken_back)
    recalls = [{"batch": one, "announced_on": "2026-11-20"} for one in ("B1", "nobody's")]
    world.client.put(f"/v1/products/{ours}", json={"storage": "refrigerated", "recalls": recalls})
    told, unknown = world.get(f"/v1/products/{ours}/recalls").json()["items"]
    assert told["shipments"] == ["ZB-blank"], "whatever its manifest says now"
    assert told["perhaps"] == ["ZB-numberless"]
    assert (unknown["shipments"], unknown["perhaps"]) == ([], [])


def test_lists_go_on_by_a_cursor(world: World) -> None:
    for name in ("BX-2", "BX-1", "BX-3"):
        world.client.put(f"/v1/boxes/{name}", json={"model": "A"})
    first = world.get("/v1/boxes?limit=2").json()
    assert [item["id"] for item in first["items"]] == ["BX-1", "BX-2"]
    rest = world.get(f"/v1/boxes?limit=2&cursor={first['next_cursor']}").json()
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == (["BX-3"], None)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("boxes/BX-1", {}, "body"),
        ("boxes/BX-1", {"model": ""}, "model"),
        ("boxes/BX-1", {"model": "A", "colour": "red"}, "body"),
        ("boxes/BX-1", [], "body"),
        ("box-models/M", {"cooling": "passive"}, "body"),
        ("box-models/M", {"cooling": "warm", "partition": "none"}, "cooling"),
        ("box-models/M", {"cooling": "passive", "partition": "glued"}, "partition"),
        (
            "box-models/M",
            {"cooling": "passive", "partition": "none", "qualification": {"hold_h": -1}},
            "qualification.hold_h",
        ),
        (
            "box-models/M",
            {"cooling": "passive", "partition": "none", "qualification": {"hold": 8}},
            "qualification.hold",
        ),
        ("products/S1", {"storage": "warm"}, "storage"),
        ("sites/T", {"lat": 91, "lon": 0}, "lat"),
        ("sites/T", {"lat": 36, "lon": 118, "radius_m": 501}, "radius_m"),
        ("sites/T", {"lat": 36, "lon": 118, "name": "王女士 13800138000"}, "name"),
        ("devices/L", {"calibrations": [{"number": "1"}]}, "calibrations[0]"),
        ("banned-drugs/A", {**BAN, "words": []}, "words"),
        ("banned-drugs/A", {**BAN, "words": [" "]}, "words[0]"),
        ("banned-drugs/A", {**BAN, "valid_to": "2026-11-19"}, "valid_to"),
        ("banned-drugs/A", {**BAN, "valid_from": "soon"}, "valid_from"),
        ("banned-drugs/A", {"title": "甲", "words": ["甲"], "valid_from": "2026-01-01"}, "body"),
        ("agreements/A", {**AGREED, "seller": "91370305000000115X"}, "seller"),
        ("agreements/A", {**AGREED, "carrier": "ql-express"}, "carrier"),
        ("agreements/A", {**AGREED, "sub_carriers": [13 * "1"]}, "sub_carriers[0]"),
        ("agreements/A", {**AGREED, "valid_until": "2025-12-31"}, "valid_until"),
        (
            "agreements/A",
            {**AGREED, "audits": [{"done_at": "2026-02-01", "valid_until": "2026-01-31"}]},
            "audits[0].valid_until",
        ),
        (
            "devices/L",
            {
                "calibrations": [
                    {"number": "1", "done_at": "2026-03-02", "valid_until": "2026-03-01"}
                ]
            },
            "calibrations[0].valid_until",
        ),
    ],
)
def test_a_wrong_entry_is_refused_and_names_the_field(
    world: World, path: str, body: Any, field: str
) -> None:
    answer = world.client.put(f"/v1/{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert "13800138000" not in answer.text
    assert world.get(f"/v1/{path}").status_code == 404


@pytest.mark.parametrize(("radius_m", "status"), [(499.0, 201), (500.0, 201), (500.5, 422)])
def test_a_site_is_at_most_500_metres_wide(world: World, radius_m: float, status: int) -> None:
    body = {"lat": 36.8, "lon": 118.3, "radius_m": radius_m}
    assert world.client.put("/v1/sites/T", json=body).status_code == status


def test_a_calibration_of_one_day_is_taken(world: World) -> None:
    its = {"number": "1", "done_at": "2026-03-01", "valid_until": "2026-03-01"}
    assert world.client.put("/v1/devices/L", json={"calibrations": [its]}).status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/boxes/BX-1"),
        ("POST", "/v1/shipments/ZB-1/reviews"),
        ("POST", "/v1/shipments/ZB-1/attachments"),
    ],
)
@pytest.mark.parametrize(
    ("client", "taken"), [("192.0.2.7", False), ("127.0.0.2", True), ("::1", True), ("x", False)]
)
def test_only_this_machine_is_answered_before_there_are_keys(
    world: World, method: str, path: str, client: str, taken: bool
) -> None:
    app = create_app(world.services)

    async def answers() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=(client, 5000))
        async with httpx.AsyncClient(
            transport=transport, base_url=world.services.base_url
        ) as caller:
            asked = await caller.request(method, path, json={"model": "A"})
            return [asked, await caller.get("/v1/boxes")]

    asked, read = asyncio.run(answers())
    assert (asked.status_code != 403) == taken
    assert (read.status_code == 200) == taken, "nothing is read from elsewhere either"
    if not taken:
        assert asked.json()["title"] == "不被允许"


def test_a_changed_entry_has_its_shipments_judged_again(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", COLD)
    world.judge.tick()
    assert world.judge.idle
    world.client.put("/v1/boxes/BX-other", json={"model": "A"})
    assert world.judge.idle
    world.client.put("/v1/boxes/BX-ZB-1", json={"model": "A"})
    assert not world.judge.idle
    world.judge.tick()
    world.client.put("/v1/boxes/BX-ZB-1", json={"model": "A"})
    assert world.judge.idle, "the same again changes nothing"


PHOTO = b"\xff\xd8\xff\xe0 a photograph"
FILES = "/v1/shipments/ZB-1/attachments"


def _post(
    world: World, body: bytes = PHOTO, kind: str = "image/jpeg", **query: str
) -> httpx.Response:
    return world.client.post(FILES, content=body, params=query, headers={"Content-Type": kind})


def test_a_file_is_kept_by_its_digest_and_given_back_as_it_was(world: World) -> None:
    world.send("ZB-1", COLD)
    answer = _post(world, kind="image/jpeg", name="装箱.jpg")
    kept = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, kept["href"])
    assert (kept["kind"], kept["name"], kept["by"]) == ("other", "装箱.jpg", "local")
    again = world.client.post(
        f"{FILES}?kind=packing_photo", content=PHOTO, headers={"Content-Type": "image/jpeg"}
    )
    assert (again.status_code, again.json()) == (200, kept), "the same bytes are the first"
    assert world.get(FILES).json()["items"] == [kept]
    back = world.get(f"{FILES}/{kept['sha256']}")
    assert (back.content, back.headers["content-type"]) == (PHOTO, "image/jpeg")
    assert back.headers["content-disposition"].startswith("attachment;")
    assert world.get(f"{FILES}/{'0' * 64}").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (PHOTO, "image/png", 415),
        (b"<html>", "text/html", 415),
        (b"<svg/>", "image/svg+xml", 415),
        (PHOTO, "multipart/form-data; boundary=x", 415),
        (b"", "image/jpeg", 415),
        (b"%PDF-1.7", "application/pdf", 201),
        (PHOTO + bytes(10_000_000 - len(PHOTO)), "image/jpeg", 201),
        (PHOTO + bytes(10_000_001 - len(PHOTO)), "image/jpeg", 413),
    ],
)
def test_photographs_and_papers_are_taken_and_nothing_else(
    world: World, body: bytes, kind: str, status: int
) -> None:
    world.send("ZB-1", COLD)
    assert _post(world, body, kind).status_code == status


def test_an_unknown_shipment_takes_no_file(world: World) -> None:
    assert _post(world).status_code == 404
    assert world.get(FILES).status_code == 404


@pytest.mark.parametrize("name", ["../x.jpg", "13800138000.jpg", "a\nb"])
def test_a_file_name_is_no_path_and_no_persons_number(world: World, name: str) -> None:
    world.send("ZB-1", COLD)
    assert _post(world, name=name).status_code == 422
