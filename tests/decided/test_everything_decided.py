"""Whatever way a decision came: it is a row before it is answered, and the rows bring it back."""

import json
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from coldwitness.cli.importing import import_all
from coldwitness.cli.main import main
from coldwitness.storage.decided.comparing import bring_drug_names, differences
from coldwitness.storage.decisions import (
    AttachmentAdded,
    Audited,
    ClueActed,
    CluesTold,
    ClueTaken,
    DrugNameSet,
    EntryPut,
    InForce,
    Judged,
    ManifestPut,
    ReviewAdded,
)
from coldwitness.storage.journal import JournalReader, journal_public_key, verify_journal
from coldwitness.storage.opening import stores
from tests.api.world import manifest, wait_until
from tests.decided.house import OFFICERS, House, house

AGREED = {
    "seller": "91370305000000115J",
    "carrier": "913703030000003340",
    "signed_at": "2026-01-01",
}
ENTRIES = (
    "boxes/BX-1",
    "box-models/EPS-18L",
    "products/H20260001",
    "devices/LG-1",
    "sites/depot",
    "agreements/XY-1",
    "companies/91370305000000115J",
    "banned-drugs/A",
    "banned-drugs/B",
)
"""One of every register of the office."""


@pytest.fixture
def filled(tmp_path: Path) -> House:
    return house(tmp_path)


def fill(api: httpx.Client) -> str:
    """One of everything that may be decided by HTTP; the id of the clue whose status was set."""
    for at, storage in (("S-0", "refrigerated"), ("S-1", "frozen"), ("S-0", "room")):
        item = {"name": "胰岛素", "category": "drug", "storage": storage}
        told = manifest(at, items=[item], box={"id": "BX-1"}, courier={"id": "ql"})
        assert api.put(f"/v1/shipments/{at}", json=told).status_code in (200, 201)
    for path, entry in (
        ("boxes/BX-1", {"model": "EPS-18L"}),
        ("boxes/BX-1", {"model": "VIP-20L"}),
        ("products/H20260001", {"storage": "refrigerated"}),
        ("devices/LG-1", {"model": "RC-5"}),
        ("sites/depot", {"lat": 36.8, "lon": 118.0}),
        ("companies/91370305000000115J", {"name": "甲药房", "roles": ["seller"]}),
        ("box-models/EPS-18L", {"cooling": "passive", "partition": "removable"}),
        ("agreements/XY-1", AGREED),
    ):
        assert api.put(f"/v1/{path}", json=entry).status_code in (200, 201)
    table = (
        "id,title,source,valid_from,words\nA,甲类,公告,2026-01-01,甲\nB,乙类,公告,2026-01-01,乙\n"
    )
    csv = {"content-type": "text/csv"}
    assert api.post("/v1/banned-drugs", content=table, headers=csv).json()["new"] == 2
    for officer in OFFICERS:
        review = {"officer": officer, "outcome": "correction_accepted", "note": "核对"}
        answer = api.post("/v1/shipments/S-0/reviews", json={**review, "manifest_version": 2})
        assert answer.status_code == 201
    look = {"officer": OFFICERS[0], "outcome": "isolation_seen", "note": "查看箱体"}
    assert api.post("/v1/shipments/S-1/reviews", json=look).status_code == 201
    wait_until(lambda: bool(api.get("/v1/clues").json()["items"]))
    clue: str = api.get("/v1/clues").json()["items"][0]["clue"]["id"]
    status = {"status": "checking", "note": "已转办"}
    assert api.patch(f"/v1/clues/{clue}", json=status).status_code == 200
    said = {"said_on": "2026-11-20", "role": "courier", "text": "箱体已更换"}
    assert api.post(f"/v1/clues/{clue}/statements", json=said).status_code == 201
    drawn = {"public_part": "7 1 9", "public_source": "示例开奖公告"}
    planned = {"from": "2020-01-01", "to": "2030-12-31", "method": "simple", "size": 1}
    answer = api.post("/v1/spot-checks", json={**planned, "draw": drawn})
    assert answer.status_code == 201, answer.text
    check = answer.json()
    seen = {
        "id": check["draws"][-1]["draw"]["drawn"][0]["id"],
        "outcome": "found",
        "note": "无封签",
    }
    assert api.post(f"/v1/spot-checks/{check['id']}/looks", json=seen).status_code in (200, 201)
    asked = {"number": "示 1", "asked_by": "示例局", "scope": {"shipments": ["S-0"]}}
    assert api.post("/v1/logistics-requests", json=asked).status_code == 201
    complaint = {"source": "complaint", "source_number": "12315-1", "content": "送达时不凉"}
    assert api.post("/v1/clues", json=complaint).status_code == 201
    return clue


