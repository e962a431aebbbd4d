"""The page of logistics requests: list, a new one, its receipt, the package; whose it is."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.grants import Grant, Role
from coldwitness.domain.logistics import KeptLogisticsRequest
from tests.api.world import COLD, T0, World, manifest, running_world

FORM = {"number": "示药监调〔2026〕8号", "asked_by": "示例省药监局", "batch": "B1"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("logistics_pages")
    settings = Settings(journal=JournalSettings(directory=folder / "journal"))
    with running_world(folder, settings=settings) as running:
        for name, division in (("ZB-1", "370305"), ("ZB-2", "440106")):
            drug = {"name": "胰岛素", "storage": "refrigerated", "batch": "B1"}
            whose = {"seller": {"division": division}, "courier": {"id": "c", "division": division}}
            running.client.put(f"/v1/shipments/{name}", json=manifest(name, items=[drug], **whose))
            running.send(name, COLD, courier="c")
        yield running


def requests_kept(world: World) -> int:
    return len(world.register.office.listed(KeptLogisticsRequest))


def test_an_officer_hands_out_what_was_asked_and_downloads_it(
    browser: Browser, world: World
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(f"{world.server.url}/logistics-requests?lang=zh")
    for name, text in {**FORM, "shipments": "ZB-1，ZB-2"}.items():
        page.fill(f"[name={name}]", text)
    page.get_by_role("button", name="导出并出具回执").click()
    text = page.text_content("main") or ""
    for said in ("示药监调〔2026〕8号", "示例省药监局", "共 2 单", "批号 B1", "ZB-1", "ZB-2"):
        assert said in text, said
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("下载资料包")).click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as package:
        assert "物流信息调取回执.pdf" in package.namelist()
    page.goto(f"{world.server.url}/logistics-requests?lang=en")
    assert "2 in all" in (page.text_content("main") or "")
    page.close()


def test_a_form_sent_twice_hands_out_once(world: World) -> None:
    before = requests_kept(world)
    sent = [
        world.client.post("/logistics-requests?lang=zh", data={**FORM, "once": "abc"})
        for _ in range(2)
    ]
    assert {answer.status_code for answer in sent} == {303}
    assert len({answer.headers["location"] for answer in sent}) == 1
    assert requests_kept(world) == before + 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({**FORM, "batch": "B9"}, "no shipment fits"),
        ({**FORM, "batch": ""}, "scope"),
        ({**FORM, "shipments": "ZB-none"}, "ZB-none"),
        ({**FORM, "from": "soon"}, "from"),
        ({**FORM, "number": ""}, "number"),
        ({**FORM, "purpose": "王女士 13800138000"}, "personal data"),
    ],
)
def test_what_cannot_be_handed_out_is_said_with_what_was_typed(
    world: World, form: dict[str, str], said: str
) -> None:
    before = requests_kept(world)
    answer = world.client.post("/logistics-requests?lang=zh", data=form)
    assert answer.status_code == 422
    assert said in answer.text
    assert "13800138000" not in answer.text
    assert requests_kept(world) == before


def test_only_officers_open_it_and_only_what_lies_within_their_reach(world: World) -> None:
    sent = world.client.post("/logistics-requests", data={**FORM, "shipments": "ZB-2"})
    at = sent.headers["location"].partition("?")[0]
    grants: dict[Role, Grant] = {
        "inspector": Grant("inspector", divisions=("3703",)),
        "case_system": Grant("case_system", divisions=("3703",)),
        "courier": Grant("courier", courier="c"),
        "platform": Grant("platform", platform="示例平台"),
    }
    for role, grant in grants.items():
        key = new_key()
        made = digest_of(key) or ""
        world.register.client_keys.add(role, grant, digest=made, by="test", now_ms=T0)
        headers = {"Authorization": f"Bearer {key}"}
        listed = world.get("/logistics-requests", headers=headers)
        assert listed.status_code == (200 if role == "inspector" else 403), role
        assert at not in listed.text
        one = world.get(at, headers=headers)
        assert one.status_code == (404 if role == "inspector" else 403), role
        sent = world.client.post("/logistics-requests", data=FORM, headers=headers)
        assert sent.status_code == 403, "a form is a person's"
