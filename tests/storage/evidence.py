"""A journal with readings and events in it, and the ingest that brings it into stores."""

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from coldwitness.config.settings import JournalSettings, Settings, StoreSettings
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.storage.archive.canonical import canonical_lines
from coldwitness.storage.archive.native import reading_object
from coldwitness.storage.journal import Journal, JournalReader, Message
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry import WholeStore
from tests.storage.readings import MINUTE, T0, reading

FUTURE_S = 300.0


def settings_of(folder: Path, store: StoreSettings) -> Settings:
    journal = JournalSettings(directory=folder / "journal", commit_ms=0)
    return Settings(journal=journal, store=store)


def message(objects: Sequence[dict[str, Any]], *, what: str, received_ms: int) -> Message:
    return Message(
        topic=f"coldchain/v1/ql/BX-1/{what}",
        payload=msgspec.json.encode(objects),
        received_ms=received_ms,
    )


def messages(*, shipments: int = 3, minutes: int = 40) -> list[Message]:
    """Journeys one after another in one box, half of the readings without a shipment, some
    late, some twice, some contradicting, one unreadable."""
    found = []
    for number in range(shipments):
        start = number * minutes
        name = f"S-{number}"
        for event, minute in (("packed", start), ("delivered", start + minutes - 5)):
            told = {"shipment": name, "event": event, "time": T0 + minute * MINUTE, "note": "交接"}
            found.append(message([told], what="events", received_ms=T0 + minute * MINUTE))
        for minute in range(start, start + minutes):
            one = reading(minute, drug=4 + minute % 7 / 10, seq=minute, lat_deg=36.8, lon_deg=118.0)
            said = reading_object(one) | {"shipment": name if minute % 2 else None}
            late_ms = 20 * MINUTE if minute % 10 == 3 else 100
            sent = message([said], what="readings", received_ms=one.time_ms + late_ms)
            found.append(sent)
            if minute % 8 == 0:
                found.append(msgspec.structs.replace(sent, received_ms=sent.received_ms + 900))
            if minute % 11 == 0:
                other = said | {"temperature": {"drug": 9.5}}
                found.append(message([other], what="readings", received_ms=sent.received_ms + 50))
    found.append(Message(topic="coldchain/v1/ql/BX-1/readings", payload=b"{", received_ms=T0 + 1))
    return sorted(found, key=lambda sent: sent.received_ms)


def journal(settings: Settings, sent: Iterable[Message]) -> None:
    with Journal.open(settings.journal) as opened:
        opened.append(list(sent))


def store_all(settings: Settings, store: WholeStore, register: SqlRegister) -> None:
    """Bring everything that is journalled into the stores, as ingest does."""
    worker = settings.journal.worker
    with Progress(settings.journal.directory, worker) as progress:
        follower = JournalFollower(
            JournalReader(settings.journal.directory),
            progress,
            Routes(),
            store=store,
            custody=register.custody,
            future_tolerance_s=FUTURE_S,
        )
        with closing(follower):
            while follower.step():
                pass


def digest(store: WholeStore, register: SqlRegister) -> str:
    """What `export --canonical` would be the SHA-256 of."""
    found = hashlib.sha256()
    for line in canonical_lines(store, register):
        found.update(line)
    return found.hexdigest()
