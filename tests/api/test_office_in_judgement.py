"""What the office registers and what officers see counts in the judgement, and is told there."""

from pathlib import Path
from typing import Any

import pytest

from coldwitness.analysis.terms import LimitSource
from coldwitness.api.reports.made.report import SLEW_SOURCE
from coldwitness.api.reports.made.wording import say
from coldwitness.api.reports.packed.verification import verify_bytes
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.office import RegisteredBox, RegisteredBoxModel
from coldwitness.domain.reading import Reading
from tests.api.world import COLD, MINUTE, T0, World, manifest, running_world

SELLER, CARRIER = "91370305000000115J", "913703030000003340"
ENTERED_HERE = "由本机录入"
ISOLATION, STORED, PAPER, HOLD = "ANNEX6-12", "ANNEX6-14", "ANNEX3-17", "ANNEX1-03"


def sent(world: World, temperatures: list[float] | None = None, **more: Any) -> None:
    """A delivery with its manifest, packed, taken over and signed off."""
    its = COLD if temperatures is None else temperatures
    end = rfc3339(T0 + (len(its) - 1) * MINUTE)
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", delivered_at=end, **more))
    world.send("ZB-1", its)


def put(world: World, path: str, body: dict[str, Any]) -> None:
    answer = world.client.put(f"/v1/{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    world.judge.tick()


def check(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.get("/v1/shipments/ZB-1/check").json()
    return found


def line(world: World, name: str) -> dict[str, Any]:
    (found,) = (one for one in check(world)["requirements"] if one["id"] == name)
    return dict(found)


def model(world: World, **more: Any) -> None:
    """Register the box of the delivery as of a model."""
    put(world, "box-models/M", {"cooling": "passive", "partition": "built_in", **more})
    put(world, "boxes/BX-ZB-1", {"model": "M"})


@pytest.mark.parametrize(
    ("valid_until", "status"),
    [("2026-11-19", "suspected"), ("2026-11-20", "compliant"), ("2026-11-21", "compliant")],
)
def test_a_registered_calibration_is_valid_to_the_end_of_its_day(
    world: World, valid_until: str, status: str
) -> None:
    sent(world)
    assert line(world, PAPER)["status"] == "asserted"
    its = {"number": "JZ-1", "done_at": "2025-11-20", "valid_until": valid_until}
    put(world, "devices/LG-ZB-1", {"calibrations": [its]})
    assert line(world, PAPER)["status"] == status


@pytest.mark.parametrize(
    ("done_at", "status"), [("2026-11-20", "compliant"), ("2026-11-21", "asserted")]
)
def test_a_certificate_made_after_the_day_says_nothing_of_it(
    world: World, done_at: str, status: str
) -> None:
    sent(world)
    its = {"number": "JZ-1", "done_at": done_at, "valid_until": "2027-11-20"}
    put(world, "devices/LG-ZB-1", {"calibrations": [its]})
    assert line(world, PAPER)["status"] == status


def test_the_manifest_cannot_name_a_calibrated_logger_in_place_of_the_one_that_sent(
    world: World,
) -> None:
    its = {"number": "JZ-1", "done_at": "2026-01-01", "valid_until": "2027-01-01"}
    put(world, "devices/LG-good", {"calibrations": [its]})
    sent(world, logger={"id": "LG-good", "calibrated_until": "2027-03-01"})
    assert line(world, PAPER)["status"] == "asserted"


@pytest.mark.parametrize(("hold_h", "status"), [(0.4, "suspected"), (0.5, "compliant")])
def test_the_registered_hold_time_counts_and_not_the_manifests(
    world: World, hold_h: float, status: str
) -> None:
    sent(world, box={"id": "BX-ZB-1", "qualification": {"hold_h": 99.0}})
    assert line(world, HOLD)["status"] == "asserted"
    model(world, qualification={"hold_h": hold_h})
    assert line(world, HOLD)["status"] == status


def test_the_registered_label_decides_in_place_of_the_companys_word(world: World) -> None:
    item = {"name": "胰岛素", "storage": "room", "approval_number": "国药准字S20059001"}
    sent(world, [5.0] * 10 + [12.0] * 11 + [5.0] * 10, items=[item])
    (before,) = check(world)["items"]
    assert (before["storage"], before["limits"]["low"]) == ("room", 10.0)
    put(world, "products/国药准字S20059001", {"storage": "refrigerated"})
    (after,) = check(world)["items"]
    assert (after["storage"], after["limits"]) == ("refrigerated", {"low": 2.0, "high": 8.0})
    assert f"注册标签为准；该登记或核看{ENTERED_HERE}" in line(world, "ANNEX6-10")["basis"]["zh"]
    assert check(world)["verdict"] == "breach"


def test_own_limits_inside_the_registered_label_stay(world: World) -> None:
    item = {"name": "甲", "limits": {"low": 4.0, "high": 25.0}, "trace_code": "8123"}
    sent(world, items=[item])
    put(world, "products/8123", {"storage": "refrigerated"})
    (its,) = check(world)["items"]
    assert its["limits"] == {"low": 4.0, "high": 8.0}


def test_the_registered_models_numbers_are_the_limits(world: World) -> None:
    numbers = {"coolant_coupling_max_per_h": 5.0, "goods_coupling_max_per_h": 4.0}
    sent(world, box={"id": "BX-ZB-1", "qualification": numbers})
    model(world, qualification={"coolant_coupling_max_per_h": 0.5})
    coolant, goods = check(world)["isolation"]["coolant"], check(world)["isolation"]["goods"]
    assert (coolant["limit_per_h"], coolant["limit_source"]) == (0.5, "register")
    assert (goods["limit_per_h"], goods["limit_source"]) == (4.0, "manifest")


INSULIN = {"name": "胰岛素注射液", "storage": "refrigerated", "dosage_form": "注射剂"}
BAN = {"title": "胰岛素（示例）", "source": "示例公告", "words": ["胰岛素"]}


def banned(world: World) -> list[str]:
    return [
        one["measures"]["listed"]
        for one in check(world)["findings"]
        if (one["kind"], one["subtype"]) == ("record", "ban_list")
    ]


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "listed"),
    [
        ("2026-11-20", "2026-11-20", True),
        ("2026-11-21", None, False),
        ("2026-01-01", "2026-11-19", False),
        ("2026-01-01", None, True),
    ],
)
def test_a_registered_ban_counts_on_the_shipments_day_alone(
    world: World, valid_from: str, valid_to: str | None, listed: bool
) -> None:
    sent(world, items=[INSULIN], order={"online": True})
    assert banned(world) == []
    its = {**BAN, "valid_from": valid_from, "valid_to": valid_to}
    put(world, "banned-drugs/insulin", its)
    assert banned(world) == (["胰岛素（示例） / 胰岛素（示例）"] if listed else [])
    assert check(world)["verdict"] != "breach", "words of a name accuse nobody"
    assert line(world, "DAL-61")["status"] == ("to_check" if listed else "asserted")


