"""Alarms: raised once, told to several people by mail and robots, until somebody knows."""

import base64
import hashlib
import hmac
import json
import logging
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coldwitness.api.alarms.quiet_hours import end_of_quiet_ms
from coldwitness.api.alarms.robots import posted_body, refusal_in
from coldwitness.api.alarms.teller import CLAIM_MS, AlarmTeller
from coldwitness.api.http.passwords import hashed
from coldwitness.config.alarm_bodies import alarm_body, alarm_body_names
from coldwitness.config.settings import AlarmSettings, Settings
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.grants import Grant
from coldwitness.domain.instants import instant_ms
from tests.api.smtp_sink import SmtpSink
from tests.api.test_board_page import WARMING
from tests.api.world import (
    COLD,
    MINUTE,
    T0,
    WARM,
    Receiver,
    World,
    manifest,
    running_world,
    wait_until,
)
from tests.ingest.test_tls import certificates

__all__ = ["certificates"]

ROBOT_SECRET = "SEC0123456789abcdef"


@pytest.fixture
def mailbox() -> Iterator[SmtpSink]:
    sink = SmtpSink()
    sink.start()
    yield sink
    sink.stop()


def smtp_of(sink: SmtpSink, **more: Any) -> dict[str, Any]:
    its = {
        "host": "127.0.0.1",
        "port": sink.port,
        "security": "none",
        "sender": "cw@office.example",
    }
    return {**its, **more}


MADE: list[AlarmTeller] = []


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().stop()


def teller_of(world: World, *people: dict[str, Any], **more: Any) -> AlarmTeller:
    settings = Settings(alarms=AlarmSettings.model_validate({"people": people, **more}))
    made = AlarmTeller(
        world.register, world.services.board, settings, world.clock, base_url=world.server.url
    )
    MADE.append(made)
    return made


def round_of(world: World, teller: AlarmTeller, *, moved_min: float = 0) -> None:
    """One round of its work, awaited."""
    world.clock.now_ms += round(moved_min * MINUTE)
    teller.look()
    teller.owe()
    teller.tell_due()
    teller.wait_for_turns()


def under_way(world: World, shipment: str, temperatures: list[float], **more: Any) -> None:
    assert world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment, **more)).is_success
    world.send(shipment, temperatures)


@pytest.fixture
def road(world: World) -> World:
    world.clock.now_ms = T0 + 22 * MINUTE
    return world


DUTY = {"name": "值班", "email": "duty@office.example"}


def test_a_drug_near_its_limit_is_told_to_several_people_once_even_after_a_restart(
    road: World, mailbox: SmtpSink, receiver: Receiver
) -> None:
    people = (
        DUTY,
        {"name": "chief", "email": "chief@office.example", "language": "en"},
        {"name": "群", "webhook": receiver.url, "body": "plain"},
    )
    teller = teller_of(road, *people, smtp=smtp_of(mailbox))
    under_way(road, "ZB-1", WARMING)
    round_of(road, teller)
    round_of(road, teller)
    again = teller_of(road, *people, smtp=smtp_of(mailbox))
    round_of(road, again)
    assert sorted(mailbox.titles) == ["Near a limit: ZB-1", "即将超限：ZB-1"]
    zh = next(mail for mail in mailbox.got if mail["To"] == "duty@office.example")
    assert "约 9 分后到达限值 8.0 °C" in zh.get_content()
    assert f"{road.server.url}/shipments/ZB-1?lang=zh" in zh.get_content()
    assert len(receiver.got) == 1
    posted = json.loads(receiver.got[0].body)
    assert posted["title"] == "即将超限：ZB-1"
    assert posted["shipment"] == "ZB-1"


def test_a_silent_box_is_told_and_is_over_when_it_speaks(road: World, mailbox: SmtpSink) -> None:
    teller = teller_of(road, DUTY, smtp=smtp_of(mailbox))
    under_way(road, "ZB-1", COLD[:22])
    round_of(road, teller)
    assert mailbox.titles == []
    round_of(road, teller, moved_min=11)
    assert mailbox.titles == ["失联：ZB-1"]
    road.send("ZB-1", [5.0], start_ms=T0 + 32 * MINUTE)
    round_of(road, teller)
    (alarm,) = road.register.alarms.listed()
    assert alarm.settled_ms is not None
    round_of(road, teller, moved_min=40)
    assert mailbox.titles == ["失联：ZB-1"] * 2, "another silence is another alarm"


