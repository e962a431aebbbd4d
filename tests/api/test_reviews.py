"""Reviews by officers: beside the result, never over it; each names the version it is of."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from coldwitness.api.http.idempotency import ALIKE_MS
from coldwitness.api.reports.packed.verification import verify_bytes
from coldwitness.domain.instants import rfc3339
from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest

PATH = "/v1/shipments/ZB-1/reviews"


def review(officer: str = "鲁C-0101", version: int = 1, **more: object) -> dict[str, object]:
    said = {"officer": officer, "outcome": "confirmed", "note": "核对原始记录一致"}
    return {**said, "result_version": version, **more}


def judged(world: World) -> int:
    """A warm delivery, judged; its result's version."""
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", WARM)
    version: int = world.get(PATH).json()["result_version"]
    return version


def test_two_different_officers_make_a_result_reviewed_and_change_nothing_in_it(
    world: World,
) -> None:
    version = judged(world)
    before = world.get("/v1/shipments/ZB-1/check").content
    assert world.get(PATH).json()["state"] == "unreviewed"
    first = world.client.post(PATH, json=review(version=version))
    assert (first.status_code, first.json()["state"]) == (201, "unreviewed")
    again = world.client.post(PATH, json=review(version=version, note="再次核对"))
    assert again.json()["state"] == "unreviewed", "the same officer twice is one officer"
    second = review("鲁C-0102", version, outcome="rejected", note="探头位置存疑")
    answer = world.client.post(PATH, json=second)
    assert answer.json()["state"] == "reviewed"
    assert world.get(PATH).json() == answer.json()
    assert [item["outcome"] for item in answer.json()["items"]] == [
        "confirmed",
        "confirmed",
        "rejected",
    ]
    assert world.get("/v1/shipments/ZB-1/check").content == before


def test_a_later_version_shows_earlier_reviews_as_of_an_older_version(world: World) -> None:
    version = judged(world)
    for officer in ("鲁C-0101", "鲁C-0102"):
        world.client.post(PATH, json=review(officer, version))
    world.send("ZB-1", [*WARM, 5.0, 5.0])
    found = world.get(PATH).json()
    assert found["result_version"] > version
    assert found["state"] == "unreviewed"
    assert [item["current"] for item in found["items"]] == [False, False]
    told = world.get("/v1/shipments/ZB-1/report.json").json()["review"]
    assert (told["state"], told["opinions"]) == ("unreviewed", [])
    assert [opinion["result_version"] for opinion in told["earlier"]] == [version, version]
    assert "较早版本" in world.get("/v1/shipments/ZB-1/report.html").text


def test_a_review_of_a_version_that_is_not_current_is_refused(world: World) -> None:
    version = judged(world)
    for wrong in (version - 1, version + 1):
        answer = world.client.post(PATH, json=review(version=wrong))
        assert answer.status_code == 409
        assert f"expected {version}" in answer.json()["detail"]
    assert world.get(PATH).json()["items"] == []


def test_the_report_shows_who_reviewed_and_why(world: World) -> None:
    version = judged(world)
    world.client.post(PATH, json=review(version=version))
    world.client.post(PATH, json=review("鲁C-0102", version))
    told = world.get("/v1/shipments/ZB-1/report.json").json()["review"]
    assert told["state"] == "reviewed"
    assert [opinion["officer"] for opinion in told["opinions"]] == ["鲁C-0101", "鲁C-0102"]
    page = world.get("/v1/shipments/ZB-1/report.html").text
    for words in ("已审核", "鲁C-0102", "核对原始记录一致", "认可线索"):
        assert words in page
    printed = world.get("/v1/shipments/ZB-1/report.pdf")
    assert (printed.status_code, printed.content[:5]) == (200, b"%PDF-")


def test_each_review_is_in_the_audit_trail(world: World) -> None:
    version = judged(world)
    world.client.post(PATH, json=review(version=version))
    (entry,) = [one for one in world.register.audit.entries() if one.action == "add_review"]
    assert entry.subject == f"ZB-1 v{version} 鲁C-0101 confirmed"
    assert entry.at_ms == world.clock.now_ms


