"""The inspector's pages in a real browser, and what they are without one."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page
from python_calamine import load_workbook

from coldwitness.api.pages.list_files import file_of
from coldwitness.api.pages.rows import Row
from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest, running_world


@pytest.fixture
def page(browser: Browser, live_world: World) -> Iterator[Page]:
    """A page that fails the test for any request outside the server and any console error."""
    opened = browser.new_page(locale="zh-CN", viewport={"width": 1280, "height": 900})
    outside: list[str] = []
    wrong: list[str] = []
    opened.on(
        "request",
        lambda r: None if r.url.startswith(live_world.server.url) else outside.append(r.url),
    )
    opened.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    opened.close()
    assert outside == []
    assert wrong == []


def declared(world: World, shipment: str, temperatures: list[float]) -> None:
    world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment))
    world.send(shipment, temperatures)


def test_a_new_shipment_appears_and_its_verdict_changes_without_a_reload(
    page: Page, live_world: World
) -> None:
    page.goto(live_world.server.url)
    page.wait_for_selector("#live[data-state=on]")
    assert page.is_visible("#empty")
    declared(live_world, "ZB-1", COLD)
    row = page.locator('tr[data-shipment="ZB-1"]')
    row.wait_for()
    assert page.is_hidden("#empty")
    assert row.locator(".newest").text_content() == "5.0 °C · 09:29"
    live_world.send("ZB-1", [12.0] * 10, start_ms=T0 + 30 * MINUTE)
    page.wait_for_selector('tr[data-shipment="ZB-1"][data-verdict=breach]')
    assert row.locator(".badge").text_content() == "在途，疑似违反（待核查）"
    assert "高于上限" in (row.locator(".chips").text_content() or "")
    assert page.text_content("[data-count=breach]") == "1"


def test_the_list_leads_to_the_shipment_and_on_to_its_report(page: Page, live_world: World) -> None:
    declared(live_world, "ZB-1", WARM)
    page.goto(live_world.server.url)
    page.click("text=ZB-1")
    assert page.url == f"{live_world.server.url}/shipments/ZB-1?lang=zh"
    assert page.text_content("h1") == "在途，疑似违反（待核查）"
    assert "8.0 °C" in (page.text_content(".findings") or "")
    assert "ANNEX6-10" in (page.text_content("#lines") or "")
    page.click("text=完整核查报告")
    assert page.url.endswith("/v1/shipments/ZB-1/report.html?lang=zh")
    assert "ZB-1" in (page.text_content("body") or "")


def test_the_keyboard_reaches_search_and_finds_a_shipment(page: Page, live_world: World) -> None:
    declared(live_world, "ZB-1", COLD)
    page.goto(f"{live_world.server.url}/?lang=en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("ZB-1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/shipments/ZB-1?lang=en")
    assert page.get_attribute("html", "lang") == "en"


def test_a_filtered_list_keeps_to_its_filter_while_live(page: Page, live_world: World) -> None:
    declared(live_world, "ZB-1", WARM)
    page.goto(f"{live_world.server.url}/?verdict=breach")
    page.wait_for_selector("#live[data-state=on]")
    declared(live_world, "ZB-2", COLD)
    declared(live_world, "ZB-3", WARM)
    page.wait_for_selector('tr[data-shipment="ZB-3"]')
    assert page.locator("tbody tr").count() == 2


@pytest.mark.parametrize("path", ["/", "/shipments/ZB-1", "/docs/plain", "/shipments?id=none"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_wider_than_a_phone_of_360_pixels(
    browser: Browser, shown: World, path: str, lang: str
) -> None:
    phone = browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(f"{shown.server.url}{path}{'&' if '?' in path else '?'}lang={lang}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.close()


def test_on_a_phone_a_clue_is_read_whole(browser: Browser, shown: World) -> None:
    """The list of shipments cuts a long row; a table of sentences must not."""
    phone = browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(f"{shown.server.url}/clues?lang=zh")
    cells = phone.locator("tbody td")
    assert cells.count() > 0
    cut = "cells => cells.filter(one => one.scrollWidth > one.clientWidth + 1).length"
    assert cells.evaluate_all(cut) == 0
    phone.close()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two judged shipments, for pages that change nothing."""
    with running_world(tmp_path_factory.mktemp("pages")) as world:
        declared(world, "ZB-1", WARM)
        declared(world, "A" * 64, COLD)
        yield world


def test_without_any_script_the_list_shows_the_same(browser: Browser, shown: World) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shown.server.url}/?lang=zh")
    rows = page.locator("tbody tr")
    assert rows.count() == 2
    assert rows.first.get_attribute("data-shipment") == "ZB-1", "what is to be checked stands first"
    context.close()


