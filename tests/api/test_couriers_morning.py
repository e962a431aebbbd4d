"""A courier's morning in a real browser: its own shipments alone, what was refused, its loggers,
may the box leave, and its statement on a clue; both languages, on a desk and on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from coldwitness.api.http.passwords import hashed
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.wording import Lang
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.grants import Grant
from coldwitness.ingest.last_seen import LastSeen
from coldwitness.ingest.progress import Progress, Quarantined
from coldwitness.storage.clue_ports import ClueFilter
from tests.api.test_accessible_pages import grave
from tests.api.test_courier_side import clue_of
from tests.api.test_departure_checks import cooled, packed
from tests.api.test_inspectors_day import SCREENS, fits, opened, sign_in, sign_out
from tests.api.test_signing_in import PASSWORD
from tests.api.world import T0, WARM, World, manifest, running_world

NAME = "齐鲁配送 1"


def name_of(kind: str, lang: str, width: int) -> str:
    return f"ZB-{kind}-{SCREENS.index((lang, width))}"


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("morning")
    settings = Settings(journal=JournalSettings(directory=folder / "journal"))
    with Progress(settings.journal.directory, "w1") as progress:
        progress.advance(
            9,
            refused=[_refused(1, "ql-express", "LG-OWN"), _refused(2, "sf", "LG-THEIRS")],
            seen=[_heard("ql-express", "LG-OWN"), _heard("sf", "LG-THEIRS")],
        )
    with running_world(folder, settings=settings) as world:
        for number, screen in enumerate(SCREENS):
            packed(world, name_of("GO", *screen))
            warm = manifest(name := name_of("WARM", *screen))
            assert world.client.put(f"/v1/shipments/{name}", json=warm).is_success
            world.send(name, [*WARM[:11], 12.0 + number, *WARM[12:]])
            asked = {"statement_due_on": "2026-12-01"}
            assert world.client.patch(f"/v1/clues/{clue_of(world, name)}", json=asked).is_success
        theirs = manifest("ZB-THEIRS", courier={"id": "sf", "division": "370303"})
        assert world.client.put("/v1/shipments/ZB-THEIRS", json=theirs).is_success
        world.send("ZB-THEIRS", WARM, courier="sf")
        grant = Grant("courier", courier="ql-express")
        kept = hashed(PASSWORD, name=NAME, length=12)
        assert world.register.people.add(NAME, grant, password=kept, by="test", now_ms=T0)
        yield world


def _refused(row: int, courier: str, logger: str) -> Quarantined:
    topic = f"coldchain/v1/{courier}/BX-1/readings"
    return Quarantined(row, -1, "no_time", f"of {logger}", topic, T0, courier, logger)


def _heard(courier: str, logger: str) -> LastSeen:
    return LastSeen(
        courier=courier,
        logger=logger,
        box="BX-1",
        shipment=None,
        time_ms=T0,
        received_ms=T0,
        temperature_c={"drug": 5.0},
        battery_v=3.0,
    )


@pytest.mark.timeout(400)  # a walk of some forty steps; each may wait where much else runs
@pytest.mark.parametrize(
    ("lang", "width"),
    [
        SCREENS[1],
        *(pytest.param(*one, marks=pytest.mark.soak) for one in (SCREENS[0], *SCREENS[2:])),
    ],
)
def test_from_its_shipments_to_a_statement(
    browser: Browser, road: World, lang: Lang, width: int
) -> None:
    warm, go = name_of("WARM", lang, width), name_of("GO", lang, width)
    page, wrong = opened(browser, lang, width)
    url = road.server.url

    # Its own shipments, and nothing of another's.
    sign_in(page, url, NAME, lang)
    rows = page.inner_text("#rows")
    assert warm in rows
    assert "THEIRS" not in page.content()
    assert page.locator('nav a[href^="/clues"], nav a[href^="/audit"]').count() == 0
    page.locator(f'#rows a[href*="{warm}"]').first.click()
    page.wait_for_selector("#course[data-drawn]")
    assert page.locator("#officers").count() == 0, "reviews are the offices'"
    fits(page)
    for path, status in (("/shipments/ZB-THEIRS", 404), ("/clues", 403), ("/audit", 403)):
        answer = page.goto(f"{url}{path}?lang={lang}")
        assert answer is not None
        assert answer.status == status, path
        fits(page)
        page.locator(f'main a[href="/?lang={lang}"]').first.click()  # the way back
        page.wait_for_selector("#rows > tr")

    # What was refused, and its loggers.
    for path in ("/quarantine", "/devices"):
        page.locator(f'nav a[href^="{path}"]').click()
        page.wait_for_url(f"**{path}*")
        assert "LG-OWN" in page.inner_text("main")
        assert "LG-THEIRS" not in page.content()
        fits(page)

    # May the box leave? Not before its probe speaks.
    for said in ("departure_red", "departure_green"):
        page.locator('nav a[href^="/departure"]').click()
        page.fill("input[name=shipment]", go)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=word(said, lang)).wait_for()
        assert grave(page) == []
        fits(page)
        if said == "departure_red":
            cooled(road, go)

    # What it says on a clue.
    page.locator('nav a[href^="/courier"]').click()
    asked = page.locator("section").filter(has=page.locator(f'a[href*="{warm}"]'))
    said = f"测点靠近冰排 {lang} {width}"
    assert grave(page) == []
    asked.locator("textarea").focus()
    page.keyboard.type(said)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == word("statement_do", lang)
    page.keyboard.press("Enter")
    page.locator("p").filter(has_text=said).wait_for()
    fits(page)
    (told,) = road.register.clues.listed(wanted=ClueFilter(shipment=warm), limit=1)
    assert [one.text for one in told.clue.statements] == [said]
    sign_out(page, lang)
    page.go_back()
    page.wait_for_load_state()
    assert said not in (page.text_content("body") or "")
    assert [one for one in wrong if not any(code in one for code in ("401", "403", "404"))] == []
    page.context.close()
