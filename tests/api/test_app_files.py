"""The pages as an app on a phone: what is kept there, and what is gone after sign-out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from coldwitness.api.pages.app_files import STATIC, asset
from tests.api.test_signing_in import BADGE, PASSWORD, kept, world
from tests.api.world import World
from tests.browser import chromium

__all__ = ["kept", "world"]  # fixtures of the sign-in: one shipment, one inspector

KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const kept = await (await caches.open(name)).keys();
    found.push(...kept.map(one => new URL(one.url).pathname));
  }
  return found.sort();
}"""
WORKERS = "async () => (await navigator.serviceWorker.getRegistrations()).length"
DATABASES = "async () => (await indexedDB.databases()).length + localStorage.length"


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        opened = browser.new_page(locale="zh-CN", viewport={"width": 360, "height": 740})
        yield opened
        opened.close()


def test_a_phone_keeps_the_pages_files_and_no_evidence_and_nothing_after_sign_out(
    page: Page, world: World
) -> None:
    page.goto(f"{world.server.url}/sign-in?next=/shipments/ZB-1")
    page.fill("#name", BADGE)
    page.fill("#password", PASSWORD)
    page.click(".signing button")
    page.wait_for_url("**/shipments/ZB-1*")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    page.goto(f"{world.server.url}/")
    page.reload()
    page.wait_for_function(f"({KEPT})().then(found => found.length > 2)")
    paths = page.evaluate(KEPT)
    assert paths, "style sheets and scripts are kept"
    assert all(path.startswith("/static/") for path in paths)
    assert page.evaluate(DATABASES) == 0
    page.click(".out button")
    page.wait_for_url("**/sign-in*")
    page.goto(f"{world.server.url}/static/mark.svg")  # a page of ours that registers no worker
    assert page.evaluate(WORKERS) <= 1
    assert not [path for path in page.evaluate(KEPT) if not path.startswith("/static/")]


def test_what_an_installed_app_needs_is_answered_to_everybody(world: World) -> None:
    manifest = world.get("/app.webmanifest?lang=zh")
    assert manifest.headers["content-type"] == "application/manifest+json"
    told = manifest.json()
    assert (told["short_name"], told["display"], told["start_url"]) == (
        "冷证",
        "standalone",
        "/?lang=zh",
    )
    assert world.get("/app.webmanifest?lang=en").json()["short_name"] == "ColdWitness"
    for icon in told["icons"]:
        assert world.get(icon["src"]).headers["content-type"] == "image/png"
    worker = world.get("/app-worker.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    policy = worker.headers["content-security-policy"]
    assert "manifest-src 'self'" in policy
    assert "worker-src 'self'" in policy


def test_a_file_whose_address_names_its_bytes_may_be_kept_for_ever(world: World) -> None:
    named = world.get(asset("pages.css"))
    assert named.content == (STATIC / "pages.css").read_bytes()
    assert "immutable" in named.headers["cache-control"]
    assert named.headers["content-encoding"] == "gzip"
    assert "cache-control" not in world.get("/static/pages.css").headers
    sign_in = world.get("/sign-in").text
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', sign_in)
    assert files
    assert all("?v=" in file for file in files)


def test_before_anybody_signed_in_there_is_no_menu_and_then_what_the_role_may_open(
    world: World,
) -> None:
    assert 'class="menu"' not in world.get("/sign-in").text
    world.client.post("/sign-in", data={"name": BADGE, "password": PASSWORD})
    text = world.get("/clues?lang=zh").text
    menu = text.partition('class="menu"')[2].partition("</nav>")[0]
    assert 'href="/audit?lang=zh"' in menu
    assert '<a href="/clues?lang=zh" aria-current="page">' in menu
    assert "/docs" not in text, "an officer has no use for the API's documentation"
