"""The page of clues: whose time runs out first, and what became of those of each requirement."""

from tests.api.world import WARM, World, manifest


def clue_of(world: World, shipment: str) -> str:
    world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))
    world.send(shipment, WARM)
    clue: str = world.get("/v1/clues").json()["items"][-1]["clue"]["id"]
    return clue


def test_a_clue_begins_with_what_was_found_and_folds_what_is_seldom_read(world: World) -> None:
    clue = clue_of(world, "ZB-1")
    text = world.get(f"/clues/{clue}?lang=zh").text
    heading = text[text.index("<h1>") : text.index("</h1>")]
    assert heading == "<h1>高于上限"
    places = [text.index(f"<h2>{one}</h2>") for one in ("发现", "期限", "当事人", "文书", "证据")]
    assert places == sorted(places)
    assert text.index("<details") < text.index("案件来源登记表") < text.rindex("</details>")
    assert text.count("<details") == 2
    complaint = {"source": "complaint", "content": "送达时不凉", "assigned_at": "2026-11-01"}
    told = world.client.post("/v1/clues", json=complaint).json()
    assert "<h1>线索内容</h1>" in world.get(f"/clues/{told['id']}?lang=zh").text


def test_what_became_of_a_requirement_is_said_with_its_title(world: World) -> None:
    clue_of(world, "ZB-1")
    assert "冷藏冷冻药品全程在标示温度范围内<br><code>ANNEX6-10</code>" in world.get("/clues").text


def test_the_page_shows_limits_parties_and_shares(world: World) -> None:
    assert "没有线索" in world.get("/clues").text
    for shipment, status in (("ZB-1", "filed"), ("ZB-2", "rejected"), ("ZB-3", "checking")):
        clue = clue_of(world, shipment)
        world.client.patch(f"/v1/clues/{clue}", json={"status": status})
    complaint = {"source": "complaint", "content": "送达时不凉", "assigned_at": "2026-11-01"}
    world.client.post("/v1/clues", json=complaint)
    world.judge.tell_of_clues()
    text = world.get("/clues").text
    for said in ("已立案", "不予立案", "核查中", "已逾期", "临淄区市场监督管理局", "送达时不凉"):
        assert said in text, said
    assert text.index("送达时不凉") < text.index("ZB-3"), "its time runs out first"
    only = world.get("/clues?status=checking&lang=en").text
    assert "ZB-3" in only
    assert "ZB-1" not in only
    shares = {one["requirement"]: one for one in world.get("/v1/clue-shares").json()["items"]}
    assert shares["ANNEX6-10"] == {
        "requirement": "ANNEX6-10",
        "clues": 3,
        "decided": 2,
        "confirmed": 1,
        "share": 0.5,
    }
    first = world.get("/v1/clues").json()["items"][0]["clue"]["id"]
    world.client.patch(f"/v1/clues/{first}", json={"status": "closed"})
    shares = {one["requirement"]: one for one in world.get("/v1/clue-shares").json()["items"]}
    assert shares["ANNEX6-10"]["confirmed"] == 1, "a closed case was filed"
