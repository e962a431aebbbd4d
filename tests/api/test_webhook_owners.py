"""Webhooks of officers and clients carry what their owners may see, and end with them; what names a
shipment beyond somebody's reach does not say which."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.config.settings import ClueSettings, Settings
from coldwitness.domain.grants import Grant
from coldwitness.domain.identifiers import HIDDEN
from coldwitness.judging.clock import system_clock
from tests.api.test_archived_curves import HOUR, curve
from tests.api.world import (
    MINUTE,
    T0,
    WARM,
    Receiver,
    World,
    manifest,
    rfc3339,
    running_world,
    wait_until,
)

ZIBO = Grant("case_system", divisions=("3703",))
GUANGZHOU = Grant("inspector", divisions=("440100",))


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[World]:
    """A server that sends, whose operator allows webhooks on this machine."""
    settings = Settings(clues=ClueSettings(webhook_networks=("127.0.0.0/8",)))
    with running_world(tmp_path, settings=settings, sending=True, clock=system_clock) as world:
        yield world


def key_of(world: World, grant: Grant, name: str = "案件系统") -> dict[str, str]:
    key = new_key()
    made = world.register.client_keys.add(
        name, grant, digest=digest_of(key) or "", by="test", now_ms=T0
    )
    return {"Authorization": f"Bearer {key}", "X-Key": made.id}


def broken(world: World, shipment: str, division: str, owner: dict[str, str]) -> None:
    told = manifest(
        shipment, seller={"division": division}, courier={"id": "c", "division": division}
    )
    answer = world.client.put(f"/v1/shipments/{shipment}", json=told, headers=owner)
    assert answer.is_success, answer.text
    world.send(shipment, WARM, courier="c")


def add(world: World, url: str, headers: dict[str, str]) -> httpx.Response:
    return world.client.post("/v1/webhooks", json={"url": url}, headers=headers)


def test_each_webhook_carries_what_its_owner_may_see(offices: World, receiver: Receiver) -> None:
    admin = key_of(offices, Grant("admin"), "admin")
    theirs = key_of(offices, GUANGZHOU, "inspector")
    for path, headers in (("/all", admin), ("/own", key_of(offices, ZIBO)), ("/south", theirs)):
        made = add(offices, receiver.url + path, headers)
        assert made.status_code == 201
        assert (made.json()["owner"] is None) == (path == "/all")
    broken(offices, "ZB-1", "370305", admin)
    broken(offices, "GZ-1", "440106", admin)
    wait_until(lambda: len(receiver.got) == 4)
    told = sorted((one.path, json.loads(one.body)["subject"]) for one in receiver.got)
    assert told == [
        ("/clues/all", "GZ-1"),
        ("/clues/all", "ZB-1"),
        ("/clues/own", "ZB-1"),
        ("/clues/south", "GZ-1"),
    ]
    last = offices.register.clues.last_cursor()
    wait_until(lambda: all(h.owed_up_to == last for h in offices.register.outbox.webhooks()))


def test_another_s_webhook_is_404_and_in_no_list(offices: World, receiver: Receiver) -> None:
    own, theirs = key_of(offices, ZIBO), key_of(offices, GUANGZHOU, "inspector")
    same_name = key_of(offices, Grant("case_system", divisions=("3707",)))
    admin = key_of(offices, Grant("admin"), "admin")
    made = add(offices, receiver.url, own).json()
    assert add(offices, receiver.url, own).status_code == 200, "the same address, the same webhook"
    other = add(offices, receiver.url, theirs)
    assert other.status_code == 201, "another's at the same address is another"
    path = f"/v1/webhooks/{made['id']}"
    asked = [
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/test", {}),
        ("POST", f"{path}/replay", {"after": None}),
        ("POST", f"{path}/secret", {"secret": None}),
        ("DELETE", path, None),
    ]
    for headers in (theirs, same_name):
        for method, address, body in asked:
            answer = offices.client.request(method, address, json=body, headers=headers)
            assert answer.status_code == 404, (method, address)
        listed = offices.get("/v1/webhooks", headers=headers).json()["items"]
        assert made["id"] not in {one["id"] for one in listed}
    everything = offices.get("/v1/webhooks", headers=admin).json()["items"]
    assert {one["id"] for one in everything} == {made["id"], other.json()["id"]}
    assert offices.client.delete(path, headers=own).status_code == 204


def test_a_webhook_ends_with_its_owner_and_outlives_a_rotated_key(
    offices: World, receiver: Receiver
) -> None:
    first, admin = key_of(offices, ZIBO), key_of(offices, Grant("admin"), "admin")
    add(offices, receiver.url, first)
    second = key_of(offices, ZIBO)  # as `keys rotate` makes one
    keys = offices.register.client_keys
    keys.end(first["X-Key"], at_ms=offices.services.clock())
    broken(offices, "ZB-1", "370305", admin)
    wait_until(lambda: len(receiver.got) == 1)
    keys.end(second["X-Key"], at_ms=offices.services.clock())
    offices.outbox.wake()
    wait_until(lambda: offices.register.outbox.webhooks()[0].disabled)


def test_only_an_operator_opens_this_machine_to_webhooks(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_world(tmp_path, settings=Settings()) as world:
        for headers in (key_of(world, Grant("admin"), "admin"), key_of(world, ZIBO)):
            assert add(world, receiver.url, headers).status_code == 422


def test_a_number_of_another_office_is_free(world: World) -> None:
    """That a clue of this number is known is nobody's business."""
    south, zibo = key_of(world, GUANGZHOU, "inspector"), key_of(world, ZIBO)

    def take(headers: dict[str, str], division: str) -> httpx.Response:
        party = {"role": "seller", "name": "某药店", "division": division}
        told = {"source": "complaint", "source_number": "12315-7", "content": "投诉"}
        return world.client.post("/v1/clues", json={**told, "parties": [party]}, headers=headers)

    first = take(south, "440106")
    other = take(zibo, "370305")
    assert (first.status_code, other.status_code) == (201, 201)
    assert first.json()["id"] != other.json()["id"]
    assert take(zibo, "370305").json()["id"] == other.json()["id"], "its own again"
    assert take(south, "440106").json()["id"] == first.json()["id"]


