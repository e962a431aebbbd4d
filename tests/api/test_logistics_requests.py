"""An authority asks for logistics information: all of its scope, with digests and a receipt."""

import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.config.settings import JournalSettings, ReportSettings, Settings
from coldwitness.domain.grants import Grant
from coldwitness.domain.logistics import KeptLogisticsRequest
from coldwitness.domain.office import entry_json
from coldwitness.storage.decisions import EntryPut, entry_of
from tests.api.world import COLD, T0, WARM, World, manifest, running_world

WHO = {"number": "示药监调〔2026〕3号", "asked_by": "示例省药品监督管理局", "purpose": "案件协查"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("logistics")
    settings = Settings(
        journal=JournalSettings(directory=folder / "journal"),
        report=ReportSettings(office="示例市市场监督管理局"),
    )
    with running_world(folder, settings=settings) as running:
        for n, (batch, division) in enumerate(
            (("B1", "370305"), ("B1", "370303"), ("B2", "440106"))
        ):
            name = f"ZB-{n}"
            drug = {"name": "胰岛素", "category": "drug", "storage": "refrigerated", "batch": batch}
            seller = {"name": f"药房{n}", "division": division}
            courier = {"id": "ql-express", "division": division}
            whole = manifest(name, items=[drug], seller=seller, courier=courier)
            running.client.put(f"/v1/shipments/{name}", json=whole)
            running.send(name, WARM if n else COLD)
        yield running


def ask(world: World, **scope: Any) -> httpx.Response:
    return world.client.post("/v1/logistics-requests", json={**WHO, "scope": scope})


def test_one_request_hands_out_everything_with_digests_and_a_receipt(world: World) -> None:
    answer = ask(world, batch="B1", **{"from": "2026-11-20", "to": "2026-11-20"})
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert receipt["shipments"] == ["ZB-0", "ZB-1"]
    assert receipt["number"] == WHO["number"]
    body = world.get(receipt["links"]["package"]).content
    assert sha256(body).hexdigest() == receipt["package_sha256"]
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        files = {name: package.read(name) for name in package.namelist()}
    for one in receipt["files"]:
        assert sha256(files[one["name"]]).hexdigest() == one["sha256"], one["name"]
        assert len(files[one["name"]]) == one["size"]
    inside = json.loads(files["receipt.json"])
    assert inside["files"] == receipt["files"]
    assert inside["exported_by"] == receipt["exported_by"] == "local"
    assert len(files["ZB-0/readings.ndjson"].splitlines()) == len(COLD)
    assert json.loads(files["ZB-1/check.json"])["verdict"] == "breach"
    assert "药房1".encode() in files["ZB-1/manifest-v1.json"]
    assert files["shipments.csv"].decode("utf-8-sig").count("\r\n") == 3
    drawn = PdfReader(io.BytesIO(files["物流信息调取回执.pdf"]))
    text = "".join(page.extract_text() for page in drawn.pages)
    for said in ("物流信息调取回执", "示例省药品监督管理局", "示例市市场监督管理局", "共 2 单"):
        assert said.replace(" ", "") in text.replace(" ", ""), said
    again = world.get(receipt["links"]["package"]).content
    assert again == body, "the very bytes, whatever came since"
    assert world.get("/v1/logistics-requests").json()["items"][0]["id"] == receipt["id"]
    trail = [line.action for line in world.register.audit.entries()]
    assert trail.count("logistics_handed_out") == 2


def test_a_period_may_have_no_end(world: World) -> None:
    answer = ask(world, batch="B1", **{"from": "0001-01-01", "to": "9999-12-31"})
    assert answer.json()["shipments"] == ["ZB-0", "ZB-1"]


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ({}, "scope"),
        ({"shipments": ["ZB-none"]}, "unknown"),
        ({"batch": "B9"}, "no shipment fits"),
        ({"from": "2026-11-20", "to": "2026-11-19"}, "lies before"),
        ({"kind": "x"}, "unknown field"),
    ],
)
def test_a_scope_that_cannot_be_is_refused(world: World, scope: dict[str, Any], said: str) -> None:
    answer = ask(world, **scope)
    assert answer.status_code == 422
    assert said in answer.text


def test_nobody_is_handed_what_lies_beyond_their_reach(world: World) -> None:
    whole = ask(world, seller="药房2").json()
    key = new_key()
    grant = Grant("inspector", divisions=("3703",))
    world.register.client_keys.add("i", grant, digest=digest_of(key) or "", by="test", now_ms=T0)
    headers = {"Authorization": f"Bearer {key}"}
    for at in (whole["links"]["self"], whole["links"]["package"]):
        assert world.get(at, headers=headers).status_code == 404
    listed = world.get("/v1/logistics-requests", headers=headers).json()["items"]
    assert whole["id"] not in [one["id"] for one in listed]
    scope = {**WHO, "scope": {"shipments": ["ZB-2"]}}
    other = world.client.post("/v1/logistics-requests", json=scope, headers=headers)
    assert other.status_code == 422
    assert "unknown" in other.text


def test_a_request_comes_back_from_its_row(world: World) -> None:
    kept = world.register.office.listed(KeptLogisticsRequest)
    for name, entry in kept.items():
        put = EntryPut("logistics-requests", name, json.loads(entry_json(entry)), "x", T0)
        assert entry_of(put) == entry
