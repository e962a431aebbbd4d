"""journal, quarantine, ingest and doctor as an operator types them."""

import base64
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coldwitness.cli.main import program
from coldwitness.domain.errors import BadInput
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message, load_or_create_signer
from coldwitness.storage.journal.layout import public_key, segments
from tests.e2e.demo_process import children_of, still_living
from tests.forked import Forked
from tests.ingest.conftest import MemoryCustody, MemoryStore, Mosquitto, wait_until
from tests.ingest.publishing import publish_all, reading, topic

Command = Callable[..., Result]
ROOT = Path(__file__).parents[2]
START_MS = 1_717_243_200_000


def _follower(directory: Path, progress: Progress) -> JournalFollower:
    return JournalFollower(
        JournalReader(directory),
        progress,
        Routes(),
        store=MemoryStore(),
        custody=MemoryCustody(),
        future_tolerance_s=1e9,
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that the environment names, with a journal of good and bad messages."""
    for key, value in environment(tmp_path).items():
        monkeypatch.setenv(key, value)
    directory = tmp_path / "journal"
    signer = load_or_create_signer(directory / "keys" / "signing.key")
    with Journal(directory, worker="w1", signer=signer) as journal:
        journal.append(
            [
                Message(topic(), reading(1), START_MS),
                Message(topic(), b"{broken", START_MS + 1),
                Message("plant/t/7", reading(2), START_MS + 2),
                Message(topic(), b"[" + reading(3) + b",{}]", START_MS + 3),
                Message(topic(), b"\xff\xfe", START_MS + 4),
            ]
        )
    with Progress(directory, "w1") as progress:
        follower = _follower(directory, progress)
        assert follower.step() == 5
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {
        "COLDWITNESS_JOURNAL__DIRECTORY": str(folder / "journal"),
        "COLDWITNESS_STORE__EMBEDDED_FILE": str(folder / "telemetry.sqlite"),
        "COLDWITNESS_STORE__REGISTER_URL": f"sqlite:///{folder}/register.sqlite",
    }


@pytest.fixture
def run() -> Command:
    def command(*words: str) -> Result:
        return CliRunner().invoke(program(words), list(words))

    return command


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_verify_is_silent_about_a_whole_journal_and_names_row_and_file_of_an_edit(
    place: Path, run: Command
) -> None:
    key = str(public_key(place / "journal"))
    good = run("journal", "verify", "--public-key", key)
    assert good.exit_code == 0
    assert good.stdout == (
        "worker w1: proved by signature up to row 5\n1 segments, 5 rows: nothing wrong\n"
    )
    assert run("journal", "verify").exit_code == 3
    database = segments(place / "journal", "w1")[0].database
    connection = sqlite3.connect(database)
    connection.execute("UPDATE message SET payload = x'00' WHERE row = 2")
    connection.commit()
    connection.close()
    bad = run("journal", "verify")
    assert bad.exit_code == 1
    assert f"{database}: row 2" in bad.stdout
    [line] = lines(run("journal", "verify", "--json"))
    assert line["problems"][0]["row"] == 2  # type: ignore[index]


def test_a_folder_that_is_no_journal_is_said_so(run: Command, tmp_path: Path) -> None:
    result = run("journal", "verify", "--directory", str(tmp_path / "nothing"))
    assert isinstance(result.exception, BadInput)
    assert "no such folder" in str(result.exception)


def test_export_prints_every_row_with_its_exact_bytes(place: Path, run: Command) -> None:
    rows = lines(run("journal", "export"))
    assert [row["row"] for row in rows] == [1, 2, 3, 4, 5]
    assert base64.b64decode(str(rows[4]["payload_base64"])) == b"\xff\xfe"
    assert rows[4]["text"] is None
    assert rows[1]["text"] == "{broken"
    assert [r["row"] for r in lines(run("journal", "export", "--after", "3", "--limit", "1"))] == [
        4
    ]


def test_stats_tell_rows_and_size(place: Path, run: Command) -> None:
    [line] = lines(run("journal", "stats", "--json"))
    assert (line["worker"], line["day"], line["rows"]) == ("w1", "2024-06-01", 5)
    assert "5 rows" in run("journal", "stats").stdout


def test_clocks_lists_how_far_each_loggers_clock_is_ahead(place: Path, run: Command) -> None:
    """Of the readings that count, the third lies three minutes after its receipt."""
    [line] = lines(run("journal", "clocks", "--json"))
    assert (line["worker"], line["logger"], line["messages"]) == ("w1", "LG-1", 2)
    assert line["ahead_s"][0] == 179.997  # type: ignore[index]
    assert line["ahead_s"][1] > line["ahead_s"][0]  # type: ignore[index]
    assert "ahead by 180.0 to" in run("journal", "clocks", "--off-by", "179").stdout
    assert run("journal", "clocks", "--off-by", "180").stdout == ""


def test_an_estimate_of_a_clock_is_written_down_even_if_no_further_message_comes(
    place: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = place / "journal"
    with Progress(directory, "w1") as progress:
        follower = _follower(directory, progress)
        follower.step()
        signer = load_or_create_signer(directory / "keys" / "signing.key")
        with Journal(directory, worker="w1", signer=signer) as journal:
            journal.append([Message(topic(), reading(9, logger="LG-9"), START_MS + 9)])
        assert follower.step() == 1
        assert [clock.logger for clock in progress.clocks()] == ["LG-1"]
        monkeypatch.setattr("coldwitness.ingest.following.CLOCKS_EVERY_S", 0.0)
        follower._clocks_due_s = 0.0
        assert follower.step() == 0
        assert [clock.logger for clock in progress.clocks()] == ["LG-1", "LG-9"]


def test_seal_and_expire_and_holds_are_commands(place: Path, run: Command) -> None:
    assert "5 rows sealed" in run("journal", "seal").stdout
    assert run("journal", "expire").stdout == ""
    words = ("journal", "hold", "place", "case-1", "--reason", "court", "--from", "2024-06-01")
    assert "open end are kept" in run(*words).stdout
    assert "case-1" in run("journal", "hold", "list").stdout
    assert "lifted" in run("journal", "hold", "lift", "case-1").stdout
    assert run("journal", "verify").exit_code == 3


def test_quarantine_lists_shows_and_counts(place: Path, run: Command) -> None:
    listed = lines(run("quarantine", "list", "--json"))
    assert [(q["row"], q["part"]) for q in listed] == [(2, None), (3, None), (4, 1), (5, None)]
    assert listed[1]["reason"] == "foreign_topic"
    counts = {
        q["reason"]: q["count"] for q in lines(run("quarantine", "list", "--counts", "--json"))
    }
    assert sum(int(str(count)) for count in counts.values()) == 4
    assert len(lines(run("quarantine", "list", "--reason", "foreign_topic", "--json"))) == 1
    shown = json.loads(run("quarantine", "show", "w1:2").stdout)
    assert shown["text"] == "{broken"
    assert len(shown["refused"]) == 1
    wrong = run("quarantine", "show", "w1-2")
    assert "expected WORKER:ROW" in str(wrong.exception)


def test_replay_stores_what_new_settings_can_read_and_keeps_the_rest(
    place: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = place / "settings.toml"
    settings.write_text('[[formats]]\ntopic = "plant/t/+"\nformat = "native"\n', encoding="utf-8")
    monkeypatch.setenv("COLDWITNESS_CONFIG", str(settings))
    result = run("quarantine", "replay")
    assert result.exit_code == 1
    assert "4 messages read again" in result.stdout
    assert {q["row"] for q in lines(run("quarantine", "list", "--json"))} == {2, 4, 5}
    assert "0 messages" in run("quarantine", "replay", "w1:3").stdout


def test_a_worker_takes_messages_from_the_broker_into_journal_and_stores_and_ends_clean(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    variables = os.environ | environment(tmp_path)
    variables["COLDWITNESS_MQTT__PORT"] = str(mosquitto.port)
    log = (tmp_path / "log").open("w+")
    worker = Forked(["ingest", "--worker", "w7"], cwd=ROOT, env=variables, stderr=log)
    try:
        wait_until(
            lambda: "connected" in (tmp_path / "log").read_text(encoding="utf-8"), within_s=40
        )
        publish_all(mosquitto.port, [(topic(), reading(n)) for n in range(50)])
        index = tmp_path / "journal" / "derived" / "w7.sqlite"
        wait_until(index.exists, within_s=40)
        wait_until(lambda: cursor(index) == 50, within_s=40)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
        log.close()
    with sqlite3.connect(tmp_path / "register.sqlite") as register:
        tables = {name for (name,) in register.execute("SELECT name FROM sqlite_master")}
    register.close()
    assert tables


def test_the_storing_process_of_a_killed_worker_ends_too(tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "coldwitness.cli", "ingest", "--worker", "w7"],
        cwd=ROOT,
        env=os.environ | environment(tmp_path) | {"COLDWITNESS_MQTT__PORT": "1"},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: bool(children_of(worker.pid)), within_s=60)
        storing = children_of(worker.pid)
        wait_until((tmp_path / "telemetry.sqlite").exists, within_s=60)
    finally:
        worker.kill()
        worker.wait()
    assert not still_living(storing, within_s=60)
    written = [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077]
    assert not written, "evidence is for nobody else on the machine"


def cursor(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT row FROM cursor").fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
    return int(found[0]) if found else 0


def test_a_worker_name_that_is_none_and_options_that_exclude_each_other_are_said(
    run: Command,
) -> None:
    assert "small letters" in str(run("ingest", "--worker", "Two Words").exception)
    both = run("ingest", "--receive-only", "--store-only")
    assert "exclude each other" in str(both.exception)


def test_the_doctor_names_what_is_well_and_the_mend_for_what_is_not(
    place: Path, run: Command, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLDWITNESS_HTTP__PORT", "0")
    monkeypatch.setenv("COLDWITNESS_MQTT__PORT", str(mosquitto.port))
    result = run("doctor", "--json")
    states = {line["part"]: line["state"] for line in lines(result)}
    assert result.exit_code == 0
    well = ("broker", "topic rights", "broker limits", "signing key", "fonts", "register")
    assert {part: states[part] for part in well} == dict.fromkeys(well, "ok")
    monkeypatch.setenv("COLDWITNESS_MQTT__PORT", "1")
    monkeypatch.setenv("COLDWITNESS_JOURNAL__MINIMUM_FREE_MB", "1e12")
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAILURE broker: 127.0.0.1:1 cannot connect" in result.stdout
    assert "FAILURE journal room" in result.stdout
    assert "mend: free at least" in result.stdout