def test_a_twin_beyond_one_s_reach_is_not_named(world: World) -> None:
    admin = key_of(world, Grant("admin"), "admin")
    zibo = key_of(world, Grant("inspector", divisions=("370300",)), "inspector")
    values = curve(1)
    for name, division, start_ms in (
        ("GZ-TWIN", "440106", T0),
        ("ZB-2", "370305", T0 + 5 * HOUR),
    ):
        end_ms = start_ms + (len(values) - 1) * MINUTE
        told = manifest(
            name,
            seller={"division": division},
            courier={"id": name, "division": division},
            dispatched_at=rfc3339(start_ms),
            delivered_at=rfc3339(end_ms),
        )
        assert world.client.put(f"/v1/shipments/{name}", json=told, headers=admin).is_success
        world.send(name, values, start_ms=start_ms, courier=name, judge=False)
        world.judge.touch([name])
        while not world.judge.idle:
            world.judge.tick()
    paths = [
        "/v1/shipments/ZB-2/check",
        "/v1/findings",
        "/v1/clues",
        "/shipments/ZB-2",
        "/clues",
        "/findings",
        "/live",
    ]
    clues = world.get("/v1/clues", headers=zibo).json()["items"]
    paths += [f"/v1/clues/{one['clue']['id']}" for one in clues]
    paths += [f"/clues/{one['clue']['id']}" for one in clues]
    assert clues
    for path in paths:
        assert "GZ-TWIN" not in world.get(path, headers=zibo).text, path
        assert "GZ-TWIN" in world.get(path, headers=admin).text, path
    assert HIDDEN in world.get("/v1/shipments/ZB-2/check", headers=zibo).text
    headers = {**zibo, "Last-Event-ID": "0"}
    with world.client.stream("GET", "/v1/live", headers=headers) as answer:
        for line in answer.iter_lines():
            assert "GZ-TWIN" not in line
            if '"clue"' in line or line == "event: clue":
                break