def told(api: httpx.Client, clue: str) -> dict[str, object]:
    """Everything of it that the API tells, without what is made new each time."""
    kept: dict[str, object] = {path: api.get(f"/v1/{path}").json() for path in ENTRIES}
    (check,) = api.get("/v1/spot-checks").json()["items"]
    (asked,) = api.get("/v1/logistics-requests").json()["items"]
    for name, at in (
        ("check", f"/v1/spot-checks/{check['id']}"),
        ("frame", f"/v1/spot-checks/{check['id']}/frame.csv"),
        ("asked", f"/v1/logistics-requests/{asked['id']}"),
        ("package", f"/v1/logistics-requests/{asked['id']}/package"),
    ):
        answer = api.get(at)
        assert answer.status_code == 200, answer.text
        kept[name] = answer.content.replace(str(api.base_url).encode(), b"")
    for shipment in ("S-0", "S-1"):
        reviews = api.get(f"/v1/shipments/{shipment}/reviews").json()
        kept[shipment] = [
            api.get(f"/v1/shipments/{shipment}").json()["manifest"],
            [{key: one[key] for key in one if key != "current"} for one in reviews["items"]],
        ]
    keys = ("id", "status", "status_note", "statements", "discovered_at", "deadlines")
    kept["clue"] = [api.get(f"/v1/clues/{clue}").json()[key] for key in keys]
    entries = api.get("/v1/clues?source=complaint").json()["items"]
    keys = ("id", "source_number", "deadlines", "discovered_at")
    kept["complaint"] = [entries[0]["clue"][key] for key in keys]
    return kept


def test_a_lost_register_comes_back_from_the_journal(filled: House) -> None:
    with filled.serving() as api:
        clue = fill(api)
        before = told(api, clue)
        filled.wait_until_judged()
        verdicts = {one: api.get(f"/v1/shipments/{one}/check").json() for one in ("S-0", "S-1")}
        had = api.get("/v1/clues?limit=200").json()["items"]
        last = api.get("/v1/clues").json()["next_cursor"]
    digest = filled.digest()
    filled.lose_register()
    found = filled.rebuild()
    assert found.decisions > 12
    assert filled.digest() == digest
    assert filled.rebuild().none, "the second one finds nothing to mend"
    with filled.serving() as api:
        filled.wait_until_judged()
        assert told(api, clue) == before
        for shipment, verdict in verdicts.items():
            assert api.get(f"/v1/shipments/{shipment}/check").json() == verdict
        again = api.get("/v1/clues", params={"after": last}).json()["items"]
        found_again = [one for one in again if one["clue"]["source"] == "system"]
        assert found_again, "a reader of before reads on"
        events = {(one["clue"]["id"], one["change"]["version"]) for one in had}
        assert not events & {(o["clue"]["id"], o["change"]["version"]) for o in found_again}


def test_a_lost_register_comes_back_when_the_server_starts_without_a_rebuild(
    filled: House,
) -> None:
    with filled.serving() as api:
        clue = fill(api)
        before = {path: api.get(f"/v1/{path}").json() for path in ("boxes/BX-1", "sites/depot")}
    filled.lose_register()
    with filled.serving() as api:
        assert {path: api.get(f"/v1/{path}").json() for path in before} == before
        assert len(api.get("/v1/shipments/S-0/reviews").json()["items"]) == 2
    assert clue


def test_each_kind_is_a_row_that_verifies(filled: House) -> None:
    with filled.serving() as api:
        fill(api)
    found = filled.decisions()
    for kind, at_least in (
        (InForce, 1),
        (ManifestPut, 3),
        (EntryPut, 5),
        (ReviewAdded, 3),
        (ClueActed, 2),
        (ClueTaken, 1),
        (Judged, 2),
        (CluesTold, 1),
        (Audited, 13),
    ):
        assert sum(isinstance(one, kind) for one in found) >= at_least, kind
    reports = verify_journal(
        filled.settings.journal.directory, public=journal_public_key(filled.settings.journal)
    )
    assert [problem for report in reports for problem in report.problems] == []


