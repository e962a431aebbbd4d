"""Days sealed for years: Parquet files with a manifest of their hashes.

<archive>/day=2026-11-21/readings.parquet, events.parquet, shipments.parquet, seal.json. A glob over
day=*/readings.parquet is the whole archive, with `day` as a column, for DuckDB and pandas. Readings
and results that come after a day was sealed make its next revision; the one before moves to
superseded/.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event
from coldwitness.storage.archive.canonical import DAY_MS
from coldwitness.storage.archive.facts import FILE as SHIPMENTS
from coldwitness.storage.archive.facts import FactsOf, ShipmentFacts, facts_line, write_facts
from coldwitness.storage.archive.native import event_line, reading_line
from coldwitness.storage.archive.signatures import signature_problem, signed
from coldwitness.storage.archive.tables import contract_columns, write_parquet
from coldwitness.storage.journal import Signer
from coldwitness.storage.journal.durable import force_to_disk
from coldwitness.storage.journal.locking import one_at_a_time
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry import WholeStore
from coldwitness.storage.telemetry.columns import Columns, readings_of

SCHEMA = "coldwitness.archive/1"
LEAST_YEARS = 5.0
"""Records of this kind are kept at least so long."""
_YEAR_MS = 365.25 * DAY_MS
READINGS, EVENTS = "readings.parquet", "events.parquet"
_SEAL = "seal.json"
_COMING, _GOING = ".sealing-", ".deleting-"


@dataclass(frozen=True)
class SealedDay:
    """What a day's seal says. content : digest of readings, events and whose they are; files :
    name -> (sha256, bytes, rows)."""

    day: str
    revision: int
    folder: Path
    content: str
    files: dict[str, tuple[str, int, int]]
    shipments: tuple[str, ...]


def seal_days(
    store: WholeStore,
    register: SqlRegister,
    directory: Path,
    *,
    before_ms: int,
    facts: FactsOf,
    signer: Signer | None = None,
) -> list[SealedDay]:
    """Seal every day that was over at `before_ms` and holds something not sealed yet; returns
    the days that got a new revision. Raises Unavailable where disk or store refuse.

    facts : of the shipments that began that day, beside readings and events. signer : the
    journal's, if it has a key; a day whose content is sealed already keeps its seal.
    """
    events: dict[int, list[tuple[Event, int]]] = {}
    for event, received in register.custody.every_event():
        events.setdefault(event.time_ms // DAY_MS * DAY_MS, []).append((event, received))
    days = sorted({*store.days_ms(), *events})
    sealed = []
    with _alone_in(directory):
        for day_ms in days:
            if day_ms + DAY_MS > before_ms:
                continue
            made = _seal(store, register, directory, day_ms, events.get(day_ms, []), facts, signer)
            if made is not None:
                sealed.append(made)
    return sealed


def sealed_days(directory: Path) -> list[SealedDay]:
    """The current revision of every sealed day, oldest first. Raises BadInput naming a seal
    that cannot be read."""
    return [_read_seal(path.parent) for path in sorted(directory.glob(f"day=*/{_SEAL}"))]


def verify_archive(directory: Path, public: Ed25519PublicKey | None = None) -> list[str]:
    """What does not match the seals, one line each; empty: everything does.

    public : the key that must have signed every seal; without it signatures are not checked.
    """
    wrong = [
        f"day={day}: missing, only earlier revisions are there; run `archive seal`"
        for day in sorted({old.name.partition(".")[0] for old in _superseded(directory)})
        if not day_folder(directory, day).exists()
    ]
    for folder in sorted(directory.glob("day=*")):
        if not (folder / _SEAL).exists():
            wrong.append(f"{folder.name}: no {_SEAL}")
            continue
        try:
            seal = _read_seal(folder)
        except BadInput as error:
            wrong.append(str(error))
            continue
        problem = signature_problem(json.loads((folder / _SEAL).read_bytes()), public)
        if problem is not None:
            wrong.append(f"{folder.name}/{_SEAL}: {problem}")
        for name, (sha256, size, _) in seal.files.items():
            path = folder / name
            if not path.exists():
                wrong.append(f"{folder.name}/{name}: missing")
            elif path.stat().st_size != size or sha256_of(path) != sha256:
                wrong.append(f"{folder.name}/{name}: not the bytes that were sealed")
        wrong += [
            f"{folder.name}/{path.name}: not in the seal"
            for path in sorted(folder.iterdir())
            if path.name not in seal.files and path.name != _SEAL
        ]
    return wrong


def prune(
    directory: Path, *, years: float, now_ms: int, held: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Delete days older than `years`; returns the deleted days and those kept for a legal hold.

    Raises BadInput for less than five years.
    """
    if years < LEAST_YEARS:
        raise BadInput(f"retention: expected at least {LEAST_YEARS:g} years, got {years:g}")
    deleted, kept = [], []
    with _alone_in(directory):
        for seal in sealed_days(directory):
            if day_start_ms(seal.day) + DAY_MS > now_ms - years * _YEAR_MS:
                continue
            if set(held) & set(seal.shipments):
                kept.append(seal.day)
                continue
            # The day last, and in one step: killed in between, its seal is there to begin again by.
            for folder in (*_superseded(directory, seal.day), seal.folder):
                gone = directory / f"{_GOING}{folder.name}"
                folder.rename(gone)
                shutil.rmtree(gone)
            deleted.append(seal.day)
    return deleted, kept


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """One process at a time seals or deletes; another waits. What a killed one was making or
    deleting goes first. Raises Unavailable."""
    with one_at_a_time(directory, what="archive"):
        for left in (*directory.glob(f"{_COMING}*"), *directory.glob(f"{_GOING}*")):
            shutil.rmtree(left, ignore_errors=True)
        yield


