"""People sign in: password, session, time-out, lock-out; no other site acts in their name."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from coldwitness.api.http.passwords import hashed
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.rate import Rate
from coldwitness.api.http.sessions import CSRF_HEADER
from coldwitness.domain.errors import BadInput
from coldwitness.domain.grants import Grant
from tests.api.world import T0, World, manifest, running_world
from tests.browser import chromium

PASSWORD = "正确 horse battery"
BADGE = "鲁C-0101"
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def kept() -> str:
    return hashed(PASSWORD, name=BADGE, length=12)


@pytest.fixture
def world(tmp_path: Path, kept: str) -> Iterator[World]:
    with running_world(tmp_path) as running:
        running.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
        running.send("ZB-1", [5.0] * 10)
        admitted(running, BADGE, kept)
        yield running


def admitted(world: World, name: str, kept: str) -> None:
    grant = Grant("inspector", divisions=("370300",))
    assert world.register.people.add(name, grant, password=kept, by="test", now_ms=T0)


def sign_in(world: World, name: str = BADGE, password: str = PASSWORD, **more: Any) -> Any:
    fields = {"name": name, "password": password, "next": "/shipments/ZB-1"}
    return world.client.post("/sign-in", data=fields, **more)


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found[1]


def trail(world: World) -> list[str]:
    return [entry.action for entry in world.register.audit.entries()]


def test_a_page_leads_to_the_sign_in_and_back(world: World) -> None:
    html = {"Accept": "text/html"}
    asked = world.get("/shipments/ZB-1?lang=en", headers=html)
    assert asked.status_code == 303
    assert asked.headers["location"] == "/sign-in?lang=en&next=%2Fshipments%2FZB-1%3Flang%3Den"
    assert world.get("/v1/shipments/ZB-1").status_code == 401
    form = world.get(asked.headers["location"])
    assert 'value="/shipments/ZB-1?lang=en"' in form.text
    answer = sign_in(world)
    assert (answer.status_code, answer.headers["location"]) == (303, "/shipments/ZB-1")
    cookie = answer.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert word in cookie
    page = world.get("/shipments/ZB-1")
    assert page.status_code == 200
    assert BADGE in page.text
    out = world.client.post("/sign-out", data={"csrf": token_of(page)})
    assert out.status_code == 303
    assert world.get("/shipments/ZB-1").status_code == 401
    assert trail(world)[-3:] == ["sign_in", "read_page", "sign_out"]


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil", "x", ""])
def test_no_sign_in_leads_to_another_site(world: World, away: str) -> None:
    answer = world.client.post("/sign-in", data={"name": BADGE, "password": PASSWORD, "next": away})
    assert answer.headers["location"] == "/"


def test_a_wrong_password_and_a_name_that_nobody_has_are_answered_alike(world: World) -> None:
    wrong = sign_in(world, password="something else")
    nobody = sign_in(world, name=PASSWORD)
    assert (wrong.status_code, nobody.status_code) == (403, 403)
    assert wrong.text == nobody.text
    assert "set-cookie" not in wrong.headers
    text = repr(world.register.audit.entries())
    assert PASSWORD not in text, "a password typed as a name is kept nowhere"


def test_wrong_passwords_lock_a_name_for_a_while(world: World) -> None:
    for _ in range(5):
        assert sign_in(world, password="wrong wrong").status_code == 403
    assert sign_in(world).status_code == 403, "locked, even with the right one"
    world.clock.now_ms += 14 * MINUTE_MS
    assert sign_in(world).status_code == 403
    world.clock.now_ms += 2 * MINUTE_MS
    assert sign_in(world).status_code == 303
    assert trail(world).count("sign_in_refused") == 5


def test_a_session_ends_when_nothing_is_done_and_listening_is_nothing(world: World) -> None:
    sign_in(world)
    for _ in range(3):
        world.clock.now_ms += 20 * MINUTE_MS
        assert world.get("/").status_code == 200
    for _ in range(2):
        world.clock.now_ms += 20 * MINUTE_MS
        last = world.get("/", headers={"X-Listening": "yes"}).status_code
    assert last == 401
    sign_in(world)
    for _ in range(12 * 3):
        world.clock.now_ms += 20 * MINUTE_MS
        last = world.get("/").status_code
    assert last == 200
    world.clock.now_ms += 20 * MINUTE_MS
    assert world.get("/").status_code == 401, "after 12 hours it is over whatever was done"


def test_who_is_disabled_or_has_another_password_is_out(world: World, kept: str) -> None:
    sign_in(world)
    world.register.people.disable(BADGE, at_ms=world.clock())
    assert world.get("/").status_code == 401
    assert sign_in(world).status_code == 403
    world.register.people.disable(BADGE, at_ms=None)
    assert sign_in(world).status_code == 303
    world.register.people.set_password(BADGE, kept)
    world.register.people.end_all_of(BADGE)
    assert world.get("/").status_code == 401


def test_what_a_page_of_another_site_has_a_browser_ask_changes_nothing(world: World) -> None:
    review = {"outcome": "rejected", "note": "核对"}
    path = "/v1/shipments/ZB-1/reviews"
    sign_in(world)
    token = token_of(world.get("/"))
    post = world.client.post
    assert post(path, json=review).status_code == 403, "no token"
    assert post(path, json=review, headers={CSRF_HEADER: token[:-1] + "x"}).status_code == 403
    told = post(path, json=review, headers=[(CSRF_HEADER.encode(), "ñ".encode())])
    assert told.status_code == 403, "a token that is no ASCII is a wrong one"
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert post(path, json=review, headers={CSRF_HEADER: token, **foreign}).status_code == 403
        assert sign_in(world, headers=foreign).status_code == 403
        assert post("/sign-out", data={"csrf": token}, headers=foreign).status_code == 403
    assert post("/sign-out", data={"csrf": "x"}).status_code == 403
    own = {CSRF_HEADER: token, "Origin": world.server.url, "Sec-Fetch-Site": "same-origin"}
    assert post(path, json=review, headers=own).status_code == 201


def test_a_review_is_of_who_signed_in(world: World) -> None:
    sign_in(world)
    own = {CSRF_HEADER: token_of(world.get("/"))}
    path = "/v1/shipments/ZB-1/reviews"
    other = {"officer": "鲁C-0102", "outcome": "confirmed", "note": "核对"}
    answer = world.client.post(path, json=other, headers=own)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "officer"
    answer = world.client.post(path, json={"outcome": "confirmed", "note": "核对"}, headers=own)
    (line,) = answer.json()["items"]
    assert (line["officer"], line["signed_in"]) == (BADGE, True)


def test_attempts_from_one_address_are_counted() -> None:
    now_s = 0.0
    rate = Rate(20, lambda: now_s)
    for _ in range(20):
        rate.take("a")
    with pytest.raises(Problem, match="too often") as refused:
        rate.take("a")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "3"})
    rate.take("b")
    now_s += 3.0
    rate.take("a")
    with pytest.raises(Problem):
        rate.take("a")


@pytest.mark.parametrize("password", ["short", "x" * 300, "aaaaaaaaaaaaa", f"my {BADGE} 123456"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="password"):
        hashed(password, name=BADGE, length=12)


def test_in_a_real_browser_one_signs_in_looks_and_signs_out(world: World) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 740}, locale="zh-CN")
        wrong: list[str] = []
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.goto(f"{world.server.url}/shipments/ZB-1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_label("用户名").fill(BADGE)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url("**/shipments/ZB-1*")
        assert page.get_by_text(BADGE).is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_role("button", name="退出").click()
        page.wait_for_url("**/sign-in*")
        page.goto(f"{world.server.url}/")
        assert "/sign-in" in page.url
        assert wrong == []