def test_a_manifest_row_says_what_was_sent_and_by_whom(filled: House) -> None:
    with filled.serving() as api:
        body = json.dumps(manifest("S-0", unknown={"key": 1})).encode()
        headers = {"content-type": "application/json"}
        api.put("/v1/shipments/S-0", content=body, headers=headers)
        api.put("/v1/shipments/S-0", content=body, headers=headers)
    (put,) = [one for one in filled.decisions() if isinstance(one, ManifestPut)]
    assert put.received_sha256 == sha256(body).hexdigest()
    assert put.sender == "local"
    assert put.manifest.unknown_keys == ("$.unknown",)


def test_a_result_row_names_the_rows_up_to_which_it_was_made(filled: House) -> None:
    with filled.serving() as api:
        filled.wait_until_judged()
        assert api.get("/v1/shipments/S-0").json()["verdict"] is not None
    (last,) = [
        (told, row.up_to)
        for row in filled.decisions()
        if isinstance(row, Judged)
        for told in row.results
        if told.shipment == "S-0"
    ][-1:]
    assert last[0].version == 1
    read = JournalReader(filled.settings.journal.directory).last_row("w1")
    assert last[1]["w1"] == read
    assert last[1]["api"] >= 1


def test_rules_and_settings_are_journalled_when_they_change_and_not_at_each_start(
    filled: House,
) -> None:
    for _ in range(2):
        with filled.serving():
            pass
    changed = filled.settings.judging.model_copy(update={"default_storage": "room"})
    filled.settings = filled.settings.model_copy(update={"judging": changed})
    with filled.serving():
        pass
    first, second = (one for one in filled.decisions() if isinstance(one, InForce))
    assert (first.rules, first.software) == (second.rules, second.software)
    assert first.settings["judging"] != second.settings["judging"]
    assert any("ANNEX6-10" in pack.text for pack in first.rules)


def test_what_is_changed_in_the_register_is_found_and_mended(filled: House) -> None:
    with filled.serving() as api:
        clue = fill(api)
        before = told(api, clue)
    filled.sql("UPDATE manifests SET body = replace(body, 'frozen', 'room') WHERE shipment = 'S-1'")
    filled.sql("DELETE FROM reviews WHERE officer = ?", OFFICERS[1])
    filled.sql("UPDATE office_entries SET body = '{\"storage\":\"room\"}' WHERE name LIKE 'H%'")
    filled.sql("DELETE FROM audit WHERE action = 'add_review'")
    filled.sql("INSERT INTO audit (at_ms, actor, action, subject) VALUES (1, 'x', 'y', 'z')")
    found = filled.rebuild()
    assert set(found.subjects) == {
        ("manifest", "S-1"),
        ("products", "H20260001"),
        ("review", "S-0"),
    }
    assert len(found.lost) == 3
    assert [line.actor for line in found.unwritten] == ["x"]
    assert filled.rebuild().none
    with filled.serving() as api:
        assert told(api, clue) == before


def test_a_register_of_before_is_taken_into_the_journal_once(filled: House) -> None:
    with filled.serving() as api:
        fill(api)
    for path in (filled.folder / "journal" / "segments" / "api").iterdir():
        path.unlink()
    filled.sql("DELETE FROM state")
    with filled.serving() as api:
        assert len(api.get("/v1/shipments/S-0/reviews").json()["items"]) == 2
    adopted = filled.decisions()
    assert sum(isinstance(one, ManifestPut) for one in adopted) == 3
    with filled.serving():
        pass
    again = [one for one in filled.decisions() if not isinstance(one, InForce | Judged)]
    assert len(again) == sum(not isinstance(one, InForce | Judged) for one in adopted)
    assert filled.rebuild().none


def test_imported_manifests_are_rows_too_and_come_back(filled: House) -> None:
    file = filled.folder / "manifests.ndjson"
    told = [manifest("S-0"), manifest("S-1"), manifest("S-0", dispatched_at="2026-11-20T02:00:00Z")]
    file.write_text("".join(json.dumps(one) + "\n" for one in told))
    import_all(filled.settings, [file], timezone=None, reader=None, judge=False)
    put = [one for one in filled.decisions("import") if isinstance(one, ManifestPut)]
    assert [one.manifest.id for one in put] == ["S-0", "S-1", "S-0"]
    filled.lose_register()
    filled.rebuild()
    with stores(filled.settings.store) as (_, register):
        assert [one.version for one in register.manifests.versions(["S-0"])["S-0"]] == [1, 2]
        assert register.manifests.newest(["S-1"])["S-1"] == put[1].manifest
    import_all(filled.settings, [file], timezone=None, reader=None, judge=False)
    assert filled.rebuild().none