def day_folder(directory: Path, day: str) -> Path:
    return directory / f"day={day}"


def _superseded(directory: Path, day: str = "*") -> list[Path]:
    """Folders of earlier revisions."""
    return sorted((directory / "superseded").glob(f"{day}.r*"))


def _last_revision(directory: Path, day: str) -> int:
    """Of the revisions that were put aside; one that has no successor was killed in between."""
    return max(
        (int(old.suffix.removeprefix(".r")) for old in _superseded(directory, day)), default=0
    )


def day_start_ms(day: str) -> int:
    return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _seal(
    store: WholeStore,
    register: SqlRegister,
    directory: Path,
    day_ms: int,
    events: Sequence[tuple[Event, int]],
    facts: FactsOf,
    signer: Signer | None,
) -> SealedDay | None:
    day = rfc3339(day_ms)[:10]
    folder = day_folder(directory, day)
    before = _read_seal(folder) if (folder / _SEAL).exists() else None
    found = store.between(day_ms, day_ms + DAY_MS)
    columns = contract_columns(found, register)
    shipments = {name for name in columns["shipment"].tolist() if name is not None}
    shipments |= {event.shipment for event, _ in events if event.shipment is not None}
    begun = _begun_on(day_ms, sorted(shipments), facts)
    content = _content_digest(found, sorted(shipments), events, begun)
    if before is not None and before.content == content:
        return None
    revision = 1 + (_last_revision(directory, day) if before is None else before.revision)
    made = None
    try:
        made = directory / f"{_COMING}{day}"
        made.mkdir()
        rows = {
            READINGS: write_parquet(columns, made / READINGS),
            EVENTS: _write_events(events, made / EVENTS),
            SHIPMENTS: write_facts(begun, made / SHIPMENTS),
        }
        files = {
            name: (sha256_of(made / name), (made / name).stat().st_size, count)
            for name, count in rows.items()
        }
        seal = SealedDay(day, revision, folder, content, files, tuple(sorted(shipments)))
        (made / _SEAL).write_text(_seal_text(seal, signer), encoding="utf-8")
        for path in made.iterdir():
            force_to_disk(path)
        force_to_disk(made)
        if before is not None:
            old = directory / "superseded" / f"{day}.r{before.revision}"
            old.parent.mkdir(exist_ok=True)
            folder.rename(old)
            force_to_disk(old.parent)
        made.rename(folder)
        force_to_disk(directory)
    except (OSError, duckdb.Error) as error:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        raise Unavailable(f"archive {folder}: {error}") from error
    return seal


def _begun_on(day_ms: int, shipments: Sequence[str], facts: FactsOf) -> list[ShipmentFacts]:
    known = facts(shipments)
    return [
        known[name]
        for name in shipments
        if name in known and day_ms <= known[name].first_ms < day_ms + DAY_MS
    ]


def _content_digest(
    found: Columns,
    shipments: Sequence[str],
    events: Sequence[tuple[Event, int]],
    begun: Sequence[ShipmentFacts],
) -> str:
    """Of what the day holds, not of the files: another version of DuckDB writes other bytes."""
    lines = {reading_line(reading, received) for reading, received in readings_of(found)}
    lines |= {event_line(event, received) for event, received in events}
    digest = hashlib.sha256("\n".join(shipments).encode())
    for line in sorted(lines):
        digest.update(b"\n" + line)
    for one in begun:
        digest.update(b"\n" + facts_line(one))
    return digest.hexdigest()


def _write_events(events: Sequence[tuple[Event, int]], path: Path) -> int:
    ordered = sorted(events, key=lambda one: (one[0].time_ms, event_line(*one)))

    def column(values: Sequence[Any]) -> Any:
        return np.array([*values], dtype=object)

    columns = {
        "time": np.array([event.time_ms for event, _ in ordered], dtype="datetime64[ms]"),
        **{
            name: column([getattr(event, name) for event, _ in ordered])
            for name in ("shipment", "courier", "box", "logger", "event", "site", "actor", "note")
        },
        "lat": np.array([event.lat_deg for event, _ in ordered], dtype=np.float64),
        "lon": np.array([event.lon_deg for event, _ in ordered], dtype=np.float64),
        "accuracy_m": np.array([event.accuracy_m for event, _ in ordered], dtype=np.float64),
        "received_at": np.array([at for _, at in ordered], dtype="datetime64[ms]"),
    }
    return write_parquet(columns, path)


def _seal_text(seal: SealedDay, signer: Signer | None) -> str:
    said = {
        "schema": SCHEMA,
        "day": seal.day,
        "revision": seal.revision,
        "sealed_at": rfc3339(int(time.time() * 1000)),
        "content_sha256": seal.content,
        "files": {
            name: {"sha256": sha256, "bytes": size, "rows": rows}
            for name, (sha256, size, rows) in seal.files.items()
        },
        "shipments": seal.shipments,
    }
    return json.dumps(signed(said, signer), ensure_ascii=False, indent=1) + "\n"


def _read_seal(folder: Path) -> SealedDay:
    path = folder / _SEAL
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return SealedDay(
            day=str(said["day"]),
            revision=int(said["revision"]),
            folder=folder,
            content=str(said["content_sha256"]),
            files={
                str(name): (str(file["sha256"]), int(file["bytes"]), int(file["rows"]))
                for name, file in said["files"].items()
            },
            shipments=tuple(said["shipments"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: not an archive's seal: {error}") from error