def test_a_certain_clue_is_told_again_until_somebody_acknowledges(
    road: World, mailbox: SmtpSink
) -> None:
    teller = teller_of(road, DUTY, smtp=smtp_of(mailbox), silent_minutes=1440, again_most=3)
    round_of(road, teller)  # what stood on the feed before is told to nobody
    under_way(road, "ZB-1", WARM)
    round_of(road, teller)
    assert mailbox.titles == ["新线索：ZB-1"]
    round_of(road, teller, moved_min=29)
    assert len(mailbox.got) == 1
    round_of(road, teller, moved_min=2)
    assert mailbox.titles[1:] == ["（第 2 次提醒，尚无人确认）新线索：ZB-1"]
    (alarm,) = road.get("/v1/alarms").json()["items"]
    assert [told["state"] for told in alarm["told"]] == ["done", "done"]
    answer = road.client.post(f"/v1/alarms/{alarm['id']}/acknowledgement")
    assert answer.status_code == 200
    assert answer.json()["acknowledged_by"] == "local"
    assert road.client.post(f"/v1/alarms/{alarm['id']}/acknowledgement").status_code == 409
    round_of(road, teller, moved_min=40)
    assert len(mailbox.got) == 2
    assert "acknowledge_alarm" in repr(road.register.audit.entries())


def test_a_clue_that_somebody_works_on_is_told_no_more(road: World, mailbox: SmtpSink) -> None:
    teller = teller_of(road, DUTY, smtp=smtp_of(mailbox), silent_minutes=1440)
    round_of(road, teller)
    under_way(road, "ZB-1", WARM)
    round_of(road, teller)
    clue = road.get("/v1/clues").json()["items"][0]["clue"]["id"]
    road.client.patch(f"/v1/clues/{clue}", json={"status": "checking"})
    round_of(road, teller, moved_min=31)
    assert len(mailbox.got) == 1


def test_it_is_told_at_most_so_often(road: World, mailbox: SmtpSink) -> None:
    teller = teller_of(road, DUTY, smtp=smtp_of(mailbox), again_most=2, silent_minutes=1440)
    under_way(road, "ZB-1", WARMING)
    for _ in range(6):
        round_of(road, teller, moved_min=31)
    assert len(mailbox.got) == 3


def test_who_has_quiet_hours_is_told_after_them_if_it_still_holds(
    road: World, mailbox: SmtpSink
) -> None:
    # 09:22 in Beijing.
    asleep = {**DUTY, "quiet": "22:00-09:30"}
    awake = {"name": "b", "email": "b@office.example", "quiet": "22:00-09:22"}
    teller = teller_of(road, asleep, awake, smtp=smtp_of(mailbox), silent_minutes=1440)
    under_way(road, "ZB-1", WARMING)
    round_of(road, teller)
    assert [mail["To"] for mail in mailbox.got] == ["b@office.example"]
    round_of(road, teller, moved_min=8)
    assert [mail["To"] for mail in mailbox.got][1:] == ["duty@office.example"]


@pytest.mark.parametrize(
    ("quiet", "now", "free"),
    [
        ("22:00-06:30", "2026-11-20T21:59:59", "2026-11-20T21:59:59"),
        ("22:00-06:30", "2026-11-20T22:00:00", "2026-11-21T06:30:00"),
        ("22:00-06:30", "2026-11-21T03:00:00", "2026-11-21T06:30:00"),
        ("22:00-06:30", "2026-11-21T06:30:00", "2026-11-21T06:30:00"),
        ("12:00-14:00", "2026-11-20T13:00:00", "2026-11-20T14:00:00"),
        ("12:00-12:00", "2026-11-20T12:00:00", "2026-11-20T12:00:00"),
        (None, "2026-11-20T03:00:00", "2026-11-20T03:00:00"),
    ],
)
def test_quiet_hours_hold_from_their_begin_to_before_their_end(
    quiet: str | None, now: str, free: str
) -> None:
    now_ms, free_ms = instant_ms(f"{now}+08:00"), instant_ms(f"{free}+08:00")
    assert end_of_quiet_ms(quiet, now_ms=now_ms) == free_ms


def test_people_are_told_of_their_divisions_and_rules_alone(road: World, mailbox: SmtpSink) -> None:
    people = (
        {**DUTY, "divisions": ("370305",)},
        {"name": "b", "email": "b@office.example", "divisions": ("440100",)},
        {"name": "c", "email": "c@office.example", "rules": ("silent",)},
    )
    teller = teller_of(road, *people, smtp=smtp_of(mailbox))
    under_way(road, "ZB-1", WARMING)
    round_of(road, teller)
    assert [mail["To"] for mail in mailbox.got] == ["duty@office.example"]


