"""The live board: what is on the road, how near a limit, who is silent; one stream for all tabs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from coldwitness.api.pages.board_page import board_rows
from coldwitness.domain.reach import EVERYTHING, Reach
from tests.api.world import COLD, MINUTE, T0, World, manifest, wait_until

WARMING = [5.0 + 0.1 * n for n in range(22)]
"""From 5 °C by 6 °C an hour: 7.1 °C last, nine minutes from 8 °C."""
OUTSIDE = [9.0] * 22


@pytest.fixture
def road(live_world: World) -> World:
    """Four boxes under way at 09:22: one warming, one outside, one silent for 15 min, one calm."""
    world = live_world
    world.clock.now_ms = T0 + 22 * MINUTE
    sent = {"ZB-WARM": WARMING, "ZB-OUT": OUTSIDE, "ZB-SILENT": COLD[:8], "ZB-CALM": COLD[:22]}
    for shipment, temperatures in sent.items():
        assert world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment)).is_success
        world.send(shipment, temperatures)
    return world


def test_the_most_urgent_stand_first_with_their_minutes(road: World) -> None:
    rows = board_rows(road.services, EVERYTHING)
    assert [(row.line.id, row.urgency) for row in rows] == [
        ("ZB-WARM", "near"),
        ("ZB-OUT", "outside"),
        ("ZB-SILENT", "silent"),
        ("ZB-CALM", "calm"),
    ]
    assert [row.minutes_to_limit for row in rows] == [9, 0, None, None]
    assert [row.silent_min for row in rows] == [1, 1, 15, 1]
    assert rows[0].drug_c == [pytest.approx(7.1)]


def test_what_comes_late_is_heard_now_and_what_ends_leaves_the_board(road: World) -> None:
    road.send("ZB-SILENT", [5.0], start_ms=T0 + 8 * MINUTE)
    silent = {row.line.id: row.silent_min for row in board_rows(road.services, EVERYTHING)}
    assert silent["ZB-SILENT"] == 0, "a backlog is a sign of life"
    road.event("ZB-CALM", "delivered", 22)
    wait_until(lambda: "ZB-CALM" not in road.services.board.rows())


def test_another_s_box_is_not_on_ones_board(road: World) -> None:
    assert board_rows(road.services, Reach(couriers=frozenset({"sf"}))) == []
    assert len(board_rows(road.services, Reach(divisions=frozenset({"370300"})))) == 4


def test_the_board_is_read_on_a_desk_and_on_a_phone(browser: Browser, road: World) -> None:
    for lang, near in (("zh", "约 9 分"), ("en", "about 9 min")):
        for width in (1280, 360):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto(f"{road.server.url}/live?lang={lang}")
            page.wait_for_selector("#live[data-state=on]")
            first = page.locator("#board tbody tr").first
            assert first.get_attribute("data-shipment") == "ZB-WARM"
            assert near in first.inner_text()
            assert page.locator("[data-tally=near] strong").inner_text() == "1"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.close()


def test_news_are_counted_in_the_title_until_somebody_looks(browser: Browser, road: World) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{road.server.url}/live?lang=en")
    page.wait_for_selector("#live[data-state=on]")
    page.click("#sound")
    assert page.get_attribute("#sound", "aria-pressed") == "true"
    road.send("ZB-CALM", [12.0] * 6, start_ms=T0 + 22 * MINUTE)
    page.wait_for_selector("tr.outside[data-shipment=ZB-CALM]")
    assert page.title().startswith("(")
    page.keyboard.press("Shift")
    assert not page.title().startswith("(")
    page.close()


def look_away(page: Page, away: bool) -> None:
    page.evaluate(
        "away => { Object.defineProperty(document, 'hidden', {value: away, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        away,
    )


@pytest.mark.parametrize("path", ["/", "/live", "/shipments/ZB-WARM"])
def test_the_dot_tells_a_line_that_is_silent_and_one_that_is_closed(
    tabs: BrowserContext, road: World, path: str
) -> None:
    page = tabs.new_page()
    page.clock.install()
    page.goto(f"{road.server.url}{path}?lang=zh")
    told, dot = page.locator("#live-text"), page.locator("#live .dot")
    colour = "one => getComputedStyle(one).backgroundColor"
    page.wait_for_selector("#live[data-state=on]")
    seen = [dot.evaluate(colour)]
    page.clock.fast_forward(45_000)  # nothing came in so long, not even a beat
    page.wait_for_selector("#live[data-state=stale]")
    assert told.inner_text() == page.get_attribute("#live", "data-stale")
    seen.append(dot.evaluate(colour))
    road.send("ZB-WARM", [7.2], start_ms=T0 + 22 * MINUTE)
    page.wait_for_selector("#live[data-state=on]")
    page.route("**/v1/live", lambda route: route.fulfill(status=503))
    look_away(page, True)
    look_away(page, False)  # the line is opened anew, and refused
    page.wait_for_selector("#live[data-state=closed]")
    assert told.inner_text() == page.get_attribute("#live", "data-closed")
    seen.append(dot.evaluate(colour))
    assert len(set(seen)) == 3, f"each has a colour of its own: {seen}"


@pytest.fixture
def tabs(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


def test_tabs_share_one_stream_and_one_that_nobody_sees_has_none(
    tabs: BrowserContext, road: World
) -> None:
    pages = [tabs.new_page() for _ in range(3)]
    for page, path in zip(pages, ("/live", "/live", "/"), strict=True):
        page.goto(f"{road.server.url}{path}")
        page.wait_for_selector("#live[data-state=on]")
    assert len(road.hub) == 1
    road.send("ZB-CALM", [12.0] * 6, start_ms=T0 + 22 * MINUTE)
    for page in pages[:2]:
        page.wait_for_selector("tr.outside[data-shipment=ZB-CALM]")
    pages[2].wait_for_selector("tr[data-shipment=ZB-CALM][data-verdict=breach]")
    pages[0].close()  # the one that listened: another takes its place
    road.send("ZB-WARM", [12.0] * 6, start_ms=T0 + 22 * MINUTE)
    pages[1].wait_for_selector("tr.outside[data-shipment=ZB-WARM]")
    wait_until(lambda: len(road.hub) == 1)
    for page in pages[1:]:
        look_away(page, True)
    wait_until(lambda: len(road.hub) == 0)
    look_away(pages[1], False)
    wait_until(lambda: len(road.hub) == 1)
