"""Before departure over HTTP and on the page: one call, green or red, kept."""

import json
from typing import Any

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.domain.departure import KeptDepartureCheck
from coldwitness.domain.grants import Grant
from coldwitness.domain.office import entry_json
from coldwitness.storage.decisions import EntryPut, entry_of
from tests.api.world import MINUTE, T0, World, manifest

HOLDS = {"qualification": {"hold_h": 4.0}}


def packed(world: World, name: str = "ZB-1", **more: Any) -> None:
    box = {"id": f"BX-{name}", **HOLDS}
    whole = manifest(name, box=box, delivery={"planned_minutes": 60}, **more)
    del whole["dispatched_at"]
    assert world.client.put(f"/v1/shipments/{name}", json=whole).is_success


def cooled(world: World, name: str = "ZB-1", value: float = 5.0) -> None:
    start_ms = world.clock.now_ms - 15 * MINUTE
    world.send(name, [value] * 16, start_ms=start_ms, judge=False)


def ask(world: World, name: str = "ZB-1", **more: Any) -> Any:
    return world.client.post("/v1/departure-checks", json={"shipment": name, **more})


def test_green_and_then_red_with_its_reason(world: World) -> None:
    packed(world)
    red = ask(world).json()
    assert red["result"] == "red"
    assert [line["ok"] for line in red["lines"]] == [False, False, True, True]
    cooled(world)
    answer = ask(world)
    assert answer.status_code == 201
    green = answer.json()
    assert green["result"] == "green", green["lines"]
    assert world.get(green["links"]["self"]).json() == green, "it is kept"
    late = ask(world, planned_minutes=300).json()
    assert late["result"] == "red"
    wrong = [line for line in late["lines"] if not line["ok"]]
    assert [line["question"] for line in wrong] == ["time_against_hold"]
    assert "240" in wrong[0]["text"]["zh"]
    world.clock.now_ms += 6 * MINUTE
    assert ask(world).json()["lines"][0]["ok"] is False, "silent since"
    assert ask(world, "ZB-none").status_code == 404
    assert ask(world, planned_minutes=-1).status_code == 422


def test_the_courier_s_own_alone(world: World) -> None:
    packed(world)
    packed(world, "ZB-2", courier={"id": "sf"})
    key = new_key()
    grant = Grant("courier", courier="ql-express")
    world.register.client_keys.add("c", grant, digest=digest_of(key) or "", by="test", now_ms=T0)
    world.client.headers["Authorization"] = f"Bearer {key}"
    mine = ask(world)
    assert mine.status_code == 201
    assert ask(world, "ZB-2").status_code == 404
    assert world.get(mine.json()["links"]["self"]).status_code == 200
    kept = world.register.office.listed(KeptDepartureCheck)
    put = EntryPut("departure-checks", "DC", json.loads(entry_json(*kept.values())), "c", T0)
    assert entry_of(put) == next(iter(kept.values()))


def test_the_page_says_it_in_both_languages(world: World) -> None:
    packed(world)
    cooled(world)
    for lang, said, other in (("zh", "可以发车", "测点在线"), ("en", "Ready to leave", "probe is")):
        assert "<form" in world.get(f"/departure?lang={lang}").text
        fields = {"shipment": "ZB-1", "planned_minutes": ""}
        page = world.client.post(f"/departure?lang={lang}", data=fields)
        assert page.status_code == 200
        assert said in page.text
        assert other in page.text
    red = world.client.post("/departure", data={"shipment": "ZB-1", "planned_minutes": "999"})
    assert "暂不宜发车" in red.text
    for wrong, status in (
        ({"shipment": "ZB-9"}, 404),
        ({"shipment": "ZB-1", "planned_minutes": "x"}, 422),
    ):
        assert world.client.post("/departure", data=wrong).status_code == status
