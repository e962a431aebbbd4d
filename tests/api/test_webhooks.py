"""Webhooks: registered, signed, retried with the same bytes and id, given up, disabled."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from coldwitness.api.clues.backoff import JITTER, PAUSES_S, next_try_ms
from coldwitness.api.clues.outbox import CLAIM_MS, Outbox, _secrets_of, register_configured
from coldwitness.api.clues.signature import new_secret, require_secret, signed_headers
from coldwitness.api.clues.targets import allowed_networks, require_webhook_url, resolve
from coldwitness.config.settings import ClueSettings, Settings, WebhookSettings
from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.judging.clock import system_clock
from coldwitness.storage.register import open_register
from tests.api.world import (
    WARM,
    Receiver,
    World,
    manifest,
    running_world,
    wait_until,
)


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[World]:
    """A server whose outbox works, by the real clock that signatures need."""
    with running_world(tmp_path, sending=True, clock=system_clock) as running:
        yield running


def add(world: World, url: str, **more: Any) -> dict[str, Any]:
    answer = world.client.post("/v1/webhooks", json={"url": url, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def break_cold_chain(world: World, shipment: str = "ZB-1") -> None:
    world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))
    world.send(shipment, WARM)


def test_a_new_clue_is_pushed_signed_as_a_cloud_event(sending: World, receiver: Receiver) -> None:
    made = add(sending, receiver.url)
    break_cold_chain(sending)
    wait_until(lambda: bool(receiver.got))
    (posted,) = receiver.got
    assert posted.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    event = Webhook(made["secret"]).verify(posted.body, posted.headers)
    assert event["specversion"] == "1.0"
    assert event["type"] == "coldwitness.clue.opened.v1"
    assert event["subject"] == "ZB-1"
    (entry,) = sending.get("/v1/clues").json()["items"]
    assert event["id"] == f"{entry['clue']['id']}.1"
    assert event["data"] == entry


def test_each_change_is_pushed_by_its_own_type_in_order(sending: World, receiver: Receiver) -> None:
    add(sending, receiver.url)
    receiver.answers = [(503, {"Retry-After": "0"})]
    break_cold_chain(sending)
    clue = sending.get("/v1/clues").json()["items"][0]["clue"]["id"]
    for status in ("checking", "filed"):
        sending.client.patch(f"/v1/clues/{clue}", json={"status": status})
    wait_until(lambda: len(receiver.got) == 4, within_s=60)
    events = [json.loads(posted.body) for posted in receiver.got]
    kinds = [event["type"].split(".")[2] for event in events]
    assert kinds == ["opened", "opened", "updated", "updated"], "they wait for the first"
    assert [event["id"] for event in events[1:]] == [f"{clue}.{n}" for n in (1, 2, 3)]
    assert receiver.got[0].body == receiver.got[1].body


def test_another_secret_does_not_verify(sending: World, receiver: Receiver) -> None:
    add(sending, receiver.url)
    break_cold_chain(sending)
    wait_until(lambda: bool(receiver.got))
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(receiver.got[0].body, receiver.got[0].headers)


def test_a_refused_delivery_comes_again_with_the_same_bytes_and_id(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answers = [(500, {}), (302, {"Location": receiver.url}), (429, {"Retry-After": "7"})]
    with running_world(tmp_path) as world:
        made = add(world, receiver.url)
        break_cold_chain(world)
        world.outbox.owe_new()
        waits = []
        for tries in range(1, 5):
            world.outbox.send_due()
            wait_until(lambda tries=tries: len(receiver.got) == tries)  # type: ignore[misc]
            before_ms = world.clock.now_ms
            world.outbox.wait_for_turns()
            while not world.register.outbox.due(now_ms=world.clock.now_ms) and tries < 4:
                world.clock.now_ms += 1000
            waits.append((world.clock.now_ms - before_ms) / 1000)
    assert len({posted.body for posted in receiver.got}) == 1
    assert len({posted.headers["webhook-id"] for posted in receiver.got}) == 1
    stamps = [int(posted.headers["webhook-timestamp"]) for posted in receiver.got]
    assert stamps == sorted(set(stamps)), "each attempt has its own time"
    assert 4 <= waits[0] <= 6
    assert 12 <= waits[1] <= 18
    assert 48 <= waits[2] <= 72
    assert made["id"].startswith("wh_")


def test_what_was_found_while_nobody_sent_is_owed_however_long_ago(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_world(tmp_path) as world:
        add(world, receiver.url)
        break_cold_chain(world)
        world.clock.now_ms += 30 * 86_400_000
        for _ in range(3):
            world.outbox.owe_new()
            world.outbox.send_due()
            world.outbox.wait_for_turns()
    assert len(receiver.got) == 1


def test_what_was_given_up_and_what_came_before_is_delivered_again(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_world(tmp_path) as world:
        break_cold_chain(world, "ZB-0")
        made = add(world, receiver.url)
        break_cold_chain(world, "ZB-1")
        world.outbox.owe_new()
        (owed,) = world.register.outbox.due(now_ms=world.clock.now_ms)
        world.register.outbox.failed(owed.id, next_try_ms=None, error="HTTP 500")
        path = f"/v1/webhooks/{made['id']}"
        (line,) = world.get(f"{path}/deliveries").json()["items"]
        assert (line["state"], line["error"], line["attempts"]) == ("dead", "HTTP 500", 1)
        assert world.get("/v1/webhooks").json()["items"][0]["given_up"] == 1
        assert world.client.post(f"{path}/replay", json={}).json() == {"again": 1}
        world.outbox.owe_new()
        world.outbox.send_due()
        wait_until(lambda: len(receiver.got) == 2)
        again = receiver.got[-1].headers["webhook-id"]
        world.outbox.wait_for_turns()
        lines = world.get(f"{path}/deliveries", params={"state": "done"}).json()["items"]
        assert [one["state"] for one in lines] == ["done", "done"]
        paged = world.get(f"{path}/deliveries", params={"limit": 1}).json()
        assert paged["items"] == lines[:1]
        rest = {"limit": 1, "cursor": paged["next_cursor"]}
        assert world.get(f"{path}/deliveries", params=rest).json()["items"] == lines[1:]
    assert [json.loads(posted.body)["subject"] for posted in receiver.got] == ["ZB-0", "ZB-1"]
    assert again == owed.id, "under the id it had"


def test_a_webhook_is_tried_and_says_what_it_answered(world: World, receiver: Receiver) -> None:
    made = add(world, receiver.url)
    path = f"/v1/webhooks/{made['id']}/test"
    tried = world.client.post(path).json()
    assert (tried["accepted"], tried["status"], tried["error"]) == (True, 204, None)
    (posted,) = receiver.got
    event = json.loads(posted.body)
    expected = signed_headers(
        posted.body,
        secrets=[made["secret"]],
        message_id=event["id"],
        now_ms=world.clock.now_ms,
    )
    assert posted.headers.items() >= expected.items()
    assert event["type"] == "coldwitness.webhook.test.v1"
    receiver.answers = [(500, {})]
    tried = world.client.post(path).json()
    assert (tried["accepted"], tried["status"]) == (False, 500)
    gone = Receiver()
    gone.stop()
    nobody = add(world, gone.url)["id"]
    tried = world.client.post(f"/v1/webhooks/{nobody}/test").json()
    assert (tried["accepted"], tried["status"]) == (False, None)
    assert "ConnectError" in tried["error"]
    assert world.client.post("/v1/webhooks/wh_x/test").status_code == 404
    world.client.delete(f"/v1/webhooks/{made['id']}")
    assert world.client.post(path).status_code == 409


def test_a_new_secret_signs_and_the_one_before_for_a_day(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_world(tmp_path, sending=True, clock=system_clock) as world:
        made = add(world, receiver.url)
        path = f"/v1/webhooks/{made['id']}/secret"
        changed = world.client.post(path, json={}).json()
        assert changed["secret"] not in (made["secret"], None)
        break_cold_chain(world)
        wait_until(lambda: bool(receiver.got))
        for secret in (made["secret"], changed["secret"]):
            Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
        (hook,) = world.register.outbox.webhooks()
        until_ms = hook.earlier_until_ms or 0
        assert _secrets_of(hook, until_ms - 1) == [changed["secret"], made["secret"]]
        assert _secrets_of(hook, until_ms) == [changed["secret"]]
        assert world.client.post(path, json={"secret": "short"}).status_code == 422


def test_the_same_address_twice_is_one_webhook(world: World) -> None:
    made = add(world, "http://127.0.0.1:9/x")
    again = world.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/x"})
    assert (again.status_code, again.json()["id"]) == (200, made["id"])
    assert "secret" not in again.json()
    same = {"url": "http://127.0.0.1:9/x", "secret": made["secret"]}
    assert world.client.post("/v1/webhooks", json=same).status_code == 200
    other = {"url": "http://127.0.0.1:9/x", "secret": new_secret()}
    assert world.client.post("/v1/webhooks", json=other).status_code == 409
    assert len(world.get("/v1/webhooks").json()["items"]) == 1


def test_a_failing_target_is_seen(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [(503, {})]
    with running_world(tmp_path) as world:
        add(world, receiver.url)
        break_cold_chain(world)
        world.outbox.owe_new()
        world.outbox.send_due()
        wait_until(lambda: bool(world.get("/v1/webhooks").json()["items"][0]["last_error"]))
        (told,) = world.get("/v1/webhooks").json()["items"]
    assert (told["waiting"], told["last_error"]) == (1, "HTTP 503")
    assert told["failing_since"] is not None
    assert told["last_accepted_at"] is None


def test_a_webhook_is_not_sent_what_was_found_before_it_was_added(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_world(tmp_path) as world:
        break_cold_chain(world, "ZB-1")
        world.clock.now_ms += 1000
        add(world, receiver.url)
        break_cold_chain(world, "ZB-2")
        world.outbox.owe_new()
        world.clock.now_ms += 1000
        world.outbox.send_due()
        world.outbox.wait_for_turns()
    assert [json.loads(posted.body)["subject"] for posted in receiver.got] == ["ZB-2"]


def test_an_answer_of_410_disables_the_webhook_for_good(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [(410, {})]
    with running_world(tmp_path) as world:
        add(world, receiver.url)
        break_cold_chain(world, "ZB-1")
        break_cold_chain(world, "ZB-2")
        world.outbox.owe_new()
        world.clock.now_ms += 1000
        world.outbox.send_due()
        wait_until(lambda: world.get("/v1/webhooks").json()["items"][0]["disabled"])
        break_cold_chain(world, "ZB-3")
        world.outbox.owe_new()
        world.clock.now_ms += 86_400_000
        assert world.register.outbox.due(now_ms=world.clock.now_ms) == []
    assert len(receiver.got) == 1


def test_a_dead_receiver_does_not_hold_up_a_living_one(sending: World, receiver: Receiver) -> None:
    gone = Receiver()
    gone.stop()
    add(sending, gone.url)
    add(sending, receiver.url)
    for n in range(3):
        break_cold_chain(sending, f"ZB-{n}")
    wait_until(lambda: len(receiver.got) == 3)
    subjects = [json.loads(posted.body)["subject"] for posted in receiver.got]
    assert subjects == ["ZB-0", "ZB-1", "ZB-2"], "in the feed's order"


def test_a_delivery_refused_for_a_day_is_given_up(tmp_path: Path, receiver: Receiver) -> None:
    with running_world(tmp_path) as world:
        add(world, receiver.url)
        break_cold_chain(world)
        world.outbox.owe_new()
        started_ms = world.clock.now_ms
        for tries in range(1, len(PAUSES_S) + 2):
            receiver.answers = [(503, {})]
            wait_until(partial(_sent, world, receiver, tries))
            world.outbox.wait_for_turns()
            world.clock.now_ms += 12 * 3_600_000
        assert world.register.outbox.due(now_ms=started_ms + 10**12) == []


def _sent(world: World, receiver: Receiver, tries: int) -> bool:
    """Whether so many came; sent again and again, for the turn before may not have ended yet."""
    world.outbox.send_due()
    return len(receiver.got) == tries


def test_of_two_processes_on_one_register_each_entry_is_sent_by_one_in_order(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.slow_s = 0.05  # both have read what is due before the first is over
    with running_world(tmp_path) as world:
        add(world, receiver.url)
        for number in range(3):
            break_cold_chain(world, f"ZB-{number}")
        (clue, *_) = (entry["clue"]["id"] for entry in world.get("/v1/clues").json()["items"])
        for status in ("checking", "filed"):
            world.client.patch(f"/v1/clues/{clue}", json={"status": status})
        other = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
        beside = Outbox(other, world.services.settings, world.clock, base_url=world.server.url)
        try:
            for _ in range(3):  # a clue's next entry is due once the one before was taken
                for sender in (world.outbox, beside):
                    sender.owe_new()
                for sender in (world.outbox, beside):
                    sender.send_due()
                for sender in (world.outbox, beside):
                    sender.wait_for_turns()
        finally:
            beside.stop()
            other.close()
        told = [json.loads(posted.body)["id"] for posted in receiver.got]
        assert sorted(told) == sorted(set(told)), "nothing twice"
        assert len(told) == 5
        assert [one for one in told if one.startswith(clue)] == [f"{clue}.{n}" for n in (1, 2, 3)]


def test_what_a_killed_process_had_claimed_is_sent_by_another_under_its_id(
    tmp_path: Path, receiver: Receiver
) -> None:
    with running_world(tmp_path) as world:
        add(world, receiver.url)
        break_cold_chain(world)
        world.outbox.owe_new()
        now_ms = world.clock.now_ms
        (claimed,) = world.register.outbox.due(now_ms=now_ms)
        assert world.register.outbox.claim(claimed, until_ms=now_ms + CLAIM_MS)  # and was killed
        for passed_ms, sent in ((CLAIM_MS - 1, 0), (CLAIM_MS, 1)):
            world.clock.now_ms = now_ms + passed_ms
            world.outbox.send_due()
            world.outbox.wait_for_turns()
            assert len(receiver.got) == sent
    assert receiver.got[0].headers["webhook-id"] == claimed.id


def test_pauses_grow_and_together_last_about_a_day() -> None:
    assert list(PAUSES_S) == sorted(PAUSES_S)
    assert 23 <= sum(PAUSES_S) / 3600 <= 26
    assert next_try_ms(len(PAUSES_S), now_ms=0) is not None
    assert next_try_ms(len(PAUSES_S) + 1, now_ms=0) is None


@given(
    attempts=st.integers(1, len(PAUSES_S)),
    asked_s=st.floats(0, 1e7),
)
def test_a_pause_is_jittered_and_never_shorter_than_the_receiver_asked(
    attempts: int, asked_s: float
) -> None:
    pause_s = (next_try_ms(attempts, now_ms=0, at_least_s=asked_s) or 0) / 1000
    plain = PAUSES_S[attempts - 1]
    assert pause_s >= min(asked_s, 86_400) - 0.001
    assert plain * (1 - JITTER) - 0.001 <= pause_s
    assert pause_s <= max(plain * (1 + JITTER), min(asked_s, 86_400)) + 0.001


def test_a_webhook_shows_its_secret_once_and_is_listed_without(world: World) -> None:
    made = add(world, "http://127.0.0.1:9/x")
    assert require_secret(made["secret"], what="secret") == made["secret"]
    answer = world.get("/v1/webhooks")
    assert made["secret"] not in answer.text
    assert [item["id"] for item in answer.json()["items"]] == [made["id"]]


def test_a_webhook_can_be_taken_away(world: World) -> None:
    made = add(world, "http://127.0.0.1:9/x")
    assert world.client.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    assert world.get("/v1/webhooks").json()["items"][0]["disabled"]
    assert world.client.delete("/v1/webhooks/wh_none").status_code == 404


@pytest.mark.parametrize(
    "secret", ["", "short", "whsec_!!!!", "whsec_" + "A" * 31, "whsec_" + "A" * 88]
)
def test_a_secret_that_cannot_sign_is_refused_and_not_repeated(world: World, secret: str) -> None:
    body = {"url": "http://127.0.0.1:9/x", "secret": secret}
    answer = world.client.post("/v1/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "secret"
    assert len(secret) < 6 or secret not in answer.text


@pytest.mark.parametrize("length", [24, 64])
def test_a_secret_of_the_shortest_and_the_longest_length_is_accepted(length: int) -> None:
    text = "whsec_" + base64.b64encode(b"k" * length).decode()
    assert require_secret(text, what="secret") == text


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.cn/x",
        "example.cn",
        "http://",
        "http://user:pw@example.cn/",
        "http://example.cn/#part",
        "http://example.cn:0/",
        "http://example.cn:99999/",
        "http://exa mple.cn/",
        "http://例子.cn/",
        "http://example.cn/" + "x" * 2048,
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match=r"^url: "):
        require_webhook_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[fd00::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
    ],
)
def test_loopback_private_and_reserved_addresses_need_the_operators_word(url: str) -> None:
    with pytest.raises(BadInput, match="webhook_networks"):
        resolve(url, allowed=())


@pytest.mark.parametrize(
    "address",
    [
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::",
        "2002:a9fe:a9fe::1", "2001:0:808:808::f5ff:fffe", "fec0::1", "feff::1", "::7f00:1",
        "::ffff:0:7f00:1", "::ffff:7f00:1", "::ffff:a9fe:a9fe", "2400:1::5efe:a00:1",
        "2400:1::200:5efe:a00:1", "168.63.129.16", "169.254.169.254", "100.100.100.200",
        "fd00:ec2::254", "fe80::1", "::", "0.0.0.0", "ff02::1", "224.0.0.1", "192.0.2.1",
    ],
)  # fmt: skip
def test_an_address_inside_another_is_looked_at_too(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(BadInput, match="loopback, private or reserved"):
        resolve(f"http://{host}/", allowed=())


@pytest.mark.parametrize("address", ["8.8.8.8", "2400:3200::1", "64:ff9b::808:808"])
def test_open_addresses_may_be_called_whatever_form_they_have(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert resolve(f"http://{host}/", allowed=()).host == host


def test_an_allowed_network_is_allowed_and_its_neighbour_is_not() -> None:
    allowed = allowed_networks(("10.1.0.0/16",))
    target = resolve("https://10.1.255.255/hook?x=1", allowed=allowed)
    assert target.url == "https://10.1.255.255:443/hook?x=1"
    assert resolve("http://[64:ff9b::10.1.2.3]/", allowed=allowed).host == "[64:ff9b::10.1.2.3]"
    assert resolve("http://[::1]/", allowed=allowed_networks(("::1/128",))).host == "[::1]"
    with pytest.raises(BadInput):
        resolve("https://10.2.0.0/hook", allowed=allowed)
    with pytest.raises(ConfigError, match=r"clues\.webhook_networks"):
        allowed_networks(("10.1.0.0/33",))


def test_an_address_the_operator_did_not_allow_is_422_and_never_called(
    tmp_path: Path, receiver: Receiver
) -> None:
    closed = Settings(clues=ClueSettings(webhook_networks=()))
    with running_world(tmp_path, settings=closed) as world:
        answer = world.client.post("/v1/webhooks", json={"url": receiver.url})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "url"
    assert receiver.got == []


def test_a_webhook_of_the_settings_is_registered_once_and_may_point_anywhere(
    tmp_path: Path, receiver: Receiver
) -> None:
    secret = new_secret()
    settings = Settings(
        webhooks=(WebhookSettings(url=receiver.url, secret=SecretStr(secret)),),
        clues=ClueSettings(webhook_networks=()),
    )
    with running_world(tmp_path, settings=settings, sending=True, clock=system_clock) as world:
        register_configured(world.register, settings, now_ms=0)
        assert len(world.get("/v1/webhooks").json()["items"]) == 1
        break_cold_chain(world)
        wait_until(lambda: bool(receiver.got))
    Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)


def test_a_changed_secret_in_the_settings_replaces_the_webhook(world: World) -> None:
    def settings(secret: str) -> Settings:
        hook = WebhookSettings(url="http://127.0.0.1:9/", secret=SecretStr(secret))
        return Settings(webhooks=(hook,))

    register_configured(world.register, settings(new_secret()), now_ms=1)
    second = new_secret()
    register_configured(world.register, settings(second), now_ms=2)
    active = [hook for hook in world.register.outbox.webhooks() if not hook.disabled]
    assert [hook.secret for hook in active] == [second]
    assert active[0].earlier_secret is not None, "a receiver has a day to change over"


def test_a_secret_of_the_settings_that_cannot_sign_stops_the_start(world: World) -> None:
    hook = WebhookSettings(url="http://127.0.0.1:9/", secret=SecretStr("hunter2"))
    with pytest.raises(ConfigError, match=r"webhooks\.0: secret") as failure:
        register_configured(world.register, Settings(webhooks=(hook,)), now_ms=0)
    assert "hunter2" not in str(failure.value)


def test_the_same_post_with_the_same_key_makes_one_webhook(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    body = {"url": "http://127.0.0.1:9/x"}
    first = world.client.post("/v1/webhooks", json=body, headers=key)
    again = world.client.post("/v1/webhooks", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len(world.get("/v1/webhooks").json()["items"]) == 1
    other = world.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/y"}, headers=key)
    assert other.status_code == 422
    later = {"Idempotency-Key": "k-2"}
    assert world.client.post("/v1/webhooks", json=body, headers=later).status_code == 200


def test_a_failed_post_does_not_use_up_its_key(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    bad = {"url": "http://127.0.0.1:9/x", "secret": "short"}
    assert world.client.post("/v1/webhooks", json=bad, headers=key).status_code == 422
    good = {"url": "http://127.0.0.1:9/x"}
    assert world.client.post("/v1/webhooks", json=good, headers=key).status_code == 201


def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    key = {"Idempotency-Key": "k-1"}
    body = {"url": "http://127.0.0.1:9/x"}
    first = world.client.post("/v1/webhooks", json=body, headers=key)
    world.clock.now_ms += 86_400_001
    again = world.client.post("/v1/webhooks", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200), "the webhook is known"


def test_a_form_cannot_post_a_webhook(world: World) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = world.client.post(
            "/v1/webhooks",
            content=b'{"url": "http://127.0.0.1:9/x"}',
            headers={"Content-Type": kind},
        )
        assert answer.status_code == 415


@pytest.mark.parametrize("host", ["1" * 64, "a" * 300, "a..b"])
def test_what_can_be_no_name_of_a_host_is_refused(world: World, host: str) -> None:
    answer = world.client.post("/v1/webhooks", json={"url": f"http://{host}/x"})
    assert answer.status_code == 422, answer.text