def test_a_printed_page_keeps_the_verdict_and_drops_the_controls(
    browser: Browser, shown: World
) -> None:
    page = browser.new_page()
    page.goto(f"{shown.server.url}/shipments/ZB-1")
    page.emulate_media(media="print")
    assert page.is_visible("h1")
    assert page.is_visible(".lines")
    assert page.is_hidden(".search")
    assert page.is_hidden(".actions")
    page.close()


def test_a_printed_list_is_a_table_across_an_a4_sheet_and_no_column_of_cards(
    browser: Browser, shown: World
) -> None:
    page = browser.new_page(viewport={"width": 703, "height": 1030})  # within margins of 12 mm
    page.goto(f"{shown.server.url}/?lang=zh")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    row = page.locator('tr[data-shipment="ZB-1"]')
    assert row.evaluate("row => getComputedStyle(row).display") == "table-row"
    box = row.bounding_box()
    assert box is not None
    assert box["height"] <= 62, "of a shipment with three kinds of findings: 100 on six sheets"
    page.goto(f"{shown.server.url}/shipments/ZB-1?lang=zh")
    line = page.locator(".lines tbody tr").first
    assert line.evaluate("row => getComputedStyle(row).display") == "table-row"
    page.close()


def test_the_language_is_the_querys_else_the_browsers_else_chinese(shown: World) -> None:
    def language(path: str = "/", **headers: str) -> str:
        return shown.get(path, headers=headers).headers["content-language"]

    assert language() == "zh-CN"
    assert language(**{"Accept-Language": "en-GB,en;q=0.9,zh;q=0.8"}) == "en"
    assert language(**{"Accept-Language": "fr, zh;q=0.5, en;q=0.4"}) == "zh-CN"
    assert language(**{"Accept-Language": "en;q=nonsense"}) == "zh-CN"
    assert language("/?lang=en", **{"Accept-Language": "zh"}) == "en"
    assert language("/?lang=zh", **{"Accept-Language": "en"}) == "zh-CN"


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("ZB-1", "/shipments/ZB-1?lang=zh"),
        ("B-1", "/shipments/ZB-1?lang=zh"),
        ("A", "/?lang=zh&q=A"),
    ],
)
def test_a_part_that_one_shipment_alone_has_leads_to_its_page_and_others_to_the_list(
    world: World, asked: str, leads_to: str
) -> None:
    for shipment in ("ZB-1", "ZA-2", "ZA-3"):
        assert world.client.put(f"/v1/shipments/{shipment}", json=manifest(shipment)).is_success
    answer = world.get("/shipments", params={"id": asked, "lang": "zh"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == leads_to


@pytest.mark.parametrize(
    "asked", ["ZB-404", "运单", "<script>alert(1)</script>", "../x", "x" * 100]
)
def test_a_search_that_finds_nothing_says_so_and_stays_harmless(shown: World, asked: str) -> None:
    answer = shown.get("/shipments", params={"id": asked})
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
    assert "没有符合的记录" in answer.text or "运单号只含" in answer.text


def test_what_a_manifest_says_cannot_become_markup(world: World) -> None:
    items = [{"name": "<img src=x onerror=alert(1)>", "storage": "refrigerated"}]
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", items=items))
    world.send("ZB-1", WARM)
    for path in ("/shipments/ZB-1", "/v1/shipments/ZB-1/report.html"):
        assert "<img src=x" not in world.get(path).text


def test_the_list_goes_on_over_pages(world: World) -> None:
    world.register.custody.note_seen({f"S-{n:03d}": None for n in range(150)})
    first = world.get("/?lang=en").text
    assert first.count("<tr data-shipment") == 100
    link = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = world.get(link.replace("&amp;", "&")).text
    assert second.count("<tr data-shipment") == 50


def tabs(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'class="count"[^>]*>(\d+)<', text)]


def test_the_tabs_count_what_the_store_has_and_not_what_the_page_shows(world: World) -> None:
    world.register.custody.note_seen({f"S-{n:03d}": None for n in range(150)})
    declared(world, "ZB-1", WARM)
    world.judge.judge_now(["ZB-1"])
    alle, breach, *_, states, in_transit, ended, planned = tabs(world.get("/?lang=zh").text)
    assert (alle, breach, states, in_transit, ended, planned) == (151, 1, 151, 1, 0, 0)
    assert tabs(world.get("/?verdict=breach").text)[:2] == [151, 1]
    assert tabs(world.get("/?q=S-00").text)[0] == 10


def test_a_view_stands_in_its_address_and_what_it_shows_is_a_file(
    shown: World, tmp_path: Path
) -> None:
    view = "/?lang=zh&kind=cold_chain_break&sort=oldest&from=2026-11-20"
    text = shown.get(view).text
    assert text.count("<tr data-shipment") == 1
    assert 'value="2026-11-20"' in text
    lines = shown.get(f"{view}&format=csv").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("运单号,结论,配送状态")
    assert [line.split(",")[0] for line in lines[1:]] == ["ZB-1"]
    book = tmp_path / "list.xlsx"
    book.write_bytes(shown.get(f"{view}&format=xlsx").content)
    (head, row) = load_workbook(book).get_sheet_by_index(0).to_python()
    assert (head[0], row[0]) == ("运单号", "ZB-1")
    assert row[4:6] == [min(WARM), max(WARM)]


def test_the_filter_as_a_form_sends_it_asks_nothing_by_its_empty_fields(shown: World) -> None:
    names = ("from", "to", "courier", "seller", "box", "batch", "division", "kind", "review", "q")
    empty = dict.fromkeys(names, "")
    for path in ("/", "/v1/shipments"):
        answer = shown.get(path, params=empty)
        assert answer.status_code == 200, answer.text
        assert "ZB-1" in answer.text
        for name, wrong in (("courier", "a b"), ("division", "x"), ("q", "x" * 201)):
            assert shown.get(path, params={**empty, name: wrong}).status_code == 422, name


def test_a_parameter_that_is_not_known_is_said(shown: World) -> None:
    answer = shown.get("/?curier=ql-express&lang=zh")
    assert answer.status_code == 422
    assert "curier" in answer.text
    assert "返回列表" in answer.text


def test_a_text_that_a_spreadsheet_would_run_stays_a_text() -> None:
    row = Row("S-1", None, None, "=cmd()", None, None, None, None, [])
    assert "'=cmd()" in bytes(file_of([row], kind="csv", lang="zh").body).decode()


def test_rows_on_a_phone_are_low(browser: Browser, shown: World) -> None:
    phone = browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(f"{shown.server.url}/?lang=zh")
    heights = phone.eval_on_selector_all("#rows > tr", "rows => rows.map(r => r.offsetHeight)")
    phone.close()
    assert len(heights) == 2
    assert max(heights) <= 120


def test_on_a_phone_a_long_chip_ends_in_dots_and_the_menu_shows_where_one_is(
    browser: Browser, shown: World
) -> None:
    phone = browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(f"{shown.server.url}/?lang=zh")
    phone.eval_on_selector_all(".chip", "all => all.forEach(one => one.append('很长'.repeat(30)))")
    cut = phone.eval_on_selector_all(
        ".chip", "all => all.filter(c => c.offsetWidth > c.parentElement.offsetWidth).length"
    )
    assert cut == 0
    style = "one => getComputedStyle(one).textOverflow"
    assert phone.locator(".chip").first.evaluate(style) == "ellipsis"
    phone.goto(f"{shown.server.url}/settings?lang=zh")
    here = phone.locator(".menu [aria-current]").bounding_box()
    assert here is not None
    assert here["x"] >= 0
    assert here["x"] + here["width"] <= 360
    phone.close()


def test_what_fits_is_shown_while_one_types(browser: Browser, shown: World) -> None:
    page = browser.new_page()
    page.goto(f"{shown.server.url}/devices?lang=zh")
    page.locator("#search").press_sequentially("zb")
    page.wait_for_selector("#found a")
    assert page.locator("#found a").all_text_contents() == ["ZB-1 · ql-express"]
    page.click("#found a")
    page.wait_for_url("**/shipments/ZB-1?lang=zh")
    page.close()


@pytest.mark.parametrize("path", ["/", "/shipments/ZB-1", "/docs/plain"])
def test_a_page_never_uses_words_of_guilt(shown: World, path: str) -> None:
    for lang in ("zh", "en"):
        text = shown.get(path, params={"lang": lang}).text
        assert "违法" not in text
        assert "劣药" not in text
        assert "illegal" not in text.lower()


def test_static_files_come_from_the_folder_alone(shown: World) -> None:
    assert shown.get("/static/pages.css").headers["content-type"].startswith("text/css")
    url = f"{shown.server.url}/static/%2e%2e/pages.py"
    with httpx.Client(trust_env=False) as client:
        assert client.get(url).status_code == 404
    assert Path("api/pages/pages.py").name not in shown.get("/static/").text


def test_the_report_is_styled_at_the_second_visit_and_after_a_reload(
    page: Page, live_world: World
) -> None:
    declared(live_world, "ZB-1", WARM)
    address = f"{live_world.server.url}/v1/shipments/ZB-1/report.html"
    widths = []
    for visit in range(3):
        if visit == 2:
            page.reload()
        else:
            page.goto(live_world.server.url)
            page.goto(address)
        widths.append(page.evaluate("getComputedStyle(document.body).maxWidth"))
    assert widths == ["1010px"] * 3
    answered = [line for line in live_world.get("/metrics").text.splitlines() if "report." in line]
    assert any('status="304"' in line for line in answered), answered
