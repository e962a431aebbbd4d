"""The report over HTTP: three renderings of the same result, in the language asked for."""

import json
from pathlib import Path

import msgspec

from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.result import CheckResult
from coldwitness.domain.words import STATUS_ZH, Status
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.journal import layout, load_or_create_signer
from tests.api.world import MINUTE, T0, WARM, World, manifest, running_world


def breach(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", WARM)


def test_the_json_report_holds_the_very_result_of_the_check(world: World) -> None:
    breach(world)
    report = world.get("/v1/shipments/ZB-1/report.json")
    assert report.headers["content-type"] == "application/json"
    body = report.json()
    assert body["schema"] == "coldwitness.report/2"
    assert body["result"] == world.get("/v1/shipments/ZB-1/check").json()
    assert len(body["readings"]["time"]) == len(WARM)


def test_the_page_is_chinese_first_and_english_when_asked_for(world: World) -> None:
    breach(world)
    path = "/v1/shipments/ZB-1/report.html"
    chinese = world.get(path)
    assert STATUS_ZH[Status.BREACH] in chinese.text
    assert chinese.headers["content-language"] == "zh-CN"
    assert chinese.headers["vary"] == "Accept-Language"
    for english in (
        world.get(path, params={"lang": "en"}),
        world.get(path, headers={"Accept-Language": "en-US,en;q=0.9"}),
    ):
        assert english.headers["content-language"] == "en"
        assert "suspected breach" in english.text


def test_the_pdf_is_a_pdf_shown_in_the_browser(world: World) -> None:
    breach(world)
    answer = world.get("/v1/shipments/ZB-1/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="ZB-1.pdf"'
    assert answer.content.startswith(b"%PDF-")


def test_an_unchanged_report_is_304_and_a_changed_one_is_sent(world: World) -> None:
    breach(world)
    for format_ in ("json", "html", "pdf"):
        path = f"/v1/shipments/ZB-1/report.{format_}"
        first = world.get(path)
        held = {"If-None-Match": first.headers["etag"]}
        again = world.get(path, headers=held)
        assert (again.status_code, again.content) == (304, b""), format_
        assert world.get(path).content == first.content, "the same evidence, the same bytes"
    world.send("ZB-1", [13.0], start_ms=T0 + 30 * MINUTE)
    assert world.get(path, headers=held).status_code == 200


def test_a_304_carries_the_very_policy_of_the_page(world: World) -> None:
    breach(world)
    path = "/v1/shipments/ZB-1/report.html"
    first = world.get(path)
    again = world.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    for name in ("content-security-policy", "content-language", "vary", "x-frame-options"):
        assert again.headers[name] == first.headers[name]


def test_the_tag_of_one_language_is_not_that_of_the_other(world: World) -> None:
    breach(world)
    path = "/v1/shipments/ZB-1/report.html"
    zh, en = (world.get(path, params={"lang": lang}).headers["etag"] for lang in ("zh", "en"))
    assert zh != en


def test_a_report_never_shows_a_result_that_is_not_on_record(world: World) -> None:
    breach(world)
    world.send("ZB-1", [30.0] * 5, start_ms=T0 + 30 * MINUTE, judge=False)
    report = json.loads(world.get("/v1/shipments/ZB-1/report.json").content)
    assert report["result"]["metrics"]["max_c"] == 30.0
    assert msgspec.convert(report["result"], CheckResult) == world.register.results.of("ZB-1")
    assert report["origin"]["result_version"] == 2


def test_a_review_changes_the_tag_so_that_no_held_copy_hides_it(world: World) -> None:
    breach(world)
    path = "/v1/shipments/ZB-1/report.json"
    before = world.get(path)
    review = {"officer": "鲁C-0101", "outcome": "confirmed", "note": "核对一致"}
    version = before.json()["origin"]["result_version"]
    posted = world.client.post(
        "/v1/shipments/ZB-1/reviews", json={**review, "result_version": version}
    )
    assert posted.status_code == 201
    after = world.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert [opinion["officer"] for opinion in after.json()["review"]["opinions"]] == ["鲁C-0101"]


def test_another_pack_s_report_shows_both_and_leaves_the_record_alone(world: World) -> None:
    breach(world)
    before = world.register.results.of("ZB-1")
    asked = world.get("/v1/shipments/ZB-1/report.json", params={"rules": "who-vaccine"})
    report = asked.json()
    assert report["rules"]["id"] == "who-vaccine"
    assert report["beside"]["rules"].startswith("cn-retail-delivery ")
    assert before is not None
    assert report["beside"]["verdict"] == before.verdict == "breach"
    assert verify_any(asked.content, rulebook=load_rulebook(world.services.settings.judging)).holds
    page = world.get("/v1/shipments/ZB-1/report.html", params={"rules": "who-vaccine"}).text
    assert "两套规则对照" in page
    row = world.register.shipments.row("ZB-1")
    assert world.register.results.of("ZB-1") == before
    assert row is not None
    assert row.result_version == 1
    assert "beside" not in world.get("/v1/shipments/ZB-1/report.json").json()
    own = world.get("/v1/shipments/ZB-1/report.json", params={"rules": "cn-retail-delivery"})
    assert "beside" not in own.json()
    unknown = world.get("/v1/shipments/ZB-1/report.json", params={"rules": "nowhere"})
    assert unknown.status_code == 422
    assert "nowhere" in unknown.text


def test_a_report_is_signed_with_the_journals_key_once_there_is_one(tmp_path: Path) -> None:
    settings = Settings(journal=JournalSettings(directory=tmp_path / "journal"))
    with running_world(tmp_path, settings=settings) as world:
        breach(world)
        path = "/v1/shipments/ZB-1/report.json"
        unsigned = world.get(path)
        assert unsigned.json()["seal"]["signature"] is None
        signer = load_or_create_signer(layout.signing_key(tmp_path / "journal"))
        signed = world.get(path, headers={"If-None-Match": unsigned.headers["etag"]})
        assert signed.status_code == 200
        found = verify_any(
            signed.content,
            rulebook=load_rulebook(settings.judging),
            trusted=[signer.public],
        )
        assert (found.problems, found.trusted) == ((), True)
