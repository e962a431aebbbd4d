"""Every page, whoever added it: looked at by axe-core on a desk and on a phone, by keyboard alone,
without script, and in both languages. Pages come from the routes: no new one is left out.
"""

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
    r"/v1/|\.csv|/healthz|/readyz|/metrics|/app|/openapi|/course|\.svg|/sign-in/openid|/tiles/"
)
"""Addresses of the API, files, and what leads elsewhere."""
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
OF_THE_WORLD = re.compile(
    "中文|中转站|临淄区|临淄齐安药店|发货药店|胰岛素|核对|甲|示例公告|示例省药监局|示药监调|鲁C-0101"
    "|淄博|、|发现线索：[^ ]+|线索[^ ]+"
)
"""Names and notes that stand in the data, in Chinese whatever the language of the page; the course
of a clue is told in both."""
FOR_PROGRAMMERS = {"/docs", "/docs/plain"}
"""The document's own descriptions are English, with the law's words in Chinese."""
SAID = "h1, th[scope=col], button, summary, legend, label, option, nav a"
"""What a page itself says."""
LATIN_ALONE = re.compile(r"[A-Za-z]{3,}")
REACHABLE = """() => {
  const all = document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex]");
  return Array.from(all).filter(one => one.tabIndex >= 0 && !one.disabled && one.checkVisibility(
    { visibilityProperty: true })).length;
}"""
ALL_OF_A_KIND = "/docs/plain"
"""Some 250 articles of two shapes, ten thousand elements: a third of the time of all pages."""
FEW_OF_EACH = """() => document.querySelectorAll(".group > article:nth-of-type(n+6)").forEach(
  one => one.remove())"""
TOLD = """([text, said]) => {
  const page = new DOMParser().parseFromString(text, "text/html");
  page.querySelectorAll("script, style").forEach(one => one.remove());
  return {
    lang: page.documentElement.lang,
    all: page.body.textContent,
    said: Array.from(page.querySelectorAll(said)).map(one => one.textContent.trim()),
  };
}"""
COUNTED = """() => {
  window.reached = new Map();
  document.addEventListener("focusin", event => window.reached.set(event.target, {
    seen: event.target.matches(":focus-visible"),
    ring: getComputedStyle(event.target).outlineStyle !== "none",
  }));
}"""


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
    unknown = {name for path in found for name in re.findall(r"{(\w+)}", path)} - named.keys()
    assert not unknown, f"say here what a page is shown of: {unknown}"
    return [*(path.format(**named) for path in found), "/shipments/ZB-404", "/?curier=x"]


def address(world: World, path: str, lang: str) -> str:
    return f"{world.server.url}{path}{'&' if '?' in path else '?'}lang={lang}"


def drawn(page: Page, path: str) -> None:
    """Wait for what a script draws, and unfold all of it that can be."""
    if path == "/shipments/ZB-1":
        page.wait_for_selector("#course[data-drawn]")
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
    if path == "/docs":
        page.wait_for_selector("#operations-tag-shipments")
        for folded in ("#operations-tag-shipments", "#operations-tag-clues", ".models-control"):
            page.click(folded)
        for method in ("put", "get", "patch"):
            page.locator(f".opblock-{method} .opblock-summary-control").first.click()
        page.locator(".opblock-put .try-out__btn").first.click()
        page.locator(".body-param__text").first.wait_for()


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
    ("lang", "width", "whole"),
    [("zh", 1280, False), pytest.param("en", 360, True, marks=pytest.mark.soak)],
)
def test_axe_finds_nothing_serious_on_any_page(
    browser: Browser, shown: World, lang: str, width: int, whole: bool
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    wrong: list[str] = []
    for path in pages(shown):
        page.goto(address(shown, path, lang))
        drawn(page, path)
        if path == ALL_OF_A_KIND and not whole:
            page.evaluate(FEW_OF_EACH)
        wrong += [f"{path}: {one}" for one in grave(page)]
        if path == "/docs":
            page.locator(".btn.authorize").first.click()
            page.locator(".dialog-ux .close-modal").wait_for()
            wrong += [f"{path}, its dialog: {one}" for one in grave(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            wrong.append(f"{path}: wider than {width}")
    page.close()
    assert wrong == [], "\n".join(wrong)


def test_without_any_script_every_page_says_what_it_is(browser: Browser, shown: World) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in pages(shown):
        page.goto(address(shown, path, "zh"))
        assert page.locator("h1").count() == 1, path
        assert len((page.text_content("main") or "").strip()) > 5, path
    context.close()


def test_every_page_is_told_in_both_languages(browser: Browser, shown: World) -> None:
    reader = browser.new_page()
    wrong = []
    for path in pages(shown):
        for lang, code in (("zh", "zh-CN"), ("en", "en")):
            told = reader.evaluate(TOLD, [shown.get(address(shown, path, lang)).text, SAID])
            assert told["lang"] == code, path
            if lang == "en" and path not in FOR_PROGRAMMERS:
                chinese = CHINESE.findall(OF_THE_WORLD.sub("", told["all"]))
                wrong += [f"{path} en: {one}" for one in chinese]
            if lang == "zh":
                wrong += [
                    f"{path} zh: {one}"
                    for one in told["said"]
                    if LATIN_ALONE.search(one) and not CHINESE.search(one) and one != "English"
                ]
    reader.close()
    assert wrong == [], "\n".join(wrong)


@pytest.mark.timeout(300)
def test_the_keyboard_reaches_everything_on_every_page_and_shows_where_it_is(
    browser: Browser, shown: World
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong = []
    for path in pages(shown):
        if path == "/docs/plain":
            continue  # nothing but links, some hundred of them
        page.goto(address(shown, path, "zh"))
        drawn(page, path)
        expected = page.evaluate(REACHABLE)
        page.evaluate(COUNTED)
        dates = page.locator("input[type=date]").count()  # day, month and year are stops each
        for _ in range(expected + 3 * dates + 5):
            page.keyboard.press("Tab")
        reached = page.evaluate("[...window.reached.values()]")
        if len(reached) < expected:
            wrong.append(f"{path}: {len(reached)} of {expected}")
        if not all(one["seen"] and one["ring"] for one in reached):
            wrong.append(f"{path}: no ring around what has the focus")
    page.close()
    assert wrong == []


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
