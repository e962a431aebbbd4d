"""What officers say in the browser, by forms without script: reviews, files, clues, package."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.passwords import hashed
from coldwitness.api.http.rights import RIGHTS
from coldwitness.api.pages.result_changes import changes_between, why_judged
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.grants import Grant
from coldwitness.storage.journal import signer_of
from tests.api.test_signing_in import BADGE, PASSWORD, admitted, token_of
from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest, running_world
from tests.browser import chromium

OTHER = "鲁C-0102"
PAGE = "/shipments/ZB-1?lang=zh"
PHOTO = b"\xff\xd8\xff\xe0 a photograph"


@pytest.fixture(scope="module")
def kept() -> str:
    return hashed(PASSWORD, name=BADGE, length=12)


@pytest.fixture
def office(tmp_path: Path, kept: str) -> Iterator[World]:
    """A shipment that was too warm, its clue, and two inspectors; the first has signed in."""
    settings = Settings(journal=JournalSettings(directory=tmp_path / "journal"))
    signer_of(settings.journal, "package")
    with running_world(tmp_path, settings=settings) as world:
        told = manifest("ZB-1", delivered_at="2026-11-20T01:29:30Z")
        assert world.client.put("/v1/shipments/ZB-1", json=told).is_success
        world.send("ZB-1", WARM)
        for name in (BADGE, OTHER):
            admitted(world, name, kept)
        sign_in(world)
        yield world


def sign_in(world: World, name: str = BADGE) -> None:
    world.client.cookies.clear()
    answer = world.client.post("/sign-in", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 303


def fields(world: World, path: str = PAGE) -> dict[str, str]:
    """What the page itself puts into its forms."""
    text = world.get(path)
    once = re.search(r'name="once" value="([^"]+)"', text.text)
    version = re.search(r'name="result_version" value="(\d+)"', text.text)
    assert once is not None
    assert version is not None
    return {"csrf": token_of(text), "once": once[1], "result_version": version[1]}


def review(world: World, **said: str) -> httpx.Response:
    form = {**fields(world), "outcome": "confirmed", "note": "核对了交接记录", **said}
    return world.client.post("/shipments/ZB-1/reviews?lang=zh", data=form)


def test_two_officers_review_without_any_script(office: World) -> None:
    with chromium() as browser:
        context = browser.new_context(
            java_script_enabled=False, locale="zh-CN", viewport={"width": 360, "height": 740}
        )
        page = context.new_page()
        page.goto(f"{office.server.url}/sign-in?lang=zh&next=/shipments/ZB-1")
        page.fill("#name", BADGE)
        page.fill("#password", PASSWORD)
        page.click(".signing button")
        page.click("text=填写审核意见")
        page.select_option("select[name=outcome]", "confirmed")
        page.fill("textarea[name=note]", "现场核对了冷链记录")
        page.click("text=提交审核")
        page.wait_for_url("**/shipments/ZB-1*")
        told = page.text_content("#officers") or ""
        assert "现场核对了冷链记录" in told
        assert "未审核" in told
        context.close()
    sign_in(office, OTHER)
    assert review(office).status_code == 303
    text = office.get(PAGE).text
    assert "已审核 ·" in text
    assert text.count("核查属实</strong>") == 2


def test_a_form_that_is_sent_twice_is_kept_once(office: World) -> None:
    form = {**fields(office), "outcome": "rejected", "note": "核对"}
    for _ in range(2):
        answer = office.client.post("/shipments/ZB-1/reviews", data=form)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/shipments/ZB-1?")
    assert len(office.register.reviews.of("ZB-1")) == 1


def test_what_changed_meanwhile_is_said_and_what_was_typed_stays(office: World) -> None:
    answer = review(office, result_version="7", note="写了很久的理由")
    assert answer.status_code == 409
    assert "情况已有变化" in answer.text
    assert "写了很久的理由" in answer.text
    for wrong in (
        {"note": ""},
        {"outcome": "guilty"},
        {"result_version": "x"},
        {"note": "x" * 5000},
    ):
        assert review(office, **wrong).status_code == 422
    personal = review(office, note="联系人 13812345678")
    assert personal.status_code == 422
    assert office.register.reviews.of("ZB-1") == []


def test_a_photograph_is_put_to_the_shipment_and_named_in_a_look(office: World) -> None:
    def send(content: bytes, kind: str = "image/jpeg", **more: str) -> httpx.Response:
        form = {**fields(office), "kind": "packing_photo", **more}
        files = {"file": ("箱内.jpg", content, kind)}
        return office.client.post("/shipments/ZB-1/attachments?lang=zh", data=form, files=files)

    assert send(PHOTO).status_code == 303
    (kept,) = office.register.attachments.of("ZB-1")
    assert (kept.name, kept.kind, kept.by) == ("箱内.jpg", "packing_photo", BADGE)
    assert "箱内.jpg" in office.get(PAGE).text
    assert review(office, outcome="isolation_seen", attachment=kept.sha256).status_code == 303
    for wrong, kind in (
        (b"<script>", "image/jpeg"),
        (b"<html>", "text/html"),
        (PHOTO, "image/png"),
    ):
        answer = send(wrong, kind)
        assert answer.status_code == 415
        assert "未能保存" in answer.text
    assert send(PHOTO, kind="image/jpeg", csrf="x").status_code == 403
    assert send(b"\xff\xd8\xff" + b"x" * 10_000_001).status_code == 413
    none = office.client.post("/shipments/ZB-1/attachments", data=fields(office))
    assert none.status_code == 415
    assert len(office.register.attachments.of("ZB-1")) == 1


def test_what_became_of_a_clue_is_said_on_the_page(office: World) -> None:
    (entry,) = office.register.clues.listed()
    path = f"/clues/{entry.clue.id}/status?lang=zh"

    def say(status: str, **more: str) -> httpx.Response:
        form = {
            **fields(office),
            "shipment": "ZB-1",
            "status": status,
            "note": "已调取监控",
            **more,
        }
        return office.client.post(path, data=form)

    assert say("checking").status_code == 303
    text = office.get(PAGE).text
    assert "核查中</strong>" in text
    assert "已调取监控" in text
    assert say("received").status_code == 409, "no way back"
    assert say("nonsense").status_code == 422
    assert say("transferred", shipment="").headers["location"].startswith("/clues/")
    newest = office.register.clues.one(entry.clue.id)
    assert newest is not None
    assert newest.clue.status == "transferred"


def test_no_form_is_taken_but_from_a_page_of_ours(office: World) -> None:
    (entry,) = office.register.clues.listed()
    own = fields(office)
    key = new_key()
    office.register.client_keys.add(
        "k",
        Grant("inspector", divisions=("370300",)),
        digest=digest_of(key) or "",
        by="t",
        now_ms=T0,
    )

    def post(route: str, form: dict[str, str], **headers: str) -> int:
        named = {"{shipment}": "ZB-1", "{clue}": entry.clue.id}
        path = re.sub(
            r"\{\w+\}", lambda part: named.get(part[0], "x_1"), route.removeprefix("POST ")
        )
        takes_a_file = path.endswith("attachments") or path.startswith("/registers/")
        files = {"file": ("a.jpg", PHOTO, "image/jpeg")} if takes_a_file else None
        answer = office.client.post(path, data=form, files=files, headers=headers)
        return answer.status_code

    pages = {route for route in RIGHTS if route.startswith("POST /") and "/v1/" not in route}
    assert len(pages) > 3
    for route in pages:
        said = {"outcome": "confirmed", "note": "n", "status": "checking", "kind": "other"}
        without = {name: value for name, value in own.items() if name != "csrf"}
        assert post(route, {**said, **without}) == 403, route
        assert post(route, {**said, **own, "csrf": own["csrf"][:-1] + "x"}) == 403, route
        assert post(route, {**said, **own}, Origin="https://evil.example") == 403, route
        assert post(route, {**said, **own}, **{"Sec-Fetch-Site": "cross-site"}) == 403, route
        assert post(route, {**said, **own}, Authorization=f"Bearer {key}") == 403, route
    assert office.register.reviews.of("ZB-1") == []
    assert office.register.attachments.of("ZB-1") == []
    assert office.client.post("/shipments/ZB-1/reviews", json=own).status_code == 415


@pytest.mark.parametrize(
    ("reason", "zh", "en"),
    [
        ("new readings", "有新的读数或事件", "new readings or events"),
        ("register: boxes", "台账有变： boxes", "a register changed: boxes"),
        ("review: confirmed 鲁C-0101", "审核 confirmed 鲁C-0101", "Review confirmed 鲁C-0101"),
        ("of another program", "of another program", "of another program"),
    ],
)
def test_why_a_version_was_made_is_said_in_the_reader_s_words(
    reason: str, zh: str, en: str
) -> None:
    assert (why_judged(reason, "zh"), why_judged(reason, "en")) == (zh, en)


def test_the_versions_say_what_changed(office: World) -> None:
    office.send("ZB-1", [5.0] * 5, start_ms=T0 + len(WARM) * MINUTE)
    told = office.get("/shipments/ZB-1/versions?lang=zh").text
    assert "最早保留的版本" in told
    assert "查看时判定" in told
    assert told.count('<li id="v') == len(office.register.results.versions("ZB-1"))
    assert office.get("/shipments/ZB-1/versions?before=1").status_code == 200
    assert office.get("/shipments/ZB-404/versions").status_code == 404


def test_changes_name_findings_lines_and_verdict(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", COLD)
    before = world.register.results.of("ZB-1")
    world.send("ZB-1", [12.0] * 10, start_ms=T0 + 30 * MINUTE)
    after = world.register.results.of("ZB-1")
    assert before is not None
    assert after is not None
    changes = changes_between(before, after)
    assert changes.verdict == before.verdict
    assert "above_range" in {one.subtype for one in changes.appeared}
    assert "ANNEX6-10" in {one.line.id for one in changes.lines}
    assert changes.readings == 10
    assert not changes.figures_alone
    assert changes_between(after, after).figures_alone


def test_the_package_is_taken_from_the_page_and_holds(office: World) -> None:
    assert "/v1/shipments/ZB-1/package" in office.get(PAGE).text
    answer = office.get("/v1/shipments/ZB-1/package", timeout=60.0)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert {"report.json", "report.pdf", "readings.ndjson", "verify.py"} <= set(
            package.namelist()
        )
    found = verify_any(answer.content, rulebook=office.services.rulebook)
    assert found.holds
    actions = [one.action for one in office.register.audit.entries()]
    assert "read_package" in actions


def test_without_a_key_to_sign_with_there_is_no_package(world: World) -> None:
    world.send("ZB-1", COLD)
    assert world.get("/v1/shipments/ZB-1/package").status_code == 409
    assert "没有签名密钥" in world.get(PAGE).text