def test_an_entry_of_the_shipped_lists_name_takes_its_place(world: World) -> None:
    sent(world, items=[{"name": "某注射液", "storage": "refrigerated"}], order={"online": True})
    (shipped,) = banned(world)
    assert shipped.startswith("注射剂")
    its = {**BAN, "title": "注射剂（甲类）", "words": ["某注射液"], "valid_from": "2027-01-01"}
    put(world, "banned-drugs/injection", its)
    assert banned(world) == []
    put(world, "banned-drugs/injection", {**its, "valid_from": "2026-01-01", "title_en": "A"})
    assert banned(world) == ["注射剂（甲类） / A"]


def test_an_entry_that_names_no_drug_of_a_delivery_stays_out_of_its_result(world: World) -> None:
    sent(world, items=[INSULIN])
    before = check(world)
    put(world, "banned-drugs/other", {**BAN, "words": ["别的药"], "valid_from": "2026-01-01"})
    world.judge.judge_now(["ZB-1"])
    assert check(world) == before


def test_a_report_holds_the_entry_by_which_it_was_judged(world: World) -> None:
    sent(world, items=[INSULIN], order={"online": True})
    put(world, "banned-drugs/insulin", {**BAN, "valid_from": "2026-01-01"})
    report = world.get("/v1/shipments/ZB-1/report.json")
    (kept,) = report.json()["result"]["evidence"]["office"]["banned"]
    assert (kept["id"], kept["words"]) == ("insulin", ["胰岛素"])
    found = verify_bytes(report.content, rulebook=world.services.rulebook)
    assert [one.code for one in found.problems] == []