def test_what_fails_is_seen_and_tried_again_under_the_same_name(
    road: World, mailbox: SmtpSink, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.answers = ["451 later", "554 no"]
    teller = teller_of(road, DUTY, smtp=smtp_of(mailbox), silent_minutes=1440)
    under_way(road, "ZB-1", WARMING)
    with caplog.at_level(logging.WARNING):
        round_of(road, teller)
    assert "SMTPDataError 451" in caplog.text
    (alarm,) = road.get("/v1/alarms").json()["items"]
    assert alarm["told"][0] | {"attempts": 1, "error": "SMTPDataError 451"} == alarm["told"][0]
    assert "SMTPDataError 451" in road.get("/alarms?lang=en").text
    for _ in range(3):
        round_of(road, teller, moved_min=1)
    assert len(mailbox.got) == 1
    assert mailbox.got[0]["Message-ID"] == f"<{alarm['id']}.0.0@office.example>"


def test_mail_goes_by_tls_with_a_password_that_no_log_holds(
    road: World, certificates: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    sink = SmtpSink(context=context, login=("cw", "geheim-geheim"))
    sink.start()
    (tmp_path / "password").write_text("geheim-geheim\n")
    (tmp_path / "wrong").write_text("falsch-falsch\n")
    under_way(road, "ZB-1", WARMING)
    smtp = smtp_of(sink, security="starttls", username="cw", ca_file=certificates / "ca.crt")
    try:
        with caplog.at_level(logging.DEBUG):
            wrong = teller_of(road, DUTY, smtp={**smtp, "password_file": tmp_path / "wrong"})
            round_of(road, wrong)
            assert sink.got == []
            assert "SMTPAuthenticationError" in road.get("/alarms").text, sink.port
            right = teller_of(road, DUTY, smtp={**smtp, "password_file": tmp_path / "password"})
            round_of(road, right, moved_min=1)
    finally:
        sink.stop()
    assert len(sink.got) == 1
    shown = repr(right._settings) + caplog.text + repr(right._settings.model_dump(mode="json"))
    assert "geheim" not in shown
    assert "falsch" not in shown


def test_each_robot_is_posted_to_as_it_wants_and_signed(road: World, receiver: Receiver) -> None:
    told = {"title": "即将超限：ZB-1", "text": '{"a"} "b"', "link": "https://x/", "id": "al_1"}
    told |= {"rule": "silent", "shipment": "ZB-1", "at": "2026-11-20T01:00:00Z"}
    assert alarm_body_names() == ("dingtalk", "feishu", "plain", "wecom")
    url, body = posted_body(
        alarm_body("dingtalk"), url="https://r/send?access_token=x", told=told,
        secret=ROBOT_SECRET, now_ms=1_700_000_000_123,
    )  # fmt: skip
    asked = parse_qs(urlsplit(url).query)
    text = f"1700000000123\n{ROBOT_SECRET}".encode()
    proof = hmac.new(ROBOT_SECRET.encode(), text, hashlib.sha256).digest()
    assert asked["access_token"] == ["x"]
    assert asked["timestamp"] == ["1700000000123"]
    assert asked["sign"] == [base64.b64encode(proof).decode()]
    said = {"msgtype": "text", "text": {"content": f"{told['title']}\n{told['text']}\nhttps://x/"}}
    assert json.loads(body) == said

    url, body = posted_body(
        alarm_body("feishu"), url="https://r/hook", told=told, secret=ROBOT_SECRET,
        now_ms=1_700_000_000_123,
    )  # fmt: skip
    proof = hmac.new(f"1700000000\n{ROBOT_SECRET}".encode(), b"", hashlib.sha256).digest()
    assert url == "https://r/hook"
    said_too = json.loads(body)
    assert said_too["timestamp"] == "1700000000"
    assert said_too["sign"] == base64.b64encode(proof).decode()
    assert said_too["content"]["text"].startswith("即将超限：ZB-1")

    _, body = posted_body(alarm_body("plain"), url="https://r", told=told, secret=None, now_ms=0)
    assert json.loads(body) == told


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (b'{"errcode":0,"errmsg":"ok"}', None),
        (b'{"errcode":310000,"errmsg":"sign not match"}', "errcode 310000"),
        (b"<html>", "its answer is no JSON"),
        (b"{}", "errcode null"),
    ],
)
def test_a_robot_that_answers_200_and_refuses_is_not_believed(
    answer: bytes, refusal: str | None
) -> None:
    assert refusal_in(alarm_body("dingtalk").accepted, answer) == refusal


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"people": [{"name": "a", "email": "a@b"}]}, "smtp: expected"),
        ({"people": [{"name": "a"}]}, "expected email or webhook"),
        ({"people": [{"name": "a", "webhook": "http://a", "email": "a@b"}]}, "one of them"),
        ({"people": [{"name": "a", "webhook": "http://a"}] * 2}, "each name once"),
        ({"people": [{"name": "a", "webhook": "http://a", "quiet": "25:00-01:00"}]}, "pattern"),
    ],
)
def test_settings_that_could_tell_nobody_are_refused(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        AlarmSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ({"webhook": "ftp://robot.example/x?token=geheim"}, "expected http"),
        ({"webhook": "https://robot.example/", "body": "dingding"}, "dingtalk, feishu, plain"),
        ({"webhook_file": "/nowhere/at/all"}, "No such file"),
    ],
)
def test_a_person_who_cannot_be_told_stops_the_start(
    world: World, person: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match=why) as failure:
        teller_of(world, {"name": "a", **person})
    assert "geheim" not in str(failure.value)


