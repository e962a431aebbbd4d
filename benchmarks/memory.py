"""How much memory any one file, message or request takes: `python -m benchmarks.memory`.

    python -m benchmarks.memory [--readings 2000000] [--only NAME …]

Files of two million readings in each form, and hostile ones of eight megabytes, by `coldwitness
check` in a process of its own; the largest message of a broker by journal, stores and judging; the
largest request by a running server. Memory is what the process and all that it started hold
together (proportional set size, looked at twenty times a second). A traceback, an exit of 1 for an
error, or an answer of 500 and more is a failure of its own. The aim is 600 MB.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.e2e.demo_process import children_of

AIM_MB = 600.0
LOOK_S = 0.05
MESSAGE_BYTES = 4_000_000
REQUEST_BYTES = 1_000_000
HOSTILE_BYTES = 8_000_000
SHEET_ROWS = 1_048_575
"""Excel's own bound, without the titles."""
TOPIC = "coldchain/v1/ql/BX-1/readings"


def _start_ms() -> int:
    return 1_795_000_000_000


def table(path: Path, readings: int, form: str) -> None:
    """Readings of one shipment, a second each, one probe and a position."""
    import duckdb

    columns = (
        "'S-1' as shipment, 'LG-1' as logger, range as seq,"
        f" make_timestamptz(({_start_ms()} + range * 1000) * 1000) as time,"
        " round(5 + sin(range / 5000.0), 2) as drug,"
        " round(36.8 + range * 0.12 / 111320, 6) as lat, 118.3 as lon"
    )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.sql(f"select {columns} from range({readings})")  # noqa: S608
        if form == "parquet":
            rows.write_parquet(str(path))
        else:
            rows.write_csv(str(path), timestamp_format="%Y-%m-%dT%H:%M:%SZ")


def lines(path: Path, readings: int) -> None:
    import numpy as np

    from coldwitness.domain.instants import rfc3339_column

    times = rfc3339_column((_start_ms() + np.arange(readings) * 1000) / 1000.0)
    with path.open("w") as file:
        for seq, at in enumerate(times):
            lat = round(36.8 + seq * 0.12 / 111_320, 6)
            file.write(
                f'{{"shipment":"S-1","logger":"LG-1","seq":{seq},"time":"{at}",'
                f'"temperature":{{"drug":5.{seq % 100}}},"position":{{"lat":{lat},"lon":118.3}}}}\n'
            )


def sheet(path: Path, readings: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ("time", "drug"))
        for row in range(min(readings, SHEET_ROWS)):
            at = _start_ms() + row * 1000
            page.write_number(row + 1, 0, at)
            page.write_number(row + 1, 1, 5.0 + row % 100 / 100)


