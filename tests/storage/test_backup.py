"""A backup taken while everything runs comes back whole, on every database."""

import json
import threading
from pathlib import Path

import pytest

from coldwitness.cli.main import main
from coldwitness.config.settings import FormSettings, Settings, StoreSettings
from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.storage.archive.backup import back_up, restore, verify_backup
from coldwitness.storage.archive.days import sha256_of
from coldwitness.storage.journal import Journal, JournalReader, load_public_key, verify_journal
from coldwitness.storage.journal.layout import unfinished_mark
from coldwitness.storage.ports import StoredCurves
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry import open_telemetry
from tests.storage import evidence
from tests.storage.readings import T0
from tests.storage.results import finding, record, result


def house(folder: Path, register_url: str | None = None) -> Settings:
    stores = StoreSettings(
        embedded_file=folder / "telemetry.sqlite",
        register_url=register_url or f"sqlite:///{folder / 'register.sqlite'}",
        archive_directory=folder / "archive",
    )
    return evidence.settings_of(folder, stores)


def digest(settings: Settings) -> str:
    register = open_register(settings.store.register_url)
    store = open_telemetry(settings.store, register.views)
    try:
        return evidence.digest(store, register)
    finally:
        store.close()
        register.close()


def store_all(settings: Settings) -> None:
    register = open_register(settings.store.register_url)
    store = open_telemetry(settings.store, register.views)
    evidence.store_all(settings, store, register)
    store.close()
    register.close()


def test_a_backup_is_restored_with_everything_in_it(tmp_path: Path) -> None:
    settings = house(tmp_path / "here")
    evidence.journal(settings, evidence.messages())
    store_all(settings)
    register = open_register(settings.store.register_url)
    record(register, result(finding()))
    register.close()
    before = digest(settings)

    back_up(settings, tmp_path / "backup")
    assert verify_backup(tmp_path / "backup") == []
    there = house(tmp_path / "there")
    (key,) = restore(there, tmp_path / "backup")
    assert "no worker starts without it" in key

    assert digest(there) == before
    again = open_register(there.store.register_url)
    assert len(again.clues.after(0)) == 1
    again.close()
    rows = list(JournalReader(there.journal.directory).read("w1"))
    assert rows == list(JournalReader(settings.journal.directory).read("w1"))
    assert not (there.journal.directory / "keys" / "signing.key").exists()
    assert verify_backup(tmp_path / "backup") == []


def test_the_offices_own_forms_come_back_with_it(tmp_path: Path) -> None:
    settings = house(tmp_path / "here")
    evidence.journal(settings, evidence.messages())
    own = tmp_path / "own"
    own.mkdir()
    (own / "12.docx").write_bytes(b"PK of the office")
    (own / "12.toml").write_text("# parts of the office", encoding="utf-8")
    (own / "notes.txt").write_text("nobody's form", encoding="utf-8")
    back_up(_with_forms(settings, own), tmp_path / "backup")
    assert verify_backup(tmp_path / "backup") == []
    there = _with_forms(house(tmp_path / "there"), tmp_path / "there" / "forms")
    assert not [step for step in restore(there, tmp_path / "backup") if "[forms]" in step]
    back = {path.name: path.read_bytes() for path in (tmp_path / "there" / "forms").iterdir()}
    assert back == {name: (own / name).read_bytes() for name in ("12.docx", "12.toml")}
    taken = _with_forms(house(tmp_path / "taken"), own)
    with pytest.raises(BadInput, match="holds some already"):
        restore(taken, tmp_path / "backup")
    assert not (tmp_path / "taken" / "journal").exists(), "nothing was put back"
    without = house(tmp_path / "without")
    assert any("[forms] directory" in step for step in restore(without, tmp_path / "backup"))
    (tmp_path / "backup" / "forms" / "12.docx").write_bytes(b"another")
    assert verify_backup(tmp_path / "backup") == [
        "forms/12.docx: not the bytes that were backed up"
    ]


def _with_forms(settings: Settings, directory: Path) -> Settings:
    return settings.model_copy(update={"forms": FormSettings(directory=directory)})


def test_a_backup_without_a_folder_goes_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, away = house(tmp_path / "here"), tmp_path / "away"
    evidence.journal(settings, evidence.messages(shipments=1, minutes=2))
    monkeypatch.setenv("COLDWITNESS_JOURNAL__DIRECTORY", str(settings.journal.directory))
    assert main(["backup"]) == 2
    monkeypatch.setenv("COLDWITNESS_STORE__BACKUP_DIRECTORY", str(away))
    assert main(["backup"]) == 2
    assert "store.backup_directory" in capsys.readouterr().err
    away.mkdir()
    (away / "2026-11-29T010203Z").mkdir()
    unfinished_mark(away / "2026-11-29T010203Z").touch()
    assert main(["backup"]) == 0, "that of a backup that was killed"
    assert main(["backup"]) == 0
    made = sorted(away.iterdir())
    assert len(made) == 2
    assert [verify_backup(folder) for folder in made] == [[], []]