def waited(world: World, **site: Any) -> None:
    """A delivery that stands for 20 minutes at a site of its manifest."""
    at = {"lat": 36.81, "lon": 118.31, "radius_m": 80, "role": "transfer", **site}
    ends = {"origin": {"lat": 36.80, "lon": 118.30}, "destination": {"lat": 36.83, "lon": 118.33}}
    sites = [at]
    world.client.put(
        "/v1/shipments/ZB-1",
        json=manifest("ZB-1", sites=sites, delivered_at=rfc3339(T0 + 40 * MINUTE), **ends),
    )
    # 10 minutes there, 20 minutes at the site, 10 minutes on; a fix that repeats every digit of
    # the one before would be a stale one and see nothing
    way = [(36.80 + n * 1e-3, 118.30 + n * 1e-3) for n in range(10)]
    way += [(36.81 + n % 3 * 1e-5, 118.31 + n % 2 * 1e-5) for n in range(21)]
    way += [(36.81 + n * 2e-3, 118.31 + n * 2e-3) for n in range(1, 11)]
    readings = [
        Reading(
            logger="LG-ZB-1",
            time_ms=T0 + n * MINUTE,
            seq=n,
            temperature_c={"drug": 5.0},
            shipment="ZB-1",
            box="BX-ZB-1",
            lat_deg=lat,
            lon_deg=lon,
        )
        for n, (lat, lon) in enumerate(way)
    ]
    world.store.append(readings, [one.time_ms + 500 for one in readings])
    world.judge.judge_now(["ZB-1"])


def test_a_stay_that_only_a_site_of_the_manifest_explains_is_asserted(world: World) -> None:
    waited(world)
    stated = line(world, STORED)
    assert (stated["status"], "未在办案机关登记" in stated["basis"]["zh"]) == ("asserted", True)
    put(world, "sites/T-1", {"lat": 36.8101, "lon": 118.3101, "radius_m": 80})
    kept = line(world, STORED)
    assert kept["status"] == "compliant"
    assert "办案机关登记的场所内" in kept["basis"]["zh"]
    assert "未见超过设定的停留" not in kept["basis"]["zh"]
    assert ENTERED_HERE in kept["basis"]["zh"]


def test_a_registered_site_has_its_own_limit_of_time(world: World) -> None:
    waited(world, max_minutes=60)
    put(world, "sites/T-1", {"lat": 36.8101, "lon": 118.3101, "max_minutes": 10})
    assert line(world, STORED)["status"] in ("suspected", "breach")


def test_a_registered_site_beside_the_stay_lifts_nothing(world: World) -> None:
    waited(world, radius_m=400)
    put(world, "sites/T-1", {"lat": 36.8135, "lon": 118.31, "radius_m": 80})
    assert line(world, STORED)["status"] == "asserted"


def test_a_report_that_rests_on_the_register_is_judged_anew_to_the_same(world: World) -> None:
    sent(world)
    model(world)
    its = {"number": "JZ-1", "done_at": "2026-01-01", "valid_until": "2027-01-01"}
    put(world, "devices/LG-ZB-1", {"calibrations": [its]})
    report = world.get("/v1/shipments/ZB-1/report.json").content
    found = verify_bytes(report, rulebook=world.services.rulebook)
    assert [one.code for one in found.problems] == []


SEEN = {"officer": "鲁C-0101", "outcome": "isolation_seen", "note": "到店核看隔板在位"}


def look(world: World, **more: Any) -> None:
    answer = world.client.post("/v1/shipments/ZB-1/reviews", json={**SEEN, **more})
    assert answer.status_code == 201, answer.text
    world.judge.tick()


