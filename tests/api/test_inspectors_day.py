"""An inspector's day in a real browser: four digits at a pharmacy's door, verdict, reason, curve,
report, a review, and out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from coldwitness.api.http.passwords import hashed
from coldwitness.domain.grants import Grant
from tests.api.test_shipment_page import declared
from tests.api.test_signing_in import BADGE, PASSWORD, admitted
from tests.api.world import T0, World, running_world

SHIPMENT = "ZB-20261120-4711"
WORDS = {
    "zh": ("登录", "高于上限", "完整核查报告", "填写审核意见", "提交审核", "退出"),
    "en": ("Sign in", "above the range", "Full report", "Add a review", "Send review", "Sign out"),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("day")) as world:
        declared(world, SHIPMENT)
        kept = hashed(PASSWORD, name=BADGE, length=12)
        admitted(world, BADGE, kept)
        world.register.people.add(
            "鲁C-0102",
            Grant("inspector", divisions=("370300",)),
            password=kept,
            by="test",
            now_ms=T0,
        )
        yield world


@pytest.mark.parametrize(("lang", "width", "name"), [("zh", 360, BADGE), ("en", 1280, "鲁C-0102")])
def test_four_digits_lead_to_verdict_reason_curve_report_and_a_review(
    browser: Browser, office: World, lang: str, width: int, name: str
) -> None:
    sign_in, reason, report, add, send, sign_out = WORDS[lang]
    locale = "zh-CN" if lang == "zh" else "en-GB"
    context = browser.new_context(viewport={"width": width, "height": 740}, locale=locale)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))

    page.goto(office.server.url)
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name=sign_in).click()
    page.wait_for_selector("#rows > tr")
    page.locator("#search").press_sequentially("4711")
    page.wait_for_selector("#found a")
    page.keyboard.press("Tab")  # past the button to what was found
    page.click("#found a")
    page.wait_for_selector("#course[data-drawn]")
    assert SHIPMENT in page.url
    assert reason in (page.text_content("#sheet") or "")
    box = page.locator("#curve").bounding_box()
    assert box is not None
    assert box["y"] < 2 * 740, "the curve is within a swipe"
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_role("link", name=report).click()
    page.wait_for_url("**/report.html*")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(f'.links a[href*="/shipments/{SHIPMENT}?"]').click()
    page.wait_for_selector("#course[data-drawn]")

    page.get_by_text(add).click()
    page.select_option("select[name=outcome]", "confirmed")
    page.fill("textarea[name=note]", "核对了记录仪内存")
    page.get_by_role("button", name=send).click()
    page.wait_for_url("**/shipments/*")
    assert name in (page.text_content("#officers") or "")
    page.get_by_role("button", name=sign_out).click()
    page.wait_for_url("**/sign-in*")
    page.go_back()
    page.wait_for_load_state()
    assert SHIPMENT not in (page.text_content("body") or ""), "nothing is left on the phone"
    assert [one for one in wrong if "401" not in one] == []
    context.close()
