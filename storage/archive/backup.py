"""A backup of journal, register, embedded store and the office's own forms, taken while everything
runs, and its return.

SQLite files are copied through SQLite, so each is a state that was; sealed files never change.
The order is what makes them fit: first ingest's marks (how far the stores are), then stores
and register, the journal last. So a store holds at least what its mark says, and the journal
at least what a store holds; ingest brings in the rest after the restore. A register on PostgreSQL
is copied from one snapshot into a SQLite register. InfluxDB is not copied: rebuild makes it.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, text

from coldwitness.config.settings import Settings, StoreSettings
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.archive.days import sha256_of
from coldwitness.storage.archive.signatures import signature_problem, signed
from coldwitness.storage.archive.unfinished import begun
from coldwitness.storage.journal import existing_signer, layout, load_public_key, signing_key
from coldwitness.storage.journal.durable import force_to_disk
from coldwitness.storage.journal.key_history import read_history
from coldwitness.storage.register import migrate
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.schema import metadata

SCHEMA = "coldwitness.backup/1"
_MANIFEST = "backup.json"
_FORMS = "forms"
_ROWS = 2000


def back_up(settings: Settings, folder: Path, *, with_keys: bool = False) -> dict[str, str]:
    """Copy into `folder`, which must be new or empty, or hold what a backup that was killed left;
    returns file -> sha256.

    with_keys : the signing key too; keep such a backup as you keep the key.
    """
    # Before anything is copied: the history that names the key goes into the backup.
    signer = existing_signer(settings.journal, "backup")
    try:
        with begun(folder, what="a backup"):
            files = _copied(settings, folder, with_keys=with_keys)
            said = {
                "schema": SCHEMA,
                "made_at": rfc3339(int(time.time() * 1000)),
                "telemetry": settings.store.telemetry,
                "files": files,
            }
            text = json.dumps(signed(said, signer), indent=1) + "\n"
            (folder / _MANIFEST).write_text(text, encoding="utf-8")
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"backup {folder}: {error}") from error
    return files


def _copied(settings: Settings, folder: Path, *, with_keys: bool) -> dict[str, str]:
    """Copy all parts in the order that makes them fit; returns file -> sha256."""
    store = settings.store
    journal, copied = settings.journal.directory, folder / "journal"
    copied.mkdir()
    _copy_journal(journal, copied, parts=("derived",), with_keys=with_keys)
    if store.telemetry == "embedded" and store.embedded_file.exists():
        _copy_sqlite(store.embedded_file, folder / "telemetry.sqlite")
    _copy_register(store.register_url, folder / "register.sqlite")
    _copy_journal(journal, copied, parts=("keys", "attached", "segments"), with_keys=with_keys)
    if settings.forms.directory is not None:
        _copy_forms(settings.forms.directory, folder / _FORMS)
    mark = layout.unfinished_mark(folder)
    return {
        str(path.relative_to(folder)): sha256_of(path) for path in _files(folder) if path != mark
    }


def verify_backup(folder: Path, public: Ed25519PublicKey | None = None) -> list[str]:
    """What does not match the backup's list, one line each.

    public : the key that must have signed the list, or vouched for the one that did. Without it
        the copied journal's own public key is used where the list is signed: that shows damage, not
        a forger.
    """
    said = _said(folder)
    files = _manifest(folder, said)
    wrong = []
    keys = folder / "journal" / "keys"
    own = keys / "signing.pub"
    if public is None and "signature" in said and own.is_file():
        public = load_public_key(own)
    problem = signature_problem(said, public, read_history(layout.key_history(folder / "journal")))
    if problem is not None:
        wrong.append(f"{_MANIFEST}: {problem}")
    for name, sha256 in files.items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name}: missing")
        elif sha256_of(path) != sha256:
            wrong.append(f"{name}: not the bytes that were backed up")
    known = {*files, _MANIFEST}
    wrong += [
        f"{path.relative_to(folder)}: not in the backup's list"
        for path in _files(folder)
        if str(path.relative_to(folder)) not in known
    ]
    return wrong


def restore(
    settings: Settings, folder: Path, *, public: Ed25519PublicKey | None = None
) -> list[str]:
    """Put a backup where the settings say, which must hold nothing yet, or what a restore that was
    killed left there; returns what is left to do, one line each. Raises BadInput if the backup is
    damaged, is not signed by the key `public` where one is given, or a place is taken."""
    wrong = verify_backup(folder, public)
    if wrong:
        raise BadInput(f"backup {folder}: {wrong[0]}" + (" and more" if len(wrong) > 1 else ""))
    store = settings.store
    journal, forms = settings.journal.directory, settings.forms.directory
    again = layout.unfinished_mark(journal).exists()
    if not again and (folder / _FORMS).is_dir() and forms is not None and _forms(forms):
        raise BadInput(f"forms {forms}: holds some already; a restore goes into an empty place")
    left = []
    try:
        with begun(journal, what="a restore", elsewhere=_files_of_stores(store)):
            if store.telemetry == "embedded":
                if (folder / "telemetry.sqlite").exists():
                    store.embedded_file.parent.mkdir(parents=True, exist_ok=True)
                    _copy_sqlite(folder / "telemetry.sqlite", store.embedded_file)
                    _sync(store.embedded_file)
                else:
                    left.append("coldwitness rebuild")
            else:
                left += ["coldwitness setup influx", "coldwitness rebuild"]
            _restore_register(folder / "register.sqlite", store.register_url, again=again)
            shutil.copytree(folder / "journal", journal, dirs_exist_ok=True)
            left += _forms_back(folder / _FORMS, forms)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"restore {folder}: {error}") from error
    key = signing_key(settings.journal)
    if not key.exists():
        left.append(f"cp SIGNING.KEY {key}  # the one kept apart: no worker starts without it")
    return left


def _forms(directory: Path) -> list[Path]:
    """The office's own forms; whatever else lies there is none of ours."""
    return sorted(path for path in directory.glob("*") if path.suffix in (".docx", ".toml"))