def test_a_backup_beside_live_ingest_loses_nothing(tmp_path: Path) -> None:
    settings = house(tmp_path / "here")
    sent = evidence.messages()
    evidence.journal(settings, sent[:40])
    store_all(settings)
    stop = threading.Event()

    def ingest() -> None:
        for one in sent[40:]:
            evidence.journal(settings, [one])
            store_all(settings)
            if stop.is_set():
                return

    thread = threading.Thread(target=ingest)
    thread.start()
    back_up(settings, tmp_path / "backup")
    stop.set()
    thread.join()

    there = house(tmp_path / "there")
    restore(there, tmp_path / "backup")
    store_all(there)
    kept = len(list(JournalReader(there.journal.directory).read("w1")))
    assert kept >= 40
    whole = house(tmp_path / "whole")
    evidence.journal(whole, sent[:kept])
    store_all(whole)
    assert digest(there) == digest(whole)


def test_a_register_on_postgresql_is_backed_up_and_restored(
    tmp_path: Path, postgres_url: str, other_postgres_url: str
) -> None:
    settings = house(tmp_path / "here", postgres_url)
    evidence.journal(settings, evidence.messages())
    store_all(settings)
    register = open_register(postgres_url)
    record(register, result(finding()))
    register.audit.note(actor="a", action="b", subject="c", now_ms=T0)
    register.copies.keep_curves({"S-1": StoredCurves(keys=(1, 2), body=b"first")})
    before = digest(settings)

    back_up(settings, tmp_path / "backup")
    there = house(tmp_path / "there", other_postgres_url)
    restore(there, tmp_path / "backup")

    assert digest(there) == before
    again = open_register(other_postgres_url)
    assert again.results.of("S-1") == register.results.of("S-1")
    again.audit.note(actor="a", action="later", subject="c", now_ms=T0)
    assert [entry.action for entry in again.audit.entries()] == ["b", "later"]
    again.copies.keep_curves({"S-2": StoredCurves(keys=(2, 3), body=b"second")})
    assert again.copies.similar_curves({"S-2": [2]}, partners=5) == {"S-1": b"first"}
    register.close()
    again.close()


@pytest.mark.parametrize("damage", ["flip", "drop", "add"])
def test_a_damaged_backup_is_refused(tmp_path: Path, damage: str) -> None:
    settings = house(tmp_path / "here")
    evidence.journal(settings, evidence.messages(shipments=1))
    store_all(settings)
    folder = tmp_path / "backup"
    back_up(settings, folder)
    victim = folder / "telemetry.sqlite"
    if damage == "flip":
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    elif damage == "drop":
        victim.unlink()
    else:
        (folder / "more").write_bytes(b"x")

    with pytest.raises(BadInput, match=r"telemetry\.sqlite|more"):
        restore(house(tmp_path / "there"), folder)
    assert not (tmp_path / "there").exists()


def test_a_backup_whose_list_was_written_anew_is_refused_by_its_signature(tmp_path: Path) -> None:
    settings = house(tmp_path / "here")
    evidence.journal(settings, evidence.messages(shipments=1))
    store_all(settings)
    folder = tmp_path / "backup"
    back_up(settings, folder)
    public = load_public_key(settings.journal.directory / "keys" / "signing.pub")
    assert verify_backup(folder, public) == []

    victim, listed = folder / "telemetry.sqlite", folder / "backup.json"
    victim.write_bytes(victim.read_bytes() + bytes(4096))
    said = json.loads(listed.read_text())
    said["files"]["telemetry.sqlite"] = sha256_of(victim)
    listed.write_text(json.dumps(said))
    for key in (public, None):
        with pytest.raises(BadInput, match="signature"):
            restore(house(tmp_path / "there"), folder, public=key)
    del said["signature"]
    listed.write_text(json.dumps(said))
    with pytest.raises(BadInput, match="not signed"):
        restore(house(tmp_path / "there"), folder, public=public)
    assert not (tmp_path / "there").exists()


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    settings = house(tmp_path / "here")
    evidence.journal(settings, evidence.messages(shipments=1))
    store_all(settings)
    back_up(settings, tmp_path / "backup")

    with pytest.raises(BadInput, match="empty"):
        back_up(settings, tmp_path / "backup")
    with pytest.raises(BadInput, match="not empty"):
        restore(settings, tmp_path / "backup")
    with pytest.raises(BadInput, match="not a backup"):
        restore(house(tmp_path / "there"), tmp_path / "here")


def test_a_restored_journal_goes_on_with_its_own_key_and_with_no_other(tmp_path: Path) -> None:
    settings = house(tmp_path / "here")
    evidence.journal(settings, evidence.messages())
    store_all(settings)
    back_up(settings, tmp_path / "backup")
    back_up(settings, tmp_path / "keyed", with_keys=True)
    there, keyed = house(tmp_path / "there"), house(tmp_path / "keyed there")
    restore(there, tmp_path / "backup")
    with pytest.raises(ConfigError, match="missing, but there is a journal"):
        Journal.open(there.journal)
    assert restore(keyed, tmp_path / "keyed") == []
    with Journal.open(keyed.journal) as journal:
        assert journal.last_row == len(evidence.messages())


def test_a_restored_journal_still_proves_itself(tmp_path: Path) -> None:
    settings = house(tmp_path / "here")
    evidence.journal(settings, evidence.messages(shipments=1))
    store_all(settings)
    back_up(settings, tmp_path / "backup", with_keys=True)
    there = house(tmp_path / "there")
    restore(there, tmp_path / "backup")
    reports = list(verify_journal(there.journal.directory, public=None))
    assert reports
    assert all(not report.problems for report in reports)
