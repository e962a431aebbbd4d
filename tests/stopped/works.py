"""What is stopped at each of its steps: a small world, a command in it, and what is compared."""

import json
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec

from coldwitness.cli.main import main
from coldwitness.cli.store_files import FOR_OTHERS
from coldwitness.config.settings import Settings, load_settings
from coldwitness.judging.archiving import facts_to_archive
from coldwitness.storage.archive.backup import verify_backup
from coldwitness.storage.archive.days import seal_days, sealed_days, verify_archive
from coldwitness.storage.decided.redaction import unlike_orders
from coldwitness.storage.journal import (
    JournalReader,
    journal_public_key,
    verify_journal,
)
from coldwitness.storage.journal.key_history import newest
from coldwitness.storage.journal.role_keys import history_of
from coldwitness.storage.opening import stores
from coldwitness.storage.register import migrate, open_register
from coldwitness.storage.register.database import Database
from tests.stopped.row_indexes import INDEX, index_problems
from tests.stopped.services import (
    all_judged,
    all_stored,
    fed,
    received_state,
    verdicts_state,
)
from tests.stopped.trials import Driver
from tests.storage import evidence
from tests.storage.readings import MINUTE, T0, reading

_DAY_MS = 86_400_000
_YEARS_AGO_MS = 8 * 365 * _DAY_MS
_OWN = ("cw.toml", "manifest.json", "readings.ndjson")
"""Written by the tests."""
_BROKER = "demo/broker/"
"""The demo's broker is a program of others, with files of its own."""
_PASSING = ("-wal", "-shm", "/lock", "-journal")
"""Endings of files that come and go by themselves with each opening."""
_LOCKS = re.compile(r"/derived(/closing-[^/]+)?$")
"""Empty files that a worker's days are closed under, and their folder, made where they are not
there: one that a power cut took back, after all was sealed, says nothing."""
_THERE = "expected a new or empty folder"
MANIFEST = {
    "id": "S-0",
    "courier": {"id": "ql"},
    "box": {"id": "BX-1"},
    "items": [{"name": "胰岛素", "category": "drug", "storage": "refrigerated"}],
}


@dataclass(frozen=True)
class Work:
    """One command. prepare : makes the world in a folder. arguments : the command's. looks : what
    the world has to come to, besides which files there are. done : the words with which it is
    refused where it was stopped after all was done. beside : what a service needs beside it, and
    what drives it."""

    name: str
    prepare: Callable[[Path], None]
    arguments: Callable[[Path], list[str]]
    looks: Callable[[Path], object]
    done: str = ""
    beside: Callable[[Path], AbstractContextManager[Driver | None]] = lambda _: nullcontext()


def settings_at(folder: Path) -> Settings:
    return load_settings(folder / "cw.toml")


def _settle(folder: Path) -> Settings:
    """Settings whose every place lies below the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cw.toml").write_text(
        f'[journal]\ndirectory = "{folder}/journal"\ncommit_ms = 0\n'
        f'[store]\nembedded_file = "{folder}/telemetry.sqlite"\n'
        f'register_url = "sqlite:///{folder}/register.sqlite"\n'
        f'archive_directory = "{folder}/archive"\n'
    )
    return settings_at(folder)


def _command(*words: str) -> Callable[[Path], list[str]]:
    return lambda folder: [
        "--config",
        str(folder / "cw.toml"),
        *(word.replace("{}", str(folder)) for word in words),
    ]


def _evidence(folder: Path, *, earlier_ms: int = 0) -> Settings:
    """A journal of one short delivery, followed into stores; it lies `earlier_ms` back."""
    settings = _settle(folder)
    sent = evidence.messages(shipments=1, minutes=6)
    sent = [msgspec.structs.replace(one, received_ms=one.received_ms - earlier_ms) for one in sent]
    evidence.journal(settings, sent)
    return settings


def _nothing_yet(folder: Path) -> None:
    _settle(folder)


def _open_day(folder: Path) -> None:
    _evidence(folder)


def _old_days(folder: Path) -> None:
    """Sealed days that are older than anything has to be kept."""
    _evidence(folder, earlier_ms=_YEARS_AGO_MS)
    _run(folder, "journal", "seal")
    _run(folder, "db", "upgrade")


def _sealed_and_stored(folder: Path) -> None:
    _stored(folder)
    _run(folder, "journal", "seal")


def _in_stores(folder: Path) -> None:
    _stored(folder)


def _stored(folder: Path) -> Settings:
    settings = _evidence(folder)
    with stores(settings.store) as (store, register):
        evidence.store_all(settings, store, register)
    return settings


def _reported_on(folder: Path) -> None:
    """A report was signed: what makes the package's key is stopped there."""
    _stored(folder)
    _run(folder, "report", "S-0", "-o", str(folder / "r.json"))
    (folder / "r.json").unlink()


