"""What `coldwitness import` does: manifests to the register, telemetry through the journal.

Imported telemetry is evidence like any other: it stands in the journal, under a worker of its
own, before it is in a store, so a rebuild finds it again.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from coldwitness.cli.drug_names import drug_names_kept
from coldwitness.cli.future_tolerance import future_tolerance_s
from coldwitness.cli.stored_beside import StoringBeside, Tell, storing_beside
from coldwitness.config.settings import Settings
from coldwitness.domain.manifest import Manifest
from coldwitness.ingest.files import Recorded, read_files, reader_for
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.json_file import opened_json
from coldwitness.ingest.manifests import read_manifest_files
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import IMPORT_TOPIC, Routes
from coldwitness.judging.batch import judge_batch
from coldwitness.judging.companion import SHIPMENTS_MIN, Companion, companion
from coldwitness.judging.copies import keep_curves
from coldwitness.judging.in_force import journal_in_force
from coldwitness.judging.in_parts import cores
from coldwitness.judging.live import clue_rules
from coldwitness.judging.rows_read import rows_in_stores
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.archive.native import event_object
from coldwitness.storage.archive.native_tables import table_objects
from coldwitness.storage.decided import DecisionLog, JournalledRegister
from coldwitness.storage.decided.adoption import adopt
from coldwitness.storage.decided.shards import IMPORTS
from coldwitness.storage.journal import Journal, JournalReader, Message
from coldwitness.storage.opening import stores
from coldwitness.storage.ports import Register
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry import WholeStore

_OBJECTS_PER_MESSAGE = 1000
_MESSAGES_PER_COMMIT = 50
_PEEK_BYTES = 4_000_000
_SHIPMENTS_AT_ONCE = 2000


@dataclass(frozen=True)
class Imported:
    manifests: int
    readings: int
    events: int
    judged: int
    warnings: tuple[str, ...]


def import_all(
    settings: Settings,
    paths: Sequence[Path],
    *,
    timezone: str | None,
    reader: str | None,
    judge: bool,
    columns: Sequence[str] = (),
) -> Imported:
    """Import every file; the same files again change nothing but the journal.

    Raises BadInput if a file cannot be used: then nothing of any file is imported.
    """
    rulebook = load_rulebook(settings.judging)
    declaring = [path for path in paths if reader is None and is_manifest_file(path)]
    telling = [path for path in paths if path not in declaring]
    manifests, warnings = read_manifest_files(declaring, classes=rulebook.classes)
    recorded = None
    if telling:
        names = tuple(dict.fromkeys(manifest.id for manifest in manifests))
        recorded = read_files(
            telling,
            timezone=timezone,
            reader=reader,
            shipments=names,
            processes=cores(),
            columns=columns,
        )
        warnings += list(recorded.warnings)
    imports = settings.journal.model_copy(update={"worker": IMPORTS})
    many = _are_many(manifests, recorded)
    with (
        _storing_beside(settings, recorded, many=many) as beside,
        companion(settings.judging) if many and judge else nullcontext() as second,
        stores(settings.store, sole_writer=False) as (store, under),
        Journal.open(imports) as journal,
    ):
        adopt(journal, under)
        # Closing the log signs the last head and keeps it in the register.
        with DecisionLog(journal, under) as log:
            journal_in_force(log, under, settings, now_ms=int(time.time() * 1000))
            register = JournalledRegister(under, log)
            touched = _put_manifests(register, manifests)
            if recorded is not None:
                touched |= _store(settings, journal, recorded, store, under, beside)
            warnings += _unassigned(manifests, recorded, store, register)
            names = tuple(sorted(touched))
            if judge:
                _judge(settings, store, register, names, second)
    return Imported(
        manifests=len(manifests),
        readings=0 if recorded is None else len(recorded.table),
        events=0 if recorded is None else len(recorded.events),
        judged=len(names) if judge else 0,
        warnings=tuple(warnings),
    )


def is_manifest_file(path: Path) -> bool:
    """True for JSON whose first object is neither a reading nor an event but has items."""
    if reader_for(path) != "ndjson":
        return False
    with opened_json(path) as stream:
        start = stream.read(_PEEK_BYTES).removeprefix(b"\xef\xbb\xbf").strip()
    found: Any = None
    for text in (start, start.partition(b"\n")[0]):
        try:
            found = msgspec.json.decode(text)
            break
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return False
    return "items" in found and not {"temperature", "event"} & found.keys()


def _put_manifests(register: Register, manifests: Sequence[Manifest]) -> set[str]:
    now_ms = int(time.time() * 1000)
    rounds: list[list[Manifest]] = []  # the n-th holds the n-th versions
    seen: Counter[str] = Counter()
    for manifest in manifests:
        if seen[manifest.id] == len(rounds):
            rounds.append([])
        rounds[seen[manifest.id]].append(manifest)
        seen[manifest.id] += 1
    for versions in rounds:
        for start in range(0, len(versions), _SHIPMENTS_AT_ONCE):
            part = versions[start : start + _SHIPMENTS_AT_ONCE]
            register.manifests.put_all(part, received_ms=now_ms)
    return {manifest.id for manifest in manifests}


def _unassigned(
    manifests: Sequence[Manifest],
    recorded: Recorded | None,
    store: WholeStore,
    register: Register,
) -> list[str]:
    """A line for each manifest that names a box of which nothing is the shipment's: a manifest
    assigns no box, only `packed` does. The store is not asked of what the call's readings name."""
    named = set() if recorded is None else _with_readings(recorded)
    boxes = {one.id: one.box.id for one in manifests if one.box.id and one.id not in named}
    names = list(boxes)
    found = []
    for start in range(0, len(names), _SHIPMENTS_AT_ONCE):
        part = names[start : start + _SHIPMENTS_AT_ONCE]
        assigned = {stay.shipment for stay in register.custody.stays(part)}
        part = [name for name in part if name not in assigned]
        told = set(store.readings(part, []).shipment.tolist())
        found += [
            f"shipment {name}: no readings name it and no packed event assigns box {boxes[name]}"
            " to it; what that box sends without a shipment is not taken for it"
            for code, name in enumerate(part)
            if code not in told
        ]
    return found


