"""The clue feed: each clue once, in order, replayable; and the status that comes back."""

from typing import Any

import pytest

from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest


def judged(world: World, shipment: str, temperatures: list[float]) -> None:
    world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))
    world.send(shipment, temperatures)


def feed(world: World, **query: Any) -> dict[str, Any]:
    answer = world.get("/v1/clues", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def test_a_breach_is_a_clue_with_finding_requirement_and_report_address(world: World) -> None:
    judged(world, "ZB-1", WARM)
    (clue,) = feed(world)["items"]
    assert clue["shipment"] == "ZB-1"
    assert clue["verdict"] == "breach"
    assert clue["finding"]["kind"] == "cold_chain_break"
    assert "ANNEX6-10" in clue["requirements"]
    assert (clue["status"], clue["version"]) == ("open", 1)
    report = world.get(clue["report"])
    assert report.status_code == 200
    assert "ZB-1" in report.text


def test_missing_evidence_alone_is_no_clue(world: World) -> None:
    judged(world, "ZB-1", COLD[:2])
    assert world.get("/v1/shipments/ZB-1/check").json()["verdict"] == "insufficient_evidence"
    assert feed(world)["items"] == []


def test_a_clue_is_given_once_however_often_its_shipment_is_judged(world: World) -> None:
    judged(world, "ZB-1", WARM)
    first = feed(world)
    world.judge.judge_now(["ZB-1"])
    world.send("ZB-1", COLD, start_ms=T0 + 30 * MINUTE)
    assert [clue["id"] for clue in feed(world)["items"]] == [clue["id"] for clue in first["items"]]
    assert feed(world, after=first["next_cursor"])["items"] == []


def test_the_feed_goes_on_from_a_cursor_and_can_be_read_again(world: World) -> None:
    for n in range(5):
        judged(world, f"ZB-{n}", WARM)
    whole = [clue["shipment"] for clue in feed(world)["items"]]
    assert whole == [f"ZB-{n}" for n in range(5)], "in the order found"
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = feed(world, **query)
        seen += [clue["shipment"] for clue in page["items"]]
        query["after"] = page["next_cursor"]
        if not page["has_more"]:
            break
    assert seen == whole
    judged(world, "ZB-9", WARM)
    assert [clue["shipment"] for clue in feed(world, **query)["items"]] == ["ZB-9"]
    third = feed(world)["items"][2]["cursor"]
    assert [clue["shipment"] for clue in feed(world, after=third)["items"]] == [
        "ZB-3",
        "ZB-4",
        "ZB-9",
    ]


def test_an_empty_feed_gives_a_cursor_to_wait_with(world: World) -> None:
    page = feed(world)
    assert (page["items"], page["has_more"]) == ([], False)
    judged(world, "ZB-1", WARM)
    assert len(feed(world, after=page["next_cursor"])["items"]) == 1


def test_a_clue_holds_no_reading_no_company_and_no_person(world: World) -> None:
    judged(world, "ZB-1", WARM)
    text = world.get("/v1/clues").text
    for word in ("胰岛素", "ql-express", "370305", "humidity", "seller"):
        assert word not in text


@pytest.mark.parametrize(
    "status", ["acknowledged", "in_progress", "transferred", "closed", "dismissed", "open"]
)
def test_the_case_system_says_what_became_of_a_clue(world: World, status: str) -> None:
    judged(world, "ZB-1", WARM)
    (clue,) = feed(world)["items"]
    change = {"status": status, "note": "立案 2026-17"}
    answer = world.client.patch(f"/v1/clues/{clue['id']}", json=change)
    assert answer.status_code == 200
    kept = world.get(f"/v1/clues/{clue['id']}").json()
    assert (kept["status"], kept["status_note"]) == (status, "立案 2026-17")
    assert answer.json() == kept
    last = world.register.audit.entries()[-1]
    assert (last.action, last.subject) == (f"clue_{status}", clue["id"])


@pytest.mark.parametrize(
    "change", [{}, {"status": "guilty"}, {"status": "closed", "by": "x"}, {"status": 1}, [], 3]
)
def test_a_status_that_is_none_is_422(world: World, change: Any) -> None:
    judged(world, "ZB-1", WARM)
    (clue,) = feed(world)["items"]
    answer = world.client.patch(f"/v1/clues/{clue['id']}", json=change)
    assert answer.status_code == 422
    assert feed(world)["items"][0]["status"] == "open"


def test_a_note_of_2000_characters_is_kept_and_one_of_2001_refused(world: World) -> None:
    judged(world, "ZB-1", WARM)
    (clue,) = feed(world)["items"]
    for length, status in ((2000, 200), (2001, 422)):
        change = {"status": "closed", "note": "字" * length}
        assert world.client.patch(f"/v1/clues/{clue['id']}", json=change).status_code == status


def test_an_unknown_clue_is_404(world: World) -> None:
    assert world.get("/v1/clues/CL-none").status_code == 404
    change = {"status": "closed"}
    assert world.client.patch("/v1/clues/CL-none", json=change).status_code == 404
