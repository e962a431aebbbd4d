"""The page of clues: whose time runs out first, and what became of those of each requirement."""

from tests.api.world import WARM, World, manifest


def clue_of(world: World, shipment: str) -> str:
    world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))
    world.send(shipment, WARM)
    clue: str = world.get("/v1/clues").json()["items"][-1]["clue"]["id"]
    return clue


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
