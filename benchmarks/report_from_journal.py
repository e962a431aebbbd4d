"""How long a report over HTTP takes when it is compared with the journal of a full day:
`python -m benchmarks.report_from_journal [--shipments N] [--minutes N] [--reports N]`.

N shipments of an hour in one day, a message a minute, are journalled; the index of the day is made
as ingest makes it; some of the shipments are stored and judged, and their reports asked for, a
fresh one each time, while the day is open and again when it is sealed. Without the comparison
beside it.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec

from coldwitness.cli.running import Running
from coldwitness.config.settings import (
    HttpSettings,
    JournalSettings,
    JudgingSettings,
    Settings,
    StoreSettings,
)
from coldwitness.domain.instants import instant_ms
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.following import store_decoded
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_finding import RowFinder
from coldwitness.storage.journal import Journal, JournalReader, Message, signer_of_journal
from coldwitness.storage.journal.sealing import seal_finished
from coldwitness.storage.opening import stores

DAY_MS = instant_ms("2026-11-20T00:00:00Z")
MINUTE_MS = 60_000
AT_ONCE = 20_000
FUTURE_S = 300.0


def messages(shipments: int, minutes: int) -> Iterator[Message]:
    """All of the day in the order of their receipt: at each minute those of the shipments that
    are on their way, which began evenly over the day."""
    starts = [n * (24 * 60 - minutes - 1) // shipments for n in range(shipments)]
    begun = 0
    running: list[int] = []
    for minute in range(24 * 60):
        while begun < shipments and starts[begun] <= minute:
            running.append(begun)
            begun += 1
        running = [n for n in running if minute <= starts[n] + minutes]
        at_ms = DAY_MS + minute * MINUTE_MS
        for n in running:
            topic = f"coldchain/v1/ql/BX-{n % 4000}"
            if minute in (starts[n], starts[n] + minutes):
                event = "packed" if minute == starts[n] else "delivered"
                told = {"shipment": f"S-{n}", "event": event, "time": at_ms}
                yield Message(f"{topic}/events", msgspec.json.encode(told), at_ms + 200)
                continue
            said = {
                "shipment": f"S-{n}" if n % 2 else None,
                "logger": f"LG-{n % 4000}",
                "seq": minute,
                "time": at_ms,
                "temperature": {"drug": 4.0 + minute % 7 / 10, "ambient": 21.5},
                "position": {"lat": 36.8 + minute * 1e-5, "lon": 118.3},
            }
            yield Message(f"{topic}/readings", msgspec.json.encode(said), at_ms + 300)


def fill_journal(settings: Settings, shipments: int, minutes: int) -> int:
    group: list[Message] = []
    with Journal.open(settings.journal) as journal:
        for message in messages(shipments, minutes):
            group.append(message)
            if len(group) == AT_ONCE:
                journal.append(group)
                group = []
        journal.append(group)
        return journal.last_row


def store(settings: Settings, boxes: set[str], last_row: int) -> None:
    """Bring the rows of some boxes into the stores, and say that all are."""
    reader = JournalReader(settings.journal.directory)
    rows = [row for row in reader.read("w1") if row.topic.split("/")[3] in boxes]
    with (
        Progress(settings.journal.directory, "w1") as progress,
        stores(settings.store) as (telemetry, register),
    ):
        for start in range(0, len(rows), 5000):
            part = rows[start : start + 5000]
            decoded = decode_rows(part, Routes(), future_tolerance_s=FUTURE_S)
            store_decoded(decoded, store=telemetry, custody=register.custody)
        progress.advance(last_row)


def asked(settings: Settings, names: list[str], *, compared: bool) -> list[tuple[float, float]]:
    """Seconds of each report's answer, HTML: by the clock, and of processor time."""
    took_s = []
    with (
        Running(settings, any_free_port=True, own_ingest=False) as running,
        httpx.Client(base_url=running.url, timeout=60.0, trust_env=False) as api,
    ):
        if not compared:
            object.__setattr__(running.services, "record", None)
        for name in names:  # judged first, as live judging has done long before
            api.get(f"/v1/shipments/{name}/check").raise_for_status()
        while not running.judge.idle:
            time.sleep(0.1)
        for name in names:
            started, used = time.perf_counter(), time.process_time()
            api.get(f"/v1/shipments/{name}/report.html").raise_for_status()
            took_s.append((time.perf_counter() - started, time.process_time() - used))
    return took_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shipments", type=int, default=20_000)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--reports", type=int, default=20)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="coldwitness-") as name:
        folder = Path(name)
        settings = Settings(
            journal=JournalSettings(directory=folder / "journal", commit_ms=0),
            store=StoreSettings(
                embedded_file=folder / "telemetry.sqlite",
                register_url=f"sqlite:///{folder / 'register.sqlite'}",
            ),
            http=HttpSettings(port=0),
            judging=JudgingSettings(default_storage="refrigerated"),
        )
        started = time.perf_counter()
        last_row = fill_journal(settings, options.shipments, options.minutes)
        print(f"{last_row:,} rows journalled in {time.perf_counter() - started:.1f} s")
        step = options.shipments // options.reports
        numbers = [n * step + n % 2 for n in range(options.reports)]
        names = [f"S-{n}" for n in numbers]
        store(settings, {f"BX-{n % 4000}" for n in numbers}, last_row)
        started = time.perf_counter()
        finder = RowFinder(settings.journal.directory, Routes, future_tolerance_s=FUTURE_S)
        finder.rows([], first="2026-11-20", last="2026-11-20")
        finder.close()
        size_mb = sum(
            path.stat().st_size for path in (folder / "journal" / "derived" / "rows").rglob("*")
        )
        took_s = time.perf_counter() - started
        print(f"index of the day made in {took_s:.1f} s, {size_mb / 1e6:.0f} MB")
        say("day open, not compared", asked(settings, names, compared=False))
        say("day open, compared", asked(settings, names, compared=True))
        list(seal_finished(settings.journal.directory, signer_of_journal(settings.journal)))
        say("day sealed, compared", asked(settings, names, compared=True))


def say(what: str, took_s: list[tuple[float, float]]) -> None:
    clock, used = zip(*took_s, strict=True)
    print(
        f"{what}: median {statistics.median(clock):.3f} s, longest {max(clock):.3f} s;"
        f" of the processor {statistics.median(used):.3f} s, {max(used):.3f} s;"
        f" {len(took_s)} reports"
    )


if __name__ == "__main__":
    main()