def test_a_built_in_partition_lifts_what_the_manifest_only_asserts(world: World) -> None:
    sent(world)
    before = line(world, ISOLATION)
    assert (before["status"], check(world)["verdict"]) == ("asserted", "asserted")
    model(world, partition="removable")
    assert line(world, ISOLATION)["status"] == "asserted"
    put(world, "box-models/M", {"cooling": "passive", "partition": "built_in"})
    after = line(world, ISOLATION)
    assert (after["status"], check(world)["verdict"]) == ("compliant", "compliant")
    assert "登记的箱型，隔离件为内置且不可拆除" in after["basis"]["zh"]
    put(world, "box-models/M", {"cooling": "passive", "partition": "none"})
    assert line(world, ISOLATION)["status"] == "insufficient_evidence"


def test_the_manifests_word_on_its_model_is_no_register(world: World) -> None:
    put(world, "box-models/M", {"cooling": "passive", "partition": "built_in"})
    its = {"id": "BX-other", "model": "M", "isolation": {"coolant": True, "goods": True}}
    sent(world, box=its)
    assert line(world, ISOLATION)["status"] == "asserted"


def test_a_box_that_the_office_registered_as_active_has_no_coolant(world: World) -> None:
    sent(world, box={"id": "BX-ZB-1", "cooling": "active"})
    stated = line(world, ISOLATION)
    assert (stated["status"], "仅运单称" in stated["basis"]["zh"]) == ("asserted", True)
    model(world, cooling="active")
    assert line(world, ISOLATION)["status"] == "not_applicable"


def test_an_officers_look_lifts_it_and_an_opinion_does_not(world: World) -> None:
    sent(world)
    look(world, outcome="confirmed")
    assert line(world, ISOLATION)["status"] == "asserted"
    look(world)
    seen = line(world, ISOLATION)
    assert (seen["status"], "执法人员已核看" in seen["basis"]["zh"]) == ("compliant", True)
    assert check(world)["evidence"]["office"]["isolation_seen_at"]


def test_a_look_that_is_taken_back_lifts_nothing_any_more(world: World) -> None:
    sent(world)
    other = {**SEEN, "officer": "鲁C-0102", "outcome": "isolation_withdrawn"}
    path = "/v1/shipments/ZB-1/reviews"
    assert world.client.post(path, json=other).json()["errors"][0]["field"] == "officer"
    look(world)
    assert line(world, ISOLATION)["status"] == "compliant"
    assert world.client.post(path, json=other).status_code == 422
    look(world, outcome="isolation_withdrawn", note="隔板不是这只箱的")
    assert line(world, ISOLATION)["status"] == "asserted"
    assert "isolation_seen_at" not in (check(world)["evidence"].get("office") or {})


def test_all_that_is_made_of_a_shipment_in_a_registered_box_with_limits_is_made(
    world: World,
) -> None:
    limits = {
        "hold_h": 8.0,
        "slew_max_c_per_min": 0.3,
        "coolant_coupling_max_per_h": 0.8,
        "goods_coupling_max_per_h": 0.6,
    }
    sent(world)
    model(world, qualification=limits)
    for lang in ("zh", "en"):
        assert world.get(f"/v1/shipments/ZB-1/report.html?lang={lang}").status_code == 200
        assert world.get(f"/shipments/ZB-1?lang={lang}").status_code == 200
    assert world.get("/v1/shipments/ZB-1/report.pdf", timeout=60.0).status_code == 200
    kept = world.get("/v1/shipments/ZB-1/report.json")
    assert kept.json()["terms"]["slew_source"] == "by_register"
    found = verify_bytes(kept.content, rulebook=world.services.rulebook)
    assert [one.code for one in found.problems] == []


def test_every_source_of_a_limit_has_its_word_in_the_report() -> None:
    for source in LimitSource:
        assert say(SLEW_SOURCE[source], "zh") != say(SLEW_SOURCE[source], "en")


def test_a_report_that_rests_on_a_look_is_judged_anew_to_the_same(world: World) -> None:
    sent(world)
    look(world)
    report = world.get("/v1/shipments/ZB-1/report.json").content
    assert [
        one.code for one in verify_bytes(report, rulebook=world.services.rulebook).problems
    ] == []


