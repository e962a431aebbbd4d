"""Whoever changes the stores gets no signature: a report is what the journal's rows say."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from struct import pack, unpack

import msgspec
import pytest

from coldwitness.cli.main import main
from coldwitness.config.settings import Settings, StoreSettings
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.journal.layout import public_key
from coldwitness.storage.opening import stores
from tests.storage.evidence import journal, message, messages, settings_of, store_all
from tests.storage.readings import MINUTE, T0

Report = Callable[..., tuple[int, str]]
SHIPMENT = "S-1"
CHANGES = (
    "DELETE FROM reading_1 WHERE time_ms = ?",
    "UPDATE reading_1 SET record = cooled(record) WHERE time_ms = ?",
    "UPDATE reading_1 SET received_ms = received_ms - 1000 WHERE time_ms = ?",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three journeys in a journal and in the stores, half of the readings naming no shipment."""
    store = StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
    )
    made = settings_of(tmp_path, store)
    foreign = {"shipment": SHIPMENT, "event": "opened", "time": T0 + 50 * MINUTE}
    journal(made, [*messages(), message([foreign], what="events", received_ms=T0 + 99 * MINUTE)])
    with stores(store) as (telemetry, register):
        store_all(made, telemetry, register)
    return made


@pytest.fixture
def report(
    settings: Settings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Report:
    config = tmp_path / "coldwitness.toml"
    config.write_text(
        f'[journal]\ndirectory = "{settings.journal.directory}"\n'
        f'[store]\nembedded_file = "{settings.store.embedded_file}"\n'
        f'register_url = "{settings.store.register_url}"\n'
    )
    monkeypatch.chdir(tmp_path)

    def run(*more: str) -> tuple[int, str]:
        arguments = ("report", SHIPMENT, "--storage", "refrigerated", *more)
        code = main(["--config", str(config), *arguments])
        return code, capsys.readouterr().err

    return run


def cooled(record: bytes) -> bytes:
    """The record with its one probe, the last number in it, half a degree lower."""
    (drug_c,) = unpack("<d", record[-8:])
    return record[:-8] + pack("<d", drug_c - 0.5)


def change(file: Path, statement: str, *values: object) -> int:
    connection = sqlite3.connect(file)
    connection.create_function("cooled", 1, cooled)
    with connection:
        changed = connection.execute(statement, values).rowcount
    connection.close()
    return changed


def test_untouched_stores_are_signed_for(report: Report, tmp_path: Path) -> None:
    assert report("-o", "r.json", "--package", "r.zip") == (0, "")
    assert main(["verify", "r.zip", "--key", str(public_key(tmp_path / "journal"))]) == 0


def test_readings_taken_out_of_the_store_stop_report_and_package_and_are_named_by_row(
    report: Report, settings: Settings, tmp_path: Path
) -> None:
    from_ms = T0 + 50 * MINUTE
    statement = "DELETE FROM reading_1 WHERE time_ms BETWEEN ? AND ?"
    assert change(settings.store.embedded_file, statement, from_ms, from_ms + 9 * MINUTE) >= 10
    for form in (("-o", "r.json"), ("--package", "r.zip")):
        code, said = report(*form)
        assert code == 2
        assert "record_altered" in said
        assert "w1 row" in said
        assert not (tmp_path / form[1]).exists()


def test_rows_taken_out_of_store_and_index_alike_are_told_by_the_signed_tally(
    report: Report, settings: Settings, tmp_path: Path
) -> None:
    assert report("-o", "x.json")[0] == 0, "the index is made"
    folder = settings.journal.directory
    when = T0 + 51 * MINUTE
    hidden = next(
        row
        for row in JournalReader(folder).read("w1")
        if b'"S-1"' in row.payload and rfc3339(when).encode() in row.payload
    )
    for file in (folder / "derived" / "rows" / "w1").glob("*.sqlite"):
        change(file, "DELETE FROM named WHERE row = ?", hidden.row)
    assert change(tmp_path / "telemetry.sqlite", CHANGES[0], when) == 1
    code, said = report("-o", "y.json")
    assert (code, "record_altered" in said, f"w1 row {hidden.row}" in said) == (2, True, True)


def test_an_event_moved_in_the_register_stops_the_report(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "register.sqlite"
    connection = sqlite3.connect(file)
    query = "SELECT digest, body FROM events WHERE shipment = ? ORDER BY time_ms DESC"
    digest, body = connection.execute(query, (SHIPMENT,)).fetchone()
    connection.close()
    moved = msgspec.json.decode(body) | {"time_ms": msgspec.json.decode(body)["time_ms"] - MINUTE}
    statement = "UPDATE events SET body = ?, time_ms = ? WHERE digest = ?"
    assert change(file, statement, msgspec.json.encode(moved), moved["time_ms"], digest) == 1
    code, said = report("-o", "r.json")
    assert (code, "record_altered" in said, "event delivered" in said) == (2, True, True)


def test_a_stay_shortened_in_the_register_stops_the_report(report: Report, tmp_path: Path) -> None:
    statement = "UPDATE stays SET end_ms = end_ms - ? WHERE shipment = ?"
    assert change(tmp_path / "register.sqlite", statement, 5 * MINUTE, SHIPMENT) == 1
    code, said = report("-o", "r.json")
    assert (code, "record_altered" in said) == (2, True)


def test_30_of_30_omissions_and_edits_of_single_readings_are_found(
    report: Report, settings: Settings
) -> None:
    file, draw = settings.store.embedded_file, random.Random(14)
    whole = file.read_bytes()
    for case in range(30):
        time_ms = T0 + draw.randrange(41, 74) * MINUTE
        statement = CHANGES[case % len(CHANGES)]
        assert change(file, statement, time_ms) >= 1, case
        code, said = report("-o", "r.json")
        assert (code, "record_altered" in said) == (2, True), (case, said)
        file.write_bytes(whole)
        for beside in ("-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