def _with_readings(recorded: Recorded) -> set[str]:
    table = recorded.table
    return {table.shipments[code] for code in np.unique(table.shipment).tolist()}


def _store(
    settings: Settings,
    journal: Journal,
    recorded: Recorded,
    store: WholeStore,
    register: SqlRegister,
    beside: StoringBeside | None,
) -> set[str]:
    """Journal everything and store it; returns the shipments that it concerns."""
    drug_names_kept(register, settings)
    for payloads in _payloads(recorded):
        now_ms = journal.clock.now_ms()
        journal.append([Message(IMPORT_TOPIC, part, now_ms) for part in payloads])
        if beside is not None:
            beside.go_on()
    touched = set() if beside is None else beside.end()
    with _follower(settings, store, register, touched.update) as follower:
        while follower.step():
            pass
    return touched


def _store_beside(settings: Settings, turns: Iterator[None], tell: Tell) -> None:
    """What the process beside does while this one journals."""
    with (
        stores(settings.store, sole_writer=False) as (store, register),
        _follower(settings, store, register, tell) as follower,
    ):
        for _ in turns:
            while follower.step():
                pass


@contextmanager
def _follower(
    settings: Settings, store: WholeStore, register: SqlRegister, on_touched: Tell
) -> Iterator[JournalFollower]:
    """Brings imported rows into the stores."""
    directory = settings.journal.directory
    with Progress(directory, IMPORTS) as progress:
        follower = JournalFollower(
            JournalReader(directory),
            progress,
            Routes(settings.formats, drug_names=register.drug_names),
            store=store,
            custody=register.custody,
            future_tolerance_s=future_tolerance_s(settings),
            on_touched=on_touched,
        )
        with closing(follower):
            yield follower


def _payloads(recorded: Recorded) -> Iterator[list[bytes]]:
    """Messages' payloads, as many at once as the journal commits together. Events first: they say
    whose the readings are."""
    said = chain(map(event_object, recorded.events), table_objects(recorded.table))
    objects = iter(lambda: list(islice(said, _OBJECTS_PER_MESSAGE)), [])
    messages = map(msgspec.json.encode, objects)
    return iter(lambda: list(islice(messages, _MESSAGES_PER_COMMIT)), [])


def _are_many(manifests: Sequence[Manifest], recorded: Recorded | None) -> bool:
    """Whether these are so many shipments that processes beside this one gain something."""
    named = {manifest.id for manifest in manifests}
    if recorded is not None:
        named.update(recorded.table.shipments)
    return len(named) >= SHIPMENTS_MIN


def _storing_beside(
    settings: Settings, recorded: Recorded | None, *, many: bool
) -> AbstractContextManager[StoringBeside | None]:
    if recorded is None or not many:
        return nullcontext()
    return storing_beside(partial(_store_beside, settings))


def _judge(
    settings: Settings,
    store: WholeStore,
    register: Register,
    shipments: Sequence[str],
    second: Companion | None,
) -> None:
    rulebook = load_rulebook(settings.judging)
    rules = clue_rules(rulebook, settings)
    judge = judge_batch if second is None else second.judge_batch
    for start in range(0, len(shipments), _SHIPMENTS_AT_ONCE):
        part = shipments[start : start + _SHIPMENTS_AT_ONCE]
        up_to = rows_in_stores(settings.journal.directory, register)
        now_ms = int(time.time() * 1000)
        judged = judge(store, register, rulebook, settings.judging, part, now_ms)
        register.results.record(
            judged.results,
            judged_ms=now_ms,
            reason="import",
            clue_policy=rules,
            up_to=up_to,
            encoded=judged.encoded,
        )
        for curves in judged.curves:
            keep_curves(register.copies, curves)