def _probes(size: int) -> bytes:
    """Readings with as many probes as are taken, each a shipment of its own."""
    probes = ",".join(f'"drug.{n}":5' for n in range(1, 65))
    one = f'{{"shipment":"S-%d","logger":"L-%d","time":%d,"temperature":{{{probes}}}}}'
    count = min(10_000, (size - 2) // (len(one) + 20))
    said = ",".join(one % (n, n, _start_ms() + n * 1000) for n in range(count))
    return f"[{said}]".encode()


def _keys(size: int) -> bytes:
    body = ",".join(f'"k{n}":{n % 10}' for n in range(size // 12)).encode()
    return b"{" + body[: size - 20].rpartition(b",")[0] + b"}"


HOSTILE: Mapping[str, Callable[[int], bytes]] = {
    "empty lists": lambda size: b"[" + b"[]," * ((size - 4) // 3) + b"[]]",
    "numbers": lambda size: b"[" + b"1," * ((size - 3) // 2) + b"1]",
    "short objects": lambda size: b"[" + b'{"a":1},' * ((size - 12) // 8) + b'{"a":1}]',
    "different keys": _keys,
    "levels": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "one text": lambda size: b'"' + b"\\u51b7" * ((size - 2) // 6) + b'"',
    "probes": _probes,
}
"""JSON of so many bytes at most that costs most to hold."""


def message(kind: str, folder: Path) -> None:
    """The largest message: journalled, stored, judged."""
    from coldwitness.config.settings import JournalSettings, JudgingSettings
    from coldwitness.ingest.following import JournalFollower
    from coldwitness.ingest.progress import Progress
    from coldwitness.ingest.routes import Routes
    from coldwitness.judging.batch import judge_batch
    from coldwitness.judging.rulebook import load_rulebook
    from coldwitness.storage.journal import Journal, JournalReader, Message
    from coldwitness.storage.register import open_register
    from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry

    now_ms = _start_ms() + 86_400_000
    body = HOSTILE[kind](MESSAGE_BYTES)
    with Journal.open(JournalSettings(directory=folder / "journal")) as journal:
        journal.append([Message(TOPIC, body, now_ms)])
    touched: set[str] = set()
    with (
        closing(open_register(f"sqlite:///{folder}/r.sqlite")) as register,
        closing(EmbeddedTelemetry(folder / "t.sqlite")) as store,
        Progress(folder / "journal", "w1") as progress,
    ):
        follower = JournalFollower(
            JournalReader(folder / "journal"),
            progress,
            Routes(max_payload_bytes=MESSAGE_BYTES),
            store=store,
            custody=register.custody,
            future_tolerance_s=300.0,
            on_touched=touched.update,
        )
        while follower.step():
            pass
        names, settings = sorted(touched), JudgingSettings()
        for start in range(0, len(names), 250):
            some = names[start : start + 250]
            judge_batch(store, register, load_rulebook(settings), settings, some, now_ms)


def request(kind: str, folder: Path) -> None:
    """The largest request, by a running server."""
    from tests.api.world import running_world

    with running_world(folder) as world:
        world.client.timeout = 300.0
        ways = (
            ("PUT", "/v1/shipments/S-1"),
            ("POST", "/v1/products"),
            ("POST", "/v1/clues"),
            ("POST", "/v1/departure-checks"),
        )
        body = HOSTILE[kind](REQUEST_BYTES)
        for method, path in ways:
            answer = world.client.request(
                method, path, content=body, headers={"Content-Type": "application/json"}
            )
            if answer.status_code >= 500:
                raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        answer = world.client.post(
            "/v1/shipments/S-1/attachments?name=a.pdf",
            content=b"%PDF-" + bytes(9_999_000),
            headers={"Content-Type": "application/pdf"},
        )
        if answer.status_code >= 500:
            raise SystemExit(f"attachment: {answer.status_code}")


@dataclass(frozen=True)
class Taken:
    """exit : the process's. said : the end of what it wrote to standard error."""

    highest_mb: float
    wall_s: float
    exit: int
    said: str


def taken(command: Sequence[str], folder: Path) -> Taken:
    """Run it and look at its memory, with that of all that it started."""
    started = time.perf_counter()
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said, env=_environment()
        )
        highest = 0
        while process.poll() is None:
            highest = max(highest, _held_bytes(process.pid))
            time.sleep(LOOK_S)
        said.seek(0)
        text = said.read().decode(errors="replace")
    return Taken(highest / 1e6, time.perf_counter() - started, process.returncode, text[-400:])


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}


def _held_bytes(process: int) -> int:
    """Of it and all that it started, whose shared pages count by their share."""
    held = 0
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                held = int(line.split()[1]) * 1024
    return held + sum(map(_held_bytes, children_of(process)))


def files(folder: Path, readings: int) -> Mapping[str, Callable[[], Path]]:
    """Name -> what makes the file."""

    def made(name: str, make: Callable[[Path], object]) -> Callable[[], Path]:
        def make_it() -> Path:
            # A process that is started begins with its parent's memory: this one stays small.
            path = folder / name
            making = get_context("fork").Process(target=make, args=(path,))
            making.start()
            making.join()
            if making.exitcode:
                raise SystemExit(f"{name} was not made")
            return path

        return make_it

    found: dict[str, Callable[[], Path]] = {
        "NDJSON": made("a.ndjson", lambda path: lines(path, readings)),
        "CSV": made("a.csv", lambda path: table(path, readings, "csv")),
        "Parquet": made("a.parquet", lambda path: table(path, readings, "parquet")),
        "workbook": made("a.xlsx", lambda path: sheet(path, readings)),
    }
    for kind in HOSTILE:
        found[f"JSON, {kind}"] = made(
            "h.json", lambda path, kind=kind: path.write_bytes(HOSTILE[kind](HOSTILE_BYTES))
        )
    zeros = b"\x00" * 10_000_000
    found["gzip, 3 GB in one line"] = made(
        "z.ndjson.gz", lambda path: path.write_bytes(gzip.compress(zeros) * 300)
    )
    return found


def main() -> int:
    """1 if anything took more than the aim, or failed otherwise than in one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=2_000_000)
    parser.add_argument("--only", action="append", help="names that begin so")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        what, kind, folder = asked.one
        (message if what == "message" else request)(kind, Path(folder))
        return 0
    wrong = 0

    def tell(name: str, one: Taken, *, good: Sequence[int]) -> None:
        nonlocal wrong
        bad = []
        if one.highest_mb > AIM_MB:
            bad.append("beyond the aim")
        if one.exit not in good:
            bad.append(f"exit {one.exit}")
        if "Traceback" in one.said:
            bad.append("traceback")
        wrong += bool(bad)
        print(
            f"{name:38}{one.highest_mb:6.0f} MB{one.wall_s:7.1f} s  exit {one.exit}"
            f"  {', '.join(bad)}",
            flush=True,
        )
        if bad or one.exit == 2:
            print(f"    {one.said.strip()[-200:]}", flush=True)

    def wanted(name: str) -> bool:
        return not asked.only or any(name.startswith(one) for one in asked.only)

    check = [sys.executable, "-m", "coldwitness.cli", "check", "--json", "--storage=refrigerated"]
    with tempfile.TemporaryDirectory(prefix="coldwitness-memory-") as name:
        folder = Path(name)
        for form, make in files(folder, asked.readings).items():
            honest = not form.startswith(("JSON", "gzip"))
            if wanted(form):
                path = make()
                # A hostile file has nothing that could be judged a breach.
                good = (0, 1, 3) if honest else (0, 2, 3)
                tell(f"check {form}", taken([*check, str(path)], folder), good=good)
                if form.startswith("JSON"):
                    manifest = ["--manifest", str(path)]
                    command = [*check, str(_one_reading(folder)), *manifest]
                    tell(f"manifest {form}", taken(command, folder), good=good)
                path.unlink()
        for what in ("message", "request"):
            for kind in HOSTILE:
                if wanted(what):
                    with tempfile.TemporaryDirectory() as place:
                        own = ["--one", what, kind, place]
                        command = [sys.executable, "-m", "benchmarks.memory", *own]
                        tell(f"{what}, {kind}", taken(command, folder), good=(0,))
    return 1 if wrong else 0


def _one_reading(folder: Path) -> Path:
    path = folder / "one.ndjson"
    said = {"shipment": "S-1", "logger": "L", "time": _start_ms(), "temperature": {"drug": 5.0}}
    path.write_text(json.dumps(said) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main())
