"""An officer challenges a probe: the order, the watching, the outcome, and what it means."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.probe_challenges import ChallengeDecision
from coldwitness.judging.challenge_watch import (
    DELAY_LEAST_S,
    DELAY_MOST_S,
    WATCH_S,
    ChallengeWatch,
    new_challenge,
)
from tests.api.world import COLD, MINUTE, T0, World, manifest, running_world
from tests.decided.house import house

BEGAN = T0 + 22 * MINUTE


@pytest.fixture
def road(world: World) -> World:
    """A box on its way with 22 minutes of readings at 5 °C."""
    world.clock.now_ms = BEGAN
    assert world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1")).is_success
    world.send("ZB-1", COLD[:22])
    return world


def start(world: World, action: str | None = "warm", **more: str) -> dict[str, Any]:
    asked = {"shipment": "ZB-1", "probe": "drug", **more}
    answer = world.client.post(
        "/v1/probe-challenges", json=asked if action is None else {**asked, "action": action}
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def ordered(world: World, challenge: str) -> int:
    """Move the clock to just after the order; returns the order's time [ms]."""
    kept = world.register.challenges.one(challenge)
    assert kept is not None
    world.clock.now_ms = kept.challenge.ordered_ms + 1000
    return kept.challenge.ordered_ms


def hold(world: World, from_ms: int, temperatures: list[float]) -> None:
    """Readings every half minute from an instant on; the present is a minute after the last."""
    world.send("ZB-1", temperatures, start_ms=from_ms, step_ms=30_000, judge=False)
    world.clock.now_ms = from_ms + len(temperatures) * 30_000 + MINUTE
    world.judge.judge_now(["ZB-1"])


def look(world: World) -> None:
    ChallengeWatch(world.store, world.register, world.judge, world.clock).look()
    world.judge.tick()


WARMED = [5.0, 9.0, 13.0, 15.0, 16.0, 13.0, 10.0, 7.0, 5.5, *[5.0] * 4]
"""In a hand for two minutes: far above 8 °C."""


def test_a_live_probe_is_alive_and_its_warming_accuses_nobody(road: World) -> None:
    made = start(road)
    assert (made["state"], made["action"], made["ordered_at"]) == ("waiting", None, None)
    assert "challenges" not in road.get("/v1/shipments/ZB-1/check").json()["evidence"]
    at_ms = ordered(road, made["id"])
    told = road.get(f"/v1/probe-challenges/{made['id']}").json()
    assert (told["state"], told["action"], told["outcome"]) == ("watching", "warm", None)
    hold(road, at_ms + 5_000, WARMED)
    told = road.get(f"/v1/probe-challenges/{made['id']}").json()
    assert (told["state"], told["outcome"]) == ("watching", "alive")
    check = road.get("/v1/shipments/ZB-1/check").json()
    assert not [one for one in check["findings"] if one["kind"] == "cold_chain_break"]
    assert check["metrics"]["max_c"] < 8.0
    assert check["evidence"]["challenges"][0]["outcome"] == "open"
    look(road)
    told = road.get(f"/v1/probe-challenges/{made['id']}").json()
    assert (told["state"], told["outcome"]) == ("decided", "alive")
    assert told["step_c"] > 5.0
    assert len(told["curve"]) > 20
    disturbed_ms = instant_ms(told["disturbed_to"]) - at_ms
    assert 120_000 < disturbed_ms < 300_000, "until it was back, not all of ten minutes"
    check = road.get("/v1/shipments/ZB-1/check").json()
    assert [one["outcome"] for one in check["evidence"]["challenges"]] == ["alive"]
    assert not [one for one in check["findings"] if one["kind"] == "cold_chain_break"]
    assert road.get("/v1/clues").json()["items"] == []


def test_what_is_disturbed_is_shown_counts_as_unknown_time_and_is_in_the_report(
    road: World,
) -> None:
    made = start(road)
    hold(road, ordered(road, made["id"]) + 5_000, WARMED)
    look(road)
    readings = road.get("/v1/shipments/ZB-1/readings").json()["items"]
    assert max(one["temperature"]["drug"] for one in readings) == 16.0
    check = road.get("/v1/shipments/ZB-1/check").json()
    assert check["metrics"]["coverage"] < 1.0
    gaps = [one for one in check["findings"] if one["kind"] == "evidence_gap"]
    assert not [one for one in gaps if "drug" in str(one["measures"])], "nobody left it out"
    report = road.get("/v1/shipments/ZB-1/report.json")
    shown = report.json()
    assert shown["result"]["evidence"]["challenges"][0]["outcome"] == "alive"
    assert 16.0 in shown["readings"]["temperature_c"]["drug"]
    found = verify_any(report.content, rulebook=road.services.rulebook, trusted=[])
    assert found.problems == ()


def test_a_replayed_stream_does_not_answer_and_nothing_of_it_is_hidden(road: World) -> None:
    made = start(road)
    at_ms = ordered(road, made["id"])
    hold(road, at_ms + 5_000, [5.0] * 11)
    look(road)
    told = road.get(f"/v1/probe-challenges/{made['id']}").json()
    assert (told["outcome"], told["disturbed_to"]) == ("not_alive", None)
    (told,) = road.get("/v1/shipments/ZB-1/check").json()["evidence"]["challenges"]
    assert (told["outcome"], told["disturbed_to"]) == ("not_alive", None)