def _archived(folder: Path) -> None:
    """A sealed day of the archive, and a reading that came after it was sealed."""
    settings = _stored(folder)
    _run(folder, "archive", "seal")
    with stores(settings.store) as (store, _):
        store.append([reading(3, shipment="S-0", drug=7.5, logger="LG-late")], [T0 + 9 * MINUTE])


def _backed_up(folder: Path) -> None:
    """A backup, and the places it came from empty."""
    there = folder / "there"
    _stored(there)
    _run(there, "backup", "--with-keys", str(folder / "backup"))
    _remove(there)
    _settle(folder)


def _old_archive(folder: Path) -> None:
    """Sealed days of the archive that are older than anything has to be kept, in two revisions."""
    settings = _settle(folder)
    with stores(settings.store) as (store, register):
        for minute in (0, 1):
            one = msgspec.structs.replace(reading(minute), time_ms=T0 - _YEARS_AGO_MS + minute)
            store.append([one], [T0])
            seal_days(
                store,
                register,
                settings.store.archive_directory,
                before_ms=T0,
                facts=facts_to_archive(store, register),
            )


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def _import_files(folder: Path) -> None:
    _settle(folder)
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    lines = [
        {"shipment": "S-0", "logger": "LG-1", "seq": n, "time": T0 + n * MINUTE}
        | {"temperature": {"drug": 5.0 + n}, "received_at": T0 + n * MINUTE + 500}
        for n in range(8)
    ]
    (folder / "readings.ndjson").write_text("".join(json.dumps(one) + "\n" for one in lines))


def _old_register(folder: Path) -> None:
    settings = _stored(folder)
    with closing(Database(settings.store.register_url)) as database:
        migrate.downgrade(database, to="0015")


def work_named(name: str) -> Work:
    return next(work for work in WORKS if work.name == name)


def _run(folder: Path, *words: str) -> None:
    assert main([*_command(*words)(folder)]) == 0


def files(folder: Path) -> list[str]:
    """Names of all files and folders, but for those that come and go with each opening."""
    found = [str(path.relative_to(folder)) for path in folder.rglob("*")]
    kept = (name for name in found if not name.startswith((INDEX, _BROKER)))
    lasting = (name for name in kept if not f"/{name}".endswith(_PASSING))
    return sorted(name for name in lasting if not _LOCKS.search(f"/{name}"))


def journal_state(folder: Path) -> object:
    """Problems of the journal, and its loggers' rows."""
    settings = settings_at(folder)
    directory = settings.journal.directory
    reports = verify_journal(directory, public=journal_public_key(settings.journal))
    reader = JournalReader(directory)
    digest = sha256()
    for row in reader.read("w1"):
        digest.update(repr((row.row, row.topic, row.payload, row.received_ms)).encode())
    problems = [problem.text for report in reports for problem in report.problems]
    states = [(one.segment.worker, one.segment.day, one.segment.state) for one in reports]
    mine = [state for state in states if state[0] == "w1"]
    return problems, unlike_orders(directory, reports), mine, digest.hexdigest()


def journal_problems(folder: Path) -> object:
    settings = settings_at(folder)
    reports = verify_journal(
        settings.journal.directory, public=journal_public_key(settings.journal)
    )
    return [problem.text for report in reports for problem in report.problems]


