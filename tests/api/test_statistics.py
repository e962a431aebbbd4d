"""The office's statistics: fourteen rows of a period, each number with what it counts."""

import io
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from coldwitness.config.statistics_table import load_statistics_table, next_report
from coldwitness.frames import Frames
from tests.api.world import COLD, World, manifest

SELLER, COURIER = "91370305000000115J", "913703030000003340"
PERIOD = "from=2026-01-01&to=2026-12-31"
ASSIGNED = {
    "source": "assigned",
    "source_number": "GJ-1",
    "content": "平台线索",
    "assigned_at": "2026-11-01",
}


@pytest.fixture
def office(world: World) -> World:
    """Two firms on record, a judged delivery of one of them, and a clue that became a case."""
    seller = {
        "name": "临淄康和大药房",
        "roles": ["seller"],
        "division": "370305",
        "online_from": "2024-03-01",
        "measures": [
            {"kind": "interviewed", "on": "2026-03-02"},
            {"kind": "interviewed", "on": "2026-04-02"},
            {"kind": "fined", "on": "2026-05-06", "amount_yuan": 25000.0},
            {"kind": "fined", "on": "2025-05-06", "amount_yuan": 99000.0},
            {"kind": "site_blocked", "on": "2026-05-07"},
        ],
        "checked_on": ["2026-03-01"],
    }
    gone = {
        "name": "甲药房",
        "roles": ["seller"],
        "division": "370303",
        "online_until": "2025-01-01",
    }
    for code, body in ((SELLER, seller), (COURIER, gone | {"online_from": "2024-01-01"})):
        answer = world.client.put(f"/v1/companies/{code}", json=body)
        assert answer.status_code == 201, answer.text
    sent = manifest("ZB-1")
    sent["seller"] = {"name": "乙药房", "uscc": "91370303000000414K", "division": "370303"}
    sent["courier"] = {"id": "ql-express", "name": "齐鲁同城冷链"}
    world.client.put("/v1/shipments/ZB-1", json=sent)
    world.send("ZB-1", COLD)
    world.judge.tick()
    clue = world.client.post("/v1/clues", json=ASSIGNED).json()["id"]
    for status in ("checking", "filed"):
        answer = world.client.patch(f"/v1/clues/{clue}", json={"status": status})
        assert answer.status_code == 200, answer.text
    return world


def rows_of(world: World, query: str = PERIOD) -> dict[str, dict[str, Any]]:
    answer = world.get(f"/v1/statistics?{query}")
    assert answer.status_code == 200, answer.text
    return {row["key"]: row for row in answer.json()["rows"]}


def year_of(world: World) -> str:
    """The period that holds the world's day."""
    year = 1970 + world.clock.now_ms // (365.2425 * 86_400_000)
    return f"from={int(year) - 1}-01-01&to={int(year) + 1}-12-31"


def test_fourteen_rows_are_counted_from_registers_clues_and_deliveries(office: World) -> None:
    rows = rows_of(office)
    assert len(rows) == 14
    value = {key: row["value"] for key, row in rows.items()}
    assert value["online_sellers_end"] == 1
    assert value["firms_interviewed"] == 1, "a firm counts once"
    assert value["fines"] == 2.5, "10,000 CNY, of this period alone"
    assert value["sites_blocked"] == 1
    assert value["firms_exposed"] == 0
    assert sum(one is not None for one in value.values()) >= 8
    assert [one["id"] for one in rows["online_sellers_end"]["items"]] == [SELLER]
    assert rows["fines"]["items"][0]["href"] == f"/v1/companies/{SELLER}"
    wide = rows_of(office, year_of(office))
    (delivery,) = wide["delivery_firms_checked"]["items"]
    assert (delivery["name"], delivery["href"]) == ("齐鲁同城冷链", "/shipments/ZB-1")
    assert "乙药房" in [one["name"] for one in wide["online_sellers_checked"]["items"]]
    assert wide["cases_filed"]["value"] == 1
    (case,) = wide["cases_filed"]["items"]
    assert office.get(case["href"]).status_code == 200


def test_coverage_names_who_was_not_checked_and_platforms_that_are_due(office: World) -> None:
    courier = "913703030000005501"
    for name, code, body in (
        ("丙配送", courier, {"roles": ["courier"], "key_supervision": ["grave_problem"]}),
        ("丁平台", COURIER, {"roles": ["platform"], "checked_on": ["2026-02-01"]}),
    ):
        answer = office.client.put(f"/v1/companies/{code}", json={"name": name, **body})
        assert answer.status_code in (200, 201), answer.text
    told = office.get(f"/v1/statistics?{PERIOD}").json()["coverage"]
    assert (told["companies"], told["checked"]) == (3, 2)
    assert [one["name"] for one in told["unchecked"]] == ["丙配送"]
    (due,) = told["platforms_due"]
    assert (due["name"], due["on"]) == ("丁平台", "2026-02-01")
    summer = office.get("/v1/statistics?from=2026-01-01&to=2026-06-30").json()["coverage"]
    assert summer["platforms_due"] == []
    page = office.client.get(f"/statistics?{PERIOD}&lang=zh").text
    assert "未查 1 家" in page
    assert "平台半年检查到期 1 家" in page