def test_a_stream_that_falls_silent_is_inconclusive_at_the_end(road: World) -> None:
    made = start(road)
    at_ms = ordered(road, made["id"])
    road.clock.now_ms = at_ms + (WATCH_S + 90) * 1000
    look(road)
    assert road.get(f"/v1/probe-challenges/{made['id']}").json()["state"] == "watching"
    road.clock.now_ms = at_ms + 700_000
    look(road)
    told = road.get(f"/v1/probe-challenges/{made['id']}").json()
    assert (told["state"], told["outcome"]) == ("decided", "inconclusive")


def test_time_that_was_out_of_range_already_is_not_hidden(road: World) -> None:
    road.send("ZB-1", [9.0] * 6, start_ms=BEGAN)
    road.clock.now_ms = BEGAN + 5 * MINUTE
    made = start(road)
    hold(road, ordered(road, made["id"]) + 5_000, [9.0, *WARMED])
    check = road.get("/v1/shipments/ZB-1/check").json()
    assert check["verdict"] == "breach"
    assert check["metrics"]["max_c"] == 16.0


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"shipment": "ZB-NONE"}, 404),
        ({"shipment": "ZB-1", "probe": "goods"}, 422),
        ({"shipment": "ZB-1", "action": "boil"}, 422),
        ({"shipment": "ZB-2"}, 409),
    ],
)
def test_what_cannot_be_challenged_is_refused(
    road: World, asked: dict[str, str], status: int
) -> None:
    delivered = manifest("ZB-2", delivered_at="2026-11-20T01:20:00Z")
    assert road.client.put("/v1/shipments/ZB-2", json=delivered).is_success
    road.send("ZB-2", COLD[:20])
    assert road.client.post("/v1/probe-challenges", json=asked).status_code == status


def test_one_at_a_time_and_nobody_knows_when_it_comes(road: World) -> None:
    start(road, None)
    again = {"shipment": "ZB-1", "probe": "drug", "action": "cool"}
    assert road.client.post("/v1/probe-challenges", json=again).status_code == 409
    drawn = [new_challenge("S", "drug", action=None, by="x", now_ms=0) for _ in range(200)]
    delays = {one.ordered_ms for one in drawn}
    assert min(delays) >= DELAY_LEAST_S * 1000
    assert max(delays) <= DELAY_MOST_S * 1000
    assert len(delays) > 40
    assert {one.action for one in drawn} == {"warm", "cool"}


def test_a_lost_register_gets_challenges_back_from_the_journal(tmp_path: Path) -> None:
    filled = house(tmp_path)
    made = new_challenge("S-0", "drug", action="cool", by="鲁C-0101", now_ms=T0)
    other = new_challenge("S-0", "drug", action="warm", by="鲁C-0102", now_ms=T0 + 10**6)
    decision = ChallengeDecision(
        outcome="alive",
        decided_ms=T0 + 600_000,
        step_c=4.2,
        stepped_ms=T0 + 100_000,
        disturbed_to_ms=T0 + 300_000,
        readings=8,
    )
    with filled.serving():
        assert filled.running is not None
        challenges = filled.running.register.challenges
        assert challenges.start(made)
        assert not challenges.start(other), "another one runs"
        challenges.decide(made, decision)
        challenges.decide(made, decision)
        assert challenges.start(other)
        before = challenges.of(["S-0"])
    filled.lose_register()
    filled.rebuild()
    assert filled.rebuild().none
    with filled.serving():
        assert filled.running is not None
        assert filled.running.register.challenges.of(["S-0"]) == before
    assert [one.decision for one in before["S-0"]] == [decision, None]


@pytest.mark.parametrize(("lang", "width"), [("zh", 360), ("en", 1280)])
def test_an_officer_walks_it_in_the_browser(
    browser: Browser, tmp_path: Path, lang: str, width: int
) -> None:
    with running_world(tmp_path) as world:
        world.clock.now_ms = BEGAN
        assert world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1")).is_success
        world.send("ZB-1", COLD[:22])
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(f"{world.server.url}/shipments/ZB-1?lang={lang}")
        page.select_option("#challenges select[name=action]", "warm")
        page.click("#challenges button")
        page.wait_for_url("**/challenges/pc_*")
        assert page.get_attribute(".challenge", "data-state") == "waiting"
        challenge = page.url.rpartition("/")[2].partition("?")[0]
        at_ms = ordered(world, challenge)
        page.wait_for_selector(".challenge[data-state=watching]")  # it asks anew by itself
        order = "现在握住测点加热" if lang == "zh" else "Warm the probe in your hand now"
        assert page.text_content("h1") == order
        hold(world, at_ms + 5_000, WARMED)
        look(world)
        page.wait_for_selector(".challenge[data-state=decided]")
        assert page.locator(".probe-curve polyline").count() == 1
        assert page.locator(".probe-curve svg[aria-labelledby=challenge-curve]").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto(f"{world.server.url}/shipments/ZB-1?lang={lang}")
        said = "读数有响应" if lang == "zh" else "The readings are live"
        assert said in (page.text_content("#challenges") or "")
        page.close()
