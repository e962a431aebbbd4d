"""Upgrade and both ways back, with the data that an earlier program left in place."""

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from coldwitness.cli.main import program
from coldwitness.storage.register import migrate
from coldwitness.storage.register.database import Database

EARLIER = "0021"
"""Before alarms, webhooks' owners and challenges of probes."""


def run(folder: Path, *arguments: str) -> Result:
    asked = ["--config", str(folder / "coldwitness.toml"), *arguments]
    return CliRunner().invoke(program(asked), asked)


def done(folder: Path, *arguments: str) -> str:
    result = run(folder, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def settings(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "coldwitness.toml").write_text(
        f"""
[journal]
directory = "{folder}/journal"
[store]
embedded_file = "{folder}/telemetry.sqlite"
register_url = "sqlite:///{folder}/register.sqlite"
archive_directory = "{folder}/archive"
[judging]
default_storage = "refrigerated"
""",
        encoding="utf-8",
    )


def revision(folder: Path) -> str | None:
    database = Database(f"sqlite:///{folder}/register.sqlite")
    try:
        return migrate.revision_of(database)
    finally:
        database.close()


def to_revision(folder: Path, wanted: str) -> None:
    database = Database(f"sqlite:///{folder}/register.sqlite")
    try:
        migrate.downgrade(database, to=wanted)
    finally:
        database.close()


def kept(folder: Path) -> dict[str, tuple[str, int, str]]:
    """Of each shipment its verdict, version, and what its result says, as the register has it."""
    database = Database(f"sqlite:///{folder}/register.sqlite")
    try:
        with database.read() as connection:
            newest = "SELECT shipment, max(version), verdict, digest FROM results GROUP BY shipment"
            rows = connection.execute(text(newest))
            return {row[0]: (row[2], row[1], row[3]) for row in rows}
    finally:
        database.close()


def kept_key(folder: Path) -> Path:
    """The public key that somebody kept elsewhere."""
    return folder.parent / "kept.pub"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an earlier program left: journal, telemetry, and a register of its revision."""
    folder = tmp_path_factory.mktemp("office")
    settings(folder)
    lines = [
        json.dumps(
            {
                "shipment": f"ZB-{shipment}",
                "logger": f"LG-{shipment}",
                "courier": "ql-express",
                "box": f"BX-{shipment}",
                "time": f"2026-11-20T01:{minute:02d}:00Z",
                "temperature": {"drug": 14.0 if shipment % 2 and minute > 20 else 5.0},
            }
        )
        for shipment in range(6)
        for minute in range(40)
    ]
    (folder / "readings.ndjson").write_text("\n".join(lines), encoding="utf-8")
    done(folder, "import", str(folder / "readings.ndjson"))
    to_revision(folder, EARLIER)
    return folder


@pytest.fixture
def earlier(office: Path, tmp_path: Path) -> Path:
    """The same, of this test alone."""
    folder = tmp_path / "office"
    shutil.copytree(office, folder)
    shutil.copy(office / "journal" / "keys" / "signing.pub", kept_key(folder))
    settings(folder)
    return folder


def test_an_upgrade_keeps_every_result_and_the_journal_agrees(earlier: Path) -> None:
    before = kept(earlier)
    assert [verdict for verdict, _, _ in before.values()].count("breach") == 3
    assert revision(earlier) == EARLIER
    done(earlier, "backup", str(earlier.parent / "backup"))
    done(earlier, "db", "upgrade")
    assert revision(earlier) == migrate.newest_revision()
    assert kept(earlier) == before
    done(earlier, "journal", "verify", "--public-key", str(kept_key(earlier)))
    said = run(earlier, "doctor", "--deep", "--json")
    states = [json.loads(line) for line in said.output.splitlines()]
    assert [one for one in states if one["state"] == "failure"] == []
    assert len(states) == 3


def test_the_backup_of_before_is_put_back_as_it_was_and_can_be_upgraded_again(
    earlier: Path,
) -> None:
    before = kept(earlier)
    backup = earlier.parent / "backup"
    taken_at = revision(earlier)
    shutil.copy(earlier / "register.sqlite", earlier.parent / "register.before")
    done(earlier, "backup", str(backup), "--with-keys")
    done(earlier, "restore", str(backup), "--check")
    done(earlier, "db", "upgrade")
    back = earlier.parent / "back"
    settings(back)
    done(back, "restore", str(backup))
    assert revision(back) == taken_at, "tables of the program that made the backup"
    assert kept(back) == before
    done(back, "journal", "verify", "--public-key", str(kept_key(earlier)))
    done(back, "db", "upgrade")
    assert kept(back) == before
    assert "failure" not in run(back, "doctor", "--deep", "--json").output


def test_tables_go_back_with_the_data_in_place_and_up_again(earlier: Path) -> None:
    before = kept(earlier)
    done(earlier, "db", "upgrade")
    done(earlier, "db", "downgrade", EARLIER)
    assert (revision(earlier), kept(earlier)) == (EARLIER, before)
    done(earlier, "db", "upgrade")
    assert kept(earlier) == before


def test_a_program_refuses_a_register_that_is_newer_than_it(earlier: Path) -> None:
    done(earlier, "db", "upgrade")
    database = Database(f"sqlite:///{earlier}/register.sqlite")
    try:
        with database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    finally:
        database.close()
    said = run(earlier, "db", "revision")
    assert "9999" in said.output
    for asked in (("users", "list"), ("db", "upgrade"), ("doctor",)):
        refused = run(earlier, *asked)
        assert refused.exit_code != 0
        told = refused.output + str(refused.exception)
        assert "at revision 9999, this program needs" in told, asked
    assert revision(earlier) == "9999"
