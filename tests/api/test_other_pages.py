"""Findings across shipments, settings in force, the API's documentation, and problems as pages."""

import hashlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from coldwitness.api.http.passwords import hashed
from coldwitness.api.pages import findings_page
from coldwitness.api.pages.app_files import STATIC
from coldwitness.config.settings import Settings
from coldwitness.domain.grants import Grant
from tests.api.world import COLD, T0, WARM, World, manifest, running_world

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("other_pages")) as world:
        for name, temperatures in (("ZB-1", WARM), ("ZB-2", [1.0, *COLD])):
            assert world.client.put(f"/v1/shipments/{name}", json=manifest(name)).is_success
            world.send(name, temperatures)
        yield world


def findings_on(text: str) -> list[str]:
    return re.findall(r'data-finding="([^"]+)"', text)


def test_findings_stand_the_latest_first_and_none_is_passed_over_by_pages(
    shown: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = findings_on(shown.get("/findings").text)
    known = shown.get("/v1/findings?limit=200").json()["items"]
    begun = {one["id"]: one["start"] or "" for one in known}
    assert sorted(every) == sorted(begun)
    assert [begun[name] for name in every] == sorted(begun.values(), reverse=True)
    monkeypatch.setattr(findings_page, "ROWS", 2)
    paged, address = [], "/findings?lang=en"
    while address:
        page = shown.get(address).text
        paged += findings_on(page)
        more = re.search(r'href="(/findings\?[^"]*cursor=[^"]*)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert paged == every


def test_findings_are_chosen_by_kind_and_certainty(shown: World) -> None:
    certain = findings_on(
        shown.get("/findings?kind=cold_chain_break&certainty=certain&lang=zh").text
    )
    known = shown.get("/v1/findings?kind=cold_chain_break&certainty=certain").json()["items"]
    assert sorted(certain) == sorted(one["id"] for one in known)
    assert len(certain) > 0
    assert findings_on(shown.get("/findings?kind=nothing").text) == []
    assert shown.get("/findings?cursor=x").status_code == 422


def test_settings_are_shown_without_a_secret() -> None:
    settings = Settings.model_validate(
        {
            "store": {"register_url": "postgresql://cw:geheim@db/cw", "influx_token": "geheim"},
            "mqtt": {"password": "geheim"},
            "webhooks": [
                {"url": "https://c.example?access_token=geheim", "secret": "whsec_geheim"}
            ],
            "alarms": {"people": [{"name": "群", "webhook": "https://robot.example/?t=geheim"}]},
        }
    )
    shown = repr(settings.shown())
    assert "geheim" not in shown
    assert "postgresql://cw:**********@db/cw" in shown


def test_the_page_of_settings_is_the_administrator_s(shown: World) -> None:
    page = shown.get("/settings?lang=en")
    assert page.status_code == 200
    assert "<code>silent_minutes</code>" in page.text
    assert "cn-retail-delivery" in page.text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing/here", 404, "没有这样的页面"),
        ("/v1/shipments/ZB-NONE", 404, "没有这样的页面"),
        ("/findings?cursor=x", 422, "不符合要求"),
        ("/shipments/" + "x" * 9000, 414, "请求没有成功"),
    ],
)
def test_in_a_browser_a_problem_is_a_page_with_a_way_back(
    shown: World, path: str, status: int, words: str
) -> None:
    page = shown.get(path, headers=HTML)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert words in page.text
    assert 'href="/?lang=zh"' in page.text
    assert page.headers["x-request-id"] in page.text
    program = shown.get(path)
    assert program.headers["content-type"] == "application/problem+json"
    assert program.status_code == status


def test_a_mistake_of_ours_is_a_page_that_tells_nothing_of_it(
    shown: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise ZeroDivisionError("geheim")

    monkeypatch.setattr(shown.register.results, "latest_findings", broken)
    page = shown.get("/findings?lang=en", headers=HTML)
    assert page.status_code == 500
    assert page.headers["content-type"].startswith("text/html")
    assert "The server made a mistake" in page.text
    assert 'href="/findings"' in page.text, "try again"
    assert "geheim" not in page.text


def test_what_a_problem_says_is_text(shown: World) -> None:
    page = shown.get("/<script>alert(1)</script>", headers=HTML)
    assert page.status_code == 404
    assert "<script>alert" not in page.text


def test_what_is_not_open_to_somebody_is_a_page_too(world: World) -> None:
    grant = Grant("inspector", divisions=("370300",))
    password = hashed("long enough 1", name="nobody", length=12)
    world.register.people.add("鲁C-0101", grant, password=password, by="test", now_ms=T0)
    form = {"name": "鲁C-0101", "password": "long enough 1"}
    assert world.client.post("/sign-in", data=form).status_code == 303
    page = world.get("/settings?lang=zh", headers=HTML)
    assert page.status_code == 403
    assert "您的权限不包括此页" in page.text
    menu = world.get("/findings").text
    assert 'href="/findings?' in menu
    assert 'href="/settings' not in menu


def test_every_form_of_the_pages_wants_its_token(world: World) -> None:
    """A page that changes something and forgot to ask for it would obey every other site."""
    grant = Grant("admin")
    password = hashed("long enough 1", name="nobody", length=12)
    world.register.people.add("chief", grant, password=password, by="test", now_ms=T0)
    form = {"name": "chief", "password": "long enough 1"}
    assert world.client.post("/sign-in", data=form).status_code == 303
    tried = 0
    for included in world.app.routes:
        for route in getattr(getattr(included, "original_router", None), "routes", ()):
            if "POST" not in route.methods or route.path.startswith(("/v1/", "/sign-")):
                continue
            address = re.sub(r"\{\w+\}", "x", route.path)
            for fields in ({}, {"csrf": "x"}, {"csrf": ""}):
                said = {"some": "x", **fields}
                answer = world.client.post(address, data=said)
                if answer.status_code == 415:  # it takes files
                    files = {"file": ("x.pdf", b"%PDF-x", "application/pdf")}
                    answer = world.client.post(address, data=said, files=files)
                assert answer.status_code == 403, (route.path, answer.status_code)
            tried += 1
    assert tried >= 1


def test_the_viewer_draws_the_document_and_runs_under_the_strict_policy(
    browser: Browser, shown: World
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    outside: list[str] = []
    page.on(
        "request",
        lambda r: None if r.url.startswith((shown.server.url, "data:")) else outside.append(r.url),
    )
    page.goto(f"{shown.server.url}/docs?lang=en")
    page.wait_for_selector("#operations-tag-shipments")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert outside == []
    page.close()


def test_the_viewer_s_files_are_those_that_are_named_beside_them() -> None:
    folder = STATIC / "swagger-ui"
    named = re.findall(r"\| `([\w.-]+)` \| `([0-9a-f]{64})` \|", (folder / "README.md").read_text())
    assert len(named) == 2
    for name, digest in named:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