def test_two_servers_write_two_shards(filled: House) -> None:
    with filled.serving() as one, filled.serving() as other:
        one.put("/v1/boxes/BX-8", json={"model": "A"})
        other.put("/v1/boxes/BX-9", json={"model": "B"})
        assert one.get("/v1/boxes/BX-9").json()["entry"] == {"model": "B"}
    assert [put.name for put in filled.decisions("api") if isinstance(put, EntryPut)] == ["BX-8"]
    assert [put.name for put in filled.decisions("api2") if isinstance(put, EntryPut)] == ["BX-9"]
    assert filled.rebuild().none


def test_the_bytes_of_attachments_come_back_with_a_lost_register(filled: House) -> None:
    photo = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    with filled.serving() as api:
        sent = {"content": photo, "headers": {"content-type": "image/png"}}
        path = "/v1/shipments/S-0/attachments"
        kept = api.post(f"{path}?kind=packing_photo", **sent).json()
        assert api.post(path, **sent).status_code == 200, "the same bytes are no second row"
    assert sum(isinstance(one, AttachmentAdded) for one in filled.decisions()) == 1
    filled.lose_register()
    filled.rebuild()
    with filled.serving() as api:
        (back,) = api.get(path).json()["items"]
        assert {**back, "href": ""} == {**kept, "href": ""}
        assert api.get(f"{path}/{kept['sha256']}").content == photo
    (file,) = (filled.folder / "journal" / "attached").glob("*/*")
    file.write_bytes(b"other")
    assert filled.rebuild().bytes_gone == (kept["sha256"],)


def test_frames_and_packages_whose_bytes_are_gone_are_named(filled: House) -> None:
    with filled.serving() as api:
        fill(api)
        (check,) = api.get("/v1/spot-checks").json()["items"]
        (asked,) = api.get("/v1/logistics-requests").json()["items"]
    expected = {check["frame_sha256"], asked["package_sha256"]}
    for file in (filled.folder / "journal" / "attached").glob("*/*"):
        if file.name in expected:
            file.unlink()
    assert set(filled.rebuild().bytes_gone) == expected


def test_attachments_of_before_are_kept_beside_the_rows_at_the_next_start(filled: House) -> None:
    with filled.serving() as api:
        sent = {"content": b"%PDF-1.7 x", "headers": {"content-type": "application/pdf"}}
        api.post("/v1/shipments/S-0/attachments", **sent)
    (file,) = (filled.folder / "journal" / "attached").glob("*/*")
    file.unlink()
    filled.sql("DELETE FROM state WHERE key = 'attached'")
    with filled.serving():
        pass
    assert file.read_bytes() == b"%PDF-1.7 x"


def test_which_name_is_a_drugs_is_journalled_and_comes_back_before_anything_is_decoded(
    filled: House,
) -> None:
    config = filled.folder / "settings.toml"
    store, journal = filled.settings.store, filled.settings.journal
    config.write_text(
        f'[journal]\ndirectory = "{journal.directory}"\n'
        f'[store]\nembedded_file = "{store.embedded_file}"\n'
        f'register_url = "{store.register_url}"\n'
    )
    said = ["--config", str(config), "drug-names", "set", "LG-9", "TempC2", "--courier", "ql"]
    assert main(said) == 0
    (told,) = [one for one in filled.decisions() if isinstance(one, DrugNameSet)]
    assert (told.logger, told.name) == ("ql/LG-9", "TempC2")
    filled.lose_register()
    with stores(filled.settings.store) as (_, register):
        bring_drug_names(journal.directory, register)
        assert register.drug_names.fixed("ql/LG-9", "TempC1") == "TempC2"
    filled.sql("UPDATE state SET value = replace(value, 'TempC2', 'TempC1')")
    with stores(filled.settings.store) as (_, register):
        found = differences(journal.directory, register)
        assert found.subjects == (("drug_name", "ql/LG-9"),)
    filled.rebuild()
    with stores(filled.settings.store) as (_, register):
        assert register.drug_names.all() == {"ql/LG-9": "TempC2"}


def test_drug_names_that_were_said_before_are_taken_into_the_journal_once(filled: House) -> None:
    with stores(filled.settings.store) as (_, register):
        register.drug_names.change("ql/LG-1", "T2", by="wang", now_ms=7)
        register.journalled.say("decided", "journalled from the first on")
    for _ in range(2):
        with filled.serving():
            pass
    told = [one for one in filled.decisions() if isinstance(one, DrugNameSet)]
    assert told == [DrugNameSet("ql/LG-1", "T2", "wang", 7)]
    assert filled.rebuild().none
