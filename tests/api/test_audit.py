"""The audit trail over HTTP and on its page: who, what, from where, through what; own lines."""

import ast
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.rights import RIGHTS
from coldwitness.api.pages.pages import action_word
from coldwitness.api.reports.made.wording import Lang
from coldwitness.config.labels import labels
from coldwitness.domain.clues import ClueStatus
from coldwitness.domain.grants import Grant
from tests.api.world import T0, World, manifest, running_world

PROGRAM = Path(__file__).parents[2]
SPELLED = {
    "clue_{said}": [*(f"clue_{one}" for one in get_args(ClueStatus)), "clue_changed"],
    "read_report_{format_}": [f"read_report_{one}" for one in ("json", "html", "pdf")],
    "read_readings_{format_}": [f"read_readings_{one}" for one in ("json", "csv", "parquet")],
    "register_{register}": [
        route.replace("PUT /v1/", "register_").removesuffix("/{name}")
        for route in RIGHTS
        if route.startswith("PUT /v1/") and route.endswith("/{name}")
    ],
}
"""Names of actions that are put together."""


def actions_noted() -> set[str]:
    """Every action that the program writes into the trail."""
    found = set()
    for file in [*PROGRAM.glob("api/**/*.py"), *PROGRAM.glob("cli/*.py")]:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            called = ast.unparse(call.func).rpartition(".")[2]
            named = {one.arg: one.value for one in call.keywords}
            if called not in ("noted", "_note", "note"):
                continue
            place = {"noted": 2, "_note": 1}.get(called, 99)
            action = named.get("action", call.args[place] if len(call.args) > place else None)
            for one in ast.walk(action) if action is not None else ():
                if isinstance(one, ast.JoinedStr):
                    found |= set(SPELLED[ast.unparse(one)[2:-1]])
                    break
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    found.add(one.value)
    return found


def test_every_action_of_the_trail_has_words_and_every_word_an_action() -> None:
    words = set(labels("audit")["actions"])
    assert words == actions_noted() | {"clue_statement"}
    for lang in get_args(Lang):
        assert all(action_word(one, lang=lang) for one in words)
    assert action_word("of_an_older_version", lang="zh") is None


@dataclass
class Trail:
    world: World
    keys: dict[str, str]
    ids: dict[str, str]

    def ask(self, who: str, path: str) -> dict[str, list[dict[str, str]]]:
        answer = self.world.get(path, headers={"Authorization": f"Bearer {self.keys[who]}"})
        assert answer.status_code == 200, answer.text
        told: dict[str, list[dict[str, str]]] = answer.json()
        return told


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    with running_world(tmp_path_factory.mktemp("audit")) as world:
        for name, division in (("ZB-1", "370305"), ("ZB-2", "440106")):
            its = manifest(name, seller={"division": division}, courier={"id": f"c-{name}"})
            world.client.put(f"/v1/shipments/{name}", json=its)
            world.send(name, [5.0] * 5)
        world.client.put("/v1/boxes/BX-9", json={"model": "=1+1"})
        keys, ids = {}, {}
        for who, grant in (
            ("chief", Grant("admin")),
            ("officer", Grant("inspector", divisions=("3703",))),
            ("office", Grant("case_system", divisions=("4401",))),
        ):
            keys[who] = new_key()
            digest = digest_of(keys[who]) or ""
            made = world.register.client_keys.add(who, grant, digest=digest, by="t", now_ms=T0)
            ids[who] = made.id
        its = Trail(world, keys, ids)
        for who, shipment in (("officer", "ZB-1"), ("office", "ZB-2"), ("chief", "ZB-1")):
            its.ask(who, f"/v1/shipments/{shipment}/report.json")
        its.ask("officer", "/v1/shipments/ZB-1/readings")
        yield its


def test_each_line_says_who_what_from_where_and_through_what(trail: Trail) -> None:
    lines = trail.ask("chief", "/v1/audit")["items"]
    assert [(one["actor"], one["action"], one["subject"]) for one in lines[:4]] == [
        ("officer", "read_readings_json", "ZB-1"),
        ("chief", "read_report_json", "ZB-1"),
        ("office", "read_report_json", "ZB-2"),
        ("officer", "read_report_json", "ZB-1"),
    ]
    assert {one["address"] for one in lines} == {"127.0.0.1"}
    assert lines[0]["through"] == trail.ids["officer"]
    assert lines[-1]["through"] == "local"
    assert lines[-1]["action"] == "put_manifest"


def test_each_sees_its_own_lines_and_those_about_its_shipments(trail: Trail) -> None:
    lines = trail.ask("officer", "/v1/audit")["items"]
    assert {one["shipment"] for one in lines} == {"ZB-1"}
    assert {one["actor"] for one in lines} == {"local", "officer", "chief"}
    refused = trail.world.get(
        "/v1/audit", headers={"Authorization": f"Bearer {trail.keys['office']}"}
    )
    assert refused.status_code == 403


def test_it_is_asked_by_person_action_shipment_and_time_in_pages(trail: Trail) -> None:
    def found(query: str) -> list[str]:
        return [one["subject"] for one in trail.ask("chief", f"/v1/audit?{query}")["items"]]

    assert found("actor=office") == ["ZB-2"]
    assert found("action=put_manifest") == ["ZB-2 v1", "ZB-1 v1"]
    assert found("shipment=ZB-2&action=put_manifest") == ["ZB-2 v1"]
    assert found("to=2026-11-01") == []
    assert len(found("from=2026-11-01")) == 7
    met, more = [], ""
    while True:
        page = trail.ask("chief", f"/v1/audit?limit=3{more}")
        met += page["items"]
        if page["next_cursor"] is None:
            break
        more = f"&cursor={page['next_cursor']}"
    assert met == trail.ask("chief", "/v1/audit?limit=200")["items"]


def test_it_is_exported_whole_and_holds_no_formula(trail: Trail) -> None:
    headers = {"Authorization": f"Bearer {trail.keys['officer']}"}
    answer = trail.world.get("/v1/audit?format=csv", headers=headers)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["shipment"] for row in rows} == {"ZB-1"}
    trail.world.register.audit.note(actor="=x()", action="a", subject="s", now_ms=T0)
    headers = {"Authorization": f"Bearer {trail.keys['chief']}"}
    text = trail.world.get("/v1/audit?format=csv", headers=headers).text
    assert "'=x()" in text
    assert "export_audit" in trail.world.get("/v1/audit?action=export_audit", headers=headers).text


def test_the_page_shows_it_with_a_form_and_without_script(trail: Trail) -> None:
    headers = {"Authorization": f"Bearer {trail.keys['officer']}"}
    page = trail.world.get("/audit?actor=&shipment=ZB-1&from=&to=", headers=headers).text
    assert "read_readings_json" in page
    assert "ZB-2" not in page
    assert "<script" not in page.partition("<main")[2]
    assert 'href="/v1/audit?shipment=ZB-1&amp;format=csv"' in page