def test_mail_crosses_no_network_unencrypted(world: World) -> None:
    smtp = {"host": "mail.example", "security": "none", "sender": "a@b"}
    with pytest.raises(ConfigError, match="on this machine"):
        teller_of(world, DUTY, smtp=smtp)


def test_the_page_takes_an_acknowledgement_of_who_signed_in_and_of_our_page_alone(
    road: World,
) -> None:
    teller = teller_of(road, silent_minutes=1440)
    under_way(road, "ZB-1", WARMING)
    far = {"division": "440106"}
    under_way(road, "ZB-2", WARMING, seller=far, courier={"id": "ql-express", **far})
    round_of(road, teller)
    people = road.register.people
    password = hashed("long enough 1", name="nobody", length=12)
    for name, division in (("鲁C-0101", "370300"), ("粤A-0001", "440100")):
        grant = Grant("inspector", divisions=(division,))
        people.add(name, grant, password=password, by="test", now_ms=T0)
    signed = road.client.post("/sign-in", data={"name": "鲁C-0101", "password": "long enough 1"})
    assert signed.status_code == 303
    page = road.get("/alarms?lang=zh")
    assert "ZB-1" in page.text
    assert "ZB-2" not in page.text
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    by_shipment = {one.shipment: one.id for one in road.register.alarms.listed()}
    form = {"alarm": by_shipment["ZB-1"], "csrf": token}
    assert road.client.post("/alarms", data={**form, "csrf": ""}).status_code == 403
    away = {"Sec-Fetch-Site": "cross-site"}
    assert road.client.post("/alarms", data=form, headers=away).status_code == 403
    other = {**form, "alarm": by_shipment["ZB-2"]}
    assert road.client.post("/alarms", data=other).status_code == 404
    answer = road.client.post("/alarms", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/alarms?lang=zh")
    assert "鲁C-0101" in road.get("/alarms").text


@contextmanager
def telling(register: Path, settings: dict[str, Any], now_ms: int) -> Iterator[None]:
    """Another process that tells; it is at work inside."""
    told = json.dumps(settings)
    command = [sys.executable, "-m", "tests.api.alarm_process", str(register), told, str(now_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "tells\n"
            yield
        finally:
            process.kill()


def test_of_two_processes_on_one_register_each_message_is_told_by_one(
    tmp_path: Path, mailbox: SmtpSink
) -> None:
    mailbox.slow_s = 0.5  # each reads what is due again and again while the first is being told
    settings = {"people": [DUTY], "smtp": smtp_of(mailbox), "silent_minutes": 1440}
    with running_world(tmp_path) as world:
        round_of(world, teller_of(world))  # from here on the feed is told
        names = [f"ZB-{number}" for number in range(6)]
        register = tmp_path / "register.sqlite"
        with (
            telling(register, settings, world.clock()),
            telling(register, settings, world.clock()),
        ):
            for name in names:
                under_way(world, name, WARM)
            wait_until(lambda: len(mailbox.got) >= len(names), within_s=60)
            kept = world.register.alarms
            wait_until(lambda: not kept.due(now_ms=world.clock() + 10**9), within_s=20)
    assert sorted(mailbox.titles) == [f"新线索：{name}" for name in names]


def test_what_somebody_died_over_is_told_by_another(road: World, mailbox: SmtpSink) -> None:
    teller = teller_of(road, DUTY, smtp=smtp_of(mailbox), silent_minutes=1440)
    under_way(road, "ZB-1", WARMING)
    teller.look()
    teller.owe()
    (message,) = road.register.alarms.due(now_ms=road.clock())
    assert road.register.alarms.claim(message, until_ms=road.clock() + CLAIM_MS)
    round_of(road, teller, moved_min=4)
    assert mailbox.got == []
    round_of(road, teller, moved_min=1)
    assert mailbox.titles == ["即将超限：ZB-1"]


def test_the_running_server_raises_and_tells_by_itself(tmp_path: Path, mailbox: SmtpSink) -> None:
    with running_world(tmp_path, ticking=True) as world:
        world.clock.now_ms = T0 + 22 * MINUTE
        teller = teller_of(world, DUTY, smtp=smtp_of(mailbox))
        teller.start()
        under_way(world, "ZB-1", WARMING)
        wait_until(lambda: mailbox.titles == ["即将超限：ZB-1"])
        MADE.pop().stop()
