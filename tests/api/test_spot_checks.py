"""Spot checks over HTTP and on the phone: frozen, drawn, looked at, and drawn again by others."""

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from python_calamine import load_workbook

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.passwords import hashed
from coldwitness.api.http.rights import OPEN
from coldwitness.api.pages.forms import own_fields, own_upload
from coldwitness.cli.main import main
from coldwitness.config.settings import JournalSettings, ReportSettings, Settings
from coldwitness.domain.grants import Grant
from coldwitness.domain.office import entry_json
from coldwitness.domain.spot_checks import KeptSpotCheck
from coldwitness.judging.sampling.tickets import sha256_hex
from coldwitness.storage.decisions import EntryPut, entry_of
from tests.api.test_signing_in import BADGE, PASSWORD, admitted, sign_in, token_of
from tests.api.world import COLD, T0, World, manifest, running_world

PART = "机关部分 5f3a"
PUBLIC = {"public_part": "3D 开奖号 7 1 9", "public_source": "中国福彩网 2026-11-21"}
PLAN = {"from": "2026-11-19", "to": "2026-11-21"}
SEEN = {"agreement": "yes", "seal": "no", "box_label": "yes"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = Settings(
        journal=JournalSettings(directory=tmp_path / "journal"),
        report=ReportSettings(office="示例市市场监督管理局"),
    )
    with running_world(tmp_path, settings=settings) as running:
        for n in range(12):
            name = f"ZB-{n:02}"
            who = {"id": "sf" if n % 3 else "ql-express", "division": "370303"}
            running.client.put(f"/v1/shipments/{name}", json=manifest(name, courier=who))
            running.send(name, COLD, courier=str(who["id"]))
        yield running


def plan(world: World, **more: Any) -> dict[str, Any]:
    answer = world.client.post("/v1/spot-checks", json={**PLAN, **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["location"] == told["links"]["self"]
    return told


def post(world: World, check: dict[str, Any], what: str, **body: Any) -> httpx.Response:
    return world.client.post(f"/v1/spot-checks/{check['id']}/{what}", json=body)


def test_frozen_committed_drawn_looked_at_and_drawn_again(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = plan(world, size=3, commitment=sha256_hex(PART), tolerated=0.5)
    at = f"/v1/spot-checks/{check['id']}"
    assert check["frame_size"] == 12
    assert check["draws"] == []
    assert world.get(f"{at}/certificate").status_code == 409, "nothing was drawn"
    frame = world.get(f"{at}/frame.csv").content
    assert sha256_hex(frame.decode()) == check["frame_sha256"]
    refused = post(world, check, "draws", office_part="anderer", **PUBLIC)
    assert refused.status_code == 422, "not what was committed to"
    drawn = post(world, check, "draws", office_part=PART, **PUBLIC)
    assert drawn.status_code == 201
    (made,) = drawn.json()["draws"]
    assert made["draw"]["seed"] == f"{PUBLIC['public_part']}; {PART}"
    names = [one["id"] for one in made["draw"]["drawn"]]
    assert post(world, check, "looks", id="ZB-none", outcome="found").status_code == 422
    assert post(world, check, "looks", id=names[0], outcome="dropped").status_code == 422
    for name, outcome in zip(names, ("nothing_found", "found", "nothing_found"), strict=True):
        told = post(world, check, "looks", id=name, outcome=outcome, checklist=SEEN).json()
    assert told["left"] == 0
    assert told["estimate"]["found"] == 1
    assert told["sequential"]["looked_at"] == 3
    assert told["looked"][0]["checklist"] == SEEN
    again = post(world, check, "looks", id=names[0], outcome="found")
    assert again.status_code == 422, "recorded again without a reason"
    told = post(world, check, "looks", id=names[0], outcome="found", note="封签号不符").json()
    assert len(told["looked"]) == 4, "what was recorded before stays"
    assert told["estimate"]["found"] == 2
    file, kept = tmp_path / "check.json", tmp_path / "frame.csv"
    file.write_bytes(world.get(f"{at}/file.json").content)
    kept.write_bytes(frame)
    assert main(["spot-check", "verify", str(file), "--frame", str(kept), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["estimate"]["found"] == 2
    forged = json.loads(file.read_text(encoding="utf-8"))
    forged["draws"][0]["office_part"] = "another"
    file.write_text(json.dumps(forged), encoding="utf-8")
    assert main(["spot-check", "verify", str(file), "--frame", str(kept)]) == 1
    capsys.readouterr()
    pdf = world.get(f"{at}/certificate")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    for said in ("抽查抽取证书", check["id"], *names, "3D", "首次抽取"):
        assert said in text, said
    rows = [
        *csv.reader(io.StringIO(world.get(f"{at}/publication.csv").content.decode("utf-8-sig")))
    ]
    assert rows[0][:4] == ["检查实施机关", "类型", "日期", "结果"]
    assert [row[0] for row in rows[1:]] == ["示例市市场监督管理局"] * 3
    book = load_workbook(io.BytesIO(world.get(f"{at}/list.xlsx").content))
    assert [row[1] for row in book.get_sheet_by_index(0).to_python()[1:]] == names


def test_a_further_draw_needs_a_reason_and_both_stay(world: World) -> None:
    check = plan(world, size=2, draw=PUBLIC)
    assert len(check["draws"]) == 1
    assert check["draws"][0]["commitment"] is None
    assert post(world, check, "draws", **PUBLIC).status_code == 422
    second = post(world, check, "draws", reason="两单已退货", **{**PUBLIC, "public_part": "8 8 8"})
    assert [one["reason"] for one in second.json()["draws"]] == [None, "两单已退货"]
    certificate = world.get(f"/v1/spot-checks/{check['id']}/certificate").content
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(certificate)).pages)
    assert "两单已退货" in text
    assert world.get("/v1/spot-checks").json()["items"][0]["id"] == check["id"]

    def once_more(n: int) -> int:
        more = {**PUBLIC, "public_part": f"{n} {n} {n}", "reason": f"第 {n} 次"}
        return post(world, check, "draws", **more).status_code

    with ThreadPoolExecutor(4) as at_once:
        assert [*at_once.map(once_more, range(4))] == [201] * 4
    told = world.get(f"/v1/spot-checks/{check['id']}").json()
    assert len(told["draws"]) == 6, "none in the place of another"
    trail = [line.action for line in world.register.audit.entries()]
    assert trail.count("spot_check_drawn") == 6


def test_a_draw_waits_for_one_of_the_same_check_at_another_server(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, alone = plan(world, size=2), list[str]()

    @contextmanager
    def noted(what: str) -> Iterator[None]:
        alone.append(what)
        yield
        alone.append("over")

    monkeypatch.setattr(world.register, "alone", noted)
    assert post(world, check, "draws", **PUBLIC).status_code == 201
    assert alone == [f"spot check {check['id']}", "over"]


def test_reasons_of_key_supervision_and_past_findings_weigh(world: World) -> None:
    reasons = {"sf": ["penalised", "new_platform"]}
    check = plan(world, size=3, method="weighted", reasons=reasons, draw=PUBLIC)
    frame = world.get(f"/v1/spot-checks/{check['id']}/frame.csv").text
    weights = {
        row["id"]: (row["stratum"], row["weight"]) for row in csv.DictReader(io.StringIO(frame))
    }
    assert set(weights.values()) == {("sf", "8"), ("ql-express", "1")}
    assert check["sequential"] is None, "of the method simple alone"
    code = "91370305MA3ABCDE13"
    entry = {"name": "药房", "roles": ["seller"], "key_supervision": ["grave_problem"]}
    kept = world.client.put(f"/v1/companies/{code}", json=entry)
    assert kept.is_success, kept.text
    named = manifest("ZB-00", seller={"uscc": code, "division": "370305"})
    world.client.put("/v1/shipments/ZB-00", json=named)
    check = plan(world, size=3, method="weighted", draw=PUBLIC)
    frame = world.get(f"/v1/spot-checks/{check['id']}/frame.csv").text
    weights = {row["id"]: row["weight"] for row in csv.DictReader(io.StringIO(frame))}
    assert (weights["ZB-00"], weights["ZB-01"]) == ("7", "1"), "as the register has it"


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 13},
        {"size": 2, "prevalence": 0.1},
        {},
        {"size": 2, "method": "weighted", "tolerated": 0.1},
        {"size": 2, "to": "2026-11-18"},
        {"size": 2, "reasons": {"sf": ["nothing"]}},
        {"size": 2, "commitment": "x"},
    ],
)
def test_what_cannot_be_planned_is_refused(world: World, wrong: dict[str, Any]) -> None:
    assert world.client.post("/v1/spot-checks", json={**PLAN, **wrong}).status_code == 422


def test_another_division_s_is_unknown_and_a_key_records_nothing(world: World) -> None:
    check = plan(world, size=2, division="370305", draw=PUBLIC)
    whole = plan(world, size=2, draw=PUBLIC)
    keys = {}
    for name, division in (("near", "3703"), ("far", "440100")):
        keys[name] = new_key()
        grant = Grant("inspector", divisions=(division,))
        world.register.client_keys.add(
            name, grant, digest=digest_of(keys[name]) or "", by="test", now_ms=T0
        )
    for name, expected in (("near", 200), ("far", 404)):
        headers = {"Authorization": f"Bearer {keys[name]}"}
        for file in ("", "/certificate", "/frame.csv", "/list.xlsx", "/publication.csv"):
            answer = world.get(f"/v1/spot-checks/{check['id']}{file}", headers=headers)
            assert answer.status_code == expected, file
            other = world.get(f"/v1/spot-checks/{whole['id']}{file}", headers=headers)
            assert other.status_code == 404, "of no division: the administrator's"
        listed = world.get("/v1/spot-checks", headers=headers).json()["items"]
        assert [one["id"] for one in listed] == ([check["id"]] if expected == 200 else [])
        look = world.client.post(
            f"/v1/spot-checks/{check['id']}/looks",
            json={"id": "ZB-00", "outcome": "found"},
            headers=headers,
        )
        assert look.status_code == 403, "taken from a person"


def test_an_officer_plans_draws_and_records_with_forms_alone(world: World) -> None:
    admitted(world, BADGE, hashed(PASSWORD, name=BADGE, length=12))
    sign_in(world)
    page = world.get("/spot-checks")
    fields = {**PLAN, "size": "2", "method": "simple", "tolerated": "", "division": ""}
    assert world.client.post("/spot-checks", data=fields).status_code == 403, "without the token"
    token = {"csrf": token_of(page)}
    made = world.client.post("/spot-checks", data={**fields, **token})
    assert made.status_code == 303, made.text
    address = made.headers["location"].partition("?")[0]
    drawn = world.client.post(f"{address}/draws", data={**PUBLIC, **token})
    assert drawn.status_code == 303, drawn.text
    text = world.get(address).text
    name = world.get("/v1" + address).json()["draws"][0]["draw"]["drawn"][0]["id"]
    assert f'id="{name}"' in text
    look = {"id": name, "outcome": "found", "note": "无封签", "seal": "no", **token}
    refused = world.client.post(
        f"{address}/looks", data=look, headers={"Origin": "https://elsewhere.example"}
    )
    assert refused.status_code == 403
    assert world.client.post(f"{address}/looks", data=look).status_code == 303
    looked = world.get("/v1" + address).json()["looked"]
    assert [(one["by"], one["note"], one["checklist"]) for one in looked] == [
        (BADGE, "无封签", {"seal": "no"})
    ]
    phone = {**look, "note": "电话 13800138000"}
    assert world.client.post(f"{address}/looks", data=phone).status_code == 422
    for lang, said in (("zh", "发现问题（待核查）"), ("en", "found (to be checked)")):
        assert said in world.get(f"{address}?lang={lang}").text


def test_a_spot_check_comes_back_from_its_row(world: World) -> None:
    check = plan(world, size=2, draw=PUBLIC)
    (version,) = world.register.office.history(KeptSpotCheck, check["id"])[-1:]
    body = json.loads(entry_json(version.entry))
    put = EntryPut("spot-checks", check["id"], body, version.by, version.at_ms)
    assert entry_of(put) == version.entry


def test_every_form_of_a_page_asks_for_its_token(world: World) -> None:
    """A session is let in without the header outside of /v1/, so each has to look at the field."""
    asked = 0
    for included in world.app.routes:
        for route in getattr(getattr(included, "original_router", None), "routes", ()):
            changing = set(route.methods) - {"GET", "HEAD"}
            if not changing or route.path.startswith("/v1/"):
                continue
            if f"POST {route.path}" in OPEN:
                continue
            needs = {dependency.call for dependency in route.dependant.dependencies}
            assert needs & {own_fields, own_upload}, route.path
            asked += 1
    assert asked >= 3