def test_a_repeated_post_with_its_key_is_one_review(world: World) -> None:
    version = judged(world)
    headers = {"Idempotency-Key": "review-1"}
    for _ in range(2):
        answer = world.client.post(PATH, json=review(version=version), headers=headers)
        assert answer.status_code == 201
    assert len(world.get(PATH).json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"officer": "  "}, "officer"),
        ({"officer": "x" * 65}, "officer"),
        ({"officer": "<b>"}, "officer"),
        ({"officer": "13800138000"}, "officer"),
        ({"outcome": "guilty"}, "outcome"),
        ({"note": ""}, "note"),
        ({"note": "x" * 4001}, "note"),
        ({"note": "收件人 13800138000 说"}, "note"),
        ({"result_version": "1"}, "result_version"),
        ({"colour": "red"}, "body"),
        ({"manifest_version": 1}, "manifest_version"),
        ({"outcome": "correction_accepted"}, "manifest_version"),
        ({"outcome": "correction_accepted", "manifest_version": 9}, "manifest_version"),
        ({"attachment": "0" * 64}, "attachment"),
        ({"outcome": "isolation_seen", "attachment": "0" * 64}, "attachment"),
        ({"outcome": "isolation_seen", "attachment": "photo.jpg"}, "attachment"),
    ],
)
def test_a_wrong_review_is_refused_and_names_the_field(
    world: World, change: dict[str, object], field: str
) -> None:
    version = judged(world)
    answer = world.client.post(PATH, json={**review(version=version), **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert "13800138000" not in answer.text
    assert world.get(PATH).json()["items"] == []


def test_a_review_without_a_version_is_of_the_current_one(world: World) -> None:
    version = judged(world)
    said = {"officer": "鲁C-0101", "outcome": "confirmed", "note": "一致"}
    (item,) = world.client.post(PATH, json=said).json()["items"]
    assert (item["result_version"], item["manifest_version"]) == (version, None)


def test_a_look_and_an_accepted_correction_are_no_opinion_on_the_result(world: World) -> None:
    version = judged(world)
    world.client.post(PATH, json=review("鲁C-0101", version, outcome="isolation_seen"))
    accepted = review("鲁C-0102", version, outcome="correction_accepted", manifest_version=1)
    answer = world.client.post(PATH, json=accepted)
    assert (answer.status_code, answer.json()["state"]) == (201, "unreviewed")
    assert [item["manifest_version"] for item in answer.json()["items"]] == [None, 1]
    page = world.get("/v1/shipments/ZB-1/report.html").text
    for words in ("已查看隔离件", "认可运单更正"):
        assert words in page


def test_an_unknown_shipment_has_no_reviews_and_takes_none(world: World) -> None:
    assert world.get(PATH).status_code == 404
    assert world.client.post(PATH, json=review()).status_code == 404


def test_judging_under_another_pack_leaves_the_stored_result_alone(world: World) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", WARM)
    stored = world.register.results.of("ZB-1")
    versions = world.register.results.versions("ZB-1")
    answer = world.get("/v1/shipments/ZB-1/check?rules=who-vaccine")
    assert answer.status_code == 200
    assert answer.json()["evidence"]["rules"].startswith("who-vaccine ")
    assert stored is not None
    assert stored.verdict == "breach"
    assert answer.json()["verdict"] != "breach"
    assert world.register.results.of("ZB-1") == stored
    assert world.register.results.versions("ZB-1") == versions
    assert world.get("/v1/shipments/ZB-1/check").content == msgspec.json.encode(stored)


def test_an_unknown_pack_is_422_and_an_unknown_shipment_404(world: World) -> None:
    world.send("ZB-1", COLD)
    answer = world.get("/v1/shipments/ZB-1/check?rules=nowhere")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "rules"
    assert "who-vaccine" in answer.json()["detail"]
    assert world.get("/v1/shipments/ZB-2/check?rules=who-vaccine").status_code == 404


def test_limits_widened_after_delivery_hide_nothing_until_two_officers_accept_it(
    world: World,
) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    world.send("ZB-1", WARM)
    wider = {"limits": {"low": 2.0, "high": 25.0}}
    items = [{"name": "胰岛素", "category": "drug", "storage": "refrigerated", **wider}]
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", items=items))
    world.judge.judge_now(["ZB-1"])
    told = world.get("/v1/shipments/ZB-1/check").json()
    assert told["verdict"] == "breach"
    (change,) = [one for one in told["findings"] if one["subtype"] == "manifest_changed"]
    assert change["measures"]["field"] == "items[0].limits"
    assert change["measures"]["sender"]
    for officer, left in (("鲁C-0101", "breach"), ("鲁C-0101", "breach"), ("鲁C-0102", "accepted")):
        version = world.get(PATH).json()["result_version"]
        said = review(officer, version, outcome="correction_accepted", manifest_version=2)
        assert world.client.post(PATH, json=said).status_code == 201
        world.judge.judge_now(["ZB-1"])
        verdict = world.get("/v1/shipments/ZB-1/check").json()["verdict"]
        assert (verdict == "breach") == (left == "breach")
    found = world.get("/v1/shipments/ZB-1/check").json()["findings"]
    assert not [one for one in found if one["subtype"] in ("manifest_changed", "above_range")]


def test_a_look_at_a_photograph_names_it_in_result_and_report(world: World) -> None:
    end = rfc3339(T0 + (len(WARM) - 1) * MINUTE)
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", delivered_at=end))
    world.send("ZB-1", WARM)
    version = world.get(PATH).json()["result_version"]
    photo = b"\xff\xd8\xff\xe0 the parts in the box"
    files = "/v1/shipments/ZB-1/attachments?kind=packing_photo&name=box.jpg"
    kept = world.client.post(files, content=photo, headers={"Content-Type": "image/jpeg"}).json()
    digest = kept["sha256"]
    said = review(version=version, outcome="isolation_seen", attachment=digest)
    answer = world.client.post(PATH, json=said)
    assert (answer.status_code, answer.json()["items"][0]["attachment"]) == (201, digest)
    world.judge.tick()
    told = world.get("/v1/shipments/ZB-1/check").json()
    assert told["evidence"]["office"]["isolation_seen_photo"] == digest
    (line,) = (one for one in told["requirements"] if one["id"] == "ANNEX6-12")
    assert line["status"] == "compliant"
    report = world.get("/v1/shipments/ZB-1/report.json")
    assert [one["sha256"] for one in report.json()["review"]["attachments"]] == [digest]
    assert verify_bytes(report.content, rulebook=world.services.rulebook).problems == ()
    page = world.get("/v1/shipments/ZB-1/report.html").text
    assert page.count(digest) == 2
    for words in ("装箱照片 box.jpg", "所看照片"):
        assert words in page


def test_an_equal_review_within_a_minute_is_the_same_one_and_a_later_one_another(
    world: World,
) -> None:
    version = judged(world)
    with ThreadPoolExecutor(8) as pool:
        told = [
            answer.status_code
            for answer in pool.map(
                lambda _: world.client.post(PATH, json=review(version=version)), range(20)
            )
        ]
    assert told == [201] * 20
    assert len(world.get(PATH).json()["items"]) == 1
    world.clock.now_ms += ALIKE_MS + 1
    world.client.post(PATH, json=review(version=version))
    assert len(world.get(PATH).json()["items"]) == 2
