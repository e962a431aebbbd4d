"""An inspector's day in a real browser, from four digits at a pharmacy's door to signing out: both
languages, on a desk and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from coldwitness.api.http.passwords import hashed
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.wording import Lang, say
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.journal import signer_of
from tests.api.test_shipment_page import declared
from tests.api.test_signing_in import BADGE, PASSWORD, admitted
from tests.api.world import World, manifest, running_world

OTHER = "鲁C-0102"
SCREENS = [("zh", 360), ("en", 1280), ("zh", 1280), ("en", 360)]
"""All four in a soak; in the usual tests the inspector's day in the first and the courier's morning
in the second, so that each language and width is walked."""
PHOTO = b"\xff\xd8\xff\xe0 a photograph"
WAIT_MS = 60_000


def shipment_of(lang: str, width: int) -> str:
    return f"ZB-20261120-{4711 + SCREENS.index((lang, width))}"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("day")
    settings = Settings(journal=JournalSettings(directory=folder / "journal"))
    signer_of(settings.journal, "package")
    with running_world(folder, settings=settings) as world:
        for lang, width in SCREENS:
            declared(world, shipment_of(lang, width))
        now_ms = world.clock()
        under_way = manifest("ZB-ROAD", dispatched_at=rfc3339(now_ms - 600_000))
        assert world.client.put("/v1/shipments/ZB-ROAD", json=under_way).is_success
        world.send("ZB-ROAD", [5.0] * 10, start_ms=now_ms - 600_000)
        kept = hashed(PASSWORD, name=BADGE, length=12)
        for name in (BADGE, OTHER):
            admitted(world, name, kept)
        yield world


def opened(browser: Browser, lang: Lang, width: int) -> tuple[Page, list[str]]:
    """A page of a browser of its own, and what goes wrong in it from now on."""
    locale = "zh-CN" if lang == "zh" else "en-GB"
    context = browser.new_context(viewport={"width": width, "height": 740}, locale=locale)
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    return page, wrong


def sign_in(page: Page, address: str, name: str, lang: Lang) -> None:
    page.goto(address)
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name=word("sign_in", lang)).click()
    page.wait_for_selector("#rows > tr")


def sign_out(page: Page, lang: Lang) -> None:
    page.get_by_role("button", name=word("sign_out", lang)).click()
    page.wait_for_url("**/sign-in*")


def fits(page: Page) -> None:
    wide, room = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= room, page.url


def unfold(page: Page, key: str, lang: Lang) -> None:
    page.locator("summary").filter(has_text=word(key, lang)).first.click()


def review(page: Page, note: str, lang: Lang) -> None:
    page.locator('.jump a[href="#officers"]').click()
    unfold(page, "review_add", lang)
    page.select_option("select[name=outcome]", "confirmed")
    page.fill("textarea[name=note]", note)
    page.get_by_role("button", name=word("review_send", lang)).click()
    page.get_by_text(note).first.wait_for()


def downloaded(page: Page, selector: str) -> Path:
    with page.expect_download() as got:
        page.locator(selector).first.click()
    return got.value.path()


@pytest.mark.timeout(400)  # a walk of some forty steps; each may wait where much else runs
@pytest.mark.parametrize(
    ("lang", "width"),
    [SCREENS[0], *(pytest.param(*one, marks=pytest.mark.soak) for one in SCREENS[1:])],
)
def test_from_four_digits_to_the_hand_over_and_out(
    browser: Browser, office: World, lang: Lang, width: int
) -> None:
    shipment = shipment_of(lang, width)
    page, wrong = opened(browser, lang, width)

    # Four digits, verdict, reason, curve.
    sign_in(page, office.server.url, BADGE, lang)
    fits(page)
    page.locator("#search").press_sequentially(shipment[-4:])
    page.wait_for_selector("#found a")
    page.keyboard.press("Tab")  # past the button to what was found
    page.click("#found a")
    page.wait_for_selector("#course[data-drawn]")
    assert shipment in page.url
    assert {"zh": "高于上限", "en": "above the range"}[lang] in (page.text_content("#sheet") or "")
    box = page.locator("#curve").bounding_box()
    assert box is not None
    assert box["y"] < 2 * 740, "the curve is within a swipe"
    page.focus("#curve")
    page.keyboard.press("End")
    assert "°C" in page.inner_text("#at")
    fits(page)

    # The report, and back.
    page.get_by_role("link", name=word("report", lang), exact=True).click()
    page.wait_for_url("**/report.html*")
    fits(page)
    page.locator(f'.links a[href*="/shipments/{shipment}?"]').click()
    page.wait_for_selector("#course[data-drawn]")

    # What the first officer saw, with a photograph; then the second.
    review(page, "核对了记录仪内存", lang)
    unfold(page, "attachment_add", lang)
    page.set_input_files(
        "input[type=file]", {"name": "箱.jpg", "mimeType": "image/jpeg", "buffer": PHOTO}
    )
    page.get_by_role("button", name=word("attachment_send", lang)).click()
    page.get_by_role("link", name="箱.jpg").wait_for()
    assert say("unreviewed", lang) in page.inner_text("#officers")
    sign_out(page, lang)
    sign_in(page, office.server.url, OTHER, lang)
    page.goto(f"{office.server.url}/shipments/{shipment}?lang={lang}")
    review(page, "同意", lang)
    told = page.inner_text("#officers")
    assert say("reviewed", lang) in told
    assert BADGE in told
    assert OTHER in told

    # The clue: its page, its state, and what goes to another office.
    unfold(page, "clue_change", lang)
    page.locator("select[name=status]").first.select_option("checking")
    page.get_by_role("button", name=word("clue_send", lang)).first.click()
    page.locator("#officers strong").filter(
        has_text=word("clue_status_checking", lang)
    ).first.wait_for()
    assert downloaded(page, 'a[href*="/package"]').read_bytes().startswith(b"PK")
    page.locator('#officers a[href^="/clues/"]').first.click()
    page.wait_for_url("**/clues/CL-*")
    fits(page)
    assert downloaded(page, 'a[href$="/transfer-package"]').read_bytes().startswith(b"PK")

    # What is on the road now, and out.
    page.locator('nav a[href^="/live"]').click()
    page.wait_for_selector("#live[data-state=on]")
    assert "ZB-ROAD" in page.inner_text("#board")
    fits(page)
    sign_out(page, lang)
    page.go_back()
    page.wait_for_load_state()
    assert "ZB-ROAD" not in (page.text_content("body") or ""), "nothing is left on the phone"
    assert [one for one in wrong if "401" not in one] == []
    page.context.close()
