"""Tables of an office over HTTP and on the page: all of it or nothing, by whoever may enter it."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import xlsxwriter
from playwright.sync_api import Browser

from coldwitness.api.forms.table_files import WORKBOOK
from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.register_tables import CSV
from coldwitness.domain.grants import Grant
from coldwitness.domain.office import REGISTERS, RegisteredBan, RegisteredDevice
from coldwitness.ingest.files.office_tables import titles_of
from tests.api.world import COLD, T0, World, manifest, running_world

BANS = "编号,禁售类别,依据,施行日期,失效日期,名称或剂型含,名称含则除外\n"
INSULIN = f"{BANS}insulin,胰岛素类,示例公告,2026-11-20,,胰岛素；insulin,口服\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with running_world(tmp_path) as running:
        yield running


def enter(world: World, register: str, text: str | bytes, kind: str = CSV) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    headers = {"Content-Type": kind}
    return world.client.post(f"/v1/{register}", content=content, headers=headers)


def workbook(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def test_a_table_of_banned_drugs_is_entered_and_judged_by_once(world: World) -> None:
    assert world.client.put(
        "/v1/shipments/ZB-1", json=manifest("ZB-1", order={"online": True})
    ).is_success
    world.send("ZB-1", COLD)
    first = enter(world, "banned-drugs", INSULIN)
    assert first.json() == {"new": 1, "changed": 0, "same": 0, "ignored": []}
    world.judge.tick()
    found = world.get("/v1/shipments/ZB-1/check").json()["findings"]
    assert [one["subtype"] for one in found if one["kind"] == "record"] == ["ban_list"]
    assert enter(world, "banned-drugs", INSULIN).json()["same"] == 1
    later = INSULIN.replace("2026-11-20", "2026-11-21")
    assert enter(world, "banned-drugs", later).json()["changed"] == 1
    world.judge.tick()
    assert "ban_list" not in world.get("/v1/shipments/ZB-1/check").text
    history = world.get("/v1/banned-drugs/insulin").json()["history"]
    assert [one["entry"]["valid_from"] for one in history] == ["2026-11-20", "2026-11-21"]
    trail = [one for one in world.register.audit.entries() if "banned" in one.action]
    assert [one.subject for one in trail] == ["file: 1 new, 0 changed", "file: 0 new, 1 changed"]


def test_a_workbook_is_taken_as_a_table_is(world: World) -> None:
    rows = [line.split(",") for line in INSULIN.splitlines()]
    assert enter(world, "banned-drugs", workbook(rows), WORKBOOK).json()["new"] == 1
    (kept,) = world.register.office.listed(RegisteredBan).values()
    assert (kept.words, kept.unless, str(kept.valid_from)) == (
        ("胰岛素", "insulin"),
        ("口服",),
        "2026-11-20",
    )


BROKEN = {
    "nothing": b"",
    "no names": BANS.encode(),
    "a workbook cut short": workbook([["id"], ["A"]])[:-200],
    "a zip of something": b"PK\x03\x04" + b"\x00" * 200,
    "an old workbook that is none": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600,
    "bytes": bytes(range(256)) * 20,
    "a quote that never ends": f'{BANS}A,"'.encode() + b"x" * 200_000,
    "a mistake in the last row": f"{INSULIN}B,乙,示例公告,soon,,乙,\n".encode(),
    "a telephone number": f"{BANS}A,王女士 13800138000,示例公告,2026-01-01,,甲,\n".encode(),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_table_enters_nothing_and_is_named(world: World, content: bytes) -> None:
    for kind in (CSV, WORKBOOK):
        answer = enter(world, "banned-drugs", content, kind)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == "file"
        assert "13800138000" not in answer.text
        assert "/tmp" not in answer.text, "a folder of the server is nobody's business"
    assert world.register.office.listed(RegisteredBan) == {}
    assert enter(world, "banned-drugs", INSULIN, "application/json").status_code == 415


def test_more_rows_than_a_table_may_have_are_refused_and_not_cut_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldwitness.ingest.files.office_tables.ROWS_MAX", 3)
    rows = [["id", "model"], *([f"LG-{n}", "M"] for n in range(4))]
    text = "\n".join(",".join(row) for row in rows)
    for content, kind in ((text.encode(), CSV), (workbook(rows), WORKBOOK)):
        assert "more than 3 rows" in enter(world, "devices", content, kind).text
    assert enter(world, "devices", workbook(rows[:4]), WORKBOOK).json()["new"] == 3
    assert len(world.register.office.listed(RegisteredDevice)) == 3


def test_no_program_and_nobody_but_an_officer_enters_a_table(world: World) -> None:
    for role in ("inspector", "admin", "case_system", "courier"):
        divisions = ("3703",) if role in ("inspector", "case_system") else ()
        courier = "c" if role == "courier" else None
        grant = Grant(role, divisions=divisions, courier=courier)  # type: ignore[arg-type]
        key = new_key()
        world.register.client_keys.add(
            role, grant, digest=digest_of(key) or "", by="test", now_ms=T0
        )
        headers = {"Authorization": f"Bearer {key}", "Content-Type": CSV}
        for kind in REGISTERS:
            answer = world.client.post(f"/v1/{kind.register}", content="id\n", headers=headers)
            assert answer.status_code == 403, (role, kind.register)


@pytest.mark.parametrize("kind", REGISTERS, ids=lambda kind: kind.register)
def test_the_empty_table_names_every_column_that_is_understood(
    world: World, kind: type[RegisteredBan]
) -> None:
    told = {
        lang: world.get(f"/registers/{kind.register}/titles.csv?lang={lang}").content
        for lang in ("zh", "en")
    }
    for lang, body in told.items():
        titles = body.decode("utf-8-sig").strip().split(",")
        assert titles == [getattr(one, lang) for one in titles_of(kind).values()]
        refused = enter(world, kind.register, body + b"X-1" + b"," * (len(titles) - 1) + b"\n")
        assert "no column names" not in refused.text
        if refused.is_success:
            assert refused.json()["ignored"] == []


def test_a_register_is_read_filled_and_followed_on_its_pages(
    browser: Browser, world: World, tmp_path: Path
) -> None:
    table = tmp_path / "禁售.csv"
    table.write_text(INSULIN, encoding="gb18030")
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(f"{world.server.url}/registers?lang=zh")
    page.get_by_role("link", name="网络禁售清单").click()
    assert "尚无登记" in (page.text_content("main") or "")
    page.set_input_files("input[name=file]", str(table))
    page.get_by_role("button", name="导入").click()
    assert "新增 1 条" in (page.get_by_role("status").text_content() or "")
    table.write_text(f"{BANS}B,乙,示例公告,soon,,乙,\n", encoding="utf-8")
    page.set_input_files("input[name=file]", str(table))
    page.get_by_role("button", name="导入").click()
    alert = page.get_by_role("alert").text_content() or ""
    assert "禁售.csv, row 2 (B)" in alert
    page.get_by_role("link", name="insulin").click()
    text = page.text_content("main") or ""
    for said in ("版本 1", "胰岛素；insulin", "2026-11-20", "local"):
        assert said in text, said
    page.close()
    assert world.get("/registers/companies/none?lang=en").status_code == 404
    assert world.get("/registers/shelves?lang=en").status_code in (404, 422)