def test_a_registered_agreement_shows_what_the_manifest_only_names(world: World) -> None:
    named: dict[str, Any] = {
        "seller": {"uscc": SELLER, "division": "370305"},
        "courier": {"id": "ql-express", "uscc": CARRIER, "entrusted": True, "division": "370303"},
    }
    sent(world, **named)
    assert line(world, "ANNEX6-18")["status"] == "to_check"
    body = {"seller": SELLER, "carrier": CARRIER, "signed_at": "2026-01-01"}
    put(world, "agreements/XY-1", body)
    assert line(world, "ANNEX6-18")["status"] == "to_check"
    put(world, "agreements/XY-1", {**body, "audits": [{"done_at": "2026-02-01"}]})
    shown = line(world, "ANNEX6-18")
    assert (shown["status"], "已在办案机关登记" in shown["basis"]["zh"]) == ("compliant", True)
    report = world.get("/v1/shipments/ZB-1/report.json").content
    assert not verify_bytes(report, rulebook=world.services.rulebook).problems


def everything(world: World) -> None:
    """All that the office can have on record of the delivery."""
    model(world, qualification={"hold_h": 8.0})
    put(world, "sites/T-1", {"lat": 36.8101, "lon": 118.3101, "radius_m": 80})
    its = {"number": "JZ-1", "done_at": "2026-01-01", "valid_until": "2027-01-01"}
    put(world, "devices/LG-ZB-1", {"calibrations": [its]})
    put(
        world,
        "agreements/XY-1",
        {
            "seller": SELLER,
            "carrier": CARRIER,
            "signed_at": "2026-01-01",
            "audits": [{"done_at": "2026-02-01"}],
        },
    )
    put(world, "products/国药准字S20059001", {"storage": "refrigerated"})
    look(world)


def test_all_that_is_on_record_survives_a_restart_and_says_where_it_comes_from(
    tmp_path: Path,
) -> None:
    lifted = (ISOLATION, PAPER, HOLD, "ANNEX6-09", "ANNEX6-18")
    with running_world(tmp_path) as before:
        item = {"name": "胰岛素", "storage": "room", "approval_number": "国药准字S20059001"}
        named = {
            "seller": {"uscc": SELLER, "division": "370305"},
            "courier": {"id": "ql-express", "uscc": CARRIER, "entrusted": True},
        }
        sent(before, items=[item], **named)
        stated = {name: line(before, name)["status"] for name in lifted}
        assert "compliant" not in stated.values()
        everything(before)
        told = check(before)
        assert told["verdict"] == "compliant"
        for name in lifted:
            kept = line(before, name)
            assert (kept["status"], ENTERED_HERE in kept["basis"]["zh"]) == ("compliant", True)
    with running_world(tmp_path) as after:
        after.judge.judge_now(["ZB-1"], reason="restart")
        assert check(after) == told
        assert after.get("/v1/agreements/XY-1").json()["version"] == 1


def test_what_somebody_who_had_signed_in_entered_is_not_said_to_be_unproved(world: World) -> None:
    office, badge = world.register.office, "鲁C-0101"
    model_ = RegisteredBoxModel(cooling="passive", partition="built_in")
    office.put("M", model_, by=badge, now_ms=T0)
    office.put("BX-ZB-1", RegisteredBox(model="M"), by=badge, now_ms=T0)
    sent(world)
    assert line(world, ISOLATION)["status"] == "compliant"
    assert ENTERED_HERE not in line(world, ISOLATION)["basis"]["zh"]
    assert check(world)["evidence"]["office"]["signed_in"] is True
    put(world, "boxes/BX-ZB-1", {"model": "N"})
    put(world, "boxes/BX-ZB-1", {"model": "M"})
    assert ENTERED_HERE in line(world, ISOLATION)["basis"]["zh"], "one of them at the server"
    report = world.get("/v1/shipments/ZB-1/report.json").content
    assert not verify_bytes(report, rulebook=world.services.rulebook).problems
