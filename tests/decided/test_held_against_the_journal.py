"""`doctor --deep`, `audit`, the heads that the register keeps: what is changed is told."""

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coldwitness.cli.main import USAGE, program
from coldwitness.domain.errors import ColdWitnessError
from tests.decided.house import House, house
from tests.decided.test_reports_from_the_journal import SHIPMENT, fill, report, thinned
from tests.storage.readings import MINUTE, T0

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def filled(tmp_path: Path) -> House:
    made = house(tmp_path)
    with made.serving() as api:
        fill(api)
        made.wait_until_judged()
        assert report(api).status_code == 200
    return made


@pytest.fixture
def run(filled: House, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the house's settings: exit code and output."""
    store = filled.settings.store
    monkeypatch.setenv("COLDWITNESS_JOURNAL__DIRECTORY", str(filled.settings.journal.directory))
    monkeypatch.setenv("COLDWITNESS_STORE__EMBEDDED_FILE", str(store.embedded_file))
    monkeypatch.setenv("COLDWITNESS_STORE__REGISTER_URL", store.register_url)
    monkeypatch.setattr("coldwitness.cli.deep._PAUSE_S", 0.0)

    def invoke(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(program(arguments), arguments)
        if isinstance(result.exception, ColdWitnessError):
            return USAGE, str(result.exception)
        return result.exit_code, result.output

    return invoke


def deep(run: Run) -> dict[str, tuple[str, str]]:
    _, output = run("doctor", "--deep", "--json")
    said = [json.loads(line) for line in output.splitlines()]
    return {one["part"]: (one["state"], one["text"]) for one in said}


def test_what_is_untouched_is_well(run: Run) -> None:
    assert {part: state for part, (state, _) in deep(run).items()} == {
        "journal": "ok",
        "decisions": "ok",
        "canonical export": "ok",
    }


def test_deep_finds_what_was_changed_in_store_register_and_index_alike(
    run: Run, filled: House
) -> None:
    thinned(filled)
    shutil.rmtree(filled.folder / "journal" / "derived" / "rows")
    filled.sql("UPDATE manifests SET body = replace(body, 'refrigerated', 'room')")
    with closing(sqlite3.connect(filled.folder / "telemetry.sqlite")) as store, store:
        later = "UPDATE reading_1 SET received_ms = received_ms - 1000 WHERE time_ms = ?"
        assert store.execute(later, (T0 + 45 * MINUTE,)).rowcount
    found = deep(run)
    assert found["journal"][0] == "ok"
    assert found["decisions"] == ("failure", f"manifest: 1; manifest {SHIPMENT}")
    state, text = found["canonical export"]
    assert state == "failure"
    assert "journalled, not stored" in text
    assert run("doctor", "--deep")[0] == 1
    assert run("rebuild")[0] == 0
    assert all(state == "ok" for state, _ in deep(run).values())


def test_the_audit_trail_is_held_against_its_rows(run: Run, filled: House) -> None:
    code, output = run("audit", "verify")
    assert (code, "nothing wrong" in output) == (0, True)
    exported = [json.loads(line) for line in run("audit", "export")[1].splitlines()]
    assert [line["action"] for line in exported][:2] == ["put_manifest", "register_boxes"]
    assert all(line["worker"] == "api" and line["row"] > 0 for line in exported)
    filled.sql("UPDATE audit SET actor = 'somebody else' WHERE action = 'put_manifest'")
    filled.sql("DELETE FROM audit WHERE action = 'add_review'")
    code, output = run("audit", "verify")
    assert code == 1
    assert "in no row" in output
    assert "somebody else" in output
    assert "gone from the trail" in output
    assert "3 problems" in output


def test_heads_kept_by_somebody_else_are_fetched_by_url(run: Run, filled: House) -> None:
    segments = filled.settings.journal.directory / "segments" / "w1"
    (kept,) = [path.read_bytes() for path in segments.glob("*.heads")]
    with serving(kept) as url:
        assert run("journal", "verify", "--heads", url)[0] == 0
        (head,) = kept.splitlines()[-1:]
        forged = json.loads(head) | {"chain": "0" * 64}
    with serving(json.dumps(forged).encode()) as url:
        assert run("journal", "verify", "--heads", url)[0] == 1
    with serving(b"<html>") as url:
        assert run("journal", "verify", "--heads", url)[0] == 2
    assert run("journal", "verify", "--heads", "http://127.0.0.1:1/heads")[0] == 2


def test_an_answer_of_the_feed_of_clues_is_a_witness(run: Run, filled: House) -> None:
    with filled.serving() as api:
        kept = api.get("/v1/clues").json()
    assert {one["worker"] for one in kept["heads"]} >= {"api", "w1"}
    file = filled.folder / "kept.json"
    file.write_text(json.dumps(kept))
    code, output = run("journal", "verify", "--heads", str(file))
    assert (code, "by a head kept elsewhere" in output) == (0, True)
    (filled.folder / "journal" / "segments" / "w1" / "origin").write_text("another/w1")
    assert run("journal", "verify", "--heads", str(file))[0] == 1


@contextmanager
def serving(body: bytes) -> Iterator[str]:
    """A web server that gives this and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/kept"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cut_back(folder: Path) -> None:
    """Everything that the folder has of one worker is put back to before it existed."""
    shutil.rmtree(folder / "journal" / "segments" / "w1")
    shutil.rmtree(folder / "journal" / "derived")


def test_a_journal_that_is_gone_with_all_that_is_derived_is_told_by_the_register(
    run: Run, filled: House
) -> None:
    assert run("journal", "verify")[0] == 3
    cut_back(filled.folder)
    code, output = run("journal", "verify")
    assert code == 1
    assert "missing" in output


def test_a_journal_put_back_to_an_earlier_state_is_told_by_the_register(
    run: Run, filled: House
) -> None:
    before = filled.folder / "before"
    shutil.copytree(filled.folder / "journal", before)
    with filled.serving() as api:
        assert api.put("/v1/boxes/BX-7", json={"model": "EPS-18L"}).status_code == 201
    assert run("journal", "verify")[0] == 3
    shutil.rmtree(filled.folder / "journal")
    before.rename(filled.folder / "journal")
    code, output = run("journal", "verify")
    assert code == 1
    assert "api" in output
    assert "truncated" in output
