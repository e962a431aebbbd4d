"""A report over HTTP is what the journal says, or it is not given."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from coldwitness.cli.importing import import_all
from coldwitness.domain.instants import rfc3339
from tests.api.world import manifest, wait_until
from tests.decided.house import OFFICERS, House, house
from tests.storage.readings import MINUTE, T0

SHIPMENT = "S-1"


@pytest.fixture
def filled(tmp_path: Path) -> House:
    return house(tmp_path)


def fill(api: httpx.Client) -> None:
    item = {"name": "胰岛素", "category": "drug", "storage": "refrigerated", "trace_code": "T1"}
    told = manifest(SHIPMENT, items=[item], box={"id": "BX-1"}, courier={"id": "ql"})
    assert api.put(f"/v1/shipments/{SHIPMENT}", json=told).status_code in (200, 201)
    assert api.put("/v1/boxes/BX-1", json={"model": "EPS-18L"}).status_code == 201
    assert api.put("/v1/products/T1", json={"storage": "refrigerated"}).status_code == 201
    look = {"officer": OFFICERS[0], "outcome": "isolation_seen", "note": "查看箱体"}
    assert api.post(f"/v1/shipments/{SHIPMENT}/reviews", json=look).status_code == 201


def report(api: httpx.Client) -> httpx.Response:
    return api.get(f"/v1/shipments/{SHIPMENT}/report.json")


def thinned(filled: House) -> None:
    with closing(sqlite3.connect(filled.folder / "telemetry.sqlite")) as store, store:
        start = T0 + 50 * MINUTE
        statement = "DELETE FROM reading_1 WHERE time_ms BETWEEN ? AND ?"
        assert store.execute(statement, (start, start + 9 * MINUTE)).rowcount >= 10


CHANGES = {
    "storage": "UPDATE manifests SET body = replace(body, 'refrigerated', 'room')",
    "manifest": "DELETE FROM manifests",
    "received": "UPDATE manifests SET received_ms = received_ms - 86400000",
    "look": "DELETE FROM reviews",
    "officer": "UPDATE reviews SET officer = 'other'",
    "product": "UPDATE office_entries SET body = '{\"storage\":\"room\"}' WHERE name = 'T1'",
    "box": "DELETE FROM office_entries WHERE name = 'BX-1'",
    "event": "UPDATE events SET body = replace(body, 'delivered', 'opened'), event = 'opened'"
    " WHERE event = 'delivered' AND shipment = 'S-1'",
    "stay": "UPDATE stays SET end_ms = end_ms - 600000 WHERE shipment = 'S-1'",
}


def test_reports_are_given_of_untouched_stores_and_of_no_changed_ones(filled: House) -> None:
    with filled.serving() as api:
        fill(api)
        wait_until(lambda: report(api).status_code == 200)
        whole = (filled.folder / "register.sqlite").parent / "whole"
        for what, statement in CHANGES.items():
            backup(filled, whole)
            filled.sql(statement)
            answer = report(api)
            assert (answer.status_code, what) == (409, what), answer.text
            assert "record_altered" in answer.json()["detail"], what
            for form in ("html", "pdf"):
                path = f"/v1/shipments/{SHIPMENT}/report.{form}"
                assert what != "stay" or api.get(path).status_code == 409
            restore(filled, whole)
            assert report(api).status_code == 200, what
        thinned(filled)
        detail = report(api).json()["detail"]
        assert "w1 row" in detail


def test_the_index_is_made_again_where_it_is_gone_or_behind(filled: House) -> None:
    with filled.serving() as api:
        fill(api)
        shutil.rmtree(filled.folder / "journal" / "derived" / "rows")
        assert report(api).status_code == 200
        assert any((filled.folder / "journal" / "derived" / "rows" / "w1").iterdir())
        thinned(filled)
        shutil.rmtree(filled.folder / "journal" / "derived" / "rows")
        assert report(api).status_code == 409


def backup(filled: House, to: Path) -> None:
    with (
        closing(sqlite3.connect(filled.folder / "register.sqlite")) as here,
        closing(sqlite3.connect(to)) as there,
    ):
        here.backup(there)


def restore(filled: House, whole: Path) -> None:
    """Put the decided tables back as they were; the server goes on meanwhile."""
    with closing(sqlite3.connect(filled.folder / "register.sqlite", timeout=30)) as here, here:
        here.execute("ATTACH ? AS whole", (str(whole),))
        for table in ("manifests", "reviews", "office_entries", "events", "stays"):
            here.execute(f"DELETE FROM {table}")  # noqa: S608
            here.execute(f"INSERT INTO {table} SELECT * FROM whole.{table}")  # noqa: S608


def test_an_archive_brought_back_long_after_it_was_received_is_found(tmp_path: Path) -> None:
    filled = house(tmp_path)
    old_ms = T0 - 400 * 86_400_000
    lines = [
        {
            "shipment": "S-old",
            "logger": "LG-9",
            "seq": minute,
            "time": old_ms + minute * MINUTE,
            "temperature": {"drug": 5.0},
            "received_at": rfc3339(old_ms + minute * MINUTE + 500),
        }
        for minute in range(30)
    ]
    file = tmp_path / "archive.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    import_all(filled.settings, [file], timezone=None, reader=None, judge=True)
    with filled.serving() as api:
        assert api.get("/v1/shipments/S-old/report.json").status_code == 200