def _copy_forms(source: Path, target: Path) -> None:
    for path in _forms(source):
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target / path.name)


def _forms_back(source: Path, target: Path | None) -> list[str]:
    """Put the office's forms where the settings say; else what is left to do."""
    if not source.is_dir():
        return []
    if target is None:
        return [f"set [forms] directory to a copy of {source}: the office's own forms"]
    _copy_forms(source, target)
    return []


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as there,
        closing(sqlite3.connect(target)) as here,
    ):
        there.backup(here, pages=4096)
        here.execute("PRAGMA journal_mode=DELETE")


def _copy_register(url: str, target: Path) -> None:
    source = _register_file(url)
    if source is not None:
        if source.exists():
            _copy_sqlite(source, target)
        return
    source_database, copy = Database(url), Database(f"sqlite:///{target}")
    try:
        migrate.require_newest(source_database)
        _copy_tables(source_database, copy)
    finally:
        source_database.close()
        copy.close()
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _register_file(url: str) -> Path | None:
    address = sqlalchemy.make_url(url)
    return Path(str(address.database)) if address.get_backend_name() == "sqlite" else None


def _files_of_stores(store: StoreSettings) -> list[Path]:
    """The databases that a restore makes."""
    register = _register_file(store.register_url)
    made = [store.embedded_file] if store.telemetry == "embedded" else []
    return made if register is None else [*made, register]


def _restore_register(source: Path, url: str, *, again: bool) -> None:
    """again : what stands there is of a restore that was killed."""
    if not source.exists():
        return
    target = _register_file(url)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_sqlite(source, target)
        _sync(target)
        return
    database, kept = Database(url), Database(f"sqlite:///{source}")
    try:
        if not again and migrate.revision_of(database) is not None:
            raise BadInput(f"register {database.shown_url}: holds tables already")
        _copy_tables(kept, database)
    finally:
        database.close()
        kept.close()


def _copy_tables(source: Database, target: Database) -> None:
    """Every row of every table, from one snapshot into new tables."""
    migrate.upgrade(target)
    isolation = {} if source.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    engine = source.engine.execution_options(**isolation)
    with engine.connect() as there, there.begin(), target.write() as here:
        for table in metadata.sorted_tables:
            here.execute(table.delete())
            rows = there.execute(table.select()).mappings()
            while part := rows.fetchmany(_ROWS):
                here.execute(table.insert(), [dict(row) for row in part])
        if not target.is_sqlite:
            _go_on_counting(here)


def _go_on_counting(connection: Connection) -> None:
    """PostgreSQL's counters do not see rows that came with their numbers."""
    for table in metadata.sorted_tables:
        counted = table.autoincrement_column
        if counted is not None:
            # Where the column has no counter after all, there is none to set: NULL changes nothing.
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{counted.name}'),"  # noqa: S608
                    f" (SELECT coalesce(max({counted.name}), 0) + 1 FROM {table.name}), false)"
                )
            )


def _copy_journal(source: Path, target: Path, *, parts: tuple[str, ...], with_keys: bool) -> None:
    for path in (path for part in parts for path in _files(source / part)):
        place = target / path.relative_to(source)
        if path.name.endswith(("-wal", "-shm")) or path.name == "lock" or path.name[0] == ".":
            continue
        if ".key" in path.name and not with_keys:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            if path.suffix == ".sqlite":
                _copy_sqlite(path, place)
            else:
                shutil.copy2(path, place)
        except (FileNotFoundError, sqlite3.OperationalError):
            # The day was sealed between the look and the copy: its sealed files are copied.
            if path.exists():
                raise
            for sealed in path.parent.glob(f"{path.stem}.*"):
                if not sealed.name.endswith((".sqlite", "-wal", "-shm")):
                    shutil.copy2(sealed, target / sealed.relative_to(source))


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _said(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: not a backup: {error}") from error
    if not isinstance(said, dict):
        raise BadInput(f"{path}: not a backup: expected an object")
    return said


def _manifest(folder: Path, said: Mapping[str, Any]) -> dict[str, str]:
    try:
        return {str(name): str(sha256) for name, sha256 in said["files"].items()}
    except (KeyError, AttributeError) as error:
        raise BadInput(f"{folder / _MANIFEST}: not a backup: {error}") from error


def _sync(path: Path) -> None:
    """Force a file, and its entry, to the disk."""
    force_to_disk(path)
    force_to_disk(path.parent)
