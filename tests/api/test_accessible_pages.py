"""Every page, looked at by axe-core in both languages, on a desk and on a phone."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from coldwitness.api.http.rights import OPEN, RIGHTS
from coldwitness.domain.logistics import KeptLogisticsRequest
from coldwitness.domain.office import RegisteredBan, RegisterEntry
from coldwitness.domain.probe_challenges import ChallengeDecision
from coldwitness.domain.spot_checks import KeptSpotCheck
from coldwitness.judging.challenge_watch import new_challenge
from tests.api.test_shipment_page import declared
from tests.api.world import MINUTE, T0, World, running_world

BAN = {"title": "甲", "source": "示例公告", "words": ["甲"], "valid_from": "2026-01-01"}
DRAWN = {"public_part": "7 1 9", "public_source": "示例开奖公告"}
GRAVE = ("serious", "critical")
NO_PAGES = re.compile(
    r"/v1/|\.csv|/healthz|/readyz|/metrics|/app|/openapi|/course|\.svg|/sign-in/openid"
)
"""Addresses of the API, files, and what leads elsewhere."""
DRAWN_BY_OTHERS = {"/docs"}
"""The viewer of the API's documentation is a library's; it is in no officer's way."""


DECIDED = ChallengeDecision(
    outcome="inconclusive",
    decided_ms=T0 + MINUTE,
    step_c=None,
    stepped_ms=None,
    disturbed_to_ms=None,
    readings=1,
)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("accessible")) as world:
        declared(world, "ZB-1")
        world.client.post(
            "/v1/shipments/ZB-1/reviews",
            json={"officer": "鲁C-0101", "outcome": "confirmed", "note": "核对"},
        )
        wanted = {"from": "2026-11-20", "to": "2026-11-20", "method": "simple", "size": 1}
        assert world.client.post("/v1/spot-checks", json={**wanted, "draw": DRAWN}).is_success
        asked = {
            "number": "示药监调 3",
            "asked_by": "示例省药监局",
            "scope": {"shipments": ["ZB-1"]},
        }
        assert world.client.post("/v1/logistics-requests", json=asked).is_success
        assert world.client.put("/v1/banned-drugs/X-1", json=BAN).is_success
        challenge = new_challenge("ZB-1", "drug", action="warm", by="test", now_ms=T0)
        assert world.register.challenges.start(challenge)
        world.register.challenges.decide(challenge, DECIDED)  # while it runs its page comes anew
        yield world


def newest(world: World, kind: type[RegisterEntry]) -> str:
    return list(world.register.office.listed(kind))[-1]


def pages(world: World) -> list[str]:
    """The address of every page, whoever added it, of something that is there."""
    clue = world.register.clues.listed()[0].clue.id
    named = {
        "shipment": "ZB-1",
        "clue": clue,
        "spot_check": newest(world, KeptSpotCheck),
        "logistics_request": newest(world, KeptLogisticsRequest),
        "register": RegisteredBan.register,
        "name": newest(world, RegisteredBan),
        "challenge": world.register.challenges.of(["ZB-1"])["ZB-1"][0].challenge.id,
    }
    routes = [route.removeprefix("GET ") for route in RIGHTS.keys() | OPEN if "GET /" in route]
    found = [path for path in sorted(routes) if not NO_PAGES.search(path)]
    asked = [
        path.format(**named)
        for path in found
        if set(re.findall(r"{(\w+)}", path)) <= named.keys() and path not in DRAWN_BY_OTHERS
    ]
    return [*asked, "/shipments/ZB-404", "/?curier=x"]


def grave(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:160]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def test_axe_would_find_what_is_serious(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content('<html lang="zh"><title>t</title><main><h1>t</h1><img src="x"></main>')
    assert any("image-alt" in one for one in grave(page))
    page.close()


@pytest.mark.timeout(600)  # some thirty pages, a second or two each where nothing else runs
@pytest.mark.parametrize(
    ("lang", "width"), [("zh", 1280), pytest.param("en", 360, marks=pytest.mark.soak)]
)
def test_axe_finds_nothing_serious_on_any_page(
    browser: Browser, shown: World, lang: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    wrong: list[str] = []
    for path in pages(shown):
        page.goto(f"{shown.server.url}{path}{'&' if '?' in path else '?'}lang={lang}")
        if path == "/shipments/ZB-1":
            page.wait_for_selector("#course[data-drawn]")
            page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        wrong += [f"{path}: {one}" for one in grave(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{path}: wider than {width}")
    page.close()
    assert wrong == [], "\n".join(wrong)


def test_without_any_script_every_page_says_what_it_is(browser: Browser, shown: World) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in pages(shown):
        page.goto(f"{shown.server.url}{path}{'&' if '?' in path else '?'}lang=zh")
        assert page.locator("h1").count() == 1, path
        assert len((page.text_content("main") or "").strip()) > 5, path
    context.close()


def test_the_keyboard_reaches_everything_on_the_page_of_a_shipment(
    browser: Browser, shown: World
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{shown.server.url}/shipments/ZB-1?lang=zh")
    page.wait_for_selector("#course[data-drawn]")
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(document.activeElement.id || document.activeElement.textContent).trim()"
            )
        )
    for expected in ("跳到正文", "search", "完整核查报告", "curve", "填写审核意见", "上传附件"):
        assert expected in reached, expected
    page.close()
