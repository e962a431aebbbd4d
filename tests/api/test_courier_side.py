"""The courier's side: its own numbers, and its statement on a clue by the day it was asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.passwords import hashed
from coldwitness.domain.grants import Grant
from coldwitness.judging import clue_acts
from tests.api.test_signing_in import PASSWORD, sign_in, token_of
from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest, running_world

NAME = "齐鲁配送 1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with running_world(tmp_path) as running:
        for name, values, courier in (
            ("ZB-1", WARM, "ql-express"),
            ("ZB-2", COLD, "ql-express"),
            ("ZB-3", WARM, "sf"),
        ):
            whole = manifest(name, courier={"id": courier})
            running.client.put(f"/v1/shipments/{name}", json=whole)
            running.send(name, values, courier=courier)
            running.event(name, "delivered", 29)
            running.judge.judge_now([name])
        yield running


def key_of(world: World, grant: Grant) -> dict[str, str]:
    key = new_key()
    world.register.client_keys.add(
        grant.shown, grant, digest=digest_of(key) or "", by="test", now_ms=T0
    )
    return {"Authorization": f"Bearer {key}"}


def clue_of(world: World, shipment: str) -> str:
    items = world.get("/v1/clues").json()["items"]
    found: str = next(one["clue"]["id"] for one in items if one["clue"]["shipment"] == shipment)
    return found


def test_a_courier_sees_its_own_numbers_and_an_office_those_of_its_reach(world: World) -> None:
    whole = world.get("/v1/scores").json()
    assert (whole["courier"], whole["shipments"]) == (None, 3)
    mine = key_of(world, Grant("courier", courier="ql-express"))
    score: dict[str, Any] = world.get("/v1/scores", headers=mine).json()
    assert score["courier"] == "ql-express"
    assert score["shipments"] == 2
    assert score["ended"] == 2
    assert score["verdicts"]["breach"] == 1
    assert score["share_found"] == 0.5
    assert world.get("/v1/scores?courier=sf", headers=mine).status_code == 404
    empty = world.get("/v1/scores?from=2026-12-01", headers=mine).json()
    assert (empty["shipments"], empty["share_found"]) == (0, None)


def test_who_is_asked_for_a_statement_sees_by_when_and_states_it(world: World) -> None:
    mine, theirs = (key_of(world, Grant("courier", courier=name)) for name in ("ql-express", "sf"))
    office = key_of(world, Grant("admin"))
    world.client.headers.update(office)
    clue = clue_of(world, "ZB-1")
    own = f"/v1/statement-requests/{clue}/statements"
    said = {"text": "测点靠近冰排，药品未超温。"}
    assert world.get("/v1/statement-requests", headers=mine).json()["items"] == []
    assert world.client.post(own, json=said, headers=mine).status_code == 404, "nobody asked"
    over = world.client.patch(f"/v1/clues/{clue}", json={"statement_due_on": "2026-11-20"})
    assert over.status_code == 422, "a day that is over"
    asked = world.client.patch(f"/v1/clues/{clue}", json={"statement_due_on": "2026-12-01"})
    assert asked.json()["statement_due_on"] == "2026-12-01"
    assert asked.json()["history"][-1]["kind"] == "statement_asked"
    again = world.client.patch(f"/v1/clues/{clue}", json={"statement_due_on": "2026-12-01"})
    assert again.json()["version"] == asked.json()["version"], "the same changes nothing"
    (request,) = world.get("/v1/statement-requests", headers=mine).json()["items"]
    assert (request["clue"], request["due_on"], request["over"]) == (clue, "2026-12-01", False)
    assert set(request) == {
        "clue",
        "shipments",
        "summary",
        "act",
        "requirements",
        "due_on",
        "over",
        "statements",
    }
    assert world.get("/v1/scores", headers=mine).json()["open_requests"] == 1
    assert world.get("/v1/statement-requests", headers=theirs).json()["items"] == []
    assert world.client.post(own, json=said, headers=theirs).status_code == 404
    assert world.client.post(own, json=said, headers=office).status_code == 403
    kept = world.client.post(own, json=said, headers=mine)
    assert kept.status_code == 201
    assert [one["text"] for one in kept.json()["statements"]] == [said["text"]]
    assert world.get("/v1/scores", headers=mine).json()["open_requests"] == 0
    told = world.get(f"/v1/clues/{clue}").json()
    assert told["statements"][0]["role"] == "courier"
    assert told["statements"][0]["by"] == "courier ql-express"
    world.clock.now_ms += 20 * 24 * 60 * MINUTE
    assert world.get("/v1/statement-requests", headers=mine).json()["items"][0]["over"] is True
    assert world.client.post(own, json=said, headers=mine).status_code == 201, "still taken"


def test_each_company_of_a_clue_has_its_own_number_of_statements(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clue_acts, "STATEMENTS_MAX", 2)
    mine = key_of(world, Grant("courier", courier="ql-express"))
    world.client.headers.update(key_of(world, Grant("admin")))
    clue = clue_of(world, "ZB-1")
    world.client.patch(f"/v1/clues/{clue}", json={"statement_due_on": "2026-12-01"})
    own = f"/v1/statement-requests/{clue}/statements"
    for expected in (201, 201, 422):
        said = world.client.post(own, json={"text": "药品未超温。"}, headers=mine)
        assert said.status_code == expected
    assert "at most 2 of the courier" in said.json()["detail"]
    theirs = {"said_on": "2026-11-21", "role": "seller", "text": "已告知承运方。"}
    address = f"/v1/clues/{clue}/statements"
    assert world.client.post(address, json=theirs).status_code == 201
    kept = world.get(f"/v1/clues/{clue}").json()["statements"]
    assert [one["role"] for one in kept] == ["courier", "courier", "seller"]


def test_the_courier_s_page_needs_no_script(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clue = clue_of(world, "ZB-1")
    world.client.patch(f"/v1/clues/{clue}", json={"statement_due_on": "2026-12-01"})
    grant = Grant("courier", courier="ql-express")
    kept = hashed(PASSWORD, name=NAME, length=12)
    assert world.register.people.add(NAME, grant, password=kept, by="test", now_ms=T0)
    sign_in(world, NAME)
    page = world.get("/courier")
    assert "ql-express" in page.text
    assert "2026-12-01" in page.text
    address = f"/courier/statements/{clue}"
    assert world.client.post(address, data={"text": "陈述"}).status_code == 403
    token = {"csrf": token_of(page)}
    assert world.client.post(address, data={"text": " ", **token}).status_code == 422
    done = world.client.post(address, data={"text": "冰排过近", **token})
    assert done.status_code == 303
    assert "冰排过近" in world.get("/courier?lang=en").text
    monkeypatch.setattr(clue_acts, "STATEMENTS_MAX", 1)
    assert world.client.post(address, data={"text": "冰排过近", **token}).status_code == 422