def open_to_others(folder: Path) -> list[str]:
    """What anybody else on the machine has a right on, but for what the test wrote itself."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.name not in _OWN and path.stat().st_mode & FOR_OTHERS
    ]


def _demo_state(folder: Path) -> object:
    """What was found of each shipment and its verdict, and that what was journalled holds.

    Of two equal records the one that came later is the copy. A morning of a second brings both
    within the margin of that, so their verdict depends on how fast the machine was."""
    demo = folder / "demo"
    reports = verify_journal(demo / "journal", public=None)
    problems = [problem.text for report in reports for problem in report.problems]
    url = f"sqlite:///{demo}/register.sqlite"
    with closing(open_register(url)) as register:
        results = register.results.newest([row.id for row in register.shipments.rows(limit=100)])
    judged = []
    for shipment, result in sorted(results.items()):
        kinds = sorted({f"{one.kind}/{one.subtype}" for one in result.findings})
        verdict = "" if "data_integrity/copied" in kinds else result.verdict
        judged.append((shipment, kinds, verdict))
    return problems, judged, open_to_others(folder)


def views_state(folder: Path) -> object:
    """Readings, events, and what the register says of each shipment."""
    settings = settings_at(folder)
    with stores(settings.store) as (store, register):
        canonical = evidence.digest(store, register)
        rows = register.shipments.rows(limit=100)
        shown = [(row.id, row.verdict, row.result_version > 0) for row in rows]
        clues = len(register.clues.after(0))
        stays = register.custody.stays([row.id for row in rows])
    return canonical, shown, clues, stays


def archive_state(folder: Path) -> object:
    directory = settings_at(folder).store.archive_directory
    days = [(one.day, one.revision, one.content) for one in sealed_days(directory)]
    return verify_archive(directory), days


def _all_of(*looks: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda folder: [look(folder) for look in looks]


_restored_state = _all_of(journal_state, views_state)


def _backup_state(folder: Path) -> object:
    return verify_backup(folder / "backup")


def _keys_state(folder: Path) -> object:
    """Each role has a key in force, and nothing else lies there."""
    history = history_of(settings_at(folder).journal)
    roles = [newest(history, role) is not None for role in ("log", "package", "backup")]
    return roles, journal_state(folder)


def _report_state(folder: Path) -> object:
    made = [folder / name for name in ("p.zip", "r.json") if (folder / name).exists()]
    verified = [(path.name, main(["verify", str(path)])) for path in made]
    return verified, index_problems(settings_at(folder)), journal_state(folder)


WORKS: Sequence[Work] = (
    Work("journal seal", _open_day, _command("journal", "seal"), journal_state),
    Work("archive seal", _in_stores, _command("archive", "seal"), archive_state),
    Work("late archive seal", _archived, _command("archive", "seal"), archive_state),
    Work(
        "backup", _in_stores, _command("backup", "--with-keys", "{}/backup"), _backup_state, _THERE
    ),
    Work(
        "restore",
        _backed_up,
        _command("restore", "{}/backup"),
        _all_of(journal_state, views_state),
        _THERE,
    ),
    Work(
        "import",
        _import_files,
        _command("import", "{}/manifest.json", "{}/readings.ndjson"),
        views_state,
    ),
    Work("rebuild", _in_stores, _command("rebuild"), _all_of(journal_state, views_state)),
    Work("expire", _old_days, _command("journal", "expire", "--delete"), journal_state),
    Work("archive prune", _old_archive, _command("archive", "prune"), archive_state),
    Work(
        "redact",
        _in_stores,
        _command("journal", "redact", "w1", "1", "3", "--reason", "测试", "--ordered-by", "局"),
        _all_of(journal_state, views_state),
    ),
    Work(
        "redact of a sealed day",
        _sealed_and_stored,
        _command("journal", "redact", "w1", "1", "3", "--reason", "测试", "--ordered-by", "局"),
        _all_of(journal_state, views_state),
    ),
    Work("upgrade", _old_register, _command("db", "upgrade"), views_state),
    Work("key rotate", _in_stores, _command("journal", "key", "rotate", "log"), _keys_state),
    Work("report", _in_stores, _command("report", "S-0", "-o", "{}/r.json"), _report_state),
    Work(
        "package", _reported_on, _command("report", "S-0", "--package", "{}/p.zip"), _report_state
    ),
    Work(
        "ingest",
        _nothing_yet,
        _command("ingest"),
        _all_of(journal_problems, received_state, open_to_others),
        beside=partial(fed, done=all_stored, web=False),
    ),
    Work(
        "serve",
        _nothing_yet,
        _command("serve"),
        _all_of(journal_problems, received_state, verdicts_state, open_to_others),
        beside=partial(fed, done=all_judged, web=True),
    ),
    Work(
        "demo",
        _nothing_yet,
        lambda folder: [
            *("demo", "--once", "--seconds", "1", "--port", "0", "--mqtt-port", "0"),
            *("--data", str(folder / "demo")),
        ],
        _demo_state,
    ),
)