def test_a_division_has_its_own_and_those_below_it(office: World) -> None:
    assert rows_of(office, f"{PERIOD}&division=370300")["firms_interviewed"]["value"] == 1
    assert rows_of(office, f"{PERIOD}&division=370303")["firms_interviewed"]["value"] == 0


def test_what_nobody_has_on_record_is_empty_and_typed_in(world: World) -> None:
    rows = rows_of(world, f"{PERIOD}&typed=8:3&typed=10:2&unit=甲局")
    assert (rows["online_sellers_end"]["value"], rows["fines"]["value"]) == (None, None)
    blocked, filed = rows["sites_blocked"], rows["cases_filed"]
    assert (blocked["value"], blocked["counted"], blocked["typed"]) == (3, None, 3)
    assert (filed["value"], filed["counted"]) == (2, 0)
    assert world.get(f"/v1/statistics?{PERIOD}&unit=甲局").json()["unit"] == "甲局"


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-02-01&to=2026-01-01",
        f"{PERIOD}&typed=x",
        f"{PERIOD}&typed=8:-1",
    ],
)
def test_a_wrong_question_is_refused(world: World, query: str) -> None:
    assert world.get(f"/v1/statistics?{query}").status_code == 422


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_workbook_and_print_hold_the_same_numbers_as_the_json(office: World, lang: str) -> None:
    query = f"{PERIOD}&typed=13:4&unit=示例市局&lang={lang}"
    rows = rows_of(office, query)
    answer = office.get(f"/v1/statistics?{query}&format=xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    table = book.get_sheet_by_index(0).to_python()
    told = {int(line[0]): line[2] for line in table if isinstance(line[0], float)}
    assert told == {
        row["number"]: "" if row["value"] is None else row["value"] for row in rows.values()
    }
    items = book.get_sheet_by_index(1).to_python()
    assert len(items) - 1 == sum(len(row["items"]) for row in rows.values())
    assert any("示例市局" in line for line in table)
    pdf = office.get(f"/v1/statistics?{query}&format=pdf")
    (sheet,) = PdfReader(io.BytesIO(pdf.content)).pages
    words = "".join(sheet.extract_text().split())
    for row in rows.values():
        assert "".join(row["title"][lang].split()) in words
    assert "示例市局" in words


def test_the_page_shows_each_number_with_what_it_counts_and_takes_typed_ones(office: World) -> None:
    page = office.client.get(f"/statistics?{PERIOD}&row13=4&lang=zh")
    assert page.status_code == 200
    assert f'href="/v1/companies/{SELLER}"' in page.text
    assert 'name="row13" value="4"' in page.text
    assert "row13=4&amp;format=pdf" in page.text
    assert "下次报送" in page.text
    pdf = office.client.get(f"/statistics?{PERIOD}&row13=4&format=pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert office.client.get("/statistics").status_code == 200


def test_the_same_as_a_data_frame(office: World) -> None:
    frame = Frames(office.store, office.register).statistics(date(2026, 1, 1), date(2026, 12, 31))
    rows = rows_of(office)
    assert frame["key"].tolist() == list(rows)
    told = [row["value"] for row in rows.values()]
    assert frame["value"].astype(object).where(frame["value"].notna(), None).tolist() == told
    assert frame.loc[1, "items"] == [SELLER]


@pytest.mark.parametrize(
    ("today", "on", "reminded"),
    [
        (date(2026, 3, 7), date(2026, 3, 18), False),
        (date(2026, 3, 8), date(2026, 3, 18), True),
        (date(2026, 3, 18), date(2026, 3, 18), True),
        (date(2026, 3, 19), date(2026, 6, 18), False),
        (date(2026, 10, 26), date(2027, 3, 18), False),
        (date(2024, 1, 24), date(2024, 3, 18), False),
    ],
)
def test_the_next_report_and_from_when_it_is_told(today: date, on: date, reminded: bool) -> None:
    found = next_report(load_statistics_table(), today)
    assert found is not None
    assert (found.on, found.reminded) == (on, reminded)


def test_an_office_has_its_own_days_of_report() -> None:
    found = next_report(load_statistics_table(), date(2026, 3, 7), own_days=["12-01", "04-30"])
    assert found is not None
    assert found.on == date(2026, 4, 30)
